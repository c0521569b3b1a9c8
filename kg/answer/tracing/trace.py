"""Trace: what a thing went into or came from, to any depth, and how sure each of it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from kg import vocab
from kg.answer.tracing.genealogy import Genealogy
from kg.answer.tracing.grading import ORDER, Grading
from kg.answer.tracing.steps import Forward, Place
from kg.answer.tracing.stepsback import Backward
from kg.answer.tracing.veil import ruled_in
from kg.errors import QueryError, UnknownEntity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.answer.tracing.grading import How
    from kg.answer.tracing.steps import Direction, Step
    from kg.answer.tracing.veil import Veil
    from kg.records import Term
    from kg.store import Store

MOST_THINGS = 20_000
"""Things that a trace may look at, unless more are allowed."""
MOST_THEN = 2_000
"""Things that a trace as of another time may look at: each takes some ten milliseconds."""
MOST_STEPS = 2_000
"""Steps that the longest way of a trace may have; a cycle is walked once."""

KIND_OF: dict[Term, str] = {
    vocab.MATERIAL_BATCH: "batch",
    vocab.JOB: "job",
    vocab.PIECE: "piece",
    vocab.SALES_ORDER_LINE: "order-line",
    vocab.SALES_ORDER: "order",
    vocab.SHIPMENT: "shipment",
    vocab.SHIPMENT_LINE: "shipment-line",
    vocab.CUSTOMER: "customer",
    vocab.SUPPLIER: "supplier",
}
"""What can be traced, by its class."""
BEGINS: dict[Direction, tuple[str, ...]] = {
    "forward": (
        "supplier", "batch", "job", "piece", "order-line", "shipment-line", "order", "shipment"
    ),
    "backward": (
        "customer", "order", "order-line", "shipment", "shipment-line", "piece", "job", "batch"
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reached:
    """A thing that a trace reached: by the surest way to it, and of these by the shortest.

    ``depth`` is the number of steps; ``step`` is the last one.
    """

    place: Place
    how: How
    depth: int
    step: Step


@dataclass(slots=True)
class Traced:
    """A trace as it was walked, before it is written down."""

    start: Place
    direction: Direction
    held: Genealogy
    grading: Grading
    steps: dict[Place, list[Step]] = field(default_factory=dict)
    ways: dict[Place, Reached] = field(default_factory=dict)
    things: dict[Term, Reached] = field(default_factory=dict)

    def of_kind(self, *kinds: str, is_excluded: bool = False) -> list[Term]:
        """Name the things of some kinds that were reached; those excluded only on demand."""
        return [
            thing
            for thing, reached in self.things.items()
            if reached.place.kind in kinds and (is_excluded or reached.how != "excluded")
        ]

    def batches(self) -> list[Term]:
        """Name the batches that are reached and not excluded, the start among them."""
        first = [self.start.thing] if self.start.kind == "batch" else []
        return [*first, *self.of_kind("batch")]

    def path(self, thing: Term) -> list[Step]:
        """Give the steps that lead to a thing, from the start on."""
        steps: list[Step] = []
        place = self.things[thing].place
        while place != self.start:
            step = self.ways[place].step
            steps.append(step)
            place = step.start
        return steps[::-1]


def begin(store: Store, term: Term) -> Place:
    """Give the place that a trace of a thing begins at.

    Raises:
        UnknownEntity: it is nothing that goes into anything.
    """
    types = {row["t"] for row in store.select(f"SELECT ?t WHERE {{ {term} a ?t }}")}
    kinds = [kind for type_, kind in KIND_OF.items() if type_ in types]
    if not kinds:
        name = term[1:-1].removeprefix(store.base)
        raise UnknownEntity(
            f"{name} cannot be traced: it is no batch, job, piece, order or shipment",
            hint=f"one of {', '.join(KIND_OF.values())}",
        )
    return Place(term, kinds[0])


def trace(
    store: Store,
    base: str,
    start: Place,
    direction: Direction,
    most_things: int = MOST_THINGS,
    veil: Veil | None = None,
) -> Traced:
    """Trace a thing to the end; an answer is whole, or there is none.

    Behind a veil it is whole as far as that lets somebody see.

    Raises:
        QueryError: it leads to more things, or farther, than is allowed.
        UnknownEntity: nothing leads from such a thing in this direction.
    """
    if start.kind not in BEGINS[direction]:
        raise UnknownEntity(
            f"a {start.kind} is not traced {direction}",
            hint=f"{direction}: {', '.join(BEGINS[direction])}",
            code="parameter",
        )
    held = Genealogy(store, veil)
    traced = Traced(start, direction, held, Grading(held, base))
    traced.steps = explore(traced, [start], most_things)
    _flood(traced)
    return traced


def explore(traced: Traced, starts: Iterable[Place], most_things: int) -> dict[Place, list[Step]]:
    """Walk everything that the starts lead to, layer by layer; steps by the place they leave.

    Raises:
        QueryError: that is too much.
    """
    walker = (Forward if traced.direction == "forward" else Backward)(traced.held, traced.grading)
    steps: dict[Place, list[Step]] = {}
    layer = dict.fromkeys(starts)
    depth = 0
    _check(len(layer), depth, most_things)
    while layer:
        walker.read(layer)
        following: dict[Place, None] = {}
        for place in layer:
            steps[place] = ruled_in(traced.held, walker.steps(place))
        for place in layer:
            following |= dict.fromkeys(s.end for s in steps[place] if s.end not in steps)
        depth += 1
        _check(len({place.thing for place in (*steps, *following)}), depth, most_things)
        layer = following
    return steps


def _check(things: int, depth: int, most_things: int) -> None:
    if things > most_things:
        raise QueryError(
            f"the trace leads to more than {most_things:,} things",
            hint="begin nearer to what you look for, or allow more with most_things; as of another "
            f"time there may be {MOST_THEN:,}",
            code="trace-too-large",
        )
    if depth > MOST_STEPS:
        raise QueryError(
            f"the trace is more than {MOST_STEPS:,} steps long",
            hint="begin nearer to what you look for",
            code="trace-too-large",
        )


def _flood(traced: Traced) -> None:
    """Find the surest way to each place: all that is certain, then what is possible from there."""
    waiting: dict[How, list[tuple[int, Place, int, Step]]] = {how: [] for how in ORDER}
    count = 0

    def follow(place: Place, how: How, depth: int) -> None:
        nonlocal count
        for step in traced.steps.get(place, ()):
            if step.end != traced.start and step.end not in traced.ways:
                count += 1
                weakest = max(how, step.grade.how, key=ORDER.index)
                heappush(waiting[weakest], (depth + 1, step.end, count, step))

    follow(traced.start, "certain", 0)
    for how in ORDER:
        while waiting[how]:
            depth, place, _, step = heappop(waiting[how])
            if place in traced.ways:
                continue
            reached = Reached(place, how, depth, step)
            traced.ways[place] = reached
            if place.thing != traced.start.thing:
                traced.things.setdefault(place.thing, reached)
            follow(place, how, depth)
