"""Append, acknowledge, remember: records, cursors, quarantine and gap history."""

from __future__ import annotations

import json
import threading
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote

from kg.errors import DiskFull, JournalError
from kg.journal.arriving import Arriving
from kg.journal.checks import CheckHistory
from kg.journal.commits import GroupCommit
from kg.journal.confirmations import Confirmations
from kg.journal.doubts import has_doubts, write_doubts, write_stand_ins
from kg.journal.file import connect, open_journal_file, translated
from kg.journal.gaps import GapHistory, OpenGap, checked_now
from kg.journal.history import History
from kg.journal.measures import Measures
from kg.journal.people import Forgetting, Forgotten, Place, forget, read_names, remember_names
from kg.journal.quarantine import (
    Quarantined,
    WaitingCount,
    count_rows,
    discard_rows,
    put_again,
    put_rows,
    select_rows,
    supersede_rows,
)
from kg.journal.retention import prune_versions
from kg.journal.room import Room, Unwatched
from kg.journal.sight import Seen, Sight
from kg.journal.versions import Appended, VersionWriter, receive
from kg.records import Record, record_path
from kg.times import format_time, sortable

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from kg.records import Gap, Rejected, Term

_T = TypeVar("_T")
_PAGE = 2_000
_COLUMNS = (
    "record.source, record.kind, record.key, record.payload, record.position, record.version,"
    " record.effective, record.effective_by, record.deleted, record.seq, record.recorded"
)


