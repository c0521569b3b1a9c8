"""OPC UA servers: the values of nodes by subscription, connected again and again."""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from asyncua import Client, ua
from asyncua.common.subscription import DataChangeEvent, OverflowPolicy
from asyncua.crypto import uacrypto
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from cryptography import x509

from kg.errors import ConfigError, TravelerError
from kg.sources.feeds import FeedHealth
from kg.sources.opcuanodes import find_nodes
from kg.sources.opcuavalues import JobLists, is_overflow, value_message
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from asyncua.common.subscription import SubEvent, Subscription

    from kg.settings import SourceSettings
    from kg.sources.feeds import Take
    from kg.sources.messages import Message
    from kg.sources.opcuanodes import Found

RETRY_SECONDS = (0.2, 30.0)
GATHER_SECONDS = 0.01
CHECK_SECONDS = 1.0
MOST_AT_ONCE = 1_000
_MOST_WAITING = 100_000
_LOST = (OSError, ua.UaError, asyncio.TimeoutError, StopAsyncIteration)
_MOST_WARNINGS = 20
_log = logging.getLogger("traveler.opcua")
# Its own log tells of every lost connection with a traceback; the feed's health says it in words.
logging.getLogger("asyncua").setLevel(logging.CRITICAL)


class OpcuaFeed:
    """Follows the nodes of a source's tables; what changes meanwhile is given as it is then.

    A server keeps nothing for us while we are away: after that come the values as they are, with
    their own times.

    Raises:
        ConfigError: its url is no server's, or it has a table without nodes.
    """

    def __init__(self, source: SourceSettings, take: Take, clock: Callable[[], datetime]) -> None:
        self.health = FeedHealth(source.name)
        if not source.url.startswith("opc.tcp://") or "@" in source.url:
            raise ConfigError(
                f"source {source.name}: its url is no OPC UA server's",
                hint='url = "opc.tcp://host:4840/path"; user and password stand apart',
            )
        _check_files(source)
        self._source = source
        self._take = take
        self._clock = clock
        self._jobs = JobLists()
        self._is_stopping = threading.Event()
        self._has_lost = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name=f"traveler-{source.name}")

    def start(self) -> None:
        """Connect and subscribe as soon as the server is there."""
        self.health.since = format_time(self._clock())
        self._thread.start()

    def stop(self) -> None:
        """Take what is under way, and disconnect."""
        self._is_stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._follow())

    async def _follow(self) -> None:
        pause = RETRY_SECONDS[0]
        while not self._is_stopping.is_set():
            try:
                await self._connect_once()
                pause = RETRY_SECONDS[0]
            except _LOST as error:
                pause = RETRY_SECONDS[0] if self.health.is_connected else pause
                self._say_lost(error)
            except TravelerError as error:
                self._say(error.message, error.hint)
            except Exception as error:  # the connection outlives what nobody foresaw
                _log.exception("source %s failed", self._source.name)
                self._say(f"{type(error).__name__}: {error}", "the log has its place")
            self.health.is_connected = False
            await self._wait(pause)
            pause = min(2 * pause, RETRY_SECONDS[1])

    async def _wait(self, seconds: float) -> None:
        await asyncio.to_thread(self._is_stopping.wait, seconds)

    async def _connect_once(self) -> None:
        settings = self._source.opcua
        client = Client(self._source.url, timeout=settings.timeout_seconds)
        if self._source.user:
            client.set_user(self._source.user)
            client.set_password(self._source.password)
        if self._source.cert_file:
            await _secure(client, self._source)
        async with client:
            found = await find_nodes(client, self._source)
            subscription = await client.create_subscription(
                settings.interval_ms,
                queue_maxsize=_MOST_WAITING,
                overflow=OverflowPolicy.DISCONNECT,
            )
            self._has_lost = False
            subscription.set_overflow_disconnect_handler(self._note_lost)
            refused = await self._subscribe(client, subscription, found)
            self.health.is_connected = True
            self._say(*self._problem(found, refused))
            await self._listen(client, subscription, found)

    async def _subscribe(
        self, client: Client, subscription: Subscription, found: Found
    ) -> list[str]:
        """Subscribe to all nodes, and name those that the server refuses."""
        settings = self._source.opcua
        nodes = [client.get_node(node_id) for node_id in found.places]
        if not nodes:
            return []
        handles = await subscription.subscribe_data_change(
            nodes, queuesize=settings.queue, sampling_interval=settings.interval_ms
        )
        assert isinstance(handles, list)
        given = zip(found.places, handles, strict=True)
        return [
            f"{node_id.to_string()} ({handle.name})"
            for node_id, handle in given
            if isinstance(handle, ua.StatusCode)
        ]

    def _problem(self, found: Found, refused: Sequence[str]) -> tuple[str, str]:
        if found.missing:
            return "; ".join(found.missing), "correct nodes in source.toml; others are followed"
        if refused:
            said = f"the server does not let us follow {', '.join(refused)}"
            return said, "they must be variables that its account may read; others are followed"
        return "", ""

    async def _listen(self, client: Client, subscription: Subscription, found: Found) -> None:
        while not self._is_stopping.is_set():
            events = await self._gather(subscription)
            if events:
                await self._take_all(events, found)
            else:
                await client.check_connection()
            if self._has_lost:
                # Subscribed anew, every node is given as it is.
                self._warn("more values came than could be taken, and some were lost")
                return

    async def _gather(self, subscription: Subscription) -> list[SubEvent]:
        event = await subscription.next_event(CHECK_SECONDS)
        events = []
        while event is not None:
            events.append(event)
            if len(events) >= MOST_AT_ONCE:
                break
            event = await subscription.next_event(GATHER_SECONDS)
        return events

    async def _take_all(self, events: Sequence[SubEvent], found: Found) -> None:
        """Take values until they are durable: they are not given again."""
        batches: dict[str, list[Message]] = {}
        for event in events:
            if isinstance(event, DataChangeEvent):
                for table, message in self._messages(event, found):
                    batches.setdefault(table, []).append(message)
        pause = RETRY_SECONDS[0]
        while batches:
            table, messages = next(iter(batches.items()))
            try:
                await asyncio.to_thread(self._take, table, messages)
                del batches[table]
            except TravelerError as error:
                self._say(f"values are not taken: {error.message}", error.hint)
                if self._is_stopping.is_set():
                    return
                await self._wait(pause)
                pause = min(2 * pause, RETRY_SECONDS[1])

    def _messages(self, event: DataChangeEvent, found: Found) -> list[tuple[str, Message]]:
        data = event.data.monitored_item.Value
        made = []
        for place in found.places.get(event.node.nodeid, ()):
            if is_overflow(data):
                self._warn(f"{place.table}: the server's queue for {place.path} ran over")
            if place.is_job_list:
                made += [(place.table, message) for message in self._jobs.messages(place, data)]
            else:
                made.append((place.table, value_message(place, data)))
        return made

    def _note_lost(self) -> None:
        self._has_lost = True

    def _warn(self, said: str) -> None:
        if said not in self.health.warnings:
            self.health.warnings = [*self.health.warnings, said][-_MOST_WARNINGS:]

    def _say_lost(self, error: BaseException) -> None:
        reason = str(error).strip() or type(error).__name__
        if self._source.password:
            reason = reason.replace(self._source.password, "***")
        is_refused = isinstance(
            error, ua.uaerrors.BadUserAccessDenied | ua.uaerrors.BadIdentityTokenRejected
        )
        what = "was lost" if self.health.is_connected else "cannot be reached"
        self._say(
            f"{self._source.url} {'refuses us' if is_refused else what}: {reason}",
            "set user and password of the source in plant.toml"
            if is_refused
            else "is it up? it is tried again and again",
        )

    def _say(self, error: str, hint: str) -> None:
        self.health.error, self.health.hint = error, hint
        self.health.since = format_time(self._clock())


def _check_files(source: SourceSettings) -> None:
    if bool(source.cert_file) != bool(source.key_file):
        raise ConfigError(
            f"source {source.name}: cert_file and key_file belong together",
            hint="name our certificate and its key, which the server must trust",
        )
    for name in (source.cert_file, source.key_file, source.ca_file):
        if name and not Path(name).is_file():
            raise ConfigError(
                f"source {source.name}: there is no {name}",
                hint="check cert_file, key_file and ca_file: files in DER or PEM",
            )


async def _secure(client: Client, source: SourceSettings) -> None:
    """Sign and encrypt, as whom our certificate names; ``ca_file`` is the server's."""
    certificate = await uacrypto.load_certificate(Path(source.cert_file))
    with suppress(x509.ExtensionNotFound):
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        for uri in names.get_values_for_type(x509.UniformResourceIdentifier):
            client.application_uri = uri
    await client.set_security(
        SecurityPolicyBasic256Sha256,
        source.cert_file,
        source.key_file,
        server_certificate=source.ca_file or None,
        mode=ua.MessageSecurityMode.SignAndEncrypt,
    )
