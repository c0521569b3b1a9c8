"""Views: a plant at one time; and what records said otherwise at another."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from kg.answer.asking.hindsight import Difference
from kg.answer.evidence import short
from kg.errors import UnknownEntity
from kg.records import record_path
from kg.vocab import OWL_SAME_AS, RDF_TYPE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from kg.answer import Answers
    from kg.asof.asserted import Asserted
    from kg.asof.past import Place
    from kg.asof.said import Graphs
    from kg.asof.times import Then
    from kg.asof.versions import Versions
    from kg.merge import Claim
    from kg.records import Term

_NOT_TOLD = {RDF_TYPE, OWL_SAME_AS}


class View(NamedTuple):
    """The answers of a time, and what they look at."""

    then: Then
    answers: Answers
    versions: Versions
    asserted: Asserted
    graphs: Graphs


def compare_views(views: Sequence[View], things: Iterable[Term]) -> list[Difference]:
    """Give the properties that records gave things otherwise in two views, sorted."""
    one, other = views
    return sorted(
        (found for thing in things for found in _compare(one, other, thing)),
        key=lambda difference: (difference.about, difference.predicate),
    )


def spoken_of(views: Iterable[View], places: Collection[Place]) -> set[Term]:
    """Give the things that some records speak of."""
    things: set[Term] = set()
    for view in views:
        view.versions.find(places)
        for place in places:
            things |= view.asserted.spoken_of(place)
    return things


def in_context(views: Iterable[View], entity: Term) -> set[Term]:
    """Give the things that the context of an entity speaks of, itself among them."""
    things = {entity}
    for view in views:
        with suppress(UnknownEntity):
            context = view.answers.context(entity[1:-1], view.then.at)
            slots = [*context.slots.values(), *(s for r in context.runs for s in r.slots.values())]
            base = view.answers.plant.base
            things |= {f"<{base}{fact.about}>" for slot in slots for fact in slot.facts}
    return things


def _compare(one: View, other: View, thing: Term) -> Iterator[Difference]:
    base = one.answers.plant.base
    predicates = one.asserted.predicates(thing) | other.asserted.predicates(thing)
    for p in sorted(predicates - _NOT_TOLD):
        before, after = one.asserted.objects(thing, p), other.asserted.objects(thing, p)
        if before == after:
            continue
        come = {c for c in other.asserted.claims(thing, p) if c[0] in after - before}
        gone = {c for c in one.asserted.claims(thing, p) if c[0] in before - after}
        record, recorded_at = _newest(other, come) if come else _newest(one, gone)
        yield Difference(
            short(thing, base),
            p[1:-1].rsplit("/", 1)[-1].rsplit("#", 1)[-1],
            tuple(sorted(short(value, base) for value in before)),
            tuple(sorted(short(value, base) for value in after)),
            record,
            recorded_at,
        )


def _newest(view: View, claims: Collection[Claim]) -> tuple[str | None, str | None]:
    """Give the path of the newest record among claims, and when it was recorded."""
    told = []
    for _, graph in claims:
        place = view.graphs.place(graph)
        counted = view.versions.of(place)
        if counted.is_there:
            told.append((counted.recorded, record_path(*place)))
    recorded, path = max(told, default=(None, None))
    return path, recorded
