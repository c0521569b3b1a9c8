"""Routing: which operations must be finished before one can start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg import vocab

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.answer.planning.planner import Planner, Step
    from kg.records import Term


def predecessors_of(planner: Planner, step: Step, siblings: Sequence[Step]) -> list[Step] | None:
    """Give the operations right before one; None where no record gives it a place.

    Those that it is said to follow; else, in the routing of its job, all of the nearest lower
    sequence. What was cancelled is passed over, for what stands before it.
    """
    return _before(planner, step, siblings, frozenset())


def frontier_of(planner: Planner, steps: Sequence[Step]) -> list[Step]:
    """Give the operations of a job that are not over and have nothing open before them.

    Where they wait for one another in a circle, it is the first.
    """
    left = [step for step in steps if not step.is_over]
    names = {step.term for step in left}
    free = [
        step
        for step in left
        if not any(b.term in names for b in predecessors_of(planner, step, steps) or [])
    ]
    return free or left[:1]


def _before(
    planner: Planner, step: Step, siblings: Sequence[Step], seen: frozenset[Term]
) -> list[Step] | None:
    named = planner.values.of(step.term, vocab.FOLLOWS)
    if not named:
        return _by_sequence(step, siblings)
    found: dict[Term, Step] = {}
    seen |= {step.term}
    for other in planner.steps(term for term in named if term not in seen):
        if other.status == "cancelled":
            own = siblings if other.job == step.job else planner.steps_of({other.job})[other.job]
            passed = _before(planner, other, own, seen) or []
            found |= {further.term: further for further in passed}
        else:
            found[other.term] = other
    return [found[term] for term in sorted(found)]


def _by_sequence(step: Step, siblings: Sequence[Step]) -> list[Step] | None:
    others = [other for other in siblings if other.term != step.term]
    if step.sequence is None:
        return None if others else []
    live = [
        other.sequence
        for other in others
        if other.sequence is not None
        and other.sequence < step.sequence
        and other.status != "cancelled"
    ]
    nearest = max(live, default=None)
    return [o for o in others if o.sequence == nearest and o.status != "cancelled"] if live else []
