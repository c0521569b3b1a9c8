"""Flow steps: by which steps each of the five links travels through the plant, and which are seen.

A step is seen where it leaves a record in a table of a connected source. What stands in a note, on
a sheet or in somebody's head is known by its description alone: it is dark.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING
from urllib.parse import unquote

from kg import vocab
from kg.answer.evidence import literal_text, short
from kg.answer.flow.declared import FLOWS_FILE, LINK_NAMES, MACHINE_NOW, load_declared
from kg.answer.gaps.breaks import WAYS
from kg.answer.planning.planner import read_number
from kg.answer.slots import LINK_RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from kg.answer.answers import Answers
    from kg.answer.asking.producers import Producer
    from kg.records import Term

DESCRIBED = "where-the-facts-arise"
"""The saved question that finds the steps that stand in the graph."""
SHEETS = frozenset({"paper", "spreadsheet"})
SOMEBODY = frozenset({"speech", "message"})


@dataclass(slots=True)
class FlowStep:
    """One described step; ``onward`` are the steps that get a link from it, by link.

    ``said_at`` is its line in flows.yml, "" of one that only records describe; ``carries`` are the
    links that it passes on.
    """

    term: Term
    name: str
    label: str = ""
    process: str = ""
    medium: str = ""
    handover: str = ""
    said_at: str = ""
    carries: set[str] = field(default_factory=set)
    people: set[str] = field(default_factory=set)
    times_per_day: Fraction | None = None
    latency_minutes: Fraction | None = None
    tables: set[str] = field(default_factory=set)
    is_seen: bool = False
    onward: dict[str, set[Term]] = field(default_factory=lambda: defaultdict(set))


@dataclass(frozen=True, slots=True)
class Flow:
    """The steps that carry one link, by name, and the tables that can say it."""

    link: str
    steps: Mapping[Term, FlowStep]
    tables: tuple[Producer, ...]

    def before(self, term: Term) -> list[FlowStep]:
        """Give the steps that pass the link on to one."""
        return [s for s in self.steps.values() if term in s.onward.get(self.link, ())]

    def after(self, step: FlowStep) -> list[FlowStep]:
        """Give the steps that get the link from one, in a fixed order."""
        named = sorted(step.onward.get(self.link, ()))
        return [self.steps[term] for term in named if term in self.steps]

    def reached(self, starts: Iterable[FlowStep], without: Term = "") -> set[Term]:
        """Give the steps that can be reached from some, themselves included, never through one."""
        found: set[Term] = set()
        ahead = [step for step in starts if step.term != without]
        while ahead:
            step = ahead.pop()
            if step.term not in found:
                found.add(step.term)
                ahead += [s for s in self.after(step) if s.term != without]
        return found

    @property
    def origins(self) -> list[FlowStep]:
        """The steps that nothing passes the link to."""
        return [step for term, step in sorted(self.steps.items()) if not self.before(term)]

    @property
    def ends(self) -> list[FlowStep]:
        """The steps in which the link is seen, or that pass it to nothing."""
        return [s for _, s in sorted(self.steps.items()) if s.is_seen or not self.after(s)]


def find_flows(answers: Answers, now: datetime) -> list[Flow]:
    """Make the flow of each link, of the steps in the graph and those that flows.yml declares.

    Raises:
        MappingError: flows.yml says what cannot be.
    """
    base = answers.plant.base
    declared = load_declared(answers.plant)
    said = answers.store.select(answers.questions[DESCRIBED].fill({}, now))
    flows = read_flows(answers, [*said, *declared.rows(base)])
    lines = {f"flow-step/{step.name}": step.line for step in declared.steps.values()}
    for flow in flows:
        for step in flow.steps.values():
            if (line := lines.get(unquote(step.name))) is not None:
                step.said_at = f"{FLOWS_FILE}:{line}"
    return flows


def read_flows(answers: Answers, rows: Iterable[Mapping[str, Term]]) -> list[Flow]:
    """Make the flow of each link of what ``where-the-facts-arise`` finds, in the links' order."""
    base = answers.plant.base
    connected = {
        f"{source.name}.{table.name}" for source in answers.plant.sources for table in source.tables
    }
    steps: dict[Term, FlowStep] = {}
    carried: dict[str, set[Term]] = defaultdict(set)
    for row in rows:
        link = short(row["link"], base)
        step = steps.setdefault(row["step"], FlowStep(row["step"], short(row["step"], base)))
        carried[link].add(step.term)
        step.carries.add(link)
        _describe(step, row, base)
        if "next" in row:
            step.onward[link].add(row["next"])
    for step in steps.values():
        step.is_seen = bool(step.tables & connected)
    links = [*LINK_NAMES, *sorted(carried.keys() - set(LINK_NAMES))]
    return [
        Flow(link, {t: steps[t] for t in sorted(carried[link])}, tuple(_tables(answers, link)))
        for link in links
    ]


