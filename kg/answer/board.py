"""The board: what every machine does now, read with one query for each property."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg import vocab
from kg.answer.context import NOT_RUNNING
from kg.answer.lookup import all_rows

if TYPE_CHECKING:
    from kg.answer.evidence import Evidence
    from kg.records import Term
    from kg.store import Store


@dataclass(frozen=True, slots=True)
class MachineNow:
    """One machine in short: the status that its context gives, and how many runs it has.

    ``work_center`` is what people call the group that it stands in; times are ISO 8601 in UTC.
    """

    id: str
    label: str
    work_center: str | None
    state: str
    activity: str | None
    reason: str | None
    since: str | None
    runs: int


def machines_now(store: Store, evidence: Evidence) -> list[MachineNow]:
    """Tell of every machine, in the order of their ids."""
    rows = store.select(f"SELECT DISTINCT ?machine WHERE {{ ?machine a {vocab.MACHINE} }}")
    machines = [row["machine"] for row in rows]
    activities, reasons = _first(store, vocab.ACTIVITY), _first(store, vocab.ACTIVITY_REASON)
    since, centers = _first(store, vocab.ACTIVITY_SINCE), _first(store, vocab.IN_WORK_CENTER)
    runs = runs_of_machines(store)

    def text(term: Term | None) -> str | None:
        return None if term is None else evidence.short(term)

    def told(machine: Term) -> MachineNow:
        open_runs = list(runs.get(machine, {}).values())
        activity, began = text(activities.get(machine)), text(since.get(machine))
        if activity is None and open_runs:
            began, activity = (text(term) for term in open_runs[0])
        center = centers.get(machine)
        return MachineNow(
            id=evidence.short(machine),
            label=evidence.label(machine),
            work_center=None if center is None else evidence.label(center),
            state=_state(activity, is_held=bool(open_runs)),
            activity=activity or "unknown",
            reason=text(reasons.get(machine)),
            since=began,
            runs=len(open_runs),
        )

    return sorted((told(machine) for machine in machines), key=lambda one: one.id)


def _state(activity: str | None, *, is_held: bool) -> str:
    if is_held and activity not in NOT_RUNNING:
        return "running"
    return activity or "unknown"


def _first(store: Store, predicate: Term) -> dict[Term, Term]:
    """Give each machine's value of a property; of several the first one."""
    found: dict[Term, Term] = {}
    pattern = f"?machine a {vocab.MACHINE} ; {predicate} ?value"
    for machine, value in all_rows(store, "machine value", pattern):
        found[machine] = min(value, found.get(machine, value))
    return found


def runs_of_machines(store: Store) -> dict[Term, dict[Term, tuple[Term | None, Term | None]]]:
    """Give the runs that hold each machine, the first one first, each with start and phase."""
    rows = store.select(
        f"SELECT DISTINCT ?machine ?run ?since ?phase WHERE {{ ?run {vocab.RUNNING_ON} ?machine "
        f"OPTIONAL {{ ?run {vocab.STARTED_AT} ?since }} OPTIONAL {{ ?run {vocab.PHASE} ?phase }} "
        f"FILTER NOT EXISTS {{ ?run {vocab.ENDED_AT} ?end }} "
        f"FILTER NOT EXISTS {{ ?run {vocab.INFERRED_END_AT} ?presumed }} }} ORDER BY ?since ?run"
    )
    found: dict[Term, dict[Term, tuple[Term | None, Term | None]]] = {}
    for row in rows:
        runs = found.setdefault(row["machine"], {})
        runs.setdefault(row["run"], (row.get("since"), row.get("phase")))
    return found
