"""Planner: what planning knows of operations, looked up for many at once, as of one clock."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from kg import vocab
from kg.answer.bundle import Reason
from kg.answer.evidence import literal_text
from kg.answer.lookup import look_up, look_up_values
from kg.answer.slots import LINK_RULES
from kg.times import parse_time

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from kg.answer.bundle import Fact, ReasonKind
    from kg.answer.evidence import Evidence
    from kg.answer.planning.supply import Batches
    from kg.answer.slots import Slots
    from kg.records import Fact as Triple
    from kg.records import Term
    from kg.store import Store

DONE = frozenset({"completed", "closed"})
OVER = DONE | {"cancelled"}
OPEN = ("planned", "released", "in-progress")
STOPPED = frozenset({"down", "maintenance", "off"})
_UTC = ZoneInfo("UTC")
_MOST_DIGITS = 30
_PRESUMED = frozenset(p for rule in LINK_RULES.values() for p, _ in rule.presumed)
_STEP = (
    vocab.OPERATION_OF, vocab.SEQUENCE, vocab.STATUS, vocab.PLANNED_START, vocab.PLANNED_END,
    vocab.PLANNED_ON, vocab.PLANNED_AT, vocab.OUTSOURCED_TO, vocab.RDF_TYPE, vocab.USES_TOOL,
    vocab.RUNS_PROGRAM, vocab.ON_PALLET, vocab.PRIORITY, vocab.PLANNED_QUANTITY,
    vocab.IN_SETUP_FAMILY, vocab.NEEDS_CAPABILITY, vocab.NEEDS_QUALIFICATION,
    vocab.SETUP_MINUTES, vocab.MINUTES_PER_PIECE, vocab.PLANNED_MINUTES, vocab.FOLLOWS,
)  # fmt: skip
_JOB = (
    vocab.STATUS, vocab.DUE_DATE, vocab.PRIORITY, vocab.MAKES, vocab.PLANNED_QUANTITY,
    vocab.GOOD_QUANTITY, vocab.UNIT, vocab.APPLIES_SPEC, vocab.PRESUMED_SPEC,
    vocab.USES_UNTRACKED_MATERIAL_ONLY,
)  # fmt: skip

Verdict = Literal["supports", "blocks", "doubt"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of an operation: it speaks for it, it blocks it, or it cannot be said."""

    kind: ReasonKind
    verdict: Verdict
    text: str
    facts: tuple[Triple, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One operation as planning sees it; times are in UTC, None where nobody says them."""

    term: Term
    job: Term
    sequence: int | None
    status: str | None
    start: datetime | None
    end: datetime | None

    @property
    def is_over(self) -> bool:
        """Tell whether it is finished or will not be done."""
        return self.status in OVER


class Values:
    """Values of the present by subject and property; looked up in sets, kept for one answer."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[tuple[Term, Term], tuple[Term, ...]] = {}

    def load(self, entities: Iterable[Term], predicates: Collection[Term]) -> None:
        """Look up what is not known yet, a thousand entities at once."""
        wanted = {e for e in entities if any((e, p) not in self._known for p in predicates)}
        found: dict[tuple[Term, Term], set[Term]] = defaultdict(set)
        for row in look_up_values(self._store, wanted, predicates, "?entity ?p ?o"):
            found[row["entity"], row["p"]].add(row["o"])
        for entity in wanted:
            for predicate in predicates:
                self._known[entity, predicate] = tuple(sorted(found[entity, predicate]))

    def of(self, subject: Term, predicate: Term) -> tuple[Term, ...]:
        """Give every value, sorted."""
        if (subject, predicate) not in self._known:
            self._known[subject, predicate] = tuple(
                sorted(set(self._store.objects(subject, predicate)))
            )
        return self._known[subject, predicate]

    def one(self, subject: Term, predicate: Term) -> Term | None:
        """Give the first value."""
        return next(iter(self.of(subject, predicate)), None)

    def number(self, subject: Term, predicate: Term) -> Fraction | None:
        """Give the first value as a number; None where it is none that can be."""
        return read_number(self.one(subject, predicate))

    def moment(self, subject: Term, predicate: Term) -> datetime | None:
        """Give the first value as a time."""
        return read_moment(self.one(subject, predicate))

    def text(self, subject: Term, predicate: Term) -> str | None:
        """Give the first value's own text."""
        term = self.one(subject, predicate)
        return None if term is None or term.startswith("<") else literal_text(term)

    def facts(self, subject: Term, *predicates: Term) -> tuple[Triple, ...]:
        """Give all facts of these properties, to be cited."""
        return tuple((subject, p, value) for p in predicates for value in self.of(subject, p))


@dataclass(slots=True)
class Planner:
    """The plant as planning reads it: one store, one clock, and the plant's time zone."""

    store: Store
    evidence: Evidence
    slots: Slots
    zone: ZoneInfo
    now: datetime
    is_said: Callable[[Term], bool]
    """Whether a connected source's mapping can say something by a property."""
    values: Values = field(init=False)
    inputs: dict[str, Fact] = field(default_factory=dict)
    """The facts from which something was computed, by id."""
    batches: dict[Term, Batches] = field(default_factory=dict)
    """The batches of each material that was looked at."""

    def __post_init__(self) -> None:
        self.values = Values(self.store)

    def steps(self, terms: Iterable[Term]) -> list[Step]:
        """Read operations, in the order given; what is of no job is left out."""
        listed = list(dict.fromkeys(terms))
        self.values.load(listed, _STEP)
        return [step for term in listed if (step := self._step(term)) is not None]

    def _step(self, term: Term) -> Step | None:
        job = self.values.one(term, vocab.OPERATION_OF)
        if job is None:
            return None
        sequence = self.values.number(term, vocab.SEQUENCE)
        return Step(
            term,
            job,
            None if sequence is None else int(sequence),
            self.word(self.values.one(term, vocab.STATUS)),
            self.values.moment(term, vocab.PLANNED_START),
            self.values.moment(term, vocab.PLANNED_END),
        )

    def steps_of(self, jobs: Iterable[Term]) -> dict[Term, list[Step]]:
        """Read every operation of jobs: by job, in the order of the routing."""
        wanted = set(jobs)
        self.values.load(wanted, _JOB)
        rows = look_up(self.store, wanted, f"?step {vocab.OPERATION_OF} ?entity")
        found: dict[Term, list[Step]] = {job: [] for job in wanted}
        for step in self.steps(sorted({row["step"] for row in rows})):
            found.setdefault(step.job, []).append(step)
        for steps in found.values():
            steps.sort(key=lambda step: (step.sequence is None, step.sequence or 0, step.term))
        return found

    def word(self, code: Term | None) -> str | None:
        """Give the last word of a code: ``released``."""
        return None if code is None else self.evidence.short(code)

    def short(self, term: Term) -> str:
        """Shorten a term for people."""
        return self.evidence.short(term)

    def listed(self, terms: Iterable[Term]) -> str:
        """Name things in a sentence."""
        return ", ".join(self.short(term) for term in terms)

    def due(self, job: Term) -> datetime | None:
        """Give the end of the day on which a job is due, in the plant's zone."""
        return read_day_end(self.values.one(job, vocab.DUE_DATE), self.zone)

    def cite(self, triples: Iterable[Triple]) -> tuple[Fact, ...]:
        """Make an answer's facts of present ones; a conflict shows."""
        found: dict[str, Fact] = {}
        for subject, predicate, value in triples:
            slot = local_name(predicate)
            name = self.evidence.fact_id((subject, predicate, value), slot)
            is_inferred = predicate in _PRESUMED
            for fact in self.evidence.facts(subject, predicate, slot, is_inferred=is_inferred):
                if fact.id == name:
                    found.setdefault(name, fact)
        return tuple(found.values())

    def reason(self, finding: Finding) -> Reason:
        """Give a finding with its facts cited."""
        return Reason(finding.kind, finding.text, self.cite(finding.facts))


def local_name(predicate: Term) -> str:
    """Give the name of a property without its namespace."""
    return predicate[1:-1].rsplit("/", 1)[-1].rsplit("#", 1)[-1]


def read_number(term: Term | None) -> Fraction | None:
    """Read a literal as an exact number; None where it is none, or of no size that can be."""
    if term is None or term.startswith("<"):
        return None
    try:
        number = Decimal(literal_text(term))
    except InvalidOperation:
        return None
    is_sane = number.is_finite() and abs(number.adjusted()) < _MOST_DIGITS
    return Fraction(number) if is_sane and len(number.as_tuple().digits) <= _MOST_DIGITS else None


def read_moment(term: Term | None) -> datetime | None:
    """Read a literal as a time in UTC; None where it is none."""
    if term is None or term.startswith("<"):
        return None
    try:
        return parse_time(literal_text(term), "iso", _UTC)
    except ValueError:
        return None


def read_day_end(term: Term | None, zone: ZoneInfo) -> datetime | None:
    """Give the end of a date in a zone, in UTC; a time stands for itself."""
    if term is None or term.startswith("<"):
        return None
    text = literal_text(term)
    if "T" in text:
        return read_moment(term)
    try:
        day = date.fromisoformat(text[:10]) + timedelta(days=1)
        return datetime.combine(day, time(), zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def number_text(number: Fraction | int, most: int = 6) -> str:
    """Write a number for people: exact where it has few decimals, else rounded to ``most``."""
    exact = round(Fraction(number), most)
    text = f"{Decimal(exact.numerator) / Decimal(exact.denominator):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def hours_of(span: timedelta) -> Fraction:
    """Give a span of time in hours, exactly to the microsecond."""
    return Fraction(span // timedelta(microseconds=1), 3_600_000_000)


def span_text(span: timedelta) -> str:
    """Write a span of time for people: ``2 d 3 h``, ``40 min``."""
    minutes = abs(span) // timedelta(minutes=1)
    days, rest = divmod(minutes, 1_440)
    hours, left = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {left} min" if left else f"{hours} h"
    return f"{left} min"
