"""Blockers: what keeps an operation from starting, what speaks for it, and what cannot be said.

Only what a record says blocks. What no record says is a doubt; what no connected source tells of
any operation is told once, by `Blockers.uncovered`.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from kg import vocab
from kg.answer.lookup import look_up
from kg.answer.planning.planner import DONE, STOPPED, Finding
from kg.answer.planning.routing import predecessors_of
from kg.answer.planning.supply import Supply

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kg.answer.planning.planner import Planner, Step, Verdict
    from kg.records import Fact as Triple
    from kg.records import Term

_TOOL = (vocab.IS_USABLE, vocab.MOUNTED_ON, vocab.STAGED_FOR)
_MACHINE = (
    vocab.ACTIVITY,
    vocab.ACTIVITY_REASON,
    vocab.ACTIVITY_SINCE,
    vocab.NEEDS_QUALIFICATION,
)
_SPAN = (vocab.PLANNED_START, vocab.PLANNED_END)


class Blockers:
    """Looks at operations all at once; each look-up is made for a thousand of them."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner
        self._values = planner.values
        self._supply = Supply(planner)
        self._tool_runs: dict[Term, list[tuple[Term, Term]]] = {}
        self._holders: dict[Term, list[Term]] = {}

    def find(self, steps: Sequence[Step], machine: Term | None = None) -> dict[Term, list[Finding]]:
        """Say of each operation what was found, for a machine or for those it is planned on."""
        siblings = self._planner.steps_of({step.job for step in steps})
        machines = {step.term: self._machines(step, machine) for step in steps}
        self._values.load({m for listed in machines.values() for m in listed}, _MACHINE)
        self._load_tools(steps)
        self._load_holders(steps, machines)
        material = self._supply.find(steps, siblings)
        return {
            step.term: [
                self._release(step),
                *self._predecessors(step, siblings[step.job]),
                *self._spec(step),
                *material[step.term],
                *self._tools(step, machines[step.term]),
                *self._qualifications(step, machines[step.term]),
                *self._stops(machines[step.term]),
            ]
            for step in steps
        }

    def uncovered(self) -> list[Finding]:
        """Say once what no connected source tells of any operation."""
        found = list(self._supply.uncovered())
        if not self._planner.slots.is_covered("spec"):
            found.append(Finding("spec", "doubt", "no connected source covers specifications"))
        if not self._planner.is_said(vocab.USES_TOOL):
            text = "no connected source says which tools operations use"
            found.append(Finding("tool", "doubt", text))
        if not self._planner.is_said(vocab.NEEDS_QUALIFICATION):
            text = "no connected source says which qualifications are needed"
            found.append(Finding("qualification", "doubt", text))
        return found

    def _machines(self, step: Step, machine: Term | None) -> tuple[Term, ...]:
        return (machine,) if machine else self._values.of(step.term, vocab.PLANNED_ON)

    def _release(self, step: Step) -> Finding:
        status = self._planner.word(self._values.one(step.job, vocab.STATUS))
        facts = self._values.facts(step.job, vocab.STATUS)
        job = self._planner.short(step.job)
        if status is None:
            return Finding("release", "doubt", f"no record says whether {job} is released")
        text = f"{job} is {status}"
        is_free = status in {"released", "in-progress"}
        return Finding("release", "supports" if is_free else "blocks", text, facts)

    def _predecessors(self, step: Step, siblings: Sequence[Step]) -> Iterator[Finding]:
        before = predecessors_of(self._planner, step, siblings)
        if before is None:
            text = f"no record gives {self._planner.short(step.term)} a place in its routing"
            yield Finding("predecessor", "doubt", text)
            return
        for other in before:
            yield self._predecessor(step, other)

    def _predecessor(self, step: Step, other: Step) -> Finding:
        name = self._planner.short(other.term)
        facts = self._values.facts(other.term, vocab.STATUS)
        facts += self._values.facts(step.term, vocab.FOLLOWS)
        if other.status is None:
            return Finding("predecessor", "doubt", f"no record says whether {name} is finished")
        verdict: Verdict = "supports" if other.status in DONE else "blocks"
        return Finding(
            "predecessor", verdict, f"{name}, which comes before, is {other.status}", facts
        )

    def _spec(self, step: Step) -> Iterator[Finding]:
        stated = self._values.facts(step.job, vocab.APPLIES_SPEC)
        presumed = self._values.facts(step.job, vocab.PRESUMED_SPEC)
        if stated:
            names = self._planner.listed(dict.fromkeys(fact[2] for fact in stated))
            yield Finding("spec", "supports", f"made to {names}", stated)
        elif presumed:
            names = self._planner.listed(dict.fromkeys(fact[2] for fact in presumed))
            text = f"{names} is only presumed: the part's current revision, pinned by nothing"
            yield Finding("spec", "doubt", text, presumed)
        elif self._planner.slots.is_covered("spec"):
            empty = self._planner.slots.empty_link(step.job, "spec")
            job = self._planner.short(step.job)
            text = empty.gap.message if empty.gap else f"{job} has no specification yet"
            yield Finding("spec", "blocks" if empty.state == "missing" else "doubt", text)

    def _load_tools(self, steps: Iterable[Step]) -> None:
        tools = {tool for step in steps for tool in self._values.of(step.term, vocab.USES_TOOL)}
        self._values.load(tools, _TOOL)
        self._tool_runs = {tool: [] for tool in tools}
        pattern = f"?run {vocab.USES_TOOL} ?entity ; {vocab.RUNNING_ON} ?machine"
        for row in look_up(self._planner.store, tools, pattern):
            self._tool_runs[row["entity"]].append((row["run"], row["machine"]))

    def _tools(self, step: Step, machines: tuple[Term, ...]) -> Iterator[Finding]:
        for tool in self._values.of(step.term, vocab.USES_TOOL):
            needed: tuple[Triple, ...] = ((step.term, vocab.USES_TOOL, tool),)
            yield self._tool(step, tool, needed, machines)

    def _tool(
        self, step: Step, tool: Term, needed: tuple[Triple, ...], machines: tuple[Term, ...]
    ) -> Finding:
        name = self._planner.short(tool)
        usable = self._values.text(tool, vocab.IS_USABLE)
        if usable == "false":
            facts = (*needed, *self._values.facts(tool, vocab.IS_USABLE))
            return Finding("tool", "blocks", f"{name} cannot be used now", facts)
        elsewhere = sorted((r, m) for r, m in self._tool_runs[tool] if m not in machines)
        if elsewhere and machines:
            run, machine = elsewhere[0]
            facts = (*needed, (run, vocab.USES_TOOL, tool), (run, vocab.RUNNING_ON, machine))
            text = f"{name} is in use on {self._planner.short(machine)}"
            return Finding("tool", "blocks", text, facts)
        where = self._values.facts(tool, *_TOOL)
        if not where and not self._tool_runs[tool]:
            text = f"no record says where {name} is, or whether it can be used"
            return Finding("tool", "doubt", text, needed)
        return Finding("tool", "supports", self._tool_text(step, tool), (*needed, *where))

    def _tool_text(self, step: Step, tool: Term) -> str:
        name = self._planner.short(tool)
        mounted = self._values.of(tool, vocab.MOUNTED_ON)
        if mounted:
            return f"{name} is mounted on {self._planner.listed(mounted)}"
        if step.term in self._values.of(tool, vocab.STAGED_FOR):
            return f"{name} is staged"
        return f"{name} can be used"

    def _load_holders(
        self, steps: Iterable[Step], machines: Mapping[Term, tuple[Term, ...]]
    ) -> None:
        wanted = {q for step in steps for q, _ in self._needed(step, machines[step.term])}
        holders: dict[Term, set[Term]] = defaultdict(set)
        pattern = f"?person {vocab.HOLDS_QUALIFICATION} ?entity"
        for row in look_up(self._planner.store, wanted, pattern):
            holders[row["entity"]].add(row["person"])
        self._holders = {what: sorted(holders[what]) for what in wanted}
        people = {person for listed in holders.values() for person in listed}
        self._values.load(people, (vocab.WORKS_SHIFT,))
        shifts = {s for person in people for s in self._values.of(person, vocab.WORKS_SHIFT)}
        self._values.load(shifts, _SPAN)

    def _needed(self, step: Step, machines: tuple[Term, ...]) -> list[tuple[Term, Triple]]:
        facts = [
            fact
            for owner in (step.term, *machines)
            for fact in self._values.facts(owner, vocab.NEEDS_QUALIFICATION)
        ]
        return [(fact[2], fact) for fact in facts]

    def _qualifications(self, step: Step, machines: tuple[Term, ...]) -> Iterator[Finding]:
        for what, needed in self._needed(step, machines):
            yield self._qualification(what, needed)

    def _qualification(self, what: Term, needed: Triple) -> Finding:
        name, people = self._planner.short(what), self._holders[what]
        if not people:
            return Finding("qualification", "blocks", f"nobody holds {name}", (needed,))
        held = tuple((person, vocab.HOLDS_QUALIFICATION, what) for person in people)
        rostered = [p for p in people if self._values.of(p, vocab.WORKS_SHIFT)]
        here = [person for person in rostered if self._is_at_work(person)]
        if here:
            text = f"{name} is held by {self._planner.listed(here)}, at work now"
            return Finding("qualification", "supports", text, (needed, *held))
        who = self._planner.listed(people)
        if len(rostered) == len(people):
            text = f"{name} is held by {who}, not at work now"
            return Finding("qualification", "blocks", text, (needed, *held))
        text = f"{name} is held by {who}; no record says whether one of them is at work"
        return Finding("qualification", "doubt", text, (needed, *held))

    def _is_at_work(self, person: Term) -> bool:
        for shift in self._values.of(person, vocab.WORKS_SHIFT):
            start, end = (self._values.moment(shift, p) for p in _SPAN)
            if start is not None and end is not None and start <= self._planner.now < end:
                return True
        return False

    def _stops(self, machines: tuple[Term, ...]) -> Iterator[Finding]:
        activities = [self._planner.word(self._values.one(m, vocab.ACTIVITY)) for m in machines]
        if machines and all(activity in STOPPED for activity in activities):
            yield stop_of(self._planner, machines[0])


def stop_of(planner: Planner, machine: Term) -> Finding:
    """Say that a machine stands still, why, and since when."""
    values = planner.values
    activity = planner.word(values.one(machine, vocab.ACTIVITY))
    reason = values.text(machine, vocab.ACTIVITY_REASON)
    since = values.text(machine, vocab.ACTIVITY_SINCE)
    said = "in maintenance" if activity == "maintenance" else activity
    text = f"{planner.short(machine)} is {said}"
    text += f" ({reason})" if reason else ""
    text += f" since {since}" if since else ""
    return Finding("machine", "blocks", text, values.facts(machine, *_MACHINE[:3]))
