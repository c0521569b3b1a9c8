"""Hits: which customers it hits, and when, if a machine stands or a purchase comes late."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.answer.asking.orderlines import late_days, read_lines
from kg.answer.planning.outlook import Outlook
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from kg.answer.answers import Answers
    from kg.answer.asking.answerers import Row
    from kg.answer.asking.given import Given
    from kg.answer.asking.orderlines import OrderLine
    from kg.answer.planning.planner import Planner
    from kg.records import Term


def whom_it_hits(answers: Answers, given: Given, now: datetime) -> list[Row]:
    """Answer whom it hits: rows by the time up to which a line is safe, the first to be hit first.

    Lines whose steps there are all over are not hit.
    """
    planner, until = answers.planner(now), given.time("until")
    found = answers.store.select(given.query(now))
    jobs = {row["job"] for row in found}
    outlook = Outlook(planner, jobs)
    steps = {step.term: step for steps in outlook.steps.values() for step in steps}
    waiting = {row["operation"] for row in found} & steps.keys()
    waiting = {term for term in waiting if not steps[term].is_over}
    held = Outlook(planner, jobs, dict.fromkeys(waiting, until)) if until else outlook
    hit = _Hit(planner, outlook, held, until)
    lines = {line.term: line for line in read_lines(found)}
    whose = {row["line"]: row for row in found}
    pairs = sorted({(row["line"], row["job"]) for row in found if row["operation"] in waiting})
    rows = []
    for line, job in pairs:
        own = {step.term for step in outlook.steps[job]} & waiting
        rows.append(_whose(planner, whose[line]) | hit.row(lines[line], job, own))
    return sorted(rows, key=lambda row: (row.get("safe_until", "~"), *sorted(row.items())))


def _whose(planner: Planner, row: Mapping[str, Term]) -> Row:
    return {name: planner.short(row[name]) for name in ("customer", "order") if name in row}


class _Hit:
    """Tells of one line and job by when the thing must be back, and what comes of it else."""

    def __init__(
        self, planner: Planner, outlook: Outlook, held: Outlook, until: datetime | None
    ) -> None:
        self._planner = planner
        self._outlook = outlook
        self._held = held
        self._until = until

    def row(self, line: OrderLine, job: Term, own: set[Term]) -> Row:
        short = self._planner.short
        row = {"line": short(line.term)} | ({"due": line.due} if line.due else {})
        row["job"] = short(job)
        due = line.due_at(self._planner)
        latest = self._outlook.latest_starts(job, due) if due else {}
        safe = {term: latest[term] for term in own if term in latest}
        first = min(safe, key=lambda term: (safe[term], term), default=None)
        row["operation"] = short(first or min(own))
        if first is not None:
            row["safe_until"] = format_time(safe[first])
            is_hit = safe[first] < (self._until or self._planner.now)
            row["hit"] = "yes" if is_hit else "no"
        else:
            row["hit"] = "unknown"
        expected, why = self._held.last([job])
        if expected is not None:
            row["expected"] = format_time(expected)
            if due is not None and expected > due:
                row["late_days"] = str(late_days(expected, due, self._planner))
        if due is None:
            why = "no date was promised or requested"
        elif first is None:
            why = why or "no record says how long this step, or one after it, takes"
        return row | ({"why": why} if why else {})
