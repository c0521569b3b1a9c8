"""Questions of tracing: where a chain breaks or branches, and what of a batch is unused."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, cast

from kg.answer.evidence import short
from kg.answer.tracing.leaks import find_breaks
from kg.answer.tracing.stock import stock_of
from kg.answer.tracing.trace import MOST_THINGS, begin, trace
from kg.answer.tracing.traced import told_stock
from kg.answer.tracing.worstcase import worst_case
from kg.errors import ConfigError, QueryError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kg.answer.answers import Answers
    from kg.answer.asking.answerers import Row
    from kg.answer.asking.given import Given
    from kg.answer.tracing.steps import Direction
    from kg.answer.tracing.trace import Traced
    from kg.records import Term


def where_chain_breaks(answers: Answers, given: Given, _now: datetime) -> list[Row]:
    """Answer where the chain of a thing breaks or branches, and the worst case."""
    direction = given.text("direction") or "forward"
    if direction not in {"forward", "backward"}:
        raise ConfigError(
            f"direction={direction!r} is none", hint="forward or backward", code="parameter"
        )
    store, base = answers.store, answers.plant.base
    start = begin(store, cast("Term", given.entity("thing")))
    traced = trace(store, base, start, cast("Direction", direction), MOST_THINGS)
    breaks = find_breaks(traced, base)
    rows: list[Row] = [
        {"what": "break", "kind": b.kind, "thing": short(b.thing, base), "said": b.said}
        for b in breaks
    ]
    rows += _branches(traced, base)
    try:
        worst = worst_case(store, traced, breaks, MOST_THINGS)
    except QueryError as error:
        return [*rows, {"what": "worst case", "kind": "unknown", "said": error.message}]
    for kind, things in sorted(worst.things.items()):
        rows += [
            {"what": "worst case", "kind": kind, "thing": short(thing, base)} for thing in things
        ]
    rows += [
        {
            "what": "worst case",
            "kind": "anything",
            "thing": short(thing, base),
            "said": "nothing tells what it is made from",
        }
        for thing in worst.unbounded
    ]
    return rows


def _branches(traced: Traced, base: str) -> Iterator[Row]:
    """Tell of each thing that leads to several of one kind how many, the surest way counting."""
    ends: dict[Term, dict[str, set[Term]]] = defaultdict(lambda: defaultdict(set))
    for place in (traced.start, *traced.ways):
        reached = traced.things.get(place.thing)
        if reached is not None and reached.how == "excluded":
            continue
        for step in traced.steps.get(place, ()):
            if step.grade.how != "excluded":
                ends[place.thing][step.end.kind].add(step.end.thing)
    for thing, kinds in ends.items():
        for kind, others in sorted(kinds.items()):
            if len(others) > 1:
                said = f"leads to {len(others)} of kind {kind}"
                yield {"what": "branch", "kind": kind, "thing": short(thing, base), "said": said}


def unused_of_batch(answers: Answers, given: Given, _now: datetime) -> list[Row]:
    """Answer what of a batch is unused and where: of itself, and of the batches that it is in."""
    store, base = answers.store, answers.plant.base
    batch = cast("Term", given.entity("batch"))
    traced = trace(store, base, begin(store, batch), "forward", MOST_THINGS)
    rows: list[Row] = []
    for one in traced.batches():
        stock = stock_of(traced.held, one)
        if stock.state == "none":
            continue
        row = told_stock(stock, base)
        row["holds_it"] = "itself" if one == batch else traced.things[one].how
        row["places"] = ", ".join(row["places"])
        rows.append({name: cell for name, cell in row.items() if cell})
    return rows
