"""Steps back: from an order, a shipment, a piece, a job or a batch towards suppliers' batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg import vocab
from kg.answer.tracing.grading import Grade, weaker
from kg.answer.tracing.steps import Place, Step, allocated, made_by, read_places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kg.answer.tracing.genealogy import Genealogy
    from kg.answer.tracing.grading import Grading
    from kg.records import Fact, Term


class Backward:
    """Leads from what left the plant to what came into it."""

    def __init__(self, held: Genealogy, grading: Grading) -> None:
        self._held = held
        self._grading = grading
        self._ways: dict[str, Callable[[Place], Iterator[Step]]] = {
            "customer": self._of_customer,
            "order": self._of_order,
            "order-line": self._of_line,
            "shipment": self._of_shipment,
            "shipment-line": self._of_shipment_line,
            "piece": self._of_piece,
            "job": self._of_job,
            "batch": self._of_batch,
        }

    def read(self, places: Iterable[Place]) -> None:
        """Read what the steps of these places need; from a supplier there are none."""
        read_places(self._held, (place for place in places if place.kind in self._ways))

    def steps(self, place: Place) -> list[Step]:
        """Give the steps from a place that was read."""
        way = self._ways.get(place.kind)
        return list(way(place)) if way else []

    def _each(
        self, place: Place, kind: str, things: Iterable[Term], said: str, predicate: Term
    ) -> Iterator[Step]:
        """Lead to the things that name this one by a property."""
        for thing in things:
            fact: Fact = (thing, predicate, place.thing)
            yield Step(place, Place(thing, kind), said, Grade(facts=(fact,)))

    def _of_customer(self, place: Place) -> Iterator[Step]:
        orders = self._held.to(place.thing, vocab.ORDERED_BY)
        yield from self._each(place, "order", orders, "ordered", vocab.ORDERED_BY)
        shipments = self._held.to(place.thing, vocab.SHIPPED_TO)
        yield from self._each(place, "shipment", shipments, "was sent", vocab.SHIPPED_TO)

    def _of_order(self, place: Place) -> Iterator[Step]:
        lines = self._held.to(place.thing, vocab.LINE_OF)
        yield from self._each(place, "order-line", lines, "has", vocab.LINE_OF)

    def _of_line(self, place: Place) -> Iterator[Step]:
        jobs = self._held.jobs_of_line(place.thing)
        yield from self._makers(place, jobs, "was made by")
        yield from self._goods(place, jobs)
        shipments = self._held.to(place.thing, vocab.SHIPS_FOR)
        yield from self._each(place, "shipment-line", shipments, "was served by", vocab.SHIPS_FOR)

    def _goods(self, place: Place, jobs: Iterable[Term]) -> Iterator[Step]:
        """Lead to the batches and pieces of jobs that may have left for an order line."""
        for job in jobs:
            made = [(batch, "batch") for batch in self._held.batches_made(job)]
            made += [(piece, "piece") for piece in self._held.pieces(job)]
            for goods, kind in made:
                judged = self._grading.to_line(goods, job, place.thing)
                facts = (*allocated(self._held, job, place.thing), *judged.facts)
                grade = Grade(judged.how, judged.why, facts)
                yield Step(place, Place(goods, kind), "was met by", grade)

    def _of_shipment(self, place: Place) -> Iterator[Step]:
        lines = self._held.to(place.thing, vocab.IN_SHIPMENT)
        yield from self._each(place, "shipment-line", lines, "has", vocab.IN_SHIPMENT)

    def _of_shipment_line(self, place: Place) -> Iterator[Step]:
        held, line = self._held, place.thing
        for kind, predicate in (("batch", vocab.SHIPS_BATCH), ("piece", vocab.SHIPS_PIECE)):
            for goods in held.of(line, predicate):
                fact = (line, predicate, goods)
                yield Step(place, Place(goods, kind), "took from", Grade(facts=(fact,)))
        if self._grading.named_goods(line):
            return
        for order_line in held.of(line, vocab.SHIPS_FOR):
            fact = (line, vocab.SHIPS_FOR, order_line)
            grade = Grade("possible", "the shipment names no batch and no piece", (fact,))
            yield Step(place, Place(order_line, "order-line"), "was for", grade)

    def _of_piece(self, place: Place) -> Iterator[Step]:
        held, piece = self._held, place.thing
        for batch in held.of(piece, vocab.CUT_FROM):
            fact = (piece, vocab.CUT_FROM, batch)
            yield Step(place, Place(batch, "batch"), "was cut from", Grade(facts=(fact,)))
        parts = held.to(piece, vocab.ASSEMBLED_INTO)
        yield from self._each(place, "piece", parts, "holds", vocab.ASSEMBLED_INTO)
        yield from self._makers(place, held.of(piece, vocab.PIECE_OF), "was made by")

    def _makers(self, place: Place, jobs: Iterable[Term], said: str) -> Iterator[Step]:
        for job in jobs:
            ways = made_by(self._held, job)
            facts = next((f for end, _, f in ways if end.thing == place.thing), ())
            grade = Grade(facts=facts)
            if place.kind == "order-line":
                goods = {*self._held.batches_made(job), *self._held.pieces(job)}
                shipped = self._grading.shipped_otherwise(place.thing, goods)
                grade = weaker(grade, shipped) if shipped else grade
            yield Step(place, Place(job, "job", place.thing), said, grade)

    def _of_job(self, place: Place) -> Iterator[Step]:
        """Lead to what went into a job; of what it made, to what can be in that."""
        job = place.thing
        used = {u.batch for u in self._held.uses_of_job(job) if u.role != "output" and u.batch}
        for batch in sorted(used):
            grade = self._grading.into(batch, job)
            if place.by:
                grade = weaker(grade, self._grading.out_of(job, batch, place.by))
            yield Step(place, Place(batch, "batch"), "used", grade)

    def _of_batch(self, place: Place) -> Iterator[Step]:
        for supplier in self._held.of(place.thing, vocab.SUPPLIED_BY):
            fact = (place.thing, vocab.SUPPLIED_BY, supplier)
            yield Step(place, Place(supplier, "supplier"), "came from", Grade(facts=(fact,)))
        yield from self._makers(place, self._held.makers(place.thing), "was made by")
