"""Flow answers: where links arise, where they go dark, what hangs on one, what to connect first."""

from __future__ import annotations

import heapq
from collections import defaultdict
from datetime import timedelta
from fractions import Fraction
from itertools import count
from typing import TYPE_CHECKING

from kg import vocab
from kg.answer.flow.declared import LINK_NAMES, MACHINE_NOW
from kg.answer.flow.steps import SHEETS, SOMEBODY, find_flows, records_per_day, sheets
from kg.answer.planning.planner import local_name, number_text
from kg.answer.slots import LINK_RULES
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from kg.answer.answers import Answers
    from kg.answer.asking.answerers import Row
    from kg.answer.asking.given import Given
    from kg.answer.flow.steps import Flow, FlowStep
    from kg.answer.gaps.coverage import Check
    from kg.records import Term

WEEK = timedelta(days=7)
LACKING = frozenset({"link", "placeholder"})
"""Kinds of gaps that say that a link is not there: nothing is, or what means nothing."""


def _told(step: FlowStep) -> Row:
    row = {
        "step": step.name,
        "label": step.label,
        "process": step.process,
        "medium": step.medium,
        "who": ", ".join(sorted(step.people)),
    }
    return {name: cell for name, cell in row.items() if cell}


def _number(name: str, number: Fraction | None) -> Row:
    return {} if number is None else {name: number_text(number, 1)}


def where_facts_arise(answers: Answers, _given: Given, now: datetime) -> list[Row]:
    """Answer where each link arises and by which steps it goes on; described steps come first."""
    per_day = records_per_day(answers, format_time(now - WEEK), format_time(now))
    owners = {source.name: source.owner for source in answers.plant.sources}
    rows = []
    for flow in find_flows(answers, now):
        described = {table for step in flow.steps.values() for table in step.tables}
        for term, step in flow.steps.items():
            onward = "passes on" if flow.after(step) else "ends"
            role = onward if flow.before(term) else "arises"
            rows.append(
                {"link": flow.link, "role": role}
                | _told(step)
                | _number("times_per_day", step.times_per_day)
                | _number("latency_minutes", step.latency_minutes)
                | ({"recorded_in": ", ".join(sorted(step.tables))} if step.tables else {})
            )
        for table in flow.tables:
            if str(table) not in described:
                owner = owners.get(table.source)
                rows.append(
                    {"link": flow.link, "role": "recorded", "step": str(table), "medium": "system"}
                    | ({"who": owner} if owner else {})
                    | _number("times_per_day", per_day.get(str(table)))
                    | {"recorded_in": str(table)}
                )
    return rows


def dark_steps(answers: Answers, _given: Given, now: datetime) -> list[Row]:
    """Answer at which steps links leave what connected systems record, or begin outside of it."""
    rows: list[Row] = []
    for flow in find_flows(answers, now):
        if not flow.steps and not is_covered(answers, flow.link):
            why = "no connected source can say it, and no step is described that carries it"
            rows.append({"link": flow.link, "why": why})
        for term, step in flow.steps.items():
            before = flow.before(term)
            if step.is_seen or (before and not any(other.is_seen for other in before)):
                continue
            where = "it arises outside of every connected source"
            if before:
                seen = sorted(other.name for other in before if other.is_seen)
                where = f"it leaves {', '.join(seen)}, which is the last to record it"
            rows.append({"link": flow.link} | _told(step) | seen_again(flow, step, where))
    return rows


def is_covered(answers: Answers, link: str) -> bool:
    """Tell whether a connected source can say a link."""
    slot = "now" if link == MACHINE_NOW else link.removeprefix("job-")
    return bool(answers.covering.get(slot))


def seen_again(flow: Flow, step: FlowStep, where: str) -> Row:
    """Find the step by which the link is soonest seen again (Dijkstra, by minutes)."""
    # What was found first goes first among equals: steps have no order of their own.
    found = count()
    ahead = [(Fraction(0), next(found), step, frozenset[str]())]
    done: set[Term] = set()
    while ahead:
        minutes, _, one, untold = heapq.heappop(ahead)
        if one.is_seen:
            told = {"seen_again": one.name, "dark_minutes": number_text(minutes, 1)}
            lacking = f"; no latency is told of {', '.join(sorted(untold))}" if untold else ""
            return told | {"why": where + lacking}
        if one.term in done:
            continue
        done.add(one.term)
        rests = one.latency_minutes or Fraction(0)
        untold |= {one.name} if one.latency_minutes is None else set()
        for further in flow.after(one):
            heapq.heappush(ahead, (minutes + rests, next(found), further, untold))
    return {"why": f"{where}; nothing passes it on to a connected source"}


def single_points(answers: Answers, _given: Given, now: datetime) -> list[Row]:
    """Answer what hangs on one person or one sheet: described steps first, then sheets we read."""
    return [*hanging_on_steps(answers, find_flows(answers, now)), *lonely_sheets(answers)]


def hanging_on_steps(answers: Answers, flows: Iterable[Flow]) -> list[Row]:
    """Tell what hangs on one person or one sheet that is described, of flows that are known."""
    carried: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for flow in flows:
        for step in _cuts(flow):
            people = sorted(step.people)
            why = "every way of the link leads through it"
            if step.medium in SHEETS:
                carried["sheet", step.label or step.name, why].add(flow.link)
            if len(people) == 1 and step.medium in SOMEBODY | SHEETS:
                carried["person", people[0], f"nobody else does {step.name}"].add(flow.link)
    return [
        {"what": what, "name": name, "carries": ", ".join(_ordered(links)), "why": why}
        | _questions(answers, links)
        for (what, name, why), links in sorted(carried.items())
    ]


