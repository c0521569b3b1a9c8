"""Export: what a plant knows of batches, pieces and shipments, as an EPCIS 2.0 document.

Only what happened is an event: batches that were possibly used stay out, and so does what has no
time. Ids are GS1 Digital Links where the plant's ids are of GS1, else the plant's own IRIs.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from kg import vocab
from kg.answer.evidence import literal_text
from kg.answer.lookup import look_up
from kg.answer.tracing.genealogy import Genealogy
from kg.answer.tracing.stock import counted
from kg.answer.tracing.veil import require_all
from kg.epcis.words import CONTEXT_URL
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from decimal import Decimal

    from kg.answer.answers import Answers
    from kg.answer.evidence import Evidence
    from kg.answer.tracing.genealogy import Use
    from kg.answer.tracing.veil import Veil
    from kg.records import Fact, Term

UNITS = {
    "g": "GRM", "kg": "KGM", "t": "TNE", "mm": "MMT", "cm": "CMT", "m": "MTR", "m2": "MTK",
    "m3": "MTQ", "l": "LTR", "ml": "MLT", "h": "HUR", "min": "MIN",
}  # fmt: skip
"""Units as plants write them, by the codes of UN/ECE Recommendation 20; pieces have none."""
COUNTED = frozenset({"pcs", "pc", "st", "ea", "Stk", "Stück"})
CUSTOMERS = frozenset({vocab.SHIPPED_TO, vocab.ORDERED_BY})
"""Without what these say an event lacks whom it was for, and is right otherwise."""
READ = frozenset({
    vocab.SUPPLIED_BY, vocab.RECEIVED_AT, vocab.QUANTITY, vocab.UNIT, vocab.STORED_AT,
    vocab.OF_BATCH, vocab.INPUT_TO, vocab.LOADED_FOR, vocab.OUTPUT_OF, vocab.CONSUMES,
    vocab.POSSIBLY_CONSUMES, vocab.PRODUCES, vocab.CERTAINTY, vocab.USED_QUANTITY, vocab.PIECE_OF,
    vocab.OF_JOB, vocab.ON_MACHINE, vocab.STARTED_AT, vocab.ENDED_AT, vocab.ASSEMBLED_INTO,
    vocab.IN_SHIPMENT, vocab.SHIPS_FOR, vocab.SHIPS_BATCH, vocab.SHIPS_PIECE, vocab.LINE_OF,
    vocab.SHIPPED_AT,
})  # fmt: skip
"""What events are made of."""
_CODE = re.compile(r"[A-Z0-9]{2,3}")
_TRADED = re.compile(r"(\d{14})\.(.+)")
_AT_ONCE = 500


@dataclass(slots=True)
class Exported:
    """The events, and how many things had to stay out, by why."""

    events: list[dict[str, Any]] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)

    def leave(self, why: str) -> None:
        """Count what stays out."""
        self.left_out[why] = self.left_out.get(why, 0) + 1


def epcis_document(
    answers: Answers, now: datetime, veil: Veil | None = None
) -> tuple[dict[str, Any], dict[str, int]]:
    """Write the whole plant down; also tells how much had to stay out, by why.

    Behind a ``veil`` customers may stay out, and a comment says so.

    Raises:
        AccessError: events would be wrong without what is hidden.
    """
    require_all(veil, "the export", READ, but=CUSTOMERS)
    exporter = _Exporter(answers, now, veil)
    withheld = sorted(_name(p) for p in veil.obscured & CUSTOMERS) if veil else []
    document = {
        "@context": [CONTEXT_URL, {"tr": vocab.TR, "rdfs": vocab.RDFS}],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": format_time(now),
        **({"rdfs:comment": f"withheld: {', '.join(withheld)}"} if withheld else {}),
        "epcisBody": {"eventList": exporter.all_events()},
    }
    return document, exporter.exported.left_out


class _Exporter:
    """Reads a plant in parts of some hundred things, and writes each down."""

    def __init__(self, answers: Answers, now: datetime, veil: Veil | None) -> None:
        self._store = answers.store
        self._veil = veil
        self._base = answers.plant.base
        self._evidence: Evidence = answers.evidence(now)
        self.exported = Exported()

    def all_events(self) -> list[dict[str, Any]]:
        """Give every event, in the order of their times."""
        for batches in self._parts(vocab.SUPPLIED_BY, is_subject=True):
            self._receipts(batches)
        jobs = {
            job
            for way in (vocab.INPUT_TO, vocab.OUTPUT_OF, vocab.PIECE_OF)
            for part in self._parts(way, is_subject=False)
            for job in part
        }
        for part in _cut(sorted(jobs)):
            self._transformations(part)
        for wholes in self._parts(vocab.ASSEMBLED_INTO, is_subject=False):
            self._associations(wholes)
        for shipments in self._parts(vocab.IN_SHIPMENT, is_subject=False):
            self._shipments(shipments)
        return sorted(self.exported.events, key=lambda e: (e["eventTime"], e["eventID"]))

    def _parts(self, predicate: Term, *, is_subject: bool) -> Iterator[list[Term]]:
        end = "?s" if is_subject else "?o"
        rows = self._store.select(f"SELECT DISTINCT {end} WHERE {{ ?s {predicate} ?o }}")
        return _cut(sorted(row[end[1:]] for row in rows))

    def _receipts(self, batches: list[Term]) -> None:
        held = Genealogy(self._store, self._veil)
        held.describe("batch", batches)
        for batch in batches:
            suppliers = held.of(batch, vocab.SUPPLIED_BY)
            facts = [(batch, vocab.SUPPLIED_BY, supplier) for supplier in suppliers]
            time = held.text(batch, vocab.RECEIVED_AT) or self._time(facts)
            amount = held.number(batch, vocab.QUANTITY)
            unit = held.text(batch, vocab.UNIT)
            event: dict[str, Any] = {
                "action": "OBSERVE",
                "bizStep": "receiving",
                "disposition": "in_progress",
                "quantityList": [self._amount(batch, amount, unit)],
                "sourceList": [
                    {"type": "possessing_party", "source": self._iri(supplier)}
                    for supplier in suppliers
                ],
            }
            places = held.of(batch, vocab.STORED_AT)
            if len(places) == 1:
                event["bizLocation"] = {"id": self._iri(places[0])}
            self._add("ObjectEvent", f"receiving {batch}", time, event)

    def _transformations(self, jobs: list[Term]) -> None:
        held = Genealogy(self._store, self._veil)
        held.read_jobs(jobs)
        machines: dict[Term, set[Term]] = {}
        for row in look_up(
            self._store, jobs, f"?run {vocab.OF_JOB} ?entity ; {vocab.ON_MACHINE} ?m"
        ):
            machines.setdefault(row["entity"], set()).add(row["m"])
        for job in jobs:
            event, uses = self._transformation(held, job)
            end = held.last_end(job)
            time = format_time(end) if end else self._time(f for use in uses for f in use.facts)
            if event is None:
                self.exported.leave("a job of which no batch or piece is known")
                continue
            if len(machines.get(job, ())) == 1:
                event["readPoint"] = {"id": self._iri(min(machines[job]))}
            self._add("TransformationEvent", f"making {job}", time, event)

    def _transformation(
        self, held: Genealogy, job: Term
    ) -> tuple[dict[str, Any] | None, list[Use]]:
        uses = [use for use in held.uses_of_job(job) if use.batch]
        sure = [use for use in uses if use.is_certain]
        for _ in range(len(uses) - len(sure)):
            self.exported.leave("a use that is only possible")
        lists: dict[str, list[Any]] = {
            "inputQuantityList": self._used(held, sure, "input"),
            "outputQuantityList": self._used(held, sure, "output"),
            "outputEPCList": [self._iri(piece) for piece in held.pieces(job)],
        }
        filled = {name: items for name, items in lists.items() if items}
        if not filled:
            return None, []
        return {
            "transformationID": self._iri(job),
            "bizStep": "commissioning",
            "disposition": "in_progress",
            "bizTransactionList": [{"type": "prodorder", "bizTransaction": self._iri(job)}],
            **filled,
        }, sure

    def _used(self, held: Genealogy, uses: Iterable[Use], role: str) -> list[dict[str, Any]]:
        return [
            self._amount(use.batch, use.quantity, use.unit or held.text(use.batch, vocab.UNIT))
            for batch in sorted({use.batch for use in uses if use.role == role})
            for use in counted([u for u in uses if u.role == role and u.batch == batch])
        ]

    def _associations(self, wholes: list[Term]) -> None:
        """Write down what was built into what, as records say it; what follows from it is not."""
        held = Genealogy(self._store, self._veil)
        held.read("piece", wholes)
        for whole in wholes:
            facts: list[Fact] = [
                (piece, vocab.ASSEMBLED_INTO, whole)
                for piece in held.to(whole, vocab.ASSEMBLED_INTO)
            ]
            said = [fact for fact in facts if self._holders(fact)]
            if said:
                event: dict[str, Any] = {
                    "action": "ADD",
                    "bizStep": "assembling",
                    "parentID": self._iri(whole),
                    "childEPCs": [self._iri(piece) for piece, _, _ in said],
                }
                self._add("AssociationEvent", f"assembling {whole}", self._time(said), event)

    def _shipments(self, shipments: list[Term]) -> None:
        held = Genealogy(self._store, self._veil)
        held.read("shipment", shipments)
        lines = {line for s in shipments for line in held.to(s, vocab.IN_SHIPMENT)}
        held.describe("shipment-line", lines)
        held.describe("order-line", {o for line in lines for o in held.of(line, vocab.SHIPS_FOR)})
        for shipment in shipments:
            event = self._shipment(held, shipment)
            facts = [
                (line, vocab.IN_SHIPMENT, shipment) for line in held.to(shipment, vocab.IN_SHIPMENT)
            ]
            time = held.text(shipment, vocab.SHIPPED_AT) or self._time(facts)
            if not event.get("epcList") and not event.get("quantityList"):
                self.exported.leave("a shipment that names no batch and no piece")
                continue
            self._add("ObjectEvent", f"shipping {shipment}", time, event)

    def _shipment(self, held: Genealogy, shipment: Term) -> dict[str, Any]:
        lines = held.to(shipment, vocab.IN_SHIPMENT)
        pieces = [p for line in lines for p in held.of(line, vocab.SHIPS_PIECE)]
        amounts = [
            self._amount(batch, held.number(line, vocab.QUANTITY), held.text(line, vocab.UNIT))
            for line in lines
            for batch in held.of(line, vocab.SHIPS_BATCH)
        ]
        orders = {
            order
            for line in lines
            for order_line in held.of(line, vocab.SHIPS_FOR)
            for order in held.of(order_line, vocab.LINE_OF)
        }
        found: dict[str, Any] = {
            "action": "OBSERVE", "bizStep": "shipping", "disposition": "in_transit",
            "epcList": [self._iri(piece) for piece in pieces],
            "quantityList": amounts,
            "destinationList": [
                {"type": "owning_party", "destination": self._iri(customer)}
                for customer in held.of(shipment, vocab.SHIPPED_TO)
            ],
            "bizTransactionList": [
                {"type": "po", "bizTransaction": self._iri(order)} for order in sorted(orders)
            ],
        }  # fmt: skip
        return {name: value for name, value in found.items() if value}

    def _amount(self, batch: Term, number: Decimal | None, unit: str | None) -> dict[str, Any]:
        """Write a quantity down; of a unit without a code only in our own words (``tr:unit``)."""
        element: dict[str, Any] = {"epcClass": self._iri(batch)}
        code = UNITS.get(unit or "") or (unit if unit and _CODE.fullmatch(unit) else None)
        if number is None:
            return element
        plain = int(number) if number == number.to_integral_value() else float(number)
        if code:
            return element | {"quantity": plain, "uom": code}
        if unit is None or unit in COUNTED:
            return element | {"quantity": plain}
        return element | {"tr:usedQuantity": f"{number:f}", "tr:unit": unit}

    def _iri(self, term: Term) -> str:
        """Give a thing's Digital Link where its id is of GS1, else its IRI."""
        iri = term[1:-1]
        kind, _, rest = iri.removeprefix(self._base).partition("/")
        match = _TRADED.fullmatch(unquote(rest))
        if match and kind in {"batch", "piece"}:
            key = "10" if kind == "batch" else "21"
            return f"https://id.gs1.org/01/{match[1]}/{key}/{quote(match[2], safe='')}"
        return iri

    def _holders(self, fact: Fact) -> list[Term]:
        return [g for g in self._store.holders(fact) if self._evidence.is_support(g)]

    def _time(self, facts: Iterable[Fact]) -> str | None:
        """Give the newest time at which one of the records that say these facts became true."""
        cited = [self._evidence.cite(graph) for fact in facts for graph in self._holders(fact)]
        return max((one.observed_at for one in cited if one.observed_at), default=None)

    def _add(self, kind: str, what: str, time: str | None, event: dict[str, Any]) -> None:
        if time is None:
            self.exported.leave("something that happened at a time that nobody knows")
            return
        named = uuid.uuid5(uuid.NAMESPACE_URL, f"{self._base} {what}")
        self.exported.events.append(
            {
                "type": kind,
                "eventID": f"urn:uuid:{named}",
                "eventTime": literal_text(time) if time.startswith('"') else time,
                "eventTimeZoneOffset": "+00:00",
                **event,
            }
        )


def _name(term: Term) -> str:
    return term[1:-1].rsplit("/", 1)[-1]


def _cut(things: Iterable[Term]) -> Iterator[list[Term]]:
    waiting = iter(things)
    while part := list(islice(waiting, _AT_ONCE)):
        yield part
