"""Edge nodes as a Sparkplug host sees them: who was born, what its aliases mean, who is dead."""

from __future__ import annotations

from collections import ChainMap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kg.sources.sparkplugpayload import BadPayload, Metric, Payload, decode_payload, type_name

if TYPE_CHECKING:
    from kg.records import Scalar

Cells = dict[str, "Scalar"]
_BD_SEQ = "bdSeq"
ONLINE = "$online"
"""The metric that we make of births and deaths, of a node and of each of its devices."""


@dataclass(frozen=True, slots=True)
class Place:
    """A topic of Sparkplug: ``spBv1.0/{group}/{kind}/{node}[/{device}]``."""

    group: str
    kind: str
    node: str
    device: str = ""

    @classmethod
    def of(cls, topic: str) -> Place | None:
        """Read a topic; None for one that is none of a node's or a device's."""
        parts = topic.split("/")
        if len(parts) not in {4, 5} or parts[0] != "spBv1.0" or "" in parts:
            return None
        is_device = len(parts) == 5
        if parts[2] not in (_OF_DEVICES if is_device else _OF_NODES):
            return None
        return cls(*parts[1:])


_OF_NODES = {"NBIRTH", "NDATA", "NDEATH", "NCMD"}
_OF_DEVICES = {"DBIRTH", "DDATA", "DDEATH", "DCMD"}


@dataclass(slots=True)
class Heard:
    """What a message said: rows, and whether the node must be asked to be born again, and why."""

    rows: list[Cells] = field(default_factory=list)
    rebirth: str = ""
    has_unknown_alias: bool = False


class Node:
    """One edge node and its devices (Sparkplug 3.0, sections 5 and 6.4)."""

    def __init__(self) -> None:
        self.is_online = False
        self._bd_seq: Scalar = None
        self._seq: int | None = None
        self._names: dict[int, str] = {}
        self._types: dict[int | str, int] = {}  # by alias; by name below
        # What each device ("": the node itself) was born with: its death makes all of it stale.
        self._metrics: dict[str, dict[int | str, int]] = {}

    def hear(self, place: Place, content: bytes, now: str) -> Heard:
        """Take a message in; ``now`` is the time of what has none of its own.

        Raises:
            BadPayload: it is no payload.
        """
        of_device = self._metrics.get(place.device, {})
        payload = decode_payload(content, ChainMap(of_device, self._types))
        if place.kind == "NDEATH":
            # The death of an earlier session than today's means nothing.
            is_todays = payload.value_of(_BD_SEQ) == self._bd_seq
            return Heard(self.die(place, now) if is_todays else [])
        heard = Heard()
        if place.kind == "NBIRTH":
            self._be_born(payload)
        else:
            heard.rebirth = self._follow(place, payload)
        if place.kind == "DDEATH":
            heard.rows = self._bury(place, payload.timestamp or now)
            return heard
        is_birth = place.kind.endswith("BIRTH")
        if is_birth:
            self._learn(place.device, payload)
            heard.rows.append(_row(place, _online(payload.timestamp or now, is_online=True)))
        self._add_metrics(place, payload, now, heard)
        return heard

    def _be_born(self, payload: Payload) -> None:
        self.is_online = True
        self._bd_seq = payload.value_of(_BD_SEQ)
        self._seq = payload.seq
        self._names, self._types, self._metrics = {}, {}, {}

    def _follow(self, place: Place, payload: Payload) -> str:
        """Check the number of a message; the values of one out of turn are true all the same."""
        expected = None if self._seq is None else (self._seq + 1) % 256
        self._seq = payload.seq
        if not self.is_online:
            return f"{place.kind} before NBIRTH"
        if payload.seq != expected:
            return f"seq {payload.seq}, not {expected}"
        if place.device and place.kind != "DBIRTH" and place.device not in self._metrics:
            return f"{place.kind} before DBIRTH"
        return ""

    def _learn(self, device: str, payload: Payload) -> None:
        named = [metric for metric in payload.metrics if metric.name]
        self._metrics[device] = {metric.name: metric.datatype for metric in named}
        for metric in named:
            if metric.alias is not None:
                self._names[metric.alias] = metric.name
                self._types[metric.alias] = metric.datatype

    def _add_metrics(self, place: Place, payload: Payload, now: str, heard: Heard) -> None:
        for metric in payload.metrics:
            name = metric.name or self._names.get(-1 if metric.alias is None else metric.alias, "")
            if not name:
                heard.has_unknown_alias = True
                heard.rebirth = heard.rebirth or f"unknown alias {metric.alias}"
            elif name != _BD_SEQ:
                heard.rows.append(_row(place, metric, name, now))

    def die(self, place: Place, now: str) -> list[Cells]:
        """Make all of a node stale, with its devices; nothing where it is dead already."""
        if not self.is_online:
            return []
        self.is_online = False
        return [
            row
            for device in list(self._metrics)
            for row in self._bury(Place(place.group, place.kind, place.node, device), now)
        ]

    def _bury(self, place: Place, at: str) -> list[Cells]:
        gone = self._metrics.pop(place.device, {})
        stale = [
            _row(place, Metric(str(name), None, datatype, None, at, "stale", is_historical=False))
            for name, datatype in gone.items()
            if name != _BD_SEQ
        ]
        return [_row(place, _online(at, is_online=False)), *stale]


def _online(at: str, *, is_online: bool) -> Metric:
    quality = "good" if is_online else "stale"
    return Metric(ONLINE, None, 11, is_online, at, quality, is_historical=False)


def _row(place: Place, metric: Metric, name: str = "", now: str = "") -> Cells:
    name = name or metric.name
    parts = [place.group, place.node, place.device, name]
    return {
        "group": place.group,
        "node": place.node,
        "device": place.device or None,
        "metric": name,
        "path": "/".join(part for part in parts if part),
        "value": metric.value,
        "datatype": type_name(metric.datatype),
        "timestamp": metric.timestamp or now,
        "is_historical": metric.is_historical,
        "quality": metric.quality,
        "message": place.kind,
    }


__all__ = ["ONLINE", "BadPayload", "Cells", "Heard", "Node", "Place"]
