"""Intake: what the sources give is written to the journal, and what cannot be is quarantined."""

from __future__ import annotations

import logging
import threading
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from kg.arrivals import Arrivals, Balance
from kg.errors import SourceError
from kg.records import Filtered, Record, Rejected
from kg.sources import Drift, Message, is_read_again, read_source, reread_rows
from kg.sources.messages import read_messages
from kg.sources.topics import tables_of
from kg.times import sortable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from kg.journal import Journal, Quarantined
    from kg.settings import Plant, SourceSettings, TableSettings
    from kg.sources import Item, Reading
    from kg.tally import Tally

_log = logging.getLogger("traveler.intake")
FEW_ROWS = 20
"""So many rows of a table may be gone at once, whatever share of it they are."""


class Intake:
    """Reads a plant's sources into its journal.

    ``mappings`` is the version of what each (source, table) is read and lifted by; ``tally``
    counts what comes in.
    """

    def __init__(
        self,
        plant: Plant,
        journal: Journal,
        mappings: Mapping[tuple[str, str], str],
        report: Callable[[str, str], None],
        tally: Tally,
    ) -> None:
        self._plant = plant
        self._journal = journal
        self._tally = tally
        self._mappings = mappings
        self._report = report
        self._confirmed: frozenset[str] = frozenset()
        self._read_whole: dict[tuple[str, str], tuple[str, Balance]] = {}
        self._drifts: dict[tuple[str, str], Drift] = {}
        self._finding_drift = threading.Lock()

    def take(
        self, source_name: str, table_name: str, messages: Sequence[Message], now: datetime
    ) -> Balance:
        """Take messages of a table in; all of it is durable when this returns. Any thread may call.

        The table "" is that of messages which no table is for: they wait until one is.

        Raises:
            ConfigError: there is no such source or table.
            JournalError: nothing was taken, as it cannot be written.
        """
        source = self._plant.source(source_name)
        balance = Balance(source.name, table_name)
        if not table_name:
            items: list[Item] = [_no_table(source, message) for message in messages]
            self._keep(items, "", balance, now)
            return balance
        table = source.table(table_name)
        drift = self._drift(source, table)
        taken = read_messages(source, table, messages, drift)
        balance.warnings = taken.warnings
        self._keep(taken.items, drift.cursor(), balance, now)
        return balance

    def _keep(self, items: list[Item], cursor: str, balance: Balance, now: datetime) -> None:
        balance.read = len(items)
        balance.filtered = Counter(item.rule for item in items if isinstance(item, Filtered))
        balance.refused = [item for item in items if isinstance(item, Rejected)]
        balance.quarantined = len(balance.refused)
        kept = [item for item in items if not isinstance(item, Filtered)]
        if kept:
            place = (balance.source, balance.kind)
            appended = self._journal.take(place, kept, cursor, now, self._mappings)
            balance.new, balance.unchanged = appended
        self._count(balance)

    def _count(self, balance: Balance) -> None:
        self._tally.take(balance.source, balance.new + balance.retired, balance.quarantined)

    def _drift(self, source: SourceSettings, table: TableSettings) -> Drift:
        place = (source.name, table.name)
        with self._finding_drift:
            if place not in self._drifts:
                cursor = self._journal.cursors(source.name).get(table.name, "")
                self._drifts[place] = Drift(source, table, cursor)
            return self._drifts[place]

    def read(self, now: datetime, confirmed: Collection[str] = ()) -> list[Balance]:
        """Read every source once; what the journal holds is durable when this returns.

        A table that cannot be read as a whole says so in its balance; the others are read.
        ``confirmed`` are tables (``source.table``) of which any number of rows may be gone.
        """
        self._confirmed = frozenset(confirmed)
        try:
            return [
                balance
                for source in self._plant.sources
                for balance in self.read_source(source, now)
            ]
        finally:
            self._confirmed = frozenset()

    def read_source(self, source: SourceSettings, now: datetime) -> list[Balance]:
        """Read one source once; different ones may be read at the same time."""
        return list(self._read_source(source, now))

    def reread(self, rows: Iterable[Quarantined], now: datetime) -> list[Balance]:
        """Read again what could not be read, by today's settings.

        A table whose next reading would give the rows again is read; other rows are made sense of
        as they were kept. Those of a source or table that is not connected go on waiting.
        """
        of_tables: dict[tuple[str, str], list[Quarantined]] = defaultdict(list)
        for row in rows:
            of_tables[row.rejected.source, row.rejected.kind].append(row)
        balances: list[Balance] = []
        for source in self._plant.sources:
            balances += self._retake(source, of_tables.get((source.name, ""), []), now)
        for source in self._plant.sources:
            for table in source.tables:
                if kept := of_tables.get((source.name, table.name)):
                    balances += self._reread_table(source, table, kept, now)
        return balances

    def _retake(
        self, source: SourceSettings, kept: list[Quarantined], now: datetime
    ) -> Iterator[Balance]:
        """Take messages that no table was for into the tables that are for them by now."""
        for row in kept:
            said = row.rejected
            content = said.raw.encode(errors="surrogateescape")
            tables = list(tables_of(source, said.position))
            for table, columns in tables:
                message = Message(said.position, content, columns)
                yield self.take(source.name, table.name, [message], now)
            tried = {row.id: None if tables else said}
            self._journal.requarantine(tried, now, self._mappings)

    def _reread_table(
        self, source: SourceSettings, table: TableSettings, kept: list[Quarantined], now: datetime
    ) -> Iterator[Balance]:
        if is_read_again(source, table):
            yield from self._read_source(source.model_copy(update={"tables": (table,)}), now)
            return
        balance = Balance(source.name, table.name)
        raws = [(row.rejected.position, row.rejected.raw) for row in kept]
        try:
            items = list(reread_rows(source, table, raws))
        except SourceError as error:
            balance.error = error
        else:
            self._take_back(list(zip(kept, items, strict=True)), balance, now)
        self._count(balance)
        yield balance

    def _take_back(
        self, reread: list[tuple[Quarantined, Item]], balance: Balance, now: datetime
    ) -> None:
        """Let rows out of quarantine that can be read by now, in the order in which they came."""
        let_out: list[tuple[Record, int]] = []
        tried: dict[int, Rejected | None] = {}
        for row, item in reread:
            balance.read += 1
            tried[row.id] = item if isinstance(item, Rejected) else None
            if isinstance(item, Rejected):
                balance.quarantined += 1
            elif isinstance(item, Filtered):
                balance.filtered[item.rule] += 1
            elif row.is_superseded or _is_older(row, self._newest(item)):
                balance.unchanged += 1
            else:
                let_out.append((item, row.id))
        records = [record for record, _ in let_out]
        appended = self._journal.append(records, now)
        balance.new += appended.new
        balance.unchanged += appended.unchanged
        self._journal.supersede(let_out)
        keys = {record.key for record in records}
        self._journal.set_doubts(balance.source, balance.kind, (), cleared=keys)
        self._journal.requarantine(tried, now, self._mappings)

    def _newest(self, record: Record) -> Record | None:
        return self._journal.newest(record.source, record.kind, record.key)

    def _read_source(self, source: SourceSettings, now: datetime) -> Iterator[Balance]:
        # Nothing is asked of a source while nothing may be taken in.
        self._journal.room.require()
        cursors = self._journal.cursors(source.name)
        try:
            for reading in read_source(source, cursors, now):
                self._report("journal", f"{source.name}.{reading.table.name}")
                balance = Balance(source.name, reading.table.name)
                try:
                    self._read_table(source, reading, balance, now)
                except SourceError as error:
                    balance.error = error
                self._count(balance)
                yield balance
        except SourceError as error:
            yield Balance(source.name, "", error=error)

    def _read_table(
        self, source: SourceSettings, reading: Reading, balance: Balance, now: datetime
    ) -> None:
        kind = reading.table.name
        if self._vouches_again(reading, balance, now):
            return
        arrivals = Arrivals(self._journal, self._mappings, reading, balance, now)
        for item in reading.items:
            arrivals.take(item)
        balance.waits = reading.waits or reading.cut_short
        balance.missed = reading.missed
        if balance.missed:
            _log.warning("%s.%s missed for good: %s", source.name, kind, balance.missed)
        is_snapshot = reading.table.arrives == "snapshot"
        if is_snapshot and reading.waits:
            return  # none of it was read: what its last export said stands as it did
        arrivals.end()
        if is_snapshot and reading.is_whole:
            self._retire(reading, balance, now)
            self._remember(reading, balance)
        elif reading.present_keys is not None:
            self._reconcile(reading, reading.present_keys, balance, now)
        self._doubt(reading, arrivals)
        if balance.read == 0 or balance.quarantined < balance.read:
            # A source whose every row is unreadable vouches for nothing.
            self._journal.set_cursor(source.name, kind, reading.cursor, now)

    def _vouches_again(self, reading: Reading, balance: Balance, now: datetime) -> bool:
        """Tell whether a table's whole snapshot was not written since: its rows are the same."""
        place = (balance.source, balance.kind)
        signature, before = self._read_whole.pop(place, ("", balance))
        if not signature or signature != reading.signature:
            return False
        balance.read, balance.filtered = before.read, before.filtered
        balance.unchanged = before.new + before.unchanged
        self._journal.set_cursor(*place, reading.cursor, now)
        self._read_whole[place] = signature, balance
        return True

    def _remember(self, reading: Reading, balance: Balance) -> None:
        if reading.is_whole and not balance.quarantined:
            self._read_whole[balance.source, balance.kind] = reading.signature, balance

    def _retire(self, reading: Reading, balance: Balance, now: datetime) -> None:
        """Take back the records that a whole snapshot does not hold, unless it may be a fault.

        Raises:
            SourceError: it holds none at all, or far fewer, and its table does not allow that.
        """
        source, kind = balance.source, balance.kind
        seen = reading.seen_keys if reading.present_keys is None else reading.present_keys
        gone = len(self._journal.live_keys(source, kind) - seen)
        if not gone:
            return
        self._check_drop(reading.table, balance, gone, is_empty=not seen)
        if reading.is_settled():
            balance.retired = self._journal.retire_missing(source, kind, seen, now)
        else:
            reading.is_whole = False
            balance.waits = f"{gone} row(s) are missing while it is still being written"

    def _check_drop(
        self, table: TableSettings, balance: Balance, gone: int, *, is_empty: bool
    ) -> None:
        where = f"source {balance.source}, table {balance.kind}"
        name = f"{balance.source}.{balance.kind}"
        confirm = f"traveler load --allow-drop {name} takes them back once"
        if name in self._confirmed:
            return
        if is_empty and not table.allow_empty:
            raise SourceError(
                f"{where}: it is empty now, and held {gone} row(s) before",
                hint=f"nothing was taken back; if this is right, set allow_empty = true for it;"
                f" {confirm}",
            )
        held = len(self._journal.live_keys(balance.source, balance.kind))
        if not is_empty and gone > FEW_ROWS and gone > table.allow_drop * held:
            raise SourceError(
                f"{where}: {gone} of {held} rows are gone, more than its allow_drop of"
                f" {table.allow_drop:.0%}",
                hint=f"nothing was taken back; if this is right, {confirm}, and a greater"
                " allow_drop always",
            )

    def _reconcile(
        self, reading: Reading, present: set[str], balance: Balance, now: datetime
    ) -> None:
        """Take back the records that are gone; where rows were never read, begin at the start."""
        self._retire(reading, balance, now)
        source, kind = balance.source, balance.kind
        unknown = present - reading.seen_keys - self._journal.live_keys(source, kind)
        if unknown:
            held = (*self._journal.waiting(), *self._journal.discarded())
            places = {(row.rejected.source, row.rejected.kind, row.rejected.key) for row in held}
            unknown = {key for key in unknown if (source, kind, key) not in places}
        if unknown:
            reading.cursor = ""
            balance.waits = (
                f"{len(unknown)} row(s), {min(unknown)} first, came below its cursor:"
                " the next reading begins at the start"
            )

    def _doubt(self, reading: Reading, arrivals: Arrivals) -> None:
        """Note what the table does not vouch for: keys of bad rows, and those it did not get to."""
        source, kind = arrivals.balance.source, arrivals.balance.kind
        doubted = set(arrivals.refused_keys)
        if reading.table.arrives == "snapshot" and not reading.is_whole:
            doubted |= self._journal.live_keys(source, kind) - reading.seen_keys
        vouched = None if reading.is_from_start else reading.seen_keys - doubted
        self._journal.set_doubts(source, kind, doubted, vouched)


def _no_table(source: SourceSettings, message: Message) -> Rejected:
    """Refuse a message that no table is for, or that could not be understood at all."""
    place, raw = message.place, message.content.decode(errors="surrogateescape")
    code = "unknown-topic"
    said = f"no table of {source.name} is for this topic"
    hint = "give a table this topic in source.toml and replay it, or discard it"
    if (problem := message.problem) is not None:
        code, said, hint = problem.code, problem.message, problem.hint
    if any(table.personal for table in source.tables):
        said, raw = f"{said}; it may hold a name, so it is not kept", ""
    return Rejected(source.name, "", place, "read", code, f"{place}: {said}", hint, raw)


def _is_older(row: Quarantined, newest: Record | None) -> bool:
    """Tell whether a row, whose key is known only now, came before what its key says already."""
    if newest is None or row.rejected.key is not None:
        return False
    file, _, line = row.rejected.position.rpartition(":")
    same, _, other = newest.position.rpartition(":")
    if file == same and line.isdigit() and other.isdigit():
        return int(line) < int(other)
    return sortable(newest.recorded) > sortable(row.first_seen)