def _cuts(flow: Flow) -> list[FlowStep]:
    """Give the unseen steps without which the link of no origin reaches an end."""
    origins, ends = flow.origins, {step.term for step in flow.ends}
    if not flow.reached(origins) & ends:
        return []
    return [
        step
        for term, step in flow.steps.items()
        if not step.is_seen and not flow.reached(origins, without=term) & (ends - {term})
    ]


def _ordered(links: set[str]) -> list[str]:
    return [link for link in LINK_NAMES if link in links] + sorted(links - set(LINK_NAMES))


def _questions(answers: Answers, links: set[str]) -> Row:
    properties = {
        p
        for link in links
        for p in (
            (vocab.RUNNING_ON, vocab.STARTED_AT)
            if link == MACHINE_NOW
            else LINK_RULES[link.removeprefix("job-")].certain
            if link.removeprefix("job-") in LINK_RULES
            else ()
        )
    }
    names = sorted({name for p in properties for name in answers.readers.get(p, ())})
    return {"questions": ", ".join(names)} if names else {}


def lonely_sheets(answers: Answers) -> Iterator[Row]:
    """Tell of the sheets among the sources that alone can say a property."""
    alone: dict[str, set[Term]] = defaultdict(set)
    tables: dict[str, set[str]] = defaultdict(set)
    for term in (*answers.readers, vocab.OWL_SAME_AS):
        able = answers.producers.of(term)
        sources = {table.source for table in able}
        if len(sources) == 1 and sources <= sheets(answers):
            source = able[0].source
            alone[source].add(term)
            tables[source] |= {str(table) for table in able}
    for source, terms in sorted(alone.items()):
        names = sorted({name for term in terms for name in answers.readers.get(term, ())})
        row = {
            "what": "sheet",
            "name": ", ".join(sorted(tables[source])),
            "owner": answers.plant.source(source).owner,
            "carries": ", ".join(sorted(map(local_name, terms))),
            "questions": ", ".join(names),
            "why": "no other connected source can say it",
        }
        yield {name: cell for name, cell in row.items() if cell}


def processes_to_connect(answers: Answers, _given: Given, now: datetime) -> list[Row]:
    """Answer which process outside of the systems to connect first, by the gaps that it fills."""
    return ranked_processes(answers, find_flows(answers, now), answers.check(now))


def ranked_processes(answers: Answers, flows: Iterable[Flow], check: Check) -> list[Row]:
    """Rank the processes of flows that are known, by the gaps of a check."""
    lacking = {row.link: row.missing + row.unknown for row in check.coverage}
    found: dict[str, _Process] = defaultdict(_Process)
    for flow in flows:
        dark = [step for step in flow.steps.values() if not step.is_seen]
        for step in dark:
            found[step.process or step.label or step.name].take(flow.link, step)
        if not flow.steps and lacking.get(flow.link) and not is_covered(answers, flow.link):
            found[""].take(flow.link, None)
    rows = []
    for name, process in found.items():
        gaps = sum(lacking.get(link, 0) for link in process.links)
        made_whole = sum(_made_whole(check, link) for link in process.links)
        rows.append((made_whole, gaps, process.dark_minutes(), name, process))
    rows.sort(key=lambda row: (-row[0], -row[1], -row[2], row[3]))
    return [
        {"rank": str(rank)}
        | process.row(name)
        | {"gaps": str(gaps), "answers": str(made_whole)}
        | {"dark_minutes": number_text(minutes, 1)}
        for rank, (made_whole, gaps, minutes, name, process) in enumerate(rows, start=1)
    ]


def _made_whole(check: Check, link: str) -> int:
    """Count the questions that gaps of a link leave without a full answer, once for each gap."""
    slot = "job" if link == MACHINE_NOW else link.removeprefix("job-")
    return sum(len(gap.questions) for gap in check.gaps if gap.slot == slot and gap.kind in LACKING)


class _Process:
    """The dark steps of one process, and the links that they carry."""

    def __init__(self) -> None:
        self.links: set[str] = set()
        self._steps: dict[Term, FlowStep] = {}

    def take(self, link: str, step: FlowStep | None) -> None:
        self.links.add(link)
        if step is not None:
            self._steps[step.term] = step

    def dark_minutes(self) -> Fraction:
        return sum((s.latency_minutes or Fraction(0) for s in self._steps.values()), Fraction(0))

    def row(self, name: str) -> Row:
        links = _ordered(self.links)
        times = [s.times_per_day for s in self._steps.values() if s.times_per_day is not None]
        row = {
            "process": name,
            "links": ", ".join(links),
            "steps": ", ".join(sorted(step.name for step in self._steps.values())),
        } | _number("times_per_day", max(times, default=None))
        if not self._steps:
            gives = (
                LINK_RULES[slot].would_give
                for link in links
                if (slot := link.removeprefix("job-")) in LINK_RULES
            )
            told = "; or ".join(dict.fromkeys(gives)) or "an MES, or the machine's own signal"
            row["why"] = f"no step is described that carries it; it would come from {told}"
        return {name: cell for name, cell in row.items() if cell}
