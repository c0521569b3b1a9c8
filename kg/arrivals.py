"""Arrivals: what was read of a table goes into journal and quarantine, and its rows are counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kg.records import Filtered, Record, Rejected

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from kg.errors import SourceError
    from kg.journal import Journal
    from kg.sources import Item, Reading

JOURNAL_BATCH = 5_000
_DRIFTED = {"missing-column", "missing-required", "bad-time"}


@dataclass(slots=True)
class Balance:
    """What became of the rows of one table: read = new + unchanged + filtered + quarantined.

    Of messages it also holds the refused ones, and ``warnings`` of columns that changed.
    """

    source: str
    kind: str
    read: int = 0
    new: int = 0
    unchanged: int = 0
    retired: int = 0
    filtered: Counter[str] = field(default_factory=Counter)
    quarantined: int = 0
    waits: str = ""
    missed: str = ""
    error: SourceError | None = None
    refused: list[Rejected] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def alarm(self) -> Rejected | None:
        """A message that lacks what settings name, as if its sender had been changed."""
        return next((row for row in self.refused if row.code in _DRIFTED), None)


class Arrivals:
    """The rows of one reading on their way into the journal and the quarantine.

    Where earlier rows are not read again, both are written in the order of the rows, so that it is
    known whether a key came again after a row that could not be read.
    """

    def __init__(
        self,
        journal: Journal,
        mappings: Mapping[tuple[str, str], str],
        reading: Reading,
        balance: Balance,
        now: datetime,
    ) -> None:
        self._journal = journal
        self._mappings = mappings
        self._reading = reading
        self.balance = balance
        self.refused_keys: set[str] = set()
        self._now = now
        self._waiting = journal.unreadable_of(balance.source, balance.kind)
        self._has_waiting = bool(self._waiting)
        self._records: list[Record] = []
        self._rejected: list[Rejected] = []

    def take(self, item: Item) -> None:
        """Take one row in."""
        self.balance.read += 1
        if isinstance(item, Filtered):
            self.balance.filtered[item.rule] += 1
        elif isinstance(item, Rejected):
            self._take_rejected(item)
        else:
            self._take_record(item)

    def end(self) -> None:
        """Write the rest; what was read anew as a whole and is well now leaves quarantine."""
        self._write_records()
        self._write_rejected(self._waiting if self._reading.is_from_start else ())

    def _take_rejected(self, rejected: Rejected) -> None:
        self.balance.quarantined += 1
        if rejected.key is not None:
            self.refused_keys.add(rejected.key)
        if not self._reading.is_from_start:
            self._write_records()
        self._rejected.append(rejected)

    def _take_record(self, record: Record) -> None:
        self.refused_keys.discard(record.key)
        if not self._reading.is_from_start:
            self._write_rejected()
        self._records.append(record)
        if len(self._records) >= JOURNAL_BATCH:
            self._write_records()

    def _write_records(self) -> None:
        if not self._records:
            return
        appended = self._journal.append(self._records, self._now)
        self.balance.new += appended.new
        self.balance.unchanged += appended.unchanged
        if self._has_waiting and not self._reading.is_from_start:
            self._journal.supersede((record, None) for record in self._records)
        self._records = []

    def _write_rejected(self, replacing: Collection[int] = ()) -> None:
        if self._rejected or replacing:
            self._journal.quarantine(self._rejected, self._now, self._mappings, replacing)
            self._has_waiting = True
        self._rejected = []
