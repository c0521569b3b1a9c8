"""Withholding in the board: of each machine in short what its own context tells a role."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from kg import vocab
from kg.access.sight import WITHHELD
from kg.access.withhold import OF_STATUS, OF_WORK
from kg.answer.board import runs_of_machines
from kg.answer.slots import JOB_LINKS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.access.sight import Sight
    from kg.answer.board import MachineNow
    from kg.answer.evidence import Evidence
    from kg.records import Term
    from kg.store import Store


class Board(NamedTuple):
    """Machines as a role sees them; of ``withheld`` of them something is not shown."""

    machines: list[MachineNow]
    withheld: int


def listed_machines(machines: Iterable[MachineNow], sight: Sight) -> list[MachineNow]:
    """Give those of which a role may hear that they are there."""
    by_id = {one.id: one for one in machines}
    return [by_id[name] for name in sight.listed(by_id)]


def withhold_machines(
    machines: Iterable[MachineNow], store: Store, evidence: Evidence, sight: Sight
) -> Board:
    """Give machines without what a role does not see of them.

    A state says ``withheld`` where what is hidden would decide it.
    """
    known = list(machines)
    look = _Look(store, evidence, sight)
    look.foresee(known)
    shown = [look.machine(one) for one in known]
    gone = [one != seen for one, seen in zip(known, shown, strict=True)]
    return Board(shown, sum(gone))


class _Look:
    def __init__(self, store: Store, evidence: Evidence, sight: Sight) -> None:
        self._store = store
        self._evidence = evidence
        self._sight = sight
        self._runs = runs_of_machines(store)

    def foresee(self, machines: Iterable[MachineNow]) -> None:
        """Look at once which of the machines and their runs are hidden."""
        terms = [self._sight.term(one.id) for one in machines]
        runs = (run for machine in terms for run in self._runs.get(machine, ()))
        self._sight.foresee([*terms, *runs])

    def machine(self, one: MachineNow) -> MachineNow:
        machine = self._sight.term(one.id)
        runs = self._runs.get(machine, {})
        kept = sum(map(self._shows_run, runs))
        shown = replace(
            one,
            label=self._sight.label(one.id),
            work_center=self._center(machine),
            runs=kept,
        )
        return self._with_status(shown, machine, has_lost_runs=kept < len(runs))

    def _with_status(self, one: MachineNow, machine: Term, *, has_lost_runs: bool) -> MachineNow:
        hides = self._sight.hides_any
        if (
            has_lost_runs
            or hides([*OF_WORK, vocab.STATUS])
            or not self._shows(machine, vocab.STATUS)
        ):
            return replace(one, state=WITHHELD, activity=None, reason=None, since=None)
        gone: dict[str, Any] = {
            name: None
            for name, predicate in OF_STATUS.items()
            if getattr(one, name) is not None
            and (hides([predicate]) or not self._shows(machine, predicate))
        }
        return replace(one, **gone, state=WITHHELD if gone else one.state)

    def _shows_run(self, run: Term) -> bool:
        """Tell whether what binds a run is shown: its machine, and its job by the best evidence."""
        job = next((link for link in JOB_LINKS if self._store.objects(run, link)), None)
        return (
            not self._sight.hides_any([vocab.RUNNING_ON])
            and self._shows(run, vocab.ON_MACHINE)
            and (job is None or self._shows(run, job))
            and self._sight.is_told_by_others(run)
        )

    def _shows(self, subject: Term, predicate: Term) -> bool:
        """Tell whether all that is said of a thing by a property is shown, and what lost to it."""
        values = self._store.objects(subject, predicate)
        return not values or self._sight.sees_said(subject, predicate, values)

    def _center(self, machine: Term) -> str | None:
        """Name the group of a machine; of several that are shown the first."""
        centers = self._store.objects(machine, vocab.IN_WORK_CENTER)
        for center in sorted(centers):
            if self._sight.sees_said(machine, vocab.IN_WORK_CENTER, [center]):
                return self._sight.label(self._evidence.short(center))
        return None