def _describe(step: FlowStep, row: Mapping[str, Term], base: str) -> None:
    def first(known: str, name: str) -> str:
        told = short(row[name], base) if name in row else ""
        return min(filter(None, (known, told)), default="")

    step.label = first(step.label, "label")
    step.process = first(step.process, "process")
    step.medium = first(step.medium, "medium")
    step.handover = first(step.handover, "handover")
    step.people |= {short(row["person"], base)} if "person" in row else set()
    step.tables |= {table_of_kind(row["kind"], base)} if "kind" in row else set()
    step.times_per_day = _greatest(step.times_per_day, row.get("times"))
    step.latency_minutes = _greatest(step.latency_minutes, row.get("latency"))


def _greatest(known: Fraction | None, term: Term | None) -> Fraction | None:
    number = read_number(term)
    number = number if number is not None and number >= 0 else None
    return max((n for n in (known, number) if n is not None), default=None)


def table_of_kind(kind: Term, base: str) -> str:
    """Name the table of a record kind: ``erp.sales_order``."""
    parts = short(kind, base).removeprefix("kind/").split("/", 1)
    return ".".join(unquote(part) for part in parts)


def properties_of_link(link: str) -> list[Term]:
    """Give the properties by which sources say a link."""
    if link == MACHINE_NOW:
        return [vocab.STARTED_AT, vocab.RUN_STARTED]
    slot = link.removeprefix("job-")
    said = {step.said for way in WAYS.get(slot, ()) for step in way}
    return sorted(said | (LINK_RULES[slot].needs if slot in LINK_RULES else frozenset()))


def _tables(answers: Answers, link: str) -> list[Producer]:
    return sorted({table for p in properties_of_link(link) for table in answers.producers.of(p)})


def records_per_day(answers: Answers, since: str, until: str) -> dict[str, Fraction]:
    """Count by table the records that became true in seven days, as an average of a day.

    ``since`` and ``until`` are xsd:dateTime in UTC.
    """
    rows = answers.store.select(
        f"SELECT ?kind (COUNT(?record) AS ?n) WHERE {{ "
        f"GRAPH <{answers.plant.base}graph/records> {{ ?record {vocab.RECORD_KIND} ?kind ; "
        f"{vocab.EFFECTIVE_AT} ?at "
        f'FILTER (?at > "{since}"^^<{vocab.XSD}dateTime> '
        f'&& ?at <= "{until}"^^<{vocab.XSD}dateTime>) }} }} GROUP BY ?kind ORDER BY ?kind'
    )
    base = answers.plant.base
    return {
        table_of_kind(row["kind"], base): Fraction(int(literal_text(row["n"])), 7)
        for row in rows
        if "kind" in row
    }


def sheets(answers: Answers) -> set[str]:
    """Name the sources that are somebody's sheet, not a system."""
    return {s.name for s in answers.plant.sources if s.system in {"spreadsheet", "people"}}
