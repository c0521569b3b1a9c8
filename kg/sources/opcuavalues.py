"""Values of OPC UA as messages: their cells, their status, and the job orders of ISA-95 lists."""

from __future__ import annotations

import dataclasses
import json
import math
import struct
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from asyncua import ua

from kg.sources.cells import to_scalar
from kg.sources.messages import Message
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kg.records import Scalar
    from kg.sources.opcuanodes import Place

_OVERFLOW = 0x0480
"""The info bits of a data value, and the one that says that its queue ran over (Part 4, 7.39.1)."""
_CODE = 0xFFFF0000


def is_overflow(data: ua.DataValue) -> bool:
    """Tell whether values before this one were dropped by the server, as its queue was full."""
    status = data.StatusCode
    return status is not None and status.value & _OVERFLOW == _OVERFLOW


def value_message(place: Place, data: ua.DataValue) -> Message:
    """Make the message of a node's value; a bad one has no value, and says its status."""
    cells = _status_cells(place, data)
    cells["value"] = _scalar(data.Value) if cells["good"] else None
    return _message(place, cells)


class JobLists:
    """Makes rows of lists of job orders; remembers who was listed, to say who is no more."""

    def __init__(self) -> None:
        self._listed: dict[str, dict[str, dict[str, Scalar]]] = {}

    def messages(self, place: Place, data: ua.DataValue) -> Iterator[Message]:
        """Give a message for each job order in a list, and for each that left it."""
        status = _status_cells(place, data)
        if not status["good"] or data.Value is None:
            return
        orders = [_job_cells(entry) for entry in data.Value.Value or ()]
        jobs = {str(order["job_order_id"]): order for order in orders}
        before = self._listed.get(place.node, {})
        self._listed[place.node] = jobs
        for order in orders:
            yield _message(place, status | order | {"listed": True})
        for key, order in before.items():
            if key not in jobs:
                yield _message(place, status | order | {"listed": False})


def _status_cells(place: Place, data: ua.DataValue) -> dict[str, Scalar]:
    status = data.StatusCode or ua.StatusCode()
    moment = data.SourceTimestamp or data.ServerTimestamp
    return {
        "node": place.node,
        "path": place.path,
        "status": ua.StatusCode(ua.UInt32(status.value & _CODE)).name,
        "good": not status.is_bad(),
        "overflow": is_overflow(data),
        "source_timestamp": format_time(_aware(moment)) if moment else None,
    }


def _message(place: Place, cells: dict[str, Scalar]) -> Message:
    return Message(place.path, json.dumps(cells).encode())


def _job_cells(entry: Any) -> dict[str, Scalar]:
    """Give the cells of a job order and its state (OPC 10031-4, 6.3.3).

    The first state is the top one; the others lead down, and the last word of them is ``substate``.
    """
    order = getattr(entry, "JobOrder", entry)
    states = list(getattr(entry, "State", None) or ())
    texts = [_text(getattr(state, "StateText", None)) for state in states]
    masters = getattr(order, "WorkMasterID", None) or ()
    return {
        "job_order_id": _text(getattr(order, "JobOrderID", None)),
        "state": texts[0] if texts else None,
        "substate": texts[-1] if len(texts) > 1 else None,
        "state_number": int(states[0].StateNumber) if states else None,
        "description": ", ".join(
            filter(None, map(_text, getattr(order, "Description", None) or ()))
        )
        or None,
        "work_master": _text(getattr(masters[0], "ID", None)) if masters else None,
        "start_time": _plain_text(getattr(order, "StartTime", None)),
        "end_time": _plain_text(getattr(order, "EndTime", None)),
        "priority": _plain_number(getattr(order, "Priority", None)),
    }


def _text(value: Any) -> str | None:
    text = value.Text if isinstance(value, ua.LocalizedText) else value
    return str(text) if text else None


def _plain_text(value: Any) -> str | None:
    return format_time(_aware(value)) if isinstance(value, datetime) else None


def _plain_number(value: Any) -> int | None:
    return int(value) if isinstance(value, int) else None


def _scalar(variant: ua.Variant | None) -> Scalar:
    if variant is None or variant.Value is None:
        return None
    value = _plain(variant.Value)
    if variant.VariantType == ua.VariantType.Float and isinstance(value, float):
        value = _shortest(value)
    return json.dumps(value) if isinstance(value, list | dict) else to_scalar(value)


def _plain(value: Any) -> Any:
    """Make of a value what JSON can say; a structure is an object of its fields."""
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    for kind, write in _WRITTEN.items():
        if isinstance(value, kind):
            return write(value)
    if dataclasses.is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    return value if value is None or isinstance(value, str | int | bool) else str(value)


def _shortest(value: float) -> float:
    """Give the shortest number that is the same in single precision: 1.65, not 1.64999997."""
    if not math.isfinite(value):
        return value
    shorter = (float(f"{value:.{digits}g}") for digits in range(6, 9))
    same = struct.pack("f", value)
    return next((number for number in shorter if struct.pack("f", number) == same), value)


def _moment(moment: datetime) -> str:
    return format_time(_aware(moment))


_WRITTEN: dict[Any, Callable[[Any], Any]] = {
    ua.LocalizedText: lambda value: value.Text,
    ua.QualifiedName: lambda value: value.to_string(),
    ua.NodeId: lambda value: value.to_string(),
    datetime: _moment,
    Enum: lambda value: value.name,
    UUID: str,
    bytes: to_scalar,
    float: lambda value: value if math.isfinite(value) else None,
}


def _aware(moment: datetime) -> datetime:
    """Give a time its zone: OPC UA has none but UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
