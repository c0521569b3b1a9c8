"""Steps: from a thing to the next ones of its genealogy, towards customers or towards suppliers.

A job is passed *by* what led to it: a batch of steel leads by a job to what the job made, and
whether it is in there can hang on which batch it was. So a place is a thing and what one came by.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from kg import vocab
from kg.answer.tracing.grading import Grade, weaker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kg.answer.tracing.genealogy import Genealogy
    from kg.answer.tracing.grading import Grading
    from kg.records import Fact, Term

Direction = Literal["forward", "backward"]


class Place(NamedTuple):
    """A thing of a kind; of a job also what one came to it by, "" where one began there."""

    thing: Term
    kind: str
    by: Term = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step from a place to the next, in words (``went into``), and how sure it is."""

    start: Place
    end: Place
    said: str
    grade: Grade


class Forward:
    """Leads from batches to jobs, to what these made, to shipments, orders and customers."""

    def __init__(self, held: Genealogy, grading: Grading) -> None:
        self._held = held
        self._grading = grading
        self._ways: dict[str, Callable[[Place], Iterator[Step]]] = {
            "supplier": self._of_supplier,
            "batch": self._of_batch,
            "job": self._of_job,
            "piece": self._of_piece,
            "order-line": self._of_line,
            "order": self._of_order,
            "shipment-line": self._of_shipment_line,
            "shipment": self._of_shipment,
        }

    def read(self, places: Iterable[Place]) -> None:
        """Read what the steps of these places need; from a customer there are none."""
        read_places(self._held, (place for place in places if place.kind in self._ways))

    def steps(self, place: Place) -> list[Step]:
        """Give the steps from a place that was read."""
        way = self._ways.get(place.kind)
        return list(way(place)) if way else []

    def _of_supplier(self, place: Place) -> Iterator[Step]:
        for batch in self._held.to(place.thing, vocab.SUPPLIED_BY):
            fact = (batch, vocab.SUPPLIED_BY, place.thing)
            yield Step(place, Place(batch, "batch"), "delivered", Grade(facts=(fact,)))

    def _of_batch(self, place: Place) -> Iterator[Step]:
        batch, held = place.thing, self._held
        used = {use.job for use in held.uses_of_batch(batch) if use.role != "output"}
        for job in sorted(used):
            yield Step(place, Place(job, "job", batch), "went into", self._grading.into(batch, job))
        for piece in held.to(batch, vocab.CUT_FROM):
            fact = (piece, vocab.CUT_FROM, batch)
            yield Step(place, Place(piece, "piece"), "was cut into", Grade(facts=(fact,)))
        yield from self._shipped(place, vocab.SHIPS_BATCH)
        for job in held.makers(batch):
            yield from self._sold(place, job)

    def _shipped(self, place: Place, predicate: Term) -> Iterator[Step]:
        for line in self._held.to(place.thing, predicate):
            fact = (line, predicate, place.thing)
            yield Step(place, Place(line, "shipment-line"), "left in", Grade(facts=(fact,)))

    def _sold(self, place: Place, job: Term) -> Iterator[Step]:
        """Lead what a job made to the order lines that the job was for."""
        for line in self._held.lines(job):
            grade = self._grading.to_line(place.thing, job, line)
            facts = (*allocated(self._held, job, line), *grade.facts)
            yield Step(
                place, Place(line, "order-line"), "was made for", Grade(grade.how, grade.why, facts)
            )

    def _of_job(self, place: Place) -> Iterator[Step]:
        for end, said, facts in made_by(self._held, place.thing):
            grade = Grade(facts=facts)
            if place.by:
                grade = weaker(grade, self._grading.out_of(place.thing, place.by, end.thing))
            if end.kind == "order-line":
                goods = {*self._held.batches_made(place.thing), *self._held.pieces(place.thing)}
                shipped = self._grading.shipped_otherwise(end.thing, goods)
                grade = weaker(grade, shipped) if shipped else grade
            yield Step(place, end, said, grade)

    def _of_piece(self, place: Place) -> Iterator[Step]:
        piece, held = place.thing, self._held
        for whole in held.of(piece, vocab.ASSEMBLED_INTO):
            fact = (piece, vocab.ASSEMBLED_INTO, whole)
            yield Step(place, Place(whole, "piece"), "is part of", Grade(facts=(fact,)))
        yield from self._shipped(place, vocab.SHIPS_PIECE)
        for job in held.of(piece, vocab.PIECE_OF):
            yield from self._sold(place, job)

    def _of_line(self, place: Place) -> Iterator[Step]:
        held = self._held
        for order in held.of(place.thing, vocab.LINE_OF):
            fact = (place.thing, vocab.LINE_OF, order)
            yield Step(place, Place(order, "order"), "is of", Grade(facts=(fact,)))
        for shipment in held.to(place.thing, vocab.SHIPS_FOR):
            if not self._grading.named_goods(shipment):
                fact = (shipment, vocab.SHIPS_FOR, place.thing)
                grade = Grade("possible", "the shipment names no batch and no piece", (fact,))
                yield Step(place, Place(shipment, "shipment-line"), "left in", grade)

    def _of_order(self, place: Place) -> Iterator[Step]:
        for customer in self._held.of(place.thing, vocab.ORDERED_BY):
            fact = (place.thing, vocab.ORDERED_BY, customer)
            yield Step(place, Place(customer, "customer"), "is for", Grade(facts=(fact,)))

    def _of_shipment_line(self, place: Place) -> Iterator[Step]:
        held = self._held
        for shipment in held.of(place.thing, vocab.IN_SHIPMENT):
            fact = (place.thing, vocab.IN_SHIPMENT, shipment)
            yield Step(place, Place(shipment, "shipment"), "is in", Grade(facts=(fact,)))
        for line in held.of(place.thing, vocab.SHIPS_FOR):
            fact = (place.thing, vocab.SHIPS_FOR, line)
            yield Step(place, Place(line, "order-line"), "was for", Grade(facts=(fact,)))

    def _of_shipment(self, place: Place) -> Iterator[Step]:
        for customer in self._held.of(place.thing, vocab.SHIPPED_TO):
            fact = (place.thing, vocab.SHIPPED_TO, customer)
            yield Step(place, Place(customer, "customer"), "went to", Grade(facts=(fact,)))


