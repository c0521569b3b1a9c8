"""Events as rows: what an EPCIS event says of batches, pieces and shipments, a row for each.

The rows are those of the mapping ``epcis`` that ships. An event that its sender declared to be in
error (EPCIS 2.0, section 7.4.1.2) gives the same rows without anything in them.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, TypeAlias

from kg.epcis.names import Name, name_of
from kg.epcis.words import EVENTS
from kg.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Row: TypeAlias = dict[str, str | None]
MOST_PAIRS = 10_000
"""Pieces that went in, times pieces that came out, of one event."""
ARRIVING = frozenset({"receiving", "accepting", "arriving"})
LEAVING = frozenset({"shipping", "departing", "retail_selling"})
_HOLDING = frozenset({"receiving", "accepting", "arriving", "storing", "stocking"})


def events_of(document: Any, place: str) -> list[dict[str, Any]]:
    """Give the events of a document, of an answer to a query, of a list, or the one that it is.

    Raises:
        SourceError: it has none.
    """
    if isinstance(document, list):
        return [event for one in document for event in events_of(one, place)]
    if isinstance(document, dict):
        if document.get("type") in EVENTS:
            return [document]
        body = document.get("epcisBody")
        if isinstance(body, dict):
            inner = body.get("queryResults", body)
            inner = inner.get("resultsBody", inner) if isinstance(inner, dict) else {}
            events = inner.get("eventList", inner.get("event")) if isinstance(inner, dict) else None
            listed = events if isinstance(events, list) else [events]
            found = [event for event in listed if isinstance(event, dict)]
            if found and len(found) == len(listed):
                return found
    raise SourceError(
        f"{place}: no EPCIS events in it", hint="an EPCISDocument of EPCIS 2.0, or an event"
    )


def rows_of(event: Mapping[str, Any], base: str, place: str) -> Iterator[tuple[str, Row]]:
    """Give the rows of an event, each with its table's name.

    Raises:
        SourceError: a list of the event is none, or pairs too many pieces.
    """
    reader = _Reader(event, base, place)
    for table, row in reader.rows():
        keyed: Row = {"event": reader.id, "time": reader.time, **row}
        if reader.is_void:
            keys = ("event", "time", "key")
            keyed = {name: value for name, value in keyed.items() if name in keys}
        yield table, keyed


class _Reader:
    """One event, read by its kind and business step."""

    def __init__(self, event: Mapping[str, Any], base: str, place: str) -> None:
        self._event = event
        self._base = base
        self._place = place
        self.id = str(event.get("eventID") or _digest(event))
        self.short = hashlib.sha256(self.id.encode()).hexdigest()[:16]
        self.time = str(event.get("eventTime", ""))
        self.is_void = "errorDeclaration" in event
        self._step = str(event.get("bizStep", "")).rsplit("BizStep-", 1)[-1]

    def rows(self) -> Iterator[tuple[str, Row]]:
        kind = str(self._event.get("type"))
        if kind == "TransformationEvent":
            yield from self._transformed()
        elif kind in {"AggregationEvent", "AssociationEvent"}:
            yield from self._aggregated()
        elif kind == "ObjectEvent":
            yield from self._seen()

    def _list(self, key: str) -> list[Any]:
        found = self._event.get(key, [])
        if not isinstance(found, list):
            raise SourceError(f"{self._place}: {key} is no list", hint="see EPCIS 2.0, section 7")
        return found

    def _names(self, key: str) -> list[Name]:
        return [name_of(str(uri), self._base) for uri in self._list(key)]

    def _amounts(self, key: str) -> Iterator[tuple[Name, str | None, str | None]]:
        for item in self._list(key):
            if not isinstance(item, dict) or "epcClass" not in item:
                raise SourceError(
                    f"{self._place}: an item of {key} has no epcClass", hint="EPCIS 2.0, 7.3.3.3"
                )
            name = name_of(str(item["epcClass"]), self._base)
            yield name, _text(item.get("quantity")), _text(item.get("uom"))

    def _job(self) -> str:
        """Give the production order that an event belongs to, else one of its own."""
        for item in self._list("bizTransactionList"):
            kind = str(item.get("type", "")) if isinstance(item, dict) else ""
            if kind.endswith("prodorder"):
                name = name_of(str(item.get("bizTransaction", "")), self._base)
                return name.id.rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1]
        named = self._event.get("transformationID")
        return f"epcis-{_digest(named) if named else self.short}"

    def _transformed(self) -> Iterator[tuple[str, Row]]:
        job = self._job()
        for role, key in (("input", "inputQuantityList"), ("output", "outputQuantityList")):
            for number, (name, quantity, unit) in enumerate(self._amounts(key)):
                row: Row = {"key": f"{role}-{number}", "use": f"{self.short}-{role}-{number}"}
                row |= {"job": job, f"{role}_job": job, "quantity": quantity, "unit": unit}
                yield "use", row | {"batch": name.id if name.kind == "batch" else None}
                yield from self._batch(name)
        made, used = self._names("outputEPCList"), self._names("inputEPCList")
        for name in made:
            yield from self._piece(name, job)
        for name in used:
            yield from self._piece(name, None)
        if len(made) * len(used) > MOST_PAIRS:
            raise SourceError(
                f"{self._place}: {len(used):,} pieces went into {len(made):,}",
                hint=f"up to {MOST_PAIRS:,} pairs are followed: split the event",
            )
        yield from self._parts((one, other) for one in used for other in made)

    def _aggregated(self) -> Iterator[tuple[str, Row]]:
        parent = self._event.get("parentID")
        if not parent or self._event.get("action") == "DELETE":
            return
        whole = name_of(str(parent), self._base)
        children = self._names("childEPCs")
        for name in (whole, *children):
            yield from self._piece(name, None)
        yield from self._parts((child, whole) for child in children)

    def _parts(self, pairs: Iterable[tuple[Name, Name]]) -> Iterator[tuple[str, Row]]:
        for child, parent in pairs:
            row: Row = {"key": f"{child.id} in {parent.id}"}
            yield "part_of", row | {"child": child.id, "parent": parent.id}

    def _seen(self) -> Iterator[tuple[str, Row]]:
        amounts = list(self._amounts("quantityList"))
        pieces = self._names("epcList")
        for name in pieces:
            yield from self._piece(name, None)
        is_arriving = self._step in ARRIVING
        for name, quantity, unit in amounts:
            is_new = is_arriving or self._event.get("action") == "ADD"
            yield from self._batch(
                name, quantity if is_new else None, unit, is_arriving=is_arriving
            )
        if self._step in LEAVING:
            yield from self._shipped(pieces, amounts)
        location = self._event.get("bizLocation")
        if self._step in _HOLDING and isinstance(location, dict):
            where = name_of(str(location.get("id", "")), self._base).id
            for name in (*pieces, *(name for name, _, _ in amounts)):
                kind = "batch" if name.kind == "batch" else "piece"
                if name.kind != "part":
                    yield "place", {"key": f"{kind}/{name.id}", kind: name.id, "place": where}

    def _shipped(
        self, pieces: list[Name], amounts: list[tuple[Name, str | None, str | None]]
    ) -> Iterator[tuple[str, Row]]:
        yield "shipment", {
            "key": "shipment", "shipment": self.short,
            "customer": self._party("destinationList", "destination"),
        }  # fmt: skip
        things = [(name, None, None) for name in pieces] + amounts
        for number, (name, quantity, unit) in enumerate(things):
            row: Row = {"key": str(number), "line": f"{self.short}-{number}"}
            row |= {"shipment": self.short, "quantity": quantity, "unit": unit}
            kind = "batch" if name.kind == "batch" else "piece"
            yield "shipment_line", row if name.kind == "part" else row | {kind: name.id}

    def _party(self, key: str, inner: str) -> str | None:
        """Give who owns, else who holds, what came or went."""
        found = {
            str(item.get("type", "")).rsplit("SDT-", 1)[-1]: item.get(inner)
            for item in self._list(key)
            if isinstance(item, dict)
        }
        uri = found.get("owning_party") or found.get("possessing_party")
        return name_of(str(uri), self._base).id if uri else None

    def _batch(
        self,
        name: Name,
        quantity: str | None = None,
        unit: str | None = None,
        *,
        is_arriving: bool = False,
    ) -> Iterator[tuple[str, Row]]:
        if name.kind != "batch":
            return
        row: Row = {"key": name.id, "batch": name.id, "lot": name.number, "part": name.part or None}
        if quantity is not None:
            row |= {"quantity": quantity, "unit": unit}
        if is_arriving:
            supplier = self._party("sourceList", "source")
            row |= {"received_at": self.time, "supplier": supplier}
        yield "batch", row

    def _piece(self, name: Name, job: str | None) -> Iterator[tuple[str, Row]]:
        serial = name.number if name.kind == "piece" else None
        yield "piece", {"key": name.id, "piece": name.id, "serial": serial, "job": job}


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
