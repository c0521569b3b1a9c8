"""The worst case: everything that a trace leads to if every break in its records leaked."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from kg import vocab
from kg.answer.tracing.leaks import Leaks, Worst, has_no_batch
from kg.answer.tracing.steps import Place
from kg.answer.tracing.trace import explore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.answer.tracing.leaks import Break
    from kg.answer.tracing.trace import Traced
    from kg.records import Term
    from kg.store import Store


def worst_case(store: Store, traced: Traced, breaks: Sequence[Break], most_things: int) -> Worst:
    """Find what the trace leads to if a job without a batch record used any that it can have used.

    Forward these are jobs of parts which are made of the materials that were reached; backward
    all batches of the materials that such parts are made of. Followed to the end, as the trace.
    What the trace excludes stays out of it, unless something leaks into it in another way.
    Raises: QueryError where that is too much.
    """
    leaks = Leaks(store)
    known = {thing for thing, r in traced.things.items() if r.how != "excluded"}
    known.add(traced.start.thing)
    added: dict[Term, str] = {}
    unbounded: list[Term] = []
    if traced.direction == "forward":
        batches = set(traced.batches())
        while batches:
            jobs = leaks.jobs_for({m for b in batches for m in traced.held.materials(b)})
            starts = [Place(job, "job") for job in sorted(jobs - known - added.keys())]
            batches = _follow(traced, starts, known, added, most_things)
    else:
        jobs = {b.thing for b in breaks if b.kind == "no-batch"}
        while jobs:
            starts, open_ended = _sources(leaks, traced, sorted(jobs))
            unbounded += open_ended
            before = dict(added)
            _follow(traced, [s for s in starts if s.thing not in known], known, added, most_things)
            jobs = _unsure(traced, {t: k for t, k in added.items() if t not in before})
    grouped: dict[str, list[Term]] = defaultdict(list)
    for thing, kind in added.items():
        grouped[kind].append(thing)
    return Worst({kind: sorted(things) for kind, things in grouped.items()}, tuple(unbounded))


def _sources(leaks: Leaks, traced: Traced, jobs: Sequence[Term]) -> tuple[list[Place], list[Term]]:
    """Give the batches that jobs may have used; and the jobs of which nothing tells that."""
    batches: set[Term] = set()
    open_ended = []
    for job in jobs:
        materials = leaks.materials_of(traced.held.of(job, vocab.MAKES))
        if materials:
            batches |= leaks.batches_of(materials)
        else:
            open_ended.append(job)
    return [Place(batch, "batch") for batch in sorted(batches)], open_ended


def _unsure(traced: Traced, things: dict[Term, str]) -> set[Term]:
    return {
        thing
        for thing, kind in things.items()
        if kind == "job" and has_no_batch(traced.held, thing)
    }


def _follow(
    traced: Traced,
    starts: Sequence[Place],
    known: set[Term],
    added: dict[Term, str],
    most_things: int,
) -> set[Term]:
    """Walk on from the starts by what is not excluded; gives the batches that came in new."""
    if not starts:
        return set()
    steps = explore(traced, starts, most_things)
    new: set[Term] = set()
    waiting, seen = list(starts), set(starts)
    while waiting:
        place = waiting.pop()
        if place.thing not in known and place.thing not in added:
            added[place.thing] = place.kind
            if place.kind == "batch":
                new.add(place.thing)
        for step in steps.get(place, ()):
            if step.end not in seen and step.grade.how != "excluded":
                seen.add(step.end)
                waiting.append(step.end)
    return new
