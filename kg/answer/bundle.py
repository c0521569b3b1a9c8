"""The shape of an answer: facts in slots, slots in runs, and what is missing."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from functools import cache
from typing import Any, Literal

from kg.answer.gaps.candidates import Candidate  # noqa: TC001 - answers as JSON read the annotations

FactState = Literal["known", "inferred", "conflicting"]
SlotState = Literal[
    "known", "inferred", "conflicting", "none", "missing", "unknown", "not_due", "withheld"
]
Focus = Literal["now", "why_late", "next", "quality", "material", "full"]
ReasonKind = Literal[
    "rule", "release", "predecessor", "spec", "material", "tool", "qualification", "machine",
    "supplier", "start", "work", "scrap", "due", "plan", "program", "pallet", "capability",
]  # fmt: skip
Trust = Literal["system", "event", "person", "derived", "computed"]
GapKind = Literal[
    "link", "value", "conflict", "identity", "placeholder", "duplicate", "contradiction"
]


@dataclass(frozen=True, slots=True)
class Citation:
    """The record that says a fact: the source's name and the record's path below the base."""

    source: str
    record: str
    observed_at: str | None
    recorded_at: str | None


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of an answer.

    ``about`` and ``predicate`` are what it is bound to; ``via`` cites every record that it was
    joined through. ``observed_at`` is since when it is true (None: first seen, see
    ``recorded_at``), ``confirmed_at`` when its source last vouched for it, ``age_s`` the seconds
    since then. Times are ISO 8601 in UTC. A computed fact names the facts that it was computed
    from in ``inputs``, and is as sure as the least sure of them. Of a conflict's facts the losers
    are not ``is_current``.

    ``trust`` says what vouches for it: a ``system`` of record, an ``event``, a ``person``'s word,
    or nothing but what it was ``derived`` or ``computed`` from. ``datatype`` is what ``value`` is
    written in: ``iri``, a list of codes (``trc:job-status``), a datatype (``xsd:date``), or a
    language (``@sv``).
    """

    id: str
    about: str
    predicate: str
    value: str
    label: str
    state: FactState
    source: str | None
    record: str | None
    via: tuple[Citation, ...]
    observed_at: str | None
    recorded_at: str | None
    confirmed_at: str | None
    age_s: float | None
    is_stale: bool
    is_entity: bool = False
    unit: str | None = None
    note: str | None = None
    inputs: tuple[str, ...] = ()
    is_current: bool = True
    trust: Trust = "system"
    datatype: str = "xsd:string"

    @property
    def is_computed(self) -> bool:
        """Tell whether it was computed when the answer was made, and stands in no graph."""
        return bool(self.inputs)


@dataclass(frozen=True, slots=True)
class Worth:
    """An amount of money, exact and as text; amounts of two currencies do not compare."""

    amount: str
    currency: str | None


@dataclass(frozen=True, slots=True)
class AtRisk:
    """Whom a gap can hurt: open sales orders, their customers, and the first date that is due.

    Of many only the first to be due are named; the counts are of all.
    """

    orders: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()
    due: str | None = None
    order_count: int = 0
    customer_count: int = 0


@dataclass(frozen=True, slots=True)
class SlotGap:
    """What is lacking of an entity, why, who should hold it (None: no connected source could).

    ``id`` stays the same as long as the gap is open. ``checked_at`` is when it was last looked
    for; ``owner`` is whose the source is; ``flow_step`` the table in which it would be said;
    ``questions`` are the names of the saved questions that it leaves without a full answer.
    """

    entity: str
    slot: str
    state: SlotState
    shape: str | None
    severity: str | None
    message: str
    source: str | None
    record: str | None
    since: str | None = None
    kind: GapKind = "link"
    id: str = ""
    label: str = ""
    checked_at: str | None = None
    owner: str | None = None
    flow_step: str | None = None
    questions: tuple[str, ...] = ()
    at_risk: AtRisk | None = None
    value_at_risk: tuple[Worth, ...] = ()
    candidates: tuple[Candidate, ...] = ()

    def __post_init__(self) -> None:
        if not self.id:
            name = gap_id(self.entity, self.slot, self.kind, self.shape or "")
            object.__setattr__(self, "id", name)

    def to_dict(self) -> dict[str, Any]:
        """Give plain data for JSON, as ``asdict`` does and ten times as fast."""
        told = {name.name: getattr(self, name.name) for name in fields(self)}
        told["at_risk"] = asdict(self.at_risk) if self.at_risk else None
        told["value_at_risk"] = [asdict(worth) for worth in self.value_at_risk]
        told["candidates"] = [asdict(candidate) for candidate in self.candidates]
        return told


def gap_id(entity: str, slot: str, kind: GapKind, *told: str) -> str:
    """Name a gap so that it can be asked for again: ``job/1043~customer~3fa2c1d0``.

    ``told`` tells several of one kind and slot apart: a shape, another entity.
    """
    digest = hashlib.sha256("\0".join((entity, slot, kind, *told)).encode()).hexdigest()[:8]
    return f"{entity}~{slot}~{digest}"


@dataclass(slots=True)
class Slot:
    """What is known of one link or value, or why it is empty.

    ``note`` says why something cannot be computed; ``withheld`` counts the facts that whoever asks
    is not shown.
    """

    state: SlotState
    facts: list[Fact] = field(default_factory=list)
    gap: SlotGap | None = None
    note: str | None = None
    withheld: int = 0