class Journal:
    """One journal file; any thread may call.

    What a writing method wrote is durable when it returns, whole or not at all; threads that write
    at the same time share one sync of the disk. A record is acknowledged when ``append`` returns.
    All methods raise ``JournalError`` when SQLite cannot read or write, and what takes something in
    raises ``DiskFull`` while ``room`` refuses it.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._path = path
        self.room: Room = Unwatched()
        self._commits = GroupCommit(connection)
        # A connection of its own sees what is synced, never a transaction under way, and does not
        # wait for it.
        self._reader = connect(path)
        self._reading_turn = threading.Lock()
        self._sight = Sight(connect(path), lambda: self._commits.count)
        self.id = str(self._read("SELECT value FROM meta WHERE key = 'journal'")[0][0])
        self.gaps = GapHistory(self._read, self._write)
        self.checks = CheckHistory(self._read, self._write)
        self.history = History(self._read, _record, _COLUMNS)
        self.confirmed = Confirmations(self._read)
        self.measures = Measures(self._read)

    @classmethod
    def open(cls, path: Path) -> Journal:
        """Open a journal file, or make one with a random ``id``; an older schema is brought up.

        Raises:
            JournalError: the file is no Traveler journal or was written by a newer Traveler.
        """
        return cls(open_journal_file(path), path)

    def close(self) -> None:
        """Close the file; what was acknowledged is already on the disk."""
        with suppress(JournalError):  # who opens it again looks for gaps again
            self.gaps.keep()
        self._commits.close()
        self._sight.close()
        with self._reading_turn:
            self._reader.close()

    def append(self, records: Iterable[Record], now: datetime) -> Appended:
        """Write the new versions among ``records`` and sync them to the disk: all, or none.

        A version is the source's own name, a hash of the payload for an event without one, or
        1, 2, 3 … for polled state that differs from the last. The source's name given again with
        other content becomes ``name~2``. Whatever stands there already is ``unchanged``.
        """
        self.room.require()
        arrivals = [receive(record) for record in records]
        named = [a.record for a in arrivals if a.record.personal is not None or a.record.deleted]
        moment = format_time(now)

        def write(connection: sqlite3.Connection) -> Appended:
            remember_names(connection, named)
            return VersionWriter(connection, moment).append(arrivals)

        return self._write(write)

    def take(
        self,
        place: tuple[str, str],
        items: Sequence[Record | Rejected],
        cursor: str,
        now: datetime,
        mappings: Mapping[tuple[str, str], str],
    ) -> Appended:
        """Write what arrived for a (source, table), records and bad rows in order: all, or none.

        The cursor is kept, and the source has vouched for it, where any of it is a record.
        """
        self.room.require()
        arriving = Arriving(*place, items, cursor, format_time(now), self.confirmed)
        return self._write(lambda connection: arriving.write(connection, mappings))

    def retire_missing(
        self, source: str, kind: str, seen_keys: Collection[str], now: datetime
    ) -> int:
        """Write a tombstone for every live key of a table that a whole snapshot did not hold."""
        query = (
            "SELECT newest.key, record.position FROM newest JOIN record USING (seq)"
            " WHERE newest.source = ? AND newest.kind = ? AND NOT newest.deleted ORDER BY seq"
        )
        seen = seen_keys if isinstance(seen_keys, set | frozenset | dict) else set(seen_keys)

        def write(connection: sqlite3.Connection) -> int:
            live = connection.execute(query, (source, kind)).fetchall()
            tombstones = [
                receive(Record(source, kind, key, {}, position, deleted=True))
                for key, position in live
                if key not in seen
            ]
            remember_names(connection, (tombstone.record for tombstone in tombstones))
            return VersionWriter(connection, format_time(now)).retire(tombstones)

        return self._write(write)

    def names(self) -> dict[Place, dict[str, str]]:
        """Give what people are called, by record and column; those forgotten are not there."""
        with self._reading() as connection:
            return read_names(connection)

    def forget(self, what: Forgetting, now: datetime) -> Forgotten:
        """Erase a person's names and what was said in free text, in every version and bad row.

        What sources give again of these records brings no name back. The digests stay, so a row
        that was redacted is known when it comes again. Call ``compact`` to clear the file's log.
        """
        return self._write(lambda connection: forget(connection, what, format_time(now)))

    def versions_of(self, source: str, kind: str) -> Iterator[Record]:
        """Stream every version of a table's records that was not pruned, as of the first one."""
        query = (
            f"SELECT {_COLUMNS} FROM record WHERE source = ? AND kind = ? AND payload <> ''"
            " ORDER BY seq"
        )
        return self._stream(query, (source, kind))

    def last_seq(self) -> int:
        """Give the seq of the last record; 0 in an empty journal."""
        rows = self._read("SELECT coalesce(max(seq), 0) FROM record")
        return int(rows[0][0])

    def records_after(self, seq: int, limit: int) -> list[Record]:
        """Give every version after ``seq`` in seq order, tombstones too, at most ``limit``.

        Versions that were pruned are left out; a newer one of the same key always follows.
        """
        query = (
            f"SELECT {_COLUMNS} FROM record WHERE seq > ? AND payload <> '' ORDER BY seq LIMIT ?"
        )
        return [_record(row) for row in self._read(query, (seq, limit))]

    def live_records(self, source: str | None = None) -> Iterator[Record]:
        """Stream the newest undeleted version of each key in seq order, as of the first one."""
        query = (
            f"SELECT {_COLUMNS} FROM newest JOIN record USING (seq) WHERE NOT newest.deleted"
            " AND (?1 IS NULL OR newest.source = ?1) ORDER BY newest.seq"
        )
        return self._stream(query, (source,))

    def newest(self, source: str, kind: str, key: str) -> Record | None:
        """Give a key's newest version; ``deleted`` where it is a tombstone."""
        found = self._newest_of(source, kind, [key])
        return found[0] if found else None

    def versions_before(self, records: Sequence[Record]) -> dict[int, Record]:
        """Give by seq the version before each of these; a first version is left out."""
        query = (
            f"SELECT later.seq, {_COLUMNS} FROM json_each(?) AS wanted"
            " CROSS JOIN record AS later ON later.seq = wanted.value"
            " JOIN record ON record.seq = (SELECT max(r.seq) FROM record AS r"
            " WHERE (r.source, r.kind, r.key) = (later.source, later.kind, later.key)"
            " AND r.seq < later.seq AND r.payload <> '')"
        )
        rows = self._read(query, (json.dumps([record.seq for record in records]),))
        return {seq: _record(row) for seq, *row in rows}

    def current(self, source: str, kind: str, key: str) -> Record | None:
        """Give the version that the graph is of: the newest, or what stands in for it."""
        found = self.current_by_path([record_path(source, kind, key)])
        return next(iter(found.values()), None)

    def current_by_path(self, paths: Iterable[str]) -> dict[str, Record]:
        """Give each record path's current version; a path that names no record is left out."""
        keys: dict[tuple[str, str], list[str]] = {}
        for path in paths:
            head, *names = path.split("/")
            if head == "record" and len(names) == 3:
                source, kind, key = map(unquote, names)
                keys.setdefault((source, kind), []).append(key)
        return {
            record.path(): record
            for (source, kind), wanted in keys.items()
            for record in self._newest_of(source, kind, wanted, stand_in="s.seq")
        }

    def set_stand_ins(self, lifted: Iterable[Record] | None, stand_ins: Collection[Record]) -> None:
        """Note which older versions are current, as the newest ones cannot be lifted.

        ``lifted`` are the records that were tried; None: all.
        """
        if not stand_ins and not self._read("SELECT 1 FROM stand_in LIMIT 1"):
            return
        self._write(lambda connection: write_stand_ins(connection, lifted, stand_ins))

    def live_keys(self, source: str, kind: str) -> set[str]:
        """Give the keys of a table whose newest version is no tombstone."""
        query = "SELECT key FROM newest WHERE source = ? AND kind = ? AND NOT deleted"
        return {key for (key,) in self._read(query, (source, kind))}

    def set_doubts(
        self,
        source: str,
        kind: str,
        doubted: Collection[str],
        cleared: Collection[str] | None = None,
    ) -> None:
        """Note the live keys that a table, read again, does not vouch for.

        ``cleared`` are those that it vouches for; None: all others.
        """
        with self._reading() as connection:
            if not doubted and not has_doubts(connection, source, kind):
                return
        self._write(lambda connection: write_doubts(connection, source, kind, doubted, cleared))

    def doubts(self) -> dict[str, datetime | None]:
        """Give the path of each record that its source did not vouch for when last read.

        With it, when the source last did: what is in doubt stands unconfirmed since then.
        """
        return dict(self.seen().doubts)

    def quarantine(
        self,
        rejected: Iterable[Rejected],
        now: datetime,
        mappings: Mapping[tuple[str, str], str],
        replacing: Collection[int] = (),
    ) -> int:
        """Put rows into quarantine and count the new ones; a row seen again counts an attempt.

        ``mappings`` is the version of each (source, table) that they were tried with. Of the rows
        numbered in ``replacing``, which were tried again, those leave that failed no more.
        """
        rows = list(rejected)
        if not rows and not replacing:
            return 0
        if any(row.stage == "read" for row in rows):
            self.room.require()
        return self._write(
            lambda connection: put_rows(connection, rows, mappings, format_time(now), replacing)
        )

    def requarantine(
        self,
        tried: Mapping[int, Rejected | None],
        now: datetime,
        mappings: Mapping[tuple[str, str], str],
    ) -> None:
        """Note what became of rows that were tried again, by number; None: they are well now."""
        self._write(lambda connection: put_again(connection, tried, mappings, format_time(now)))

    def waiting_counts(self) -> list[WaitingCount]:
        """Count what waits in quarantine, by table and reason."""
        with self._reading() as connection:
            return count_rows(connection)

    def waiting(self) -> list[Quarantined]:
        """Give what waits in quarantine, oldest first; discarded rows do not."""
        with self._reading() as connection:
            return select_rows(connection, "discarded_at IS NULL")

    def discarded(self) -> list[Quarantined]:
        """Give what was discarded, with the reasons."""
        with self._reading() as connection:
            return select_rows(connection, "discarded_at IS NOT NULL")

    def unreadable_of(self, source: str, kind: str) -> list[int]:
        """Give the numbers of what waits as a table's rows that could not be read."""
        query = (
            "SELECT id FROM quarantine WHERE source = ? AND kind = ? AND stage = 'read'"
            " AND discarded_at IS NULL"
        )
        return [number for (number,) in self._read(query, (source, kind))]

    def unlifted_of(self, records: Iterable[Record] | None) -> list[int]:
        """Give the numbers of what waits as records that could not be lifted; None: all."""
        if records is None:
            query = "SELECT id FROM quarantine WHERE stage = 'lift' AND discarded_at IS NULL"
            return [number for (number,) in self._read(query)]
        query = (
            "SELECT q.id FROM json_each(?) AS wanted CROSS JOIN quarantine AS q"
            " ON q.source = wanted.value ->> 0 AND q.kind = wanted.value ->> 1"
            " AND q.key = wanted.value ->> 2 WHERE stage = 'lift' AND discarded_at IS NULL"
        )
        keys = json.dumps([[r.source, r.kind, r.key] for r in records])
        return [number for (number,) in self._read(query, (keys,))]

    def supersede(self, records: Iterable[tuple[Record, int | None]]) -> None:
        """Remember that rows in quarantine are out of date: their keys came again, readable.

        A record that came out of quarantine itself brings its number: only older rows are.
        """
        self._write(lambda connection: supersede_rows(connection, records))

    def discard(self, numbers: Iterable[int], reason: str, now: datetime) -> int:
        """Take rows out of quarantine for good, whatever they hold; counts those that waited.

        They stay in history, and the same bytes in the same table are not shown again.
        """
        return self._write(
            lambda connection: discard_rows(connection, numbers, reason, format_time(now))
        )

    def prune(self, horizon: datetime) -> int:
        """Drop what versions said that were superseded by ``horizon``; counts them.

        Kept are the newest version of each key, the one that was current at the horizon, what
        stands in for a version that cannot be lifted, and of all others that they were.
        """
        moment = sortable(format_time(horizon))
        return self._write(lambda connection: prune_versions(connection, moment))

    def horizon(self) -> datetime | None:
        """Give the time before which history was pruned; None: it reaches back to the start."""
        rows = self._read("SELECT value FROM meta WHERE key = 'horizon'")
        return datetime.fromisoformat(rows[0][0] + "Z") if rows else None

    def compact(self) -> None:
        """Give the space of what was dropped back to the disk; nobody writes meanwhile."""
        with translated(self._path):
            self._commits.compact()

    def set_cursor(self, source: str, kind: str, cursor: str, now: datetime) -> None:
        """Remember how far a table was read, and that its source vouched for it at ``now``."""
        self._write(lambda c: self.confirmed.write(c, (source, kind), cursor, format_time(now)))

    def cursors(self, source: str) -> dict[str, str]:
        """Give how far each table of a source was read, by its name."""
        return dict(self._read("SELECT kind, cursor FROM cursor WHERE source = ?", (source,)))

    def confirmations(self) -> dict[tuple[str, str], datetime]:
        """Give when each (source, table) was last read to its end."""
        return dict(self.seen().confirmed)

    def seen(self) -> Seen:
        """Tell when sources last vouched for what; at once where nothing was written since."""
        with translated(self._path):
            return self._sight.look()

    def replace_gaps(self, gaps: Iterable[Gap], checked_seq: int, now: datetime) -> None:
        """Make ``gaps`` the open ones: those that stay keep ``opened_at``, the others close."""
        self.gaps.replace(gaps, checked_now(checked_seq, now))

    def open_gaps(self) -> list[OpenGap]:
        """Give the gaps that are open, the longest open first."""
        return self.gaps.open()

    def gaps_of(self, entity: Term) -> list[OpenGap]:
        """Give the gaps of one entity that are open, the longest open first."""
        return self.gaps.in_full(self.gaps.of(entity), self.gaps.checked.at)

    def checked_seq(self) -> int:
        """Give the seq up to which gaps were last looked for; 0 before the first time."""
        return self.gaps.checked.seq

    def _newest_of(
        self, source: str, kind: str, keys: list[str], stand_in: str = "NULL"
    ) -> list[Record]:
        query = (
            f"SELECT {_COLUMNS} FROM json_each(?) AS wanted CROSS JOIN newest ON newest.source = ?"
            " AND newest.kind = ? AND newest.key = wanted.value"
            " LEFT JOIN stand_in AS s"
            " ON (s.source, s.kind, s.key) = (newest.source, newest.kind, newest.key)"
            f" JOIN record ON record.seq = coalesce({stand_in}, newest.seq)"
        )
        return [_record(row) for row in self._read(query, (json.dumps(keys), source, kind))]

    def _stream(self, query: str, parameters: tuple[object, ...]) -> Iterator[Record]:
        # A connection of its own: one read transaction, whatever is appended meanwhile.
        with translated(self._path), closing(connect(self._path)) as connection:
            rows = connection.execute(query, parameters)
            while page := rows.fetchmany(_PAGE):
                for row in page:
                    yield _record(row)

    def _read(self, query: str, parameters: tuple[object, ...] = ()) -> list[Any]:
        with self._reading() as connection:
            return connection.execute(query, parameters).fetchall()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._reading_turn, translated(self._path):
            yield self._reader

    def _write(self, write: Callable[[sqlite3.Connection], _T]) -> _T:
        try:
            with translated(self._path):
                return self._commits.run(write)
        except DiskFull:
            self.room.ran_out()
            raise


def _record(row: tuple[Any, ...]) -> Record:
    source, kind, key, payload, position, version, effective, by, deleted, seq, recorded = row
    fields = json.loads(payload)
    return Record(
        *(source, kind, key, fields, position, version, effective, by, bool(deleted)),
        seq=seq,
        recorded=recorded,
    )
