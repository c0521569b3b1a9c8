"""Which records are new versions, and what each version is called."""

from __future__ import annotations

import json
import re
from hashlib import blake2b
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from kg.errors import JournalError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from kg.records import Record

_CHUNK = 5_000
_encode = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
).encode
_Identity = tuple[str, str, str]

# CROSS JOIN is SQLite's way to fix the order: from the wanted keys to the table's index.
_NEWEST = """
SELECT n.key, n.version, n.number, n.digest, n.deleted
FROM json_each(?) AS wanted
CROSS JOIN newest AS n ON n.source = ? AND n.kind = ? AND n.key = wanted.value
"""
_KNOWN = """
SELECT r.key, r.version, r.digest
FROM json_each(?) AS wanted
CROSS JOIN record AS r ON r.source = ? AND r.kind = ?
  AND r.key = wanted.value ->> 0 AND r.version = wanted.value ->> 1
"""
# '0' to just before ':' are the digits: every "v~2", "v~3" … and no other version.
_VARIANTS = """
SELECT version, digest FROM record WHERE source = ? AND kind = ? AND key = ?
  AND (version = ? OR (version >= ? || '~0' AND version < ? || '~:'))
"""
_NAMES = "SELECT version FROM record WHERE source = ? AND kind = ? AND key = ?"
_INSERT_RECORD = "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_NEWEST = """
INSERT INTO newest VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source, kind, key) DO UPDATE SET
seq = excluded.seq, version = excluded.version, number = excluded.number,
digest = excluded.digest, deleted = excluded.deleted
"""


class Appended(NamedTuple):
    """How many records of a batch became new versions, and how many were already there."""

    new: int
    unchanged: int


class _Newest(NamedTuple):
    version: str
    number: int  # of versions that the journal numbers itself; 0 where the source names them
    digest: bytes
    is_deleted: bool


class Arrival(NamedTuple):
    """A record on its way into the journal: written down, digested, told apart."""

    record: Record
    identity: _Identity
    payload: str
    digest: bytes
    named: str | None  # the version it comes with; None for polled state, which we number


class VersionWriter:
    """Writes the new versions among records, inside a transaction that the caller holds."""

    def __init__(self, connection: sqlite3.Connection, recorded: str) -> None:
        self._connection = connection
        self._recorded = recorded
        (last,) = connection.execute("SELECT coalesce(max(seq), 0) FROM record").fetchone()
        self._seq: int = last
        self._newest: dict[_Identity, _Newest] = {}
        self._known: dict[tuple[_Identity, str], bytes] = {}
        self._new_records: list[tuple[object, ...]] = []
        self._new_newest: dict[_Identity, tuple[object, ...]] = {}

    def append(self, arrivals: Sequence[Arrival]) -> Appended:
        """Write what is new, in its order."""
        new = 0
        for chunk in _chunks(arrivals):
            self._look_up(chunk)
            new += sum(self._write(arrival) for arrival in chunk)
            self._flush()
        return Appended(new, len(arrivals) - new)

    def retire(self, tombstones: Sequence[Arrival]) -> int:
        """Write each tombstone as a version of its own, even where the key was gone before."""
        for chunk in _chunks(tombstones):
            self._look_up(chunk)
            for arrival in chunk:
                newest = self._newest[arrival.identity]
                number = newest.number and newest.number + 1
                self._add(arrival, self._name_tombstone(arrival.identity, newest), number)
            self._flush()
        return len(tombstones)

    def _name_tombstone(self, identity: _Identity, newest: _Newest) -> str:
        if newest.number:
            return str(newest.number + 1)
        # "5~2" is a second "5": count on from the source's own name, not from the suffix.
        own = re.sub(r"~\d+$", "", newest.version)
        return _free_version(own, self._variants(identity, own))

    def _look_up(self, arrivals: Sequence[Arrival]) -> None:
        self._newest.clear()
        self._known.clear()
        streams = sorted(arrivals, key=lambda arrival: arrival.identity[:2])
        for (source, kind), group in groupby(streams, key=lambda arrival: arrival.identity[:2]):
            members = list(group)
            keys = json.dumps(list({arrival.identity[2] for arrival in members}))
            for key, *newest in self._connection.execute(_NEWEST, (keys, source, kind)):
                self._newest[source, kind, key] = _Newest(*newest)
            pairs = [[a.identity[2], a.named] for a in members if a.named and self._has(a)]
            rows = self._connection.execute(_KNOWN, (json.dumps(pairs), source, kind))
            for key, version, digest in rows:
                self._known[(source, kind, key), version] = digest

    def _has(self, arrival: Arrival) -> bool:
        return arrival.identity in self._newest

    def _write(self, arrival: Arrival) -> bool:
        newest = self._newest.get(arrival.identity)
        if arrival.named is not None:
            version = self._name_version(arrival, arrival.named, newest)
            if version is None:
                return False
            self._add(arrival, version, 0)
            return True
        # Only the last version counts: A, B, A are three states, however often each is polled.
        if newest is not None and newest.digest == arrival.digest:
            return False
        number = self._next_number(arrival.identity, newest)
        self._add(arrival, str(number), number)
        return True

    def _next_number(self, identity: _Identity, newest: _Newest | None) -> int:
        if newest is None:
            return 1
        if newest.number:
            return newest.number + 1
        # The source named versions before and no longer does: its names may look like numbers.
        self._flush()
        rows = self._connection.execute(_NAMES, identity)
        return 1 + max((int(name) for (name,) in rows if name.isdecimal()), default=0)

    def _name_version(self, arrival: Arrival, named: str, newest: _Newest | None) -> str | None:
        known = self._known.get((arrival.identity, named))
        if newest is None or known is None:
            return named
        is_back = newest.is_deleted and not arrival.record.deleted
        if known == arrival.digest and not is_back:
            return None
        variants = self._variants(arrival.identity, named)
        if arrival.digest in variants.values() and not is_back:
            return None
        return _free_version(named, variants)

    def _variants(self, identity: _Identity, version: str) -> dict[str, bytes]:
        self._flush()
        rows = self._connection.execute(_VARIANTS, (*identity, version, version, version))
        return dict(rows.fetchall())

    def _add(self, arrival: Arrival, version: str, number: int) -> None:
        self._seq += 1
        record, identity, digest = arrival.record, arrival.identity, arrival.digest
        self._new_records.append(
            (
                *(self._seq, *identity, version, digest, record.deleted, record.effective),
                *(record.effective_by, self._recorded, record.position, arrival.payload),
            )
        )
        row = (self._seq, *identity, version, number, digest, record.deleted)
        self._new_newest[identity] = row
        self._newest[identity] = _Newest(version, number, digest, record.deleted)
        self._known[identity, version] = digest

    def _flush(self) -> None:
        self._connection.executemany(_INSERT_RECORD, self._new_records)
        self._connection.executemany(_INSERT_NEWEST, self._new_newest.values())
        self._new_records.clear()
        self._new_newest.clear()


def _free_version(version: str, taken: dict[str, bytes]) -> str:
    if version not in taken:
        return version
    suffix = 2
    while f"{version}~{suffix}" in taken:
        suffix += 1
    return f"{version}~{suffix}"


def receive(record: Record) -> Arrival:
    """Write a record down and digest it: all that can be done before the journal is asked.

    Raises:
        JournalError: its row holds what JSON or UTF-8 cannot say.
    """
    try:
        payload = _encode(record.row if isinstance(record.row, dict) else dict(record.row))
        content = payload.encode()
    except ValueError as error:  # NaN, infinity, or half a surrogate pair
        raise JournalError(
            f"{record.position}: record {record.key!r} of {record.source}/{record.kind} "
            f"cannot be written: {error}",
            hint="its adapter must reject such a row",
        ) from error
    digest = blake2b(content, digest_size=16, person=b"gone" if record.deleted else b"").digest()
    named = record.version
    if named is None and record.effective_by == "event":
        named = digest.hex()[:16]
    return Arrival(record, (record.source, record.kind, record.key), payload, digest, named)


def _chunks(arrivals: Sequence[Arrival]) -> Iterator[Sequence[Arrival]]:
    for start in range(0, len(arrivals), _CHUNK):
        yield arrivals[start : start + _CHUNK]
