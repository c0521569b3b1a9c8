"""A connection to an MQTT broker (MQTT 5 and 3.1.1) that acknowledges what is durable only."""

from __future__ import annotations

import logging
import ssl
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from queue import Empty, Full, Queue
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from paho.mqtt.client import Client, MQTTMessage, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from kg.errors import ConfigError, TravelerError
from kg.sources.feeds import FeedHealth
from kg.sources.messages import Message
from kg.sources.reading import Unreadable
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from paho.mqtt.reasoncodes import ReasonCode

    from kg.settings import SourceSettings
    from kg.sources.feeds import Take

    Plan = Callable[[Sequence["Arrived"]], list[tuple[str, list[Message]]]]
    """Says which messages arrived for which tables; it is asked once for each that arrived."""

GATHER_SECONDS = 0.004
"""How long more messages are waited for after the first: one sync of the disk serves them all."""
PAUSE_SECONDS = 0.04
"""How long more are waited for after a batch at most; as long as it took, in a stream of them."""
MOST_AT_ONCE = 1_000
KEEP_ALIVE_SECONDS = 30
SESSION_SECONDS = 7 * 24 * 3600
"""How long the broker keeps what it has for us while we are away (MQTT 5; 3.1.1: for ever)."""
RETRY_SECONDS = (0.1, 30.0)
RECONNECT_SECONDS = (1, 30)
_PORTS = {"mqtt": 1883, "mqtts": 8883}
_REFUSED = {
    "Not authorized": "set user and password of the source in plant.toml",
    "Bad user name or password": "set user and password of the source in plant.toml",
    "Session taken over": "another client has our name: give this one its own client_id",
    "Unsupported protocol version": 'try protocol = "3.1.1"',
}
_log = logging.getLogger("traveler.mqtt")


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message of the broker, and in which of our connections it came."""

    topic: str
    payload: bytes
    connection: int
    message: MQTTMessage


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker says for us when we are gone."""

    topic: str
    payload: bytes


