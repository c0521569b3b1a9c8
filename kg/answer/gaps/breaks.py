"""Breaks: how far the way of a missing link leads, and what is lacking where it ends.

A job reaches its customer by allocation, order line and order. Where it reaches none, the row to
mend is seldom the job's own: one order without a customer is what many jobs lack.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from kg import vocab
from kg.answer.lookup import look_up

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from kg.records import Term
    from kg.store import Store


class Step(NamedTuple):
    """One step of a way: the property that is walked, and the one by which sources say it."""

    walked: Term
    said: Term


class Break(NamedTuple):
    """The last thing that a way reaches, and the step that it lacks there."""

    entity: Term
    step: Step


def _way(*steps: Term | tuple[Term, Term]) -> tuple[Step, ...]:
    return tuple(Step(*step) if isinstance(step, tuple) else Step(step, step) for step in steps)


WAYS: dict[str, tuple[tuple[Step, ...], ...]] = {
    "machine": (
        _way((vocab.HAS_OPERATION, vocab.OPERATION_OF), vocab.PLANNED_ON),
        _way((vocab.HAS_RUN, vocab.OF_JOB), vocab.ON_MACHINE),
    ),
    "spec": (_way(vocab.PINNED_SPEC), _way(vocab.MAKES, vocab.CURRENT_SPEC)),
    "customer": (
        _way(
            (vocab.HAS_ALLOCATION, vocab.ALLOCATION_OF),
            vocab.TO_ORDER_LINE,
            vocab.LINE_OF,
            vocab.ORDERED_BY,
        ),
    ),
    "batch": (
        _way((vocab.HAS_INPUT_USE, vocab.INPUT_TO), vocab.OF_BATCH),
        _way((vocab.HAS_LOADED_USE, vocab.LOADED_FOR), vocab.OF_BATCH),
    ),
}
"""For each link of a job, the ways on which the ontology's property chains find it.

Of ways that end as early the first counts: what is planned comes before what runs.
"""


def find_breaks(
    store: Store, slot: str, jobs: Collection[Term], can_be_said: Collection[Term]
) -> dict[Term, Break]:
    """Tell for each job that lacks a link where the way to it ends; the longest way counts.

    A way ends nowhere that ``can_be_said``, the properties that a connected source could give,
    would not lead on from. A job whose every way ends so is left out.
    """
    found: dict[Term, tuple[int, Break]] = {}
    for way in WAYS.get(slot, ()):
        for job, (depth, end) in _walk(store, way, jobs).items():
            is_farther = job not in found or depth > found[job][0]
            if end.step.said in can_be_said and is_farther:
                found[job] = (depth, end)
    return {job: end for job, (_, end) in found.items()}


def _walk(
    store: Store, way: tuple[Step, ...], jobs: Collection[Term]
) -> dict[Term, tuple[int, Break]]:
    ends: dict[Term, tuple[int, Break]] = {}
    reached: Mapping[Term, set[Term]] = {job: {job} for job in jobs}
    for depth, step in enumerate(way):
        onward: dict[Term, set[Term]] = defaultdict(set)
        frontier = set().union(*reached.values())
        for row in look_up(store, frontier, f"?entity {step.walked} ?next"):
            onward[row["entity"]].add(row["next"])
        following: dict[Term, set[Term]] = {}
        for job, places in reached.items():
            if stuck := [place for place in places if place not in onward]:
                ends[job] = (depth, Break(min(stuck), step))
            if ahead := set().union(*(onward.get(place, set()) for place in places)):
                following[job] = ahead
        reached = following
    return ends
