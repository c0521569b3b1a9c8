"""Order lines: what is wanted when, by which jobs it is made, and how much of it has left."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from kg import vocab
from kg.answer.evidence import literal_text
from kg.answer.lookup import look_up
from kg.answer.planning.planner import read_day_end, read_moment, read_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from kg.answer.planning.planner import Planner
    from kg.records import Term
    from kg.store import Store


@dataclass(slots=True)
class OrderLine:
    """One line of a sales order; dates as they are written, jobs in a fixed order."""

    term: Term
    requested: str | None = None
    promised: str | None = None
    jobs: set[Term] = field(default_factory=set)

    @property
    def due(self) -> str | None:
        """The date that counts: the promised one, else the requested one."""
        return self.promised or self.requested

    def due_at(self, planner: Planner) -> datetime | None:
        """Give the end of the day on which it is due, in UTC."""
        return read_day_end(f'"{self.due}"', planner.zone) if self.due else None


def read_lines(rows: Iterable[Mapping[str, Term]]) -> list[OrderLine]:
    """Gather solutions with ``line``, ``requested``, ``promised`` and ``job`` by their line.

    Of several dates for one thing the first counts, as a promise was made by it.
    """
    found: dict[Term, OrderLine] = {}
    for row in rows:
        line = found.setdefault(row["line"], OrderLine(row["line"]))
        line.requested = _first(line.requested, row.get("requested"))
        line.promised = _first(line.promised, row.get("promised"))
        line.jobs |= {row["job"]} if "job" in row else set()
    return [found[term] for term in sorted(found)]


def _first(date: str | None, term: Term | None) -> str | None:
    text = literal_text(term) if term else None
    return min(filter(None, (date, text)), default=None)


def late_days(expected: datetime, due: datetime, planner: Planner) -> int:
    """Count the days after the day on which a line is due, by the plant's calendar."""
    last = (due - timedelta(microseconds=1)).astimezone(planner.zone).date()
    return (expected.astimezone(planner.zone).date() - last).days


@dataclass(frozen=True, slots=True)
class Shipped:
    """How much of a line has left, and when goods last did; None where nothing tells."""

    quantity: Fraction | None
    at: datetime | None


def shipped_of(store: Store, lines: Iterable[Term]) -> dict[Term, Shipped]:
    """Add up what was shipped for order lines; one that nothing left for is absent."""
    pattern = (
        f"?sent {vocab.SHIPS_FOR} ?entity OPTIONAL {{ ?sent {vocab.QUANTITY} ?quantity }} "
        f"OPTIONAL {{ ?sent {vocab.IN_SHIPMENT}/{vocab.SHIPPED_AT} ?at }}"
    )
    parts: dict[Term, dict[Term, tuple[Fraction | None, datetime | None]]] = {}
    for row in look_up(store, lines, pattern):
        one = (read_number(row.get("quantity")), read_moment(row.get("at")))
        parts.setdefault(row["entity"], {})[row["sent"]] = one
    found = {}
    for line, sent in parts.items():
        numbers = [number for number, _ in sent.values()]
        times = [at for _, at in sent.values() if at is not None]
        known = [number for number in numbers if number is not None]
        total = sum(known, Fraction(0)) if len(known) == len(numbers) else None
        found[line] = Shipped(total, max(times, default=None))
    return found