@dataclass(slots=True)
class Run:
    """One run: a job on a machine, open as long as it has no end.

    ``end`` is ``open``, ``recorded``, or ``inferred`` where nothing recorded it and a later start
    on the machine shows that it was over; ``ended_at`` is then the latest it can have been.
    ``left_out`` says of which list (``pieces``) how many more there are than are listed.
    """

    run: str
    phase: str | None
    position: str | None
    since: str | None
    operations: list[str]
    pieces: list[str]
    quantity: dict[str, str | None]
    slots: dict[str, Slot]
    end: Literal["open", "recorded", "inferred"] = "open"
    ended_at: str | None = None
    note: str | None = None
    left_out: dict[str, int | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reason:
    """One ground of what is advised or explained: of which kind, in words, by which facts."""

    kind: ReasonKind
    text: str
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class NextEntry:
    """An operation that waits; times are ISO 8601 in UTC, ``due`` a date as its source says it.

    ``rank`` counts those that can start, by the rule; it is None where something blocks the
    operation, where the rule lacks a fact, and where nobody looked (``state`` is ``waiting``).
    ``doubts`` are what cannot be said. ``facts`` are those that it is itself made of, ``machine``
    where a job's own step is planned.
    """

    operation: str
    label: str
    job: str
    planned_start: str | None
    due: str | None
    rule: str
    state: Literal["ready", "blocked", "waiting"] = "waiting"
    rank: int | None = None
    reasons: tuple[Reason, ...] = ()
    blockers: tuple[Reason, ...] = ()
    doubts: tuple[Reason, ...] = ()
    facts: tuple[Fact, ...] = ()
    machine: str | None = None


@dataclass(frozen=True, slots=True)
class NextOrder:
    """By which rule ``next`` stands in its order, of how many, and what holds for all of them."""

    rule: str
    means: str
    ready: int
    blocked: int
    listed: int
    remarks: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Cause:
    """One link of the chain that makes something late; each was brought about by the next.

    ``hours`` is how much later than planned, where that can be said.
    """

    kind: ReasonKind
    about: str
    text: str
    since: str | None
    hours: str | None
    facts: tuple[Fact, ...] = ()


@dataclass(slots=True)
class Context:
    """The answer to "what is going on with this entity?", and what its focus adds.

    ``computed`` are slots of computed facts, ``inputs`` the facts that these were computed from.

    ``withheld`` counts what whoever asks is not shown. ``left_out`` says of which list (``runs``,
    ``slots.job``) how many more there are than are listed; None where that is withheld.
    """

    entity: dict[str, str]
    as_of: str
    applied_seq: int
    status: dict[str, str | None]
    slots: dict[str, Slot]
    runs: list[Run]
    next: list[NextEntry]
    gaps: list[SlotGap]
    notes: list[dict[str, str | None]]
    sources: list[dict[str, Any]]
    focus: Focus = "now"
    order: NextOrder | None = None
    causes: list[Cause] = field(default_factory=list)
    computed: dict[str, Slot] = field(default_factory=dict)
    inputs: list[Fact] = field(default_factory=list)
    withheld: int = 0
    left_out: dict[str, int | None] = field(default_factory=dict)

    def to_dict(self, done: dict[int, Any] | None = None) -> dict[str, Any]:
        """Give plain data for JSON, what is told of twice as one object.

        ``done`` gets what each thing became, by its ``id``.
        """
        told: dict[str, Any] = _plain(self, {} if done is None else done)
        return told


_PLAIN = frozenset({str, bool, float, int, type(None)})


def _plain(value: Any, done: dict[int, Any]) -> Any:
    """Give plain data, as ``asdict`` does and many times as fast."""
    if value.__class__ in _PLAIN:
        return value
    if isinstance(value, list | tuple):
        return [part if part.__class__ in _PLAIN else _plain(part, done) for part in value]
    if isinstance(value, dict):
        return {name: _plain(part, done) for name, part in value.items()}
    names = _names_of(value.__class__)
    if not names:
        return value
    made: dict[str, Any] | None = done.get(id(value))
    if made is None:
        made = done[id(value)] = {name: getattr(value, name) for name in names}
        for name, part in made.items():
            if part.__class__ not in _PLAIN:
                made[name] = _plain(part, done)
    return made


@cache
def _names_of(kind: Any) -> tuple[str, ...]:
    """Give the fields of a dataclass; none of what is none."""
    return tuple(one.name for one in fields(kind)) if is_dataclass(kind) else ()


_ORDER: tuple[SlotState, ...] = (
    "conflicting", "known", "inferred", "withheld", "missing", "none", "unknown", "not_due"
)  # fmt: skip


def unite(slots: list[Slot]) -> Slot:
    """Unite one slot over several runs: all facts once, the most telling state, the first gap."""
    facts = {fact.id: fact for slot in slots for fact in slot.facts}
    states = [slot.state for slot in slots] or ["unknown"]
    state = min(states, key=_ORDER.index)
    gap = next((slot.gap for slot in slots if slot.gap is not None), None)
    note = next((slot.note for slot in slots if slot.note is not None), None)
    return Slot(state, list(facts.values()), gap, note)