def made_by(held: Genealogy, job: Term) -> Iterator[tuple[Place, str, tuple[Fact, ...]]]:
    """Give what came out of a job, and whom it was for, each in words and with its facts."""
    for batch in held.batches_made(job):
        uses = [u for u in held.uses_of_job(job) if u.batch == batch and u.role == "output"]
        facts = tuple(dict.fromkeys(fact for use in uses for fact in use.facts))
        yield Place(batch, "batch"), "made", facts
    for piece in held.pieces(job):
        yield Place(piece, "piece"), "made", ((piece, vocab.PIECE_OF, job),)
    for line in held.lines(job):
        yield Place(line, "order-line"), "was for", allocated(held, job, line)


def allocated(held: Genealogy, job: Term, line: Term) -> tuple[Fact, ...]:
    """Give the facts by which a job is for an order line."""
    return tuple(
        fact
        for allocation in held.to(job, vocab.ALLOCATION_OF)
        if line in held.of(allocation, vocab.TO_ORDER_LINE)
        for fact in (
            (allocation, vocab.ALLOCATION_OF, job),
            (allocation, vocab.TO_ORDER_LINE, line),
        )
    )


def read_places(held: Genealogy, places: Iterable[Place]) -> None:
    """Read things of any kinds with all that their steps are judged by."""
    kinds: dict[str, set[Term]] = {}
    for place in places:
        kinds.setdefault(place.kind, set()).add(place.thing)
    for kind in ("supplier", "customer", "order", "shipment", "shipment-line"):
        held.read(kind, kinds.get(kind, ()))
    pieces = kinds.get("piece", set())
    held.read("piece", pieces)
    lines = kinds.get("order-line", set())
    held.read_lines(lines)
    made = {allocation for line in lines for allocation in held.to(line, vocab.TO_ORDER_LINE)}
    held.describe("allocation", made)
    cut = {batch for piece in pieces for batch in held.of(piece, vocab.CUT_FROM)}
    held.describe("batch", cut)
    held.read_batches(kinds.get("batch", ()))
    jobs = {job for piece in pieces for job in held.of(piece, vocab.PIECE_OF)}
    makers = {job for line in lines for job in held.jobs_of_line(line)}
    held.read_jobs(kinds.get("job", set()) | jobs | makers)
    # Whether a batch left for a line is judged by whether that line's job alone made it.
    held.read_uses(batch for job in makers for batch in held.batches_made(job))
