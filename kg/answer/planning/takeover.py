"""Takeover: which other machine could do what runs on a machine, if that one stopped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from kg import vocab
from kg.answer.lookup import look_up
from kg.answer.planning.planner import STOPPED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.answer.planning.planner import Planner
    from kg.records import Term

_MACHINE = (
    vocab.HAS_CAPABILITY,
    vocab.IN_WORK_CENTER,
    vocab.ACTIVITY,
    vocab.CAPACITY,
)
_RUN = (vocab.OF_OPERATION, vocab.OF_JOB)
How = Literal["capable", "same work center", "nobody", "cannot say"]
State = Literal["free", "busy", "stopped", ""]
_ORDER: tuple[State, ...] = ("free", "busy", "stopped", "")


@dataclass(frozen=True, slots=True)
class Takeover:
    """A machine that could take a run over; None with the reason where none can be named."""

    run: Term
    job: Term | None
    operation: Term | None
    machine: Term | None
    how: How
    state: State
    why: str


def find_takeovers(planner: Planner, machine: Term) -> list[Takeover]:
    """Say for each open run of a machine which others could do its operation, the free ones first.

    A machine that has every capability which the operation needs is *capable*. Where no record says
    what it needs, machines of the same work center are named as such, which is no promise.
    """
    search = _Search(planner, machine)
    runs = search.runs_on(machine)
    planner.values.load(runs, _RUN)
    return [found for run in runs for found in search.of(run)]


class _Search:
    def __init__(self, planner: Planner, machine: Term) -> None:
        self._planner = planner
        self._values = planner.values
        self._machine = machine
        rows = planner.store.select(
            f"SELECT DISTINCT ?machine WHERE {{ ?machine a {vocab.MACHINE} }} ORDER BY ?machine"
        )
        self._others = [row["machine"] for row in rows if row["machine"] != machine]
        planner.values.load([machine, *self._others], _MACHINE)
        self._runs: dict[Term, list[Term]] = {}
        every = [machine, *self._others]
        for row in look_up(planner.store, every, f"?run {vocab.RUNNING_ON} ?entity"):
            self._runs.setdefault(row["entity"], []).append(row["run"])

    def runs_on(self, machine: Term) -> list[Term]:
        """Give the open runs of a machine."""
        return sorted(set(self._runs.get(machine, [])))

    def of(self, run: Term) -> Iterator[Takeover]:
        """Give the machines that could take a run over, else why none is named."""
        job = self._values.one(run, vocab.OF_JOB)
        operation = self._values.one(run, vocab.OF_OPERATION)
        needs = self._values.of(operation, vocab.NEEDS_CAPABILITY) if operation else ()
        found = self._capable(needs) if needs else self._alike()
        made = [
            Takeover(
                run,
                job,
                operation,
                machine,
                "capable" if needs else "same work center",
                self._state(machine),
                why,
            )
            for machine, why in found
        ]
        if made:
            yield from sorted(made, key=lambda t: (_ORDER.index(t.state), t.machine or ""))
        else:
            how, why = self._none(needs)
            yield Takeover(run, job, operation, None, how, "", why)

    def _capable(self, needs: tuple[Term, ...]) -> list[tuple[Term, str]]:
        said = f"has {self._planner.listed(needs)}"
        return [(m, said) for m in self._others if set(needs) <= self._capabilities(m)]

    def _capabilities(self, machine: Term) -> set[Term]:
        owners = (machine, *self._values.of(machine, vocab.IN_WORK_CENTER))
        return {what for o in owners for what in self._values.of(o, vocab.HAS_CAPABILITY)}

    def _alike(self) -> list[tuple[Term, str]]:
        centers = self._values.of(self._machine, vocab.IN_WORK_CENTER)
        return [
            (m, f"is in {self._planner.short(c)} too; what is needed, no record says")
            for m in self._others
            for c in centers[:1]
            if c in self._values.of(m, vocab.IN_WORK_CENTER)
        ]

    def _none(self, needs: tuple[Term, ...]) -> tuple[How, str]:
        if needs:
            return "nobody", f"no other machine has {self._planner.listed(needs)}"
        return "cannot say", (
            "no record says what the operation needs, nor of another machine in the work center"
        )

    def _state(self, machine: Term) -> State:
        if self._planner.word(self._values.one(machine, vocab.ACTIVITY)) in STOPPED:
            return "stopped"
        capacity = self._values.number(machine, vocab.CAPACITY) or 1
        return "free" if len(self.runs_on(machine)) < capacity else "busy"
