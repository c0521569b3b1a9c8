"""Sparkplug B (3.0) as a host application: births, data and deaths become rows."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING

from kg.sources.broker import Broker, Will
from kg.sources.messages import Message
from kg.sources.reading import Unreadable
from kg.sources.sparkplugnodes import BadPayload, Cells, Node, Place
from kg.sources.sparkplugpayload import rebirth_command
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kg.settings import SourceSettings
    from kg.sources.broker import Arrived
    from kg.sources.feeds import Take

REBIRTH_SECONDS = 10.0
"""A node is asked to be born again once in this time: births are long, and it may be slow."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SparkplugFeed:
    """Says that it is there (STATE), listens to edge nodes, and asks for births that it lacks.

    A session is clean, as the standard demands of a host: what a node keeps while its primary host
    is away, it sends later as historical.

    Raises:
        ConfigError: url or certificates cannot be used.
    """

    def __init__(self, source: SourceSettings, take: Take, clock: Callable[[], datetime]) -> None:
        self._source = source
        self._clock = clock
        self._nodes: dict[tuple[str, str], Node] = {}
        self._asked: dict[tuple[str, str], float] = {}
        host = source.host_id or source.client_id or f"traveler-{source.name}"
        self._state_topic = f"spBv1.0/STATE/{host}"
        self._born_at = 0
        self._is_leaving = False
        self._has_missed = False
        self._broker = Broker(source, take, self._plan, clock, is_session_clean=True)
        groups = [f"spBv1.0/{group}/#" for group in source.groups or ("+",)]
        self._broker.subscriptions = [self._state_topic, *groups]
        self._broker.will = self._make_will
        self._broker.connected = self._greet
        self.health = self._broker.health

    def start(self) -> None:
        """Connect and say that we are there, as soon as the broker is."""
        self._broker.start()

    def stop(self) -> None:
        """Say that we go, and disconnect."""
        self._is_leaving = True
        if self.health.is_connected:
            self._broker.publish(
                self._state_topic, self._state(is_online=False), qos=1, retain=True
            )
        self._broker.stop()

    def _make_will(self) -> Will:
        # The birth that follows must have the time of this will (Sparkplug 3.0, section 5).
        self._born_at = round((self._clock() - _EPOCH) / timedelta(milliseconds=1))
        return Will(self._state_topic, self._state(is_online=False))

    def _greet(self) -> None:
        self._has_missed = bool(self._nodes)
        self._say_online()

    def _say_online(self) -> None:
        self._broker.publish(self._state_topic, self._state(is_online=True), qos=1, retain=True)

    def _state(self, *, is_online: bool) -> bytes:
        return json.dumps({"online": is_online, "timestamp": self._born_at}).encode()

    def _plan(self, batch: Sequence[Arrived]) -> list[tuple[str, list[Message]]]:
        good: list[Message] = []
        bad: list[Message] = []
        if self._has_missed:
            self._has_missed = False
            good += self._lose_all()
        for arrived in batch:
            if arrived.topic == self._state_topic:
                self._hear_state(arrived.payload)
                continue
            place = Place.of(arrived.topic)
            if place is None:
                bad.append(Message(arrived.topic, arrived.payload))
            elif not place.kind.endswith("CMD"):
                self._hear(place, arrived, good, bad)
        planned = [(table.name, good) for table in self._source.tables if good]
        return [*planned, *([("", bad)] if bad else [])]

    def _hear(
        self, place: Place, arrived: Arrived, good: list[Message], bad: list[Message]
    ) -> None:
        node = self._nodes.setdefault((place.group, place.node), Node())
        try:
            heard = node.hear(place, arrived.payload, format_time(self._clock()))
        except BadPayload as error:
            bad.append(_refuse(arrived, "bad-payload", f"is no Sparkplug B payload: {error}"))
            return
        if heard.rows:
            good.append(Message(arrived.topic, _write(heard.rows)))
        if heard.has_unknown_alias:
            bad.append(_refuse(arrived, "unknown-alias", "has an alias that no birth explains"))
        if heard.rebirth:
            self._ask_for_birth(place)

    def _lose_all(self) -> list[Message]:
        """Call all stale, as deaths may have been missed while we were away, and ask who lives."""
        now, lost = format_time(self._clock()), []
        for (group, name), node in self._nodes.items():
            place = Place(group, "NDEATH", name)
            if rows := node.die(place, now):
                lost.append(Message(f"spBv1.0/{group}/NDEATH/{name}", _write(rows)))
            self._ask_for_birth(place)
        return lost

    def _ask_for_birth(self, place: Place) -> None:
        name = (place.group, place.node)
        if monotonic() - self._asked.get(name, float("-inf")) >= REBIRTH_SECONDS:
            self._asked[name] = monotonic()
            topic = f"spBv1.0/{place.group}/NCMD/{place.node}"
            self._broker.publish(topic, rebirth_command(self._clock()))

    def _hear_state(self, content: bytes) -> None:
        """Say again that we are there, where an earlier will of ours says that we are not."""
        if b"false" in content and not self._is_leaving:
            self._say_online()


def _write(rows: list[Cells]) -> bytes:
    return json.dumps(rows if len(rows) > 1 else rows[0]).encode()


def _refuse(arrived: Arrived, code: str, message: str) -> Message:
    hint = "the node was asked for its births, which say all again: discard this one"
    if code == "bad-payload":
        hint = "what publishes to this topic must speak Sparkplug B: mend it, or discard this"
    raw = arrived.payload.decode(errors="surrogateescape")
    problem = Unreadable(arrived.topic, code, message, hint, raw)
    return Message(arrived.topic, arrived.payload, problem=problem)
