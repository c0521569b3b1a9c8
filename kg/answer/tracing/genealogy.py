"""Genealogy: what the graph says of batches, jobs, pieces, orders and shipments, read by sets."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from kg import vocab
from kg.answer.evidence import literal_text
from kg.answer.lookup import look_up_values
from kg.times import parse_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from kg.answer.tracing.veil import Veil
    from kg.records import Fact, Term
    from kg.store import Store

Role = Literal["input", "loaded", "output"]
_ROLES: dict[Term, Role] = {
    vocab.INPUT_TO: "input",
    vocab.LOADED_FOR: "loaded",
    vocab.OUTPUT_OF: "output",
}
_STATED: dict[Term, Role] = {
    vocab.CONSUMES: "input",
    vocab.POSSIBLY_CONSUMES: "loaded",
    vocab.PRODUCES: "output",
}
_JUDGED: frozenset[Term] = frozenset({
    vocab.OF_MATERIAL, vocab.QUANTITY, vocab.UNIT, vocab.USED_QUANTITY, vocab.RECEIVED_AT,
    vocab.OF_BATCH, *_ROLES, *_STATED, vocab.CERTAINTY, vocab.OF_JOB, vocab.STARTED_AT,
    vocab.ENDED_AT, vocab.CUT_FROM, vocab.PIECE_OF, vocab.SHIPS_FOR, vocab.SHIPS_BATCH,
    vocab.SHIPS_PIECE,
})  # fmt: skip
"""What steps are judged by."""
_UTC = ZoneInfo("UTC")
_POSSIBLE = vocab.code("certainty", "possible")

# For each kind of thing, the properties that lead from it and those that lead to it.
_AWAY: dict[str, tuple[Term, ...]] = {
    "batch": (
        vocab.OF_MATERIAL, vocab.SUPPLIED_BY, vocab.QUANTITY, vocab.UNIT,
        vocab.DISCARDED_QUANTITY, vocab.STORED_AT, vocab.RECEIVED_AT,
    ),
    "use": (vocab.OF_BATCH, *_ROLES, vocab.USED_QUANTITY, vocab.UNIT, vocab.CERTAINTY),
    "job": (
        vocab.MAKES, vocab.STATUS, vocab.USES_UNTRACKED_MATERIAL_ONLY, *_STATED,
    ),
    "piece": (vocab.PIECE_OF, vocab.CUT_FROM, vocab.ASSEMBLED_INTO, vocab.SERIAL_NUMBER),
    "run": (vocab.STARTED_AT, vocab.ENDED_AT),
    "allocation": (vocab.ALLOCATION_OF, vocab.TO_ORDER_LINE),
    "order-line": (vocab.LINE_OF, vocab.QUANTITY, vocab.UNIT),
    "order": (vocab.ORDERED_BY,),
    "shipment-line": (
        vocab.IN_SHIPMENT, vocab.SHIPS_FOR, vocab.SHIPS_BATCH, vocab.SHIPS_PIECE,
        vocab.QUANTITY, vocab.UNIT,
    ),
    "shipment": (vocab.SHIPPED_TO, vocab.SHIPPED_AT),
}  # fmt: skip
_TOWARDS: dict[str, tuple[Term, ...]] = {
    "batch": (vocab.OF_BATCH, vocab.CUT_FROM, vocab.SHIPS_BATCH, *_STATED),
    "job": (*_ROLES, vocab.PIECE_OF, vocab.ALLOCATION_OF, vocab.OF_JOB),
    "piece": (vocab.ASSEMBLED_INTO, vocab.SHIPS_PIECE),
    "order-line": (vocab.TO_ORDER_LINE, vocab.SHIPS_FOR),
    "order": (vocab.LINE_OF,),
    "shipment": (vocab.IN_SHIPMENT,),
    "customer": (vocab.ORDERED_BY, vocab.SHIPPED_TO),
    "supplier": (vocab.SUPPLIED_BY,),
}


@dataclass(frozen=True, slots=True)
class Use:
    """A batch that went into a job, came out of one, or was loaded for one.

    ``batch`` is empty where a use was written down without its batch. ``facts`` say it.
    """

    batch: Term
    job: Term
    role: Role
    is_certain: bool
    quantity: Decimal | None
    unit: str | None
    facts: tuple[Fact, ...]


class Genealogy:
    """Holds what was read so far; every ``read`` asks once for many things.

    What a ``veil`` keeps from whoever asks is not there: nothing that is told rests on it.
    """

    def __init__(self, store: Store, veil: Veil | None = None) -> None:
        self._store = store
        self.veil = veil
        self._away: dict[Term, dict[Term, list[Term]]] = defaultdict(lambda: defaultdict(list))
        self._towards: dict[Term, dict[Term, list[Term]]] = defaultdict(lambda: defaultdict(list))
        self._read: set[tuple[str, Term]] = set()
        self._uses_of: dict[tuple[str, Term], list[Use]] = {}

    def read(self, kind: str, things: Iterable[Term]) -> None:
        """Read what is said of things, and by what, for the properties of their kind."""
        self._ask(kind, things, _AWAY, self._away, "?entity ?p ?o")
        self._ask(kind, things, _TOWARDS, self._towards, "?o ?p ?entity")

    def describe(self, kind: str, things: Iterable[Term]) -> None:
        """Read what is said of things, and not by what: of those that are only compared with."""
        self._ask(kind, things, _AWAY, self._away, "?entity ?p ?o")

    def _ask(
        self,
        kind: str,
        things: Iterable[Term],
        wanted: dict[str, tuple[Term, ...]],
        into: dict[Term, dict[Term, list[Term]]],
        pattern: str,
    ) -> None:
        way = f"{kind} {pattern}"
        new = {thing for thing in things if (way, thing) not in self._read}
        if not new or not wanted.get(kind):
            return
        self._read |= {(way, thing) for thing in new}
        self._uses_of.clear()
        rows = list(look_up_values(self._store, new, wanted[kind], pattern))
        if self.veil is not None:
            ends = ("entity", "o") if wanted is _AWAY else ("o", "entity")
            facts = [(row[ends[0]], row["p"], row[ends[1]]) for row in rows]
            shown = set(self.veil.shown(facts))
            rows = [row for row, fact in zip(rows, facts, strict=True) if fact in shown]
        for row in rows:
            into[row["entity"]][row["p"]].append(row["o"])

    def obscured(self, kind: str) -> frozenset[Term]:
        """Give the properties of a kind of thing of which something may not be shown."""
        if self.veil is None:
            return frozenset()
        return self.veil.obscured.intersection((*_AWAY.get(kind, ()), *_TOWARDS.get(kind, ())))

    @property
    def is_judged_in_part(self) -> bool:
        """Whether something by which steps are judged may not be shown."""
        return self.veil is not None and not self.veil.obscured.isdisjoint(_JUDGED)

    def of(self, thing: Term, predicate: Term) -> list[Term]:
        """Give the values of a property, in a fixed order."""
        held = self._away.get(thing)
        return sorted(set(held[predicate])) if held and predicate in held else []

    def to(self, thing: Term, predicate: Term) -> list[Term]:
        """Give what a property leads to a thing from, in a fixed order."""
        held = self._towards.get(thing)
        return sorted(set(held[predicate])) if held and predicate in held else []

    def number(self, thing: Term, predicate: Term) -> Decimal | None:
        """Give the one number that a property has; None where there is none, or several."""
        values = {_decimal(term) for term in self.of(thing, predicate)}
        return values.pop() if len(values) == 1 else None

    def text(self, thing: Term, predicate: Term) -> str | None:
        """Give the one text that a property has; None where there is none, or several."""
        values = self.of(thing, predicate)
        return literal_text(values[0]) if len(values) == 1 else None

    def read_batches(self, batches: Iterable[Term]) -> None:
        """Read batches with their uses, and the jobs of these."""
        wanted = set(batches)
        self.read_uses(wanted)
        self.read_jobs({use.job for batch in wanted for use in self.uses_of_batch(batch)})

    def read_uses(self, batches: Iterable[Term]) -> None:
        """Read batches with their uses: what they went into, and what they came out of."""
        wanted = set(batches)
        self.read("batch", wanted)
        self.describe("use", {use for batch in wanted for use in self.to(batch, vocab.OF_BATCH)})

    def read_jobs(self, jobs: Iterable[Term]) -> None:
        """Read jobs with all that goes in and comes out, and what is compared with: materials."""
        wanted = set(jobs)
        self.read("job", wanted)
        uses = {u for job in wanted for role in _ROLES for u in self.to(job, role)}
        self.describe("use", uses)
        self.describe("allocation", {a for j in wanted for a in self.to(j, vocab.ALLOCATION_OF)})
        self.describe("piece", {p for job in wanted for p in self.to(job, vocab.PIECE_OF)})
        inputs = {use.batch for job in wanted for use in self.uses_of_job(job) if use.batch}
        cut = {c for j in wanted for p in self.pieces(j) for c in self.of(p, vocab.CUT_FROM)}
        self.read("batch", inputs | cut)
        # How much of a batch is left decides whether one that was only loaded can be in it.
        loaded = {u.batch for job in wanted for u in self.uses_of_job(job) if u.role == "loaded"}
        self.describe("use", {use for batch in loaded for use in self.to(batch, vocab.OF_BATCH)})
        makers = {job for batch in loaded for job in self.makers(batch)}
        self.read("job", makers)
        self.describe("run", {run for j in wanted | makers for run in self.to(j, vocab.OF_JOB)})
        lines = {line for job in wanted for line in self.lines(job)}
        self.read_lines(lines)

    def read_lines(self, lines: Iterable[Term]) -> None:
        """Read order lines, and which goods left for them."""
        wanted = set(lines)
        self.read("order-line", wanted)
        self.describe(
            "shipment-line", {s for line in wanted for s in self.to(line, vocab.SHIPS_FOR)}
        )

    def uses_of_batch(self, batch: Term) -> list[Use]:
        """Give the uses of a batch that name a job."""
        return self._kept("batch", batch)

    def uses_of_job(self, job: Term) -> list[Use]:
        """Give the uses of a job, also those without a batch."""
        return self._kept("job", job)

    def _kept(self, end: str, thing: Term) -> list[Use]:
        if (end, thing) not in self._uses_of:
            self._uses_of[end, thing] = self._uses(end, thing)
        return self._uses_of[end, thing]

    def _uses(self, end: str, thing: Term) -> list[Use]:
        """Give uses from either end; what is stated without a use is one of unknown quantity."""
        ways = (vocab.OF_BATCH,) if end == "batch" else tuple(_ROLES)
        named = [use for way in ways for use in self.to(thing, way)]
        found = [u for use in dict.fromkeys(named) for u in self._described(use)]
        known = {(u.batch, u.job, u.role) for u in found}
        for predicate, role in _STATED.items():
            others = self.to(thing, predicate) if end == "batch" else self.of(thing, predicate)
            for other in others:
                batch, job = (thing, other) if end == "batch" else (other, thing)
                if (batch, job, role) not in known:
                    facts = ((job, predicate, batch),)
                    found.append(Use(batch, job, role, role != "loaded", None, None, facts))
        wanted = found if end == "job" else [use for use in found if use.batch == thing]
        return [use for use in wanted if end == "batch" or use.job == thing]

    def _described(self, use: Term) -> Iterator[Use]:
        batches = self.of(use, vocab.OF_BATCH) or [""]
        is_possible = _POSSIBLE in self.of(use, vocab.CERTAINTY)
        quantity, unit = self.number(use, vocab.USED_QUANTITY), self.text(use, vocab.UNIT)
        for predicate, role in _ROLES.items():
            for job in self.of(use, predicate):
                for batch in batches:
                    of_batch = ((use, vocab.OF_BATCH, batch),) if batch else ()
                    facts = (*of_batch, (use, predicate, job))
                    is_certain = role != "loaded" and not is_possible
                    yield Use(batch, job, role, is_certain, quantity, unit, facts)

    def materials(self, batch: Term) -> set[Term]:
        """Give what a batch is a quantity of."""
        return set(self.of(batch, vocab.OF_MATERIAL))

    def makers(self, batch: Term) -> list[Term]:
        """Give the jobs that a batch came out of."""
        jobs = {use.job for use in self.uses_of_batch(batch) if use.role == "output"}
        return sorted(jobs)

    def batches_made(self, job: Term) -> list[Term]:
        """Give the batches that came out of a job."""
        made = {use.batch for use in self.uses_of_job(job) if use.role == "output" and use.batch}
        return sorted(made)

    def pieces(self, job: Term) -> list[Term]:
        """Give the pieces that a job made."""
        return self.to(job, vocab.PIECE_OF)

    def lines(self, job: Term) -> list[Term]:
        """Give the order lines that a job is allocated to."""
        allocations = self.to(job, vocab.ALLOCATION_OF)
        return sorted({line for a in allocations for line in self.of(a, vocab.TO_ORDER_LINE)})

    def jobs_of_line(self, line: Term) -> list[Term]:
        """Give the jobs that are allocated to an order line; its allocations must be described."""
        allocations = self.to(line, vocab.TO_ORDER_LINE)
        return sorted({job for a in allocations for job in self.of(a, vocab.ALLOCATION_OF)})

    def last_end(self, job: Term) -> datetime | None:
        """Give when the last run of a job ended; None where it has none, or one is not over."""
        ends = [self._times(run, vocab.ENDED_AT) for run in self.to(job, vocab.OF_JOB)]
        return max(max(end) for end in ends) if ends and all(ends) else None

    def first_there(self, batch: Term) -> datetime | None:
        """Give before when a batch cannot have been there: its receipt, or its making's start."""
        if received := self._times(batch, vocab.RECEIVED_AT):
            return min(received)
        runs = [self.to(job, vocab.OF_JOB) for job in self.makers(batch)]
        starts = [[t for run in of for t in self._times(run, vocab.STARTED_AT)] for of in runs]
        return min(min(start) for start in starts) if starts and all(starts) else None

    def _times(self, thing: Term, predicate: Term) -> list[datetime]:
        return [moment for term in self.of(thing, predicate) if (moment := _moment(term))]


def _decimal(term: Term) -> Decimal | None:
    try:
        number = Decimal(literal_text(term))
    except (InvalidOperation, ValueError):
        return None
    return number if number.is_finite() else None


def _moment(term: Term) -> datetime | None:
    try:
        return parse_time(literal_text(term), "iso", _UTC)
    except ValueError:
        return None
