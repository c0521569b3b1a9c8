"""Append, acknowledge, remember: records, cursors, quarantine and gap history."""

from __future__ import annotations

import json
import threading
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from kg.journal.file import connect, open_journal_file, translated, write_transaction
from kg.journal.gaps import write_gaps
from kg.journal.versions import Appended, VersionWriter
from kg.records import Gap, Record, Rejected
from kg.times import format_time

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

_PAGE = 2_000
_COLUMNS = (
    "record.source, record.kind, record.key, record.payload, record.position, record.version,"
    " record.effective, record.effective_by, record.deleted, record.seq, record.recorded"
)
_REJECTED_COLUMNS = "source, kind, position, stage, code, message, hint, raw, key"


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A rejected row in quarantine; the times are ISO 8601 in UTC."""

    id: int
    rejected: Rejected
    first_seen: str
    last_seen: str
    attempts: int


@dataclass(frozen=True, slots=True)
class OpenGap(Gap):
    """A gap that is open: since when (ISO 8601, UTC), and up to which seq it was checked."""

    opened_at: str
    checked_seq: int


class Journal:
    """One journal file. Every writing method is one durable transaction; any thread may call.

    A record is acknowledged when ``append`` returns. All methods raise ``JournalError`` when
    SQLite cannot read or write.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        # One connection sees its own open transaction: readers wait rather than see unsynced rows.
        self._lock = threading.RLock()

    @classmethod
    def open(cls, path: Path) -> Journal:
        """Open a journal file, or make one.

        Raises:
            JournalError: the file is no Traveler journal or was written by a newer Traveler.
        """
        return cls(open_journal_file(path), path)

    def close(self) -> None:
        """Close the file; what was acknowledged is already on the disk."""
        with self._lock:
            self._connection.close()

    def append(self, records: Iterable[Record], now: datetime) -> Appended:
        """Write the new versions among ``records`` and sync them to the disk: all, or none.

        A version is the source's own name, a hash of the payload for an event without one, or
        1, 2, 3 … for polled state that differs from the last. The source's name given again with
        other content becomes ``name~2``. Whatever stands there already is ``unchanged``.
        """
        with self._writing() as connection:
            return VersionWriter(connection, format_time(now)).append(records)

    def count_missing(self, source: str, kind: str, seen_keys: Collection[str]) -> int:
        """Count the live keys of a table that a snapshot did not hold."""
        query = "SELECT key FROM newest WHERE source = ? AND kind = ? AND NOT deleted"
        return sum(key not in seen_keys for (key,) in self._read(query, (source, kind)))

    def retire_missing(
        self, source: str, kind: str, seen_keys: Collection[str], now: datetime
    ) -> int:
        """Write a tombstone for every live key of a table that a whole snapshot did not hold."""
        query = (
            "SELECT newest.key, record.position FROM newest JOIN record USING (seq)"
            " WHERE newest.source = ? AND newest.kind = ? AND NOT newest.deleted ORDER BY seq"
        )
        seen = seen_keys if isinstance(seen_keys, set | frozenset | dict) else set(seen_keys)
        with self._writing() as connection:
            live = connection.execute(query, (source, kind)).fetchall()
            return VersionWriter(connection, format_time(now)).retire(
                Record(source, kind, key, {}, position, deleted=True)
                for key, position in live
                if key not in seen
            )

    def last_seq(self) -> int:
        """Give the seq of the last record; 0 in an empty journal."""
        rows = self._read("SELECT coalesce(max(seq), 0) FROM record")
        return int(rows[0][0])

    def records_after(self, seq: int, limit: int) -> list[Record]:
        """Give every version after ``seq`` in seq order, tombstones too, at most ``limit``."""
        query = f"SELECT {_COLUMNS} FROM record WHERE seq > ? ORDER BY seq LIMIT ?"
        return [_record(row) for row in self._read(query, (seq, limit))]

    def live_records(self, source: str | None = None) -> Iterator[Record]:
        """Stream the newest undeleted version of each key in seq order, as of the first one."""
        query = (
            f"SELECT {_COLUMNS} FROM newest JOIN record USING (seq) WHERE NOT newest.deleted"
            " AND (?1 IS NULL OR newest.source = ?1) ORDER BY newest.seq"
        )
        # A connection of its own: one read transaction, whatever is appended meanwhile.
        with translated(self._path), closing(connect(self._path)) as connection:
            rows = connection.execute(query, (source,))
            while page := rows.fetchmany(_PAGE):
                for row in page:
                    yield _record(row)

    def newest(self, source: str, kind: str, key: str) -> Record | None:
        """Give a key's newest version; ``deleted`` where it is a tombstone."""
        found = self._newest_of(source, kind, [key])
        return found[0] if found else None

    def newest_by_path(self, paths: Iterable[str]) -> dict[str, Record]:
        """Give each record path's newest version; a path that names no record is left out."""
        keys: dict[tuple[str, str], list[str]] = {}
        for path in paths:
            head, *names = path.split("/")
            if head == "record" and len(names) == 3:
                source, kind, key = map(unquote, names)
                keys.setdefault((source, kind), []).append(key)
        return {
            record.path(): record
            for (source, kind), wanted in keys.items()
            for record in self._newest_of(source, kind, wanted)
        }

    def quarantine(self, rejected: Iterable[Rejected], now: datetime) -> int:
        """Put rows into quarantine and count the new ones; a row seen again counts an attempt."""
        insert = (
            f"INSERT INTO quarantine ({_REJECTED_COLUMNS}, raw_digest, first_seen, last_seen,"
            " attempts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)"
            " ON CONFLICT (source, kind, position, stage, code, raw_digest) DO UPDATE SET"
            " last_seen = excluded.last_seen, attempts = attempts + 1, key = excluded.key,"
            " message = excluded.message, hint = excluded.hint"
        )
        moment = format_time(now)
        count = "SELECT count(*) FROM quarantine"
        with self._writing() as connection:
            (before,) = connection.execute(count).fetchone()
            connection.executemany(insert, (_quarantine_row(row, moment) for row in rejected))
            (after,) = connection.execute(count).fetchone()
        return int(after - before)

    def quarantined(self) -> list[Quarantined]:
        """Give what is in quarantine, oldest first."""
        query = (
            f"SELECT id, first_seen, last_seen, attempts, {_REJECTED_COLUMNS}"
            " FROM quarantine ORDER BY id"
        )
        return [
            Quarantined(number, Rejected(*rejected), first, last, attempts)
            for number, first, last, attempts, *rejected in self._read(query)
        ]

    def clear_quarantine(self, source: str, kind: str, stage: str) -> None:
        """Empty a table's quarantine of one stage, before everything of it is tried again."""
        statement = "DELETE FROM quarantine WHERE source = ? AND kind = ? AND stage = ?"
        with self._writing() as connection:
            connection.execute(statement, (source, kind, stage))

    def release(self, records: Iterable[Record]) -> None:
        """Take what is known of these records' lift out of quarantine: they are tried again."""
        statement = (
            "DELETE FROM quarantine WHERE stage = 'lift' AND source = ? AND kind = ? AND key = ?"
        )
        with self._writing() as connection:
            connection.executemany(statement, ((r.source, r.kind, r.key) for r in records))

    def set_cursor(self, source: str, kind: str, cursor: str, now: datetime) -> None:
        """Remember how far a table was read, and that its source vouched for it at ``now``."""
        with self._writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO cursor VALUES (?, ?, ?, ?)",
                (source, kind, cursor, format_time(now)),
            )

    def cursors(self, source: str) -> dict[str, str]:
        """Give how far each table of a source was read, by its name."""
        return dict(self._read("SELECT kind, cursor FROM cursor WHERE source = ?", (source,)))

    def confirmations(self) -> dict[tuple[str, str], datetime]:
        """Give when each (source, table) was last read to its end."""
        rows = self._read("SELECT source, kind, confirmed_at FROM cursor")
        return {(source, kind): datetime.fromisoformat(at) for source, kind, at in rows}

    def replace_gaps(self, gaps: Iterable[Gap], checked_seq: int, now: datetime) -> None:
        """Make ``gaps`` the open ones: those that stay keep ``opened_at``, the others close."""
        with self._writing() as connection:
            write_gaps(connection, gaps, checked_seq, format_time(now))

    def open_gaps(self) -> list[OpenGap]:
        """Give the gaps that are open, the longest open first."""
        query = (
            "SELECT entity, slot, shape, severity, message, opened_at, checked.value FROM gap,"
            " (SELECT CAST(value AS INTEGER) AS value FROM meta WHERE key = 'checked_seq')"
            " AS checked WHERE closed_at IS NULL ORDER BY gap.id"
        )
        return [OpenGap(*row) for row in self._read(query)]

    def checked_seq(self) -> int:
        """Give the seq up to which gaps were last looked for; 0 before the first time."""
        rows = self._read("SELECT value FROM meta WHERE key = 'checked_seq'")
        return int(rows[0][0]) if rows else 0

    def _newest_of(self, source: str, kind: str, keys: list[str]) -> list[Record]:
        query = (
            f"SELECT {_COLUMNS} FROM json_each(?) AS wanted CROSS JOIN newest ON newest.source = ?"
            " AND newest.kind = ? AND newest.key = wanted.value JOIN record USING (seq)"
        )
        return [_record(row) for row in self._read(query, (json.dumps(keys), source, kind))]

    def _read(self, query: str, parameters: tuple[object, ...] = ()) -> list[Any]:
        with self._lock, translated(self._path):
            return self._connection.execute(query, parameters).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with (
            self._lock,
            translated(self._path),
            write_transaction(self._connection) as connection,
        ):
            yield connection


def _record(row: tuple[Any, ...]) -> Record:
    source, kind, key, payload, position, version, effective, by, deleted, seq, recorded = row
    fields = json.loads(payload)
    return Record(
        *(source, kind, key, fields, position, version, effective, by, bool(deleted)),
        seq=seq,
        recorded=recorded,
    )


def _quarantine_row(rejected: Rejected, moment: str) -> tuple[object, ...]:
    digest = blake2b(rejected.raw.encode(errors="surrogatepass"), digest_size=16).digest()
    return (
        *(rejected.source, rejected.kind, rejected.position, rejected.stage, rejected.code),
        *(rejected.message, rejected.hint, rejected.raw, rejected.key, digest, moment, moment),
    )
