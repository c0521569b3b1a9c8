"""The information-flow map: what people declare of each link's way, joined to what is measured.

An edge leads a link from one step to the next. It is dark where the link is never recorded behind
it, goes on by paper or by word, is recorded late, or is recorded of some things only.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from kg.answer.flow.asked import (
    LACKING,
    hanging_on_steps,
    lonely_sheets,
    ranked_processes,
    seen_again,
)
from kg.answer.flow.declared import MACHINE_NOW, load_declared
from kg.answer.flow.measured import Delay, measure_tables
from kg.answer.flow.steps import find_flows, properties_of_link
from kg.answer.slots import LINK_RULES
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from fractions import Fraction

    from kg.answer.answers import Answers
    from kg.answer.asking.answerers import Row
    from kg.answer.asking.readiness import Addition
    from kg.answer.flow.measured import MeasuredTable
    from kg.answer.flow.steps import Flow, FlowStep
    from kg.answer.gaps.coverage import Check, LinkCoverage

State: TypeAlias = Literal["seen", "never", "unrecorded", "late", "patchy"]
DARKEST: tuple[State, ...] = ("never", "unrecorded", "late", "patchy", "seen")
MOST_NEXT = 5
_BY = {
    "paper": "paper",
    "spreadsheet": "somebody's own sheet",
    "message": "message",
    "speech": "word of mouth",
    "system": "a system that is not connected",
}
_BY_NOBODY_KNOWS = "means that nobody told"


@dataclass(frozen=True, slots=True)
class FlowEdge:
    """One link's way between two steps, by their ids; ``start`` or ``end`` is "" where none is.

    ``tables`` are those in which it should come to light, ``gaps`` the open ones that hang on it:
    of things that lack the link and would have it from there. ``dark_minutes`` is how long people
    say that it stays dark, at the least.
    """

    link: str
    start: str
    end: str
    state: State
    why: str
    tables: tuple[str, ...] = ()
    delay: Delay | None = None
    gaps: int = 0
    seen_again: str = ""
    dark_minutes: str = ""

    @property
    def is_dark(self) -> bool:
        """Tell whether anything of the link is lost or late here."""
        return self.state != "seen"


@dataclass(frozen=True, slots=True)
class LinkFlow:
    """One of the five links: coverage, where it arises, where it is recorded, who reads it.

    ``gaps_elsewhere`` hang on no edge that is described.
    """

    link: str
    have: int
    of: int
    missing: int
    unknown: int
    arises: tuple[str, ...]
    recorded_by: tuple[str, ...]
    questions: tuple[str, ...]
    gaps_elsewhere: int


@dataclass(frozen=True, slots=True)
class Survey:
    """All that a map is drawn from; ``sheets`` are rows of those that alone can say something.

    ``withheld`` names the links, properties and parts that were left out for a role.
    """

    flows: tuple[Flow, ...]
    tables: Mapping[str, MeasuredTable]
    sources: tuple[dict[str, Any], ...]
    sheets: tuple[Row, ...]
    next: tuple[Addition, ...]
    withheld: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FlowMap:
    """The whole map, as of one time; ``declared`` says whether there is a flows.yml."""

    plant: str
    as_of: str
    applied_seq: int
    declared: bool
    late_after_minutes: Fraction
    sources: tuple[dict[str, Any], ...]
    tables: Mapping[str, MeasuredTable]
    steps: tuple[FlowStep, ...]
    links: tuple[LinkFlow, ...]
    edges: tuple[FlowEdge, ...]
    hangs_on: tuple[Row, ...]
    next: tuple[Addition, ...]
    processes: tuple[Row, ...]
    withheld: tuple[str, ...] = ()

    @property
    def dark(self) -> list[FlowEdge]:
        """The edges that are dark: those on which most gaps hang first, then the darkest."""
        return sorted((edge for edge in self.edges if edge.is_dark), key=_urgency)

    def to_dict(self) -> dict[str, Any]:
        """Give plain data for JSON."""
        return {
            "as_of": self.as_of,
            "applied_seq": self.applied_seq,
            "declared": self.declared,
            "late_after_minutes": float(self.late_after_minutes),
            "sources": list(self.sources),
            "steps": [told_step(step) for step in self.steps],
            "links": [asdict(link) for link in self.links],
            "edges": [asdict(edge) for edge in (*self.dark, *_seen(self.edges))],
            "hangs_on": list(self.hangs_on),
            "next": [asdict(one) for one in self.next],
            "processes": list(self.processes),
            "withheld": list(self.withheld),
        }


def _urgency(edge: FlowEdge) -> tuple[object, ...]:
    return (-edge.gaps, DARKEST.index(edge.state), edge.link, edge.start, edge.end)


def _seen(edges: Sequence[FlowEdge]) -> list[FlowEdge]:
    return [edge for edge in edges if not edge.is_dark]


def told_step(step: FlowStep) -> dict[str, Any]:
    """Give a step as plain data for JSON; numbers that nobody told are null."""

    def number(given: Fraction | None) -> float | None:
        return None if given is None else round(float(given), 3)

    return {
        "id": step.name,
        "label": step.label,
        "process": step.process,
        "medium": step.medium,
        "handover": step.handover,
        "people": sorted(step.people),
        "times_per_day": number(step.times_per_day),
        "latency_minutes": number(step.latency_minutes),
        "carries": sorted(step.carries),
        "recorded_in": sorted(step.tables),
        "is_seen": step.is_seen,
        "said_at": step.said_at,
    }


def map_flows(answers: Answers, now: datetime, check: Check) -> FlowMap:
    """Make the map of a plant as of a time; ``check`` counts its gaps.

    Raises:
        MappingError: flows.yml says what cannot be.
    """
    return draw_map(answers, now, check, survey_flows(answers, now))


def survey_flows(answers: Answers, now: datetime) -> Survey:
    """Gather what is described and measured.

    Raises:
        MappingError: flows.yml says what cannot be.
    """
    return Survey(
        tuple(find_flows(answers, now)),
        measure_tables(answers, now),
        tuple(_sources(answers, now)),
        tuple(lonely_sheets(answers)),
        answers.readiness().next[:MOST_NEXT],
    )


def draw_map(answers: Answers, now: datetime, check: Check, survey: Survey) -> FlowMap:
    """Judge the edges of what was gathered, by the gaps that ``check`` counts."""
    declared = load_declared(answers.plant)
    flows, tables = survey.flows, survey.tables
    covered = {row.link: row for row in check.coverage}
    lost = {flow.link: _lost_at(check, flow.link) for flow in flows}
    edges = tuple(
        edge
        for flow in flows
        for edge in _Way(flow, tables, lost[flow.link], declared.late_after_minutes).edges()
    )
    steps = {step.name: step for flow in flows for step in flow.steps.values()}
    return FlowMap(
        answers.plant.name,
        format_time(now),
        answers.store.applied_seq(),
        declared.file is not None,
        declared.late_after_minutes,
        tuple(_with_tables(source, tables) for source in survey.sources),
        tables,
        tuple(steps[name] for name in sorted(steps)),
        tuple(
            _link(answers, flow, covered.get(flow.link), lost[flow.link], edges) for flow in flows
        ),
        edges,
        (*hanging_on_steps(answers, flows), *survey.sheets),
        survey.next,
        tuple(ranked_processes(answers, flows, check)),
        survey.withheld,
    )


def _sources(answers: Answers, now: datetime) -> Iterator[dict[str, Any]]:
    """Tell of each source; how soon the graph follows it where that is measured."""
    for source in answers.sources(now):
        visible = Delay.of(answers.tally.lags(source["name"])) if answers.tally else None
        yield {key: source[key] for key in ("name", "title", "system", "owner")} | {
            "confirmed_at": source["confirmed_at"],
            "is_stale": source["is_stale"],
            "visible": asdict(visible) if visible else None,
        }


def _with_tables(source: dict[str, Any], tables: Mapping[str, MeasuredTable]) -> dict[str, Any]:
    own = [table.to_dict() for table in tables.values() if table.source == source["name"]]
    return source | {"tables": own}


def _lost_at(check: Check, link: str) -> Counter[str]:
    """Count the open gaps of a link by the table in which it would be said; "" where by none."""
    slot = "job" if link == MACHINE_NOW else link.removeprefix("job-")
    return Counter(
        gap.flow_step or "" for gap in check.gaps if gap.slot == slot and gap.kind in LACKING
    )


def _link(
    answers: Answers,
    flow: Flow,
    coverage: LinkCoverage | None,
    lost: Counter[str],
    edges: Sequence[FlowEdge],
) -> LinkFlow:
    reached = {table for edge in edges if edge.link == flow.link for table in edge.tables}
    arises = [step.name for step in flow.origins] or [str(table) for table in flow.tables]
    return LinkFlow(
        flow.link,
        coverage.have if coverage else 0,
        coverage.of if coverage else 0,
        coverage.missing if coverage else 0,
        coverage.unknown if coverage else 0,
        tuple(arises),
        tuple(str(table) for table in flow.tables),
        tuple(_readers(answers, flow.link)),
        sum(number for table, number in lost.items() if table not in reached),
    )


def _readers(answers: Answers, link: str) -> list[str]:
    """Name the saved questions that read a link, or what it is made of."""
    rule = LINK_RULES.get(link.removeprefix("job-"))
    read = {*properties_of_link(link), *(rule.certain if rule else ())}
    return sorted({name for term in read for name in answers.readers.get(term, ())})


class _Way:
    """The edges of one link, judged by what its tables gave."""

    def __init__(
        self,
        flow: Flow,
        tables: Mapping[str, MeasuredTable],
        lost: Counter[str],
        late_after_minutes: Fraction,
    ) -> None:
        self._flow = flow
        self._tables = tables
        self._lost = lost
        self._late_seconds = float(late_after_minutes) * 60

    def edges(self) -> Iterator[FlowEdge]:
        """Give an edge for each step that a link reaches; of one that stands alone, its end."""
        for step in self._flow.origins:
            if step.is_seen:
                yield self._into("", step)
        for step in (step for _, step in sorted(self._flow.steps.items())):
            onward = self._flow.after(step)
            for further in onward:
                if further.is_seen:
                    yield self._into(step.name, further)
                else:
                    yield self._unseen(step.name, further)
            if not (onward or step.is_seen or self._flow.before(step.term)):
                means = _BY.get(step.medium, _BY_NOBODY_KNOWS)
                why = f"it is known by {means} alone, and nothing takes it up"
                yield FlowEdge(self._flow.link, step.name, "", "unrecorded", why)

    def _unseen(self, start: str, end: FlowStep) -> FlowEdge:
        """Tell of a step that no connected table records: it may be said to be recorded."""
        told = seen_again(self._flow, end, "")
        again = told.get("seen_again", "")
        lit = next((step for step in self._flow.steps.values() if step.name == again), None)
        where = tuple(sorted(lit.tables & self._tables.keys())) if lit else ()
        state: State = "never" if end.tables else "unrecorded"
        why = f"it is passed on by {_BY.get(end.medium, _BY_NOBODY_KNOWS)}"
        if end.tables:
            why = f"it should be in {', '.join(sorted(end.tables))}, which is not connected"
        rest = f"; seen again at {again}" if again else "; no connected source sees it again"
        gaps = sum(self._lost[table] for table in where)
        dark_minutes = told.get("dark_minutes", "")
        link = self._flow.link
        return FlowEdge(
            link, start, end.name, state, why + rest, where, None, gaps, again, dark_minutes
        )

    def _into(self, start: str, end: FlowStep) -> FlowEdge:
        """Tell of a step that a connected table records, by what that table gave."""
        where = sorted(end.tables & self._tables.keys())
        given = [self._tables[name] for name in where]
        delay = max(
            (table.delay for table in given if table.delay),
            key=lambda delay: delay.p50_seconds,
            default=None,
        )
        gaps = sum(self._lost[name] for name in where)
        state, why = self._judge(given, delay, gaps)
        return FlowEdge(
            self._flow.link, start, end.name, state, why, tuple(where), delay, gaps, end.name
        )

    def _judge(
        self, given: Sequence[MeasuredTable], delay: Delay | None, gaps: int
    ) -> tuple[State, str]:
        names = ", ".join(table.table for table in given)
        if not any(table.records for table in given):
            return "never", f"{names} has not given one record"
        if all(table.is_crosswalk for table in given):
            return "seen", f"{names} brings the ids of others together"
        said = [one for table in given if (one := table.carried(self._flow.link)) is not None]
        if not any(one.records for one in said):
            return "never", f"no record of {names} says it"
        have, of = sum(one.records for one in said), sum(one.of for one in said)
        share = f"{have} of {of} records of {names} say it"
        if delay is not None and delay.p50_seconds > self._late_seconds:
            usual, long = duration_text(delay.p50_seconds), duration_text(delay.p95_seconds)
            return "late", f"{share}, half of them more than {usual} late (p95 {long})"
        return ("patchy" if gaps else "seen"), share


def duration_text(seconds: float) -> str:
    """Write a time that something took for people: ``0.4 s``, ``3 min``, ``4 h 2 min``, ``2 d``."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes = round(seconds / 60)
    parts = ((minutes // 1440, "d"), (minutes % 1440 // 60, "h"), (minutes % 60, "min"))
    return " ".join([f"{number} {unit}" for number, unit in parts if number][:2])
