"""Needs: what jobs still need of each component, and what is left of that, computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg import vocab
from kg.answer.bundle import Slot
from kg.answer.planning.computed import Reckoned, computed_fact, filled
from kg.answer.planning.planner import number_text
from kg.answer.planning.supply import Supply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.answer.bundle import Fact
    from kg.answer.planning.planner import Planner
    from kg.answer.planning.supply import Left, Need
    from kg.records import Term

MOST_LISTED = 20


def material_of(planner: Planner, jobs: Sequence[Term]) -> tuple[Slot, Slot]:
    """Compute what jobs still need by their bills of material, and what is left of each batch."""
    siblings = planner.steps_of(jobs)
    supply = Supply(planner)
    steps = [step for job in jobs for step in siblings[job]]
    by_step = supply.needs(steps, siblings)
    needs = [(step.job, need) for step in steps for need in by_step[step.term]]
    uncovered = next(iter(supply.uncovered()), None)
    why = uncovered.text if uncovered else "no record gives their parts a bill of material"
    needed = [(job, need) for job, need in needs if need.amount is not None]
    supply.load_left([need for _, need in needs])
    materials = sorted({need.material for _, need in needs})
    kept = [one for what in materials for one in supply.left(what) if one.amount]
    unread = sum(len(planner.batches[what].unread) for what in materials)
    others = f"{unread} other batches were not looked at, as these are enough" if unread else ""
    lacking = why if not needs else "no record says how much is left"
    return (
        _slot([_needed(planner, *one) for one in needed[:MOST_LISTED]], len(needed), why),
        _slot([_left(planner, one) for one in kept[:MOST_LISTED]], len(kept), lacking, others),
    )


def _slot(facts: list[Fact], count: int, why: str, others: str = "") -> Slot:
    if not facts:
        return Slot("unknown", note=why)
    more = count - len(facts)
    notes = [f"and {more} more" if more > 0 else "", others]
    return filled(facts, "; ".join(filter(None, notes)) or None)


def _needed(planner: Planner, job: Term, need: Need) -> Fact:
    material, name = planner.short(need.material), planner.short(job)
    text = f"of {material}, for what {name} has still to make"
    amount = number_text(need.amount or 0)
    made = Reckoned(job, vocab.NEEDED_QUANTITY, amount, need.unit, text, need.facts, need.material)
    return computed_fact(planner, made)


def _left(planner: Planner, left: Left) -> Fact:
    amount = number_text(left.amount or 0)
    text = "what came in less what was booked; nothing reserves it"
    return computed_fact(
        planner, Reckoned(left.batch, vocab.UNUSED_QUANTITY, amount, left.unit, text, left.facts)
    )
