"""Intake: what the sources give is written to the journal, and what cannot be is quarantined."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kg.errors import SourceError
from kg.records import Filtered, Record, Rejected
from kg.sources import read_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from kg.journal import Journal
    from kg.settings import Plant, SourceSettings
    from kg.sources import Reading

JOURNAL_BATCH = 5_000


@dataclass(slots=True)
class Balance:
    """What became of the rows of one table: read = new + unchanged + filtered + quarantined."""

    source: str
    kind: str
    read: int = 0
    new: int = 0
    unchanged: int = 0
    retired: int = 0
    filtered: Counter[str] = field(default_factory=Counter)
    quarantined: int = 0
    error: SourceError | None = None


class Intake:
    """Reads a plant's sources into its journal."""

    def __init__(self, plant: Plant, journal: Journal, report: Callable[[str, str], None]) -> None:
        self._plant = plant
        self._journal = journal
        self._report = report

    def read(self, now: datetime) -> list[Balance]:
        """Read every source once; what the journal holds is durable when this returns.

        A table that cannot be read as a whole says so in its balance; the others are read.
        """
        return [
            balance for source in self._plant.sources for balance in self._read_source(source, now)
        ]

    def _read_source(self, source: SourceSettings, now: datetime) -> Iterator[Balance]:
        cursors = self._journal.cursors(source.name)
        try:
            for reading in read_source(source, cursors, now):
                self._report("journal", f"{source.name}.{reading.table.name}")
                balance = Balance(source.name, reading.table.name)
                try:
                    self._read_table(source, reading, balance, now)
                except SourceError as error:
                    balance.error = error
                yield balance
        except SourceError as error:
            yield Balance(source.name, "", error=error)

    def _read_table(
        self, source: SourceSettings, reading: Reading, balance: Balance, now: datetime
    ) -> None:
        kind = reading.table.name
        batch: list[Record] = []
        rejected: list[Rejected] = []
        for item in reading.items:
            balance.read += 1
            if isinstance(item, Record):
                batch.append(item)
            elif isinstance(item, Filtered):
                balance.filtered[item.rule] += 1
            else:
                rejected.append(item)
            if len(batch) >= JOURNAL_BATCH:
                self._append(batch, balance, now)
                batch = []
        self._append(batch, balance, now)
        if reading.table.arrives == "snapshot":
            self._journal.clear_quarantine(source.name, kind, "read")
        self._journal.quarantine(rejected, now)
        balance.quarantined = len(rejected)
        if reading.is_whole and reading.table.arrives == "snapshot":
            seen = reading.seen_keys
            balance.retired = self._journal.retire_missing(source.name, kind, seen, now)
        if balance.read == 0 or balance.quarantined < balance.read:
            # A source whose every row is unreadable vouches for nothing.
            self._journal.set_cursor(source.name, kind, reading.cursor, now)

    def _append(self, batch: list[Record], balance: Balance, now: datetime) -> None:
        if batch:
            appended = self._journal.append(batch, now)
            balance.new += appended.new
            balance.unchanged += appended.unchanged
