"""Staging: what an operation needs at its machine, and whether it is there already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from kg import vocab
from kg.answer.lookup import look_up
from kg.answer.planning.supply import Supply, amount_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kg.answer.planning.planner import Planner, Step
    from kg.answer.planning.supply import Need
    from kg.records import Term

_PLACE = (vocab.STAGED_FOR, vocab.MOUNTED_ON, vocab.STORED_AT)
_NEEDS: dict[Term, str] = {
    vocab.USES_TOOL: "tool",
    vocab.RUNS_PROGRAM: "program",
    vocab.ON_PALLET: "pallet",
}
MOST_NAMED = 3
State = Literal["staged", "to stage", "missing", "cannot say"]


@dataclass(frozen=True, slots=True)
class Staged:
    """One thing that an operation needs, whether it is at the machine, and where it is else."""

    operation: Term
    job: Term
    what: str
    item: Term | None
    state: State
    where: str


def what_to_stage(planner: Planner, machine: Term, steps: list[Step]) -> list[Staged]:
    """Say of each thing that operations need at a machine whether it is there."""
    siblings = planner.steps_of({step.job for step in steps})
    supply = Supply(planner)
    supply.find(steps, siblings)
    needs = supply.needs(steps, siblings)
    items = {item for s in steps for p in _NEEDS for item in planner.values.of(s.term, p)}
    planner.values.load(items, _PLACE)
    in_use = _in_use(planner, items)
    found: list[Staged] = []
    for step in steps:
        own = list(_things(planner, machine, step, in_use))
        own += [_material(planner, supply, step, need) for need in needs[step.term]]
        text = "no record says what it needs at the machine"
        found += own or [Staged(step.term, step.job, "", None, "cannot say", text)]
    return found


def _in_use(planner: Planner, items: Iterable[Term]) -> dict[Term, list[Term]]:
    """Give the machines on which open runs use things."""
    found: dict[Term, list[Term]] = {}
    pattern = f"?run {'|'.join(_NEEDS)} ?entity ; {vocab.RUNNING_ON} ?machine"
    for row in look_up(planner.store, items, pattern):
        found.setdefault(row["entity"], []).append(row["machine"])
    return {item: sorted(set(machines)) for item, machines in found.items()}


def _things(
    planner: Planner, machine: Term, step: Step, in_use: dict[Term, list[Term]]
) -> Iterator[Staged]:
    for predicate, what in _NEEDS.items():
        for item in planner.values.of(step.term, predicate):
            state, where = _place(planner, machine, step, item, in_use.get(item, []))
            yield Staged(step.term, step.job, what, item, state, where)


def _place(
    planner: Planner, machine: Term, step: Step, item: Term, machines: list[Term]
) -> tuple[State, str]:
    mounted = planner.values.of(item, vocab.MOUNTED_ON)
    if step.term in planner.values.of(item, vocab.STAGED_FOR):
        return "staged", "made ready for it"
    if machine in mounted or machine in machines:
        return "staged", f"at {planner.short(machine)}"
    if machines or mounted:
        said = "in use on" if machines else "mounted on"
        return "to stage", f"{said} {planner.listed(machines or mounted)}"
    stored = planner.values.of(item, vocab.STORED_AT)
    if stored:
        return "to stage", f"at {planner.listed(stored)}"
    return "cannot say", "no record says where it is"


def _material(planner: Planner, supply: Supply, step: Step, need: Need) -> Staged:
    batches = supply.supplied(step.job, need.material)
    if batches:
        where = f"{planner.listed(batches)} is at the job"
        return Staged(step.term, step.job, "material", need.material, "staged", where)
    state, where = _stored(planner, supply, need)
    return Staged(step.term, step.job, "material", need.material, state, where)


def _stored(planner: Planner, supply: Supply, need: Need) -> tuple[State, str]:
    wanted = "how much, no record says"
    if need.amount is not None:
        wanted = f"{amount_text(need.amount, need.unit)} needed"
    listed = supply.left(need.material)
    most_first = sorted(listed, key=lambda left: (-(left.amount or 0), left.batch))
    kept = [left for left in most_first if left.amount][:MOST_NAMED]
    if kept:
        said = ", ".join(
            f"{amount_text(left.amount or 0, left.unit)} left in {planner.short(left.batch)}"
            for left in kept
        )
        return "to stage", f"{wanted}; {said}"
    if not listed or any(left.amount is None for left in listed):
        return "cannot say", f"{wanted}; no record says how much is left"
    return "missing", f"{wanted}; none is left"
