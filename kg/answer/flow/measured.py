"""Measured flow: what each table gave, how late, by whom entered, and which link its records carry.

Delays are told of what came after a table's first reading: before it nobody looked. That a source
says when something became true is taken at its word, but for times that cannot be.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from kg import vocab
from kg.answer.evidence import short
from kg.answer.flow.declared import LINK_NAMES, MACHINE_NOW
from kg.answer.flow.steps import records_per_day
from kg.answer.gaps.breaks import WAYS
from kg.answer.lookup import all_rows
from kg.answer.slots import LINK_RULES
from kg.moments import AHEAD, EARLIEST
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from fractions import Fraction

    from kg.answer.answers import Answers
    from kg.answer.asking.producers import Producer
    from kg.journal import Came, Counted
    from kg.records import Term

WEEK = timedelta(days=7)
USUAL, LONG = 0.5, 0.95
ENTERED_BY = (vocab.BY_PERSON, vocab.STATED_BY)
"""What says in a record who entered it."""
_NOW_SAID = (vocab.STARTED_AT, vocab.RUN_STARTED)


@dataclass(frozen=True, slots=True)
class Delay:
    """How long something took, of so many records: half took no longer than ``p50_seconds``."""

    records: int
    p50_seconds: float
    p95_seconds: float

    @classmethod
    def of(cls, seconds: Iterable[float]) -> Delay | None:
        """Rank some delays (nearest rank); None of none."""
        ranked = sorted(seconds)
        if not ranked:
            return None

        def at(share: float) -> float:
            return round(ranked[ceil(share * len(ranked)) - 1], 3)

        return cls(len(ranked), at(USUAL), at(LONG))


@dataclass(frozen=True, slots=True)
class Carried:
    """How many of a table's records say what they should of a link."""

    link: str
    records: int
    of: int

    @property
    def share(self) -> float:
        """What part of all its records that is."""
        return round(self.records / self.of, 4) if self.of else 0.0


@dataclass(frozen=True, slots=True)
class MeasuredTable:
    """What one table gave; ``delay`` is from when something became true to when it was received.

    ``per_day`` is the average of what became true in the last seven days; ``people`` have entered
    so many of its records, by their codes. A crosswalk brings the ids of others together.
    """

    table: str
    source: str
    records: int
    versions: int
    per_day: Fraction | None
    last_seen: str | None
    delay: Delay | None
    people: tuple[tuple[str, int], ...]
    links: tuple[Carried, ...]
    is_crosswalk: bool = False

    def carried(self, link: str) -> Carried | None:
        """Give what its records say of a link; None where its mapping says nothing of it."""
        return next((one for one in self.links if one.link == link), None)

    def to_dict(self) -> dict[str, Any]:
        """Give plain data for JSON."""
        return {
            "table": self.table,
            "records": self.records,
            "versions": self.versions,
            "per_day": None if self.per_day is None else round(float(self.per_day), 3),
            "last_seen": self.last_seen,
            "delay": asdict(self.delay) if self.delay else None,
            "people": [{"person": person, "records": n} for person, n in self.people],
            "links": [{**asdict(one), "share": one.share} for one in self.links],
        }


def measure_tables(answers: Answers, now: datetime) -> dict[str, MeasuredTable]:
    """Measure every table of the connected sources, by its name; one that gave nothing too."""
    counted = {f"{row.source}.{row.kind}": row for row in answers.journal.measures.tables()}
    delays = _delays(answers.journal.measures.came())
    per_day = records_per_day(answers, format_time(now - WEEK), format_time(now))
    people = _people(answers)
    links = _links(answers, counted)
    crosswalks = {str(table) for table in answers.producers.of(vocab.OWL_SAME_AS)}
    found = {}
    for source in answers.plant.sources:
        for table in source.tables:
            name = f"{source.name}.{table.name}"
            row = counted.get(name)
            found[name] = MeasuredTable(
                name,
                source.name,
                row.records if row else 0,
                row.versions if row else 0,
                per_day.get(name),
                row.last if row else None,
                Delay.of(delays.get(name, ())),
                tuple(sorted(people.get(name, {}).items(), key=lambda one: (-one[1], one[0]))),
                tuple(links.get(name, ())),
                name in crosswalks,
            )
    return found


def _delays(came: Iterable[Came]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = defaultdict(list)
    for one in came:
        took = one.recorded - one.effective
        is_impossible = took < -AHEAD or format_time(one.effective) < EARLIEST
        if not is_impossible:
            found[f"{one.source}.{one.kind}"].append(max(took.total_seconds(), 0.0))
    return found


def _saying(answers: Answers, pattern: str, names: str = "") -> Iterator[tuple[str, ...]]:
    """Give for each record whose graph has a pattern its table, and what else is named, once.

    A record's graph has its name, which begins with source and table: no other graph is asked.
    """
    start = f"<{answers.plant.base}record/"
    for graph, *rest in all_rows(
        answers.store, f"record {names}", f"GRAPH ?record {{ {pattern} }}"
    ):
        if graph.startswith(start):
            source, kind, _ = graph[len(start) :].split("/", 2)
            yield f"{unquote(source)}.{unquote(kind)}", *rest


def _people(answers: Answers) -> dict[str, Counter[str]]:
    base = answers.plant.base
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for said in ENTERED_BY:
        for table, person in _saying(answers, f"?it {said} ?person", "person"):
            found[table][short(person, base).removeprefix("person/")] += 1
    return found


def _links(answers: Answers, counted: Mapping[str, Counted]) -> dict[str, list[Carried]]:
    """Count by table the records that say what decides each link."""
    deciding = {link: _deciding(answers, link) for link in LINK_NAMES}
    terms = sorted({term for tables in deciding.values() for term in tables.values()})
    said = {
        term: Counter(table for (table,) in _saying(answers, f"?it {term} ?value"))
        for term in terms
    }
    found: dict[str, list[Carried]] = defaultdict(list)
    for link, tables in deciding.items():
        for table, term in sorted(tables.items()):
            of = counted[table].records if table in counted else 0
            found[table].append(Carried(link, min(said[term][table], of), of))
    return found


def _deciding(answers: Answers, link: str) -> dict[str, Term]:
    """Name for each table the term by which its records say their part of a link.

    On the first way of the link on which a table can say a step, it is the farthest such step.
    What is said of a machine and no job is no link of a job: there a table says the way whole.
    """
    of = answers.producers.of
    if link == MACHINE_NOW:
        return {str(table): vocab.ON_MACHINE for term in _NOW_SAID for table in of(term)}
    slot = link.removeprefix("job-")
    ways = [[step.said for step in way] for way in WAYS[slot]]
    found: dict[str, Term] = {}
    for way in reversed(ways):
        least = len(way) if slot == "machine" else 1
        for table, said in _said_by(answers, way).items():
            if len(said) >= least:
                found[str(table)] = said[-1]
    for term in sorted(LINK_RULES[slot].needs) if slot != "machine" else ():
        found |= {str(table): term for table in of(term) if str(table) not in found}
    return found


def _said_by(answers: Answers, way: Sequence[Term]) -> Mapping[Producer, list[Term]]:
    found: dict[Producer, list[Term]] = defaultdict(list)
    for term in way:
        for table in answers.producers.of(term):
            found[table].append(term)
    return found
