"""A trace as an answer: what was reached and how, the records cited, breaks and what is left."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from kg import vocab
from kg.answer.evidence import literal_text, short
from kg.answer.lookup import look_up_values
from kg.answer.tracing.leaks import find_breaks
from kg.answer.tracing.stock import stock_of
from kg.answer.tracing.trace import MOST_THEN, begin, trace
from kg.answer.tracing.veil import seen_breaks, shows_stock, told_withheld
from kg.answer.tracing.worstcase import worst_case
from kg.errors import HistoryError, QueryError
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from decimal import Decimal

    from kg.answer.answers import Answers
    from kg.answer.evidence import Evidence
    from kg.answer.tracing.leaks import Worst
    from kg.answer.tracing.steps import Direction, Step
    from kg.answer.tracing.stock import Stock
    from kg.answer.tracing.trace import Traced
    from kg.answer.tracing.veil import Veil
    from kg.records import Fact, Term
    from kg.store import Store

NAMED = 100
"""Things of a kind that the worst case names; all of them are counted."""


def tell_trace(
    answers: Answers,
    reference: str,
    direction: Direction,
    now: datetime,
    *,
    most_things: int,
    is_with_worst: bool = False,
    veil: Veil | None = None,
) -> dict[str, Any]:
    """Trace a thing and write the answer down, by short ids; whole, or not at all.

    Behind a ``veil`` it says which properties of which kinds of things it may lack.

    Raises:
        UnknownEntity: the name means nothing here, several things, or what cannot be traced.
        QueryError: the trace leads to more than is allowed.
    """
    store, base = answers.store, answers.plant.base
    seq = store.applied_seq()
    start = begin(store, answers.finder.find(reference).term)
    most_things = min(most_things, MOST_THEN) if answers.is_past else most_things
    traced = trace(store, base, start, direction, most_things, veil)
    cited = Cited(store, answers.evidence(now))
    names = names_of(store, [start.thing, *traced.things], veil)
    breaks = seen_breaks(veil, find_breaks(traced, base))
    withheld = told_withheld(traced)
    batches = traced.batches() if shows_stock(veil) else []
    told = {
        "entity": {
            "id": short(start.thing, base),
            "kind": start.kind,
            "label": names.get(start.thing, ""),
            "iri": start.thing[1:-1],
        },
        "direction": direction,
        "as_of": format_time(now),
        "applied_seq": seq,
        "counts": _counts(traced),
        "reached": [_reached(traced, thing, base, names, cited) for thing in _sorted(traced)],
        "breaks": [{"kind": b.kind, "id": short(b.thing, base), "said": b.said} for b in breaks],
        "stock": [told_stock(stock_of(traced.held, batch), base) for batch in batches],
        "worst_case": None,
        "is_whole": not withheld,
        "withheld": withheld,
    }
    if is_with_worst and veil is not None:
        told["worst_case"] = _unknown_worst("what is hidden from your role could lead anywhere")
    elif is_with_worst:
        told["worst_case"] = _told_worst(store, traced, breaks, most_things, base)
    return told


def _counts(traced: Traced) -> dict[str, dict[str, int]]:
    """Count what was reached, by kind and by how sure it is."""
    counted = Counter((r.place.kind, r.how) for r in traced.things.values())
    found: dict[str, dict[str, int]] = {}
    for (kind, how), number in sorted(counted.items()):
        found.setdefault(kind, {"certain": 0, "possible": 0, "excluded": 0})[how] = number
    return found


def _sorted(traced: Traced) -> list[Term]:
    """Give what was reached, the surest first, then the nearest."""
    order = {"certain": 0, "possible": 1, "excluded": 2}
    things = traced.things
    return sorted(things, key=lambda t: (order[things[t].how], things[t].depth, t))


def _reached(
    traced: Traced, thing: Term, base: str, names: dict[Term, str], cited: Cited
) -> dict[str, Any]:
    reached = traced.things[thing]
    path = traced.path(thing)
    return {
        "id": short(thing, base),
        "kind": reached.place.kind,
        "label": names.get(thing, ""),
        "how": reached.how,
        "why": reasons(path),
        "depth": reached.depth,
        "path": [short(traced.start.thing, base), *(short(s.end.thing, base) for s in path)],
        "step": path[-1].said,
        "records": cited.records(path[-1].grade.facts),
    }


def reasons(path: Iterable[Step]) -> list[str]:
    """Give why a path is less than certain: what excludes it, else what makes it possible."""
    weak = [step.grade for step in path if step.grade.why]
    worst = [grade.why for grade in weak if grade.how == "excluded"]
    return list(dict.fromkeys(worst or [grade.why for grade in weak]))


class Cited:
    """Cites the records that hold facts, each looked up once."""

    def __init__(self, store: Store, evidence: Evidence) -> None:
        self._store = store
        self._evidence = evidence
        self._known: dict[Fact, list[str]] = {}

    def records(self, facts: Iterable[Fact]) -> list[str]:
        """Give the paths of the records that say these facts, or what they were derived from."""
        return list(dict.fromkeys(path for fact in facts for path in self._of(fact)))

    def _of(self, fact: Fact) -> list[str]:
        if fact not in self._known:
            graphs = [g for g in self._store.holders(fact) if self._evidence.is_support(g)]
            if not graphs:
                leaves = self._evidence.lineage(fact).leaves()
                graphs = [graph for leaf in leaves for graph in leaf.graphs]
            self._known[fact] = sorted({self._evidence.place(graph)[2] for graph in graphs})
        return self._known[fact]


def told_stock(stock: Stock, base: str) -> dict[str, Any]:
    """Write down what is left of a batch; numbers as exact text."""
    return {
        "batch": short(stock.batch, base),
        "state": stock.state,
        "left": number_text(stock.left),
        "unit": stock.unit,
        "received": number_text(stock.received),
        "used": number_text(stock.used),
        "shipped": number_text(stock.shipped),
        "discarded": number_text(stock.discarded),
        "perhaps_used": number_text(stock.perhaps),
        "places": [short(place, base) for place in stock.places],
        "why": stock.why,
    }


def number_text(number: Decimal | None) -> str | None:
    """Write a number exactly, without zeros that say nothing."""
    if number is None:
        return None
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _told_worst(
    store: Store, traced: Traced, breaks: list[Any], most_things: int, base: str
) -> dict[str, Any]:
    """Write down the worst case; where it leads too far, it is said to, and nothing is named."""
    try:
        worst: Worst = worst_case(store, traced, breaks, most_things)
    except QueryError as error:
        return _unknown_worst(error.message)
    except HistoryError:
        return _unknown_worst("as of another time not every job can be looked at; it can as of now")
    return {
        "is_whole": not worst.unbounded,
        "why": "nothing tells what these are made from: anything could be in them"
        if worst.unbounded
        else "",
        "counts": {kind: len(things) for kind, things in worst.things.items()},
        "named": {
            kind: [short(thing, base) for thing in things[:NAMED]]
            for kind, things in worst.things.items()
        },
        "unbounded": [short(thing, base) for thing in worst.unbounded],
    }


def _unknown_worst(why: str) -> dict[str, Any]:
    return {"is_whole": False, "why": why, "counts": {}, "named": {}, "unbounded": []}


def names_of(store: Store, things: Iterable[Term], veil: Veil | None = None) -> dict[Term, str]:
    """Give what people call each thing: its label, else its identifier, where it has one."""
    if veil is not None:
        return {thing: veil.label(thing) for thing in things}
    found: dict[Term, dict[Term, str]] = {}
    named = (vocab.RDFS_LABEL, vocab.IDENTIFIER)
    for row in look_up_values(store, things, named, "?entity ?p ?name"):
        held = found.setdefault(row["entity"], {})
        text = literal_text(row["name"])
        held[row["p"]] = min(text, held.get(row["p"], text))
    return {
        thing: held.get(vocab.RDFS_LABEL) or held[vocab.IDENTIFIER] for thing, held in found.items()
    }
