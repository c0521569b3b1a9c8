"""Completion: when an order line is wanted, promised, planned and done, kept apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg import vocab
from kg.answer.asking.orderlines import shipped_of
from kg.answer.evidence import literal_text
from kg.answer.lookup import look_up
from kg.answer.planning.outlook import Outlook
from kg.answer.planning.planner import DONE, number_text
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from kg.answer.answers import Answers
    from kg.answer.asking.answerers import Row
    from kg.answer.asking.given import Given
    from kg.answer.asking.orderlines import Shipped
    from kg.answer.planning.planner import Planner
    from kg.records import Term


def completion_dates(answers: Answers, given: Given, now: datetime) -> list[Row]:
    """Answer when each line or instalment of an order was to be, will be and is complete."""
    planner = answers.planner(now)
    found = answers.store.select(given.query(now))
    lines = sorted({row["line"] for row in found})
    jobs: dict[Term, set[Term]] = {line: set() for line in lines}
    pattern = f"?share {vocab.TO_ORDER_LINE} ?entity ; {vocab.ALLOCATION_OF} ?job"
    for row in look_up(answers.store, lines, pattern):
        jobs[row["entity"]].add(row["job"])
    outlook = Outlook(planner, set().union(*jobs.values()))
    shipped = shipped_of(answers.store, lines)
    of_line = {
        line: _Made(planner, outlook, sorted(jobs[line])).row(shipped.get(line)) for line in lines
    }
    # What is said of the line itself goes before what is said of its jobs.
    return [of_line[row["line"]] | _dates(planner, row) for row in found]


def _dates(planner: Planner, row: Mapping[str, Term]) -> Row:
    named = {name: planner.short(row[name]) for name in ("line", "instalment") if name in row}
    plain = ("quantity", "unit", "requested", "promised", "forecast")
    return named | {name: literal_text(row[name]) for name in plain if name in row}


class _Made:
    """Tells of the jobs of one line what is planned, expected and done."""

    def __init__(self, planner: Planner, outlook: Outlook, jobs: list[Term]) -> None:
        self._planner = planner
        self._outlook = outlook
        self._jobs = jobs

    def row(self, shipped: Shipped | None) -> Row:
        row: Row = {}
        told = []
        planned, lacking = self._planned()
        if planned is not None:
            row["planned"] = format_time(planned)
        elif lacking:
            told.append(f"planned: {lacking}")
        row |= self._stated_forecast()
        if (made := self._made()) is not None:
            row["made"] = format_time(made)
        else:
            expected, why = self._outlook.last(self._jobs)
            row |= {"expected": format_time(expected)} if expected else {}
            told += [f"expected: {why}"] if why else []
        if shipped is not None:
            row |= {"shipped": format_time(shipped.at)} if shipped.at else {}
            if shipped.quantity is not None:
                row["shipped_quantity"] = number_text(shipped.quantity)
        return row | ({"why": "; ".join(told)} if told else {})

    def _planned(self) -> tuple[datetime | None, str]:
        if not self._jobs:
            return None, "no job serves it"
        ends = []
        for job in self._jobs:
            steps = [s for s in self._outlook.steps[job] if s.status != "cancelled"]
            if not steps or any(step.end is None for step in steps):
                return None, f"{self._planner.short(job)} has steps without a planned end"
            ends += [step.end for step in steps if step.end is not None]
        return max(ends), ""

    def _stated_forecast(self) -> Row:
        """Give the latest date that is forecast for the jobs, where all have one."""
        dates = [self._planner.values.text(job, vocab.FORECAST_DATE) for job in self._jobs]
        known = [date for date in dates if date is not None]
        return {"forecast": max(known)} if known and len(known) == len(dates) else {}

    def _made(self) -> datetime | None:
        """Give when the last job was over, where all are and a run tells it."""
        ends = []
        for job in self._jobs:
            status = self._planner.word(self._planner.values.one(job, vocab.STATUS))
            looks = [look for look in self._outlook.of_job(job) if look.is_over]
            known = [look.end for look in looks if look.end is not None]
            if status not in DONE or not known:
                return None
            ends.append(max(known))
        return max(ends, default=None)