class Broker:
    """Keeps a source connected; what it brings is taken in small batches, then acknowledged.

    The broker keeps our session: what it has not been told to be durable, it sends again.
    """

    def __init__(
        self,
        source: SourceSettings,
        take: Take,
        plan: Plan,
        clock: Callable[[], datetime],
        *,
        is_session_clean: bool = False,
    ) -> None:
        self.health = FeedHealth(source.name)
        self.subscriptions: list[str] = []
        self.will: Callable[[], Will] | None = None
        self.connected: Callable[[], None] = lambda: None
        self._is_session_clean = is_session_clean
        self._source = source
        self._take = take
        self._plan = plan
        self._clock = clock
        self._host, self._port = _address(source)
        self._client = _make_client(source, is_session_clean=is_session_clean)
        self._client.on_pre_connect = self._on_pre_connect
        self._client.on_connect = self._on_connect
        self._client.on_connect_fail = self._on_connect_fail
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._arrived: Queue[Arrived] = Queue(10 * MOST_AT_ONCE)
        self._connection = 0
        self._pause_until = 0.0
        self._is_stopping = threading.Event()
        self._worker = threading.Thread(target=self._work, name=f"traveler-{source.name}")

    def start(self) -> None:
        """Connect as soon as the broker is there, and go on until stopped."""
        self.health.since = format_time(self._clock())
        self._worker.start()
        self._client.reconnect_delay_set(*RECONNECT_SECONDS)
        options: dict[str, Any] = {}
        if self._source.protocol == "5":
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            is_clean = self._is_session_clean
            properties.SessionExpiryInterval = 0 if is_clean else SESSION_SECONDS
            properties.ReceiveMaximum = MOST_AT_ONCE
            options = {"clean_start": is_clean, "properties": properties}
        self._client.connect_async(self._host, self._port, KEEP_ALIVE_SECONDS, **options)
        self._client.loop_start()

    def stop(self) -> None:
        """Take what is under way, and disconnect; what waits is left to the broker."""
        self._is_stopping.set()
        if self._worker.ident is not None:
            self._worker.join()
        self._client.disconnect()
        self._client.loop_stop()
        # The sockets between its threads are closed as it is deleted, which may be never: or so.
        self._client.reinitialise()

    def publish(self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> None:
        """Send a message, or keep it until the broker is there."""
        self._client.publish(topic, payload, qos=qos, retain=retain)

    # ---- in paho's thread

    def _on_pre_connect(self, client: Client, _data: object) -> None:
        if self.will is not None:
            will = self.will()
            client.will_set(will.topic, will.payload, qos=1, retain=True)

    def _on_connect(
        self, client: Client, _data: object, _flags: object, reason: ReasonCode, _props: object
    ) -> None:
        if reason.is_failure:
            hint = _REFUSED.get(str(reason), "check url and the account of the source")
            self._say(f"the broker at {self._host}:{self._port} refuses us: {reason}", hint)
            return
        self._connection += 1
        if self._source.protocol == "5":
            # What is retained comes with a new subscription, and not each time that we return.
            options = SubscribeOptions(qos=1, retainHandling=1)
            client.subscribe([(topic, options) for topic in self.subscriptions])
        else:
            client.subscribe([(topic, 1) for topic in self.subscriptions])
        self.connected()

    def _on_connect_fail(self, _client: Client, _data: object) -> None:
        reason = sys.exc_info()[1]  # paho calls this while it handles the error
        self._say(
            f"the broker at {self._host}:{self._port} cannot be reached: {reason}",
            "is it up? check url and ca_file of the source",
        )

    def _on_disconnect(
        self, _client: Client, _data: object, _flags: object, reason: ReasonCode, _props: object
    ) -> None:
        if not self.health.is_connected:
            return
        self.health.is_connected = False
        if self._is_stopping.is_set():
            self._say("stopped", "")
        else:
            hint = _REFUSED.get(str(reason), "it is tried again and again; nothing is lost")
            self._say(f"the connection to {self._host}:{self._port} was lost: {reason}", hint)

    def _on_subscribe(
        self, _client: Client, _data: object, _mid: int, reasons: list[ReasonCode], _props: object
    ) -> None:
        self.health.is_connected = True
        self._say("", "")
        for topic, reason in zip(self.subscriptions, reasons, strict=False):
            if reason.is_failure:
                hint = "let the account of the source read it at the broker"
                self._say(f"the broker refuses the topic {topic}: {reason}", hint)

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:  # against MQTT 5, 1.5.4, but not to be lost for that
            topic = "?"
        arrived = Arrived(topic, bytes(message.payload), self._connection, message)
        while not self._is_stopping.is_set():
            with suppress(Full):
                self._arrived.put(arrived, timeout=0.5)
                return

    def _say(self, error: str, hint: str) -> None:
        self.health.error, self.health.hint = error, hint
        self.health.since = format_time(self._clock())

    # ---- in the worker's thread

    def _work(self) -> None:
        while not self._is_stopping.is_set():
            batch = self._gather()
            began = monotonic()
            if batch and self._is_taken(batch):
                self._acknowledge(batch)
                now = monotonic()
                self._pause_until = now + min(now - began, PAUSE_SECONDS)

    def _gather(self) -> list[Arrived]:
        try:
            batch = [self._arrived.get(timeout=0.2)]
        except Empty:
            return []
        until = max(monotonic() + GATHER_SECONDS, self._pause_until)
        with suppress(Empty):
            while len(batch) < MOST_AT_ONCE:
                left = until - monotonic()
                batch.append(self._arrived.get(block=left > 0, timeout=max(left, 0.0)))
        return batch

    def _is_taken(self, batch: list[Arrived]) -> bool:
        """Take a batch, however often it fails; False where we were stopped before it was."""
        planned = self._planned(batch)
        pause, has_failed = RETRY_SECONDS[0], False
        while planned:
            try:
                self._take(*planned[0])
                planned.pop(0)
            except TravelerError as error:
                self._say(f"messages are not taken: {error.message}", error.hint)
                has_failed = True
                if self._is_stopping.wait(pause):
                    return False
                pause = min(2 * pause, RETRY_SECONDS[1])
            except Exception:  # one message that nobody foresaw must not hold up all others
                _log.exception("messages of %s were not taken", self.health.source)
                planned[:1] = _apart(*planned[0])
        if has_failed and self.health.is_connected:
            self._say("", "")
        return True

    def _planned(self, batch: list[Arrived]) -> list[tuple[str, list[Message]]]:
        try:
            return self._plan(batch)
        except Exception:  # what cannot even be told apart must not hold up all that follows
            _log.exception("messages of %s were not understood", self.health.source)
            return [("", [Message(arrived.topic, arrived.payload) for arrived in batch])]

    def _acknowledge(self, batch: list[Arrived]) -> None:
        for arrived in batch:
            # A number of an earlier connection may mean another message by now.
            if arrived.connection == self._connection:
                self._client.ack(arrived.message.mid, arrived.message.qos)


def _apart(table: str, messages: Sequence[Message]) -> list[tuple[str, list[Message]]]:
    """Give messages one by one; a single one goes into quarantine as it is."""
    if len(messages) > 1:
        return [(table, [message]) for message in messages]
    (message,) = messages
    raw = message.content.decode(errors="surrogateescape")
    said = f"table {table or 'none'} could not take it: this is a fault of Traveler"
    hint = "the log has its place; replay it with a newer Traveler"
    problem = Unreadable(message.place, "fault", said, hint, raw)
    return [("", [replace(message, problem=problem)])]


def _address(source: SourceSettings) -> tuple[str, int]:
    try:
        parts = urlsplit(source.url)
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"source {source.name}: its url: {error}") from error
    if parts.scheme not in _PORTS or not parts.hostname or parts.username or parts.path.strip("/"):
        raise ConfigError(
            f"source {source.name}: its url is no broker's",
            hint='url = "mqtt://host:1883" or "mqtts://host:8883"; user and password stand apart',
        )
    return parts.hostname, port or _PORTS[parts.scheme]


def _make_client(source: SourceSettings, *, is_session_clean: bool) -> Client:
    is_5 = source.protocol == "5"
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=source.client_id or f"traveler-{source.name}",
        clean_session=None if is_5 else is_session_clean,
        protocol=MQTTv5 if is_5 else MQTTv311,
        manual_ack=True,
    )
    if source.user:
        client.username_pw_set(source.user, source.password or None)
    if source.url.startswith("mqtts:"):
        try:
            context = ssl.create_default_context(cafile=source.ca_file or None)
            if source.cert_file:
                context.load_cert_chain(source.cert_file, source.key_file or None)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f"source {source.name}: its certificates cannot be used: {error}",
                hint="check ca_file, cert_file and key_file: PEM, below plant.toml",
            ) from error
        client.tls_set_context(context)
    return client
