"""People: their names, apart from all that is recorded, and how one is forgotten."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from kg.records import Record

REDACTED = "[redacted]"
_REMEMBER = """
INSERT INTO personal SELECT ?1, ?2, ?3, ?4
WHERE NOT EXISTS (SELECT 1 FROM forgotten WHERE (source, kind, key) = (?1, ?2, ?3))
ON CONFLICT (source, kind, key) DO UPDATE SET names = excluded.names
  WHERE names <> excluded.names
"""
_ERASE = "DELETE FROM personal WHERE (source, kind, key) = (?, ?, ?)"
_FORGET = "INSERT OR IGNORE INTO forgotten VALUES (?, ?, ?, ?)"
_VERSIONS = "SELECT seq, payload FROM record WHERE (source, kind, key) = (?, ?, ?)"
_SPEAKING = "SELECT seq, source, kind, payload FROM record WHERE instr(payload, ?) > 0"
_REWRITE = "UPDATE record SET payload = ? WHERE seq = ?"
_BAD_ROWS = "SELECT id, source, kind, key, message, raw FROM quarantine"
# Where a bad row comes from is kept; what it holds of somebody who is forgotten is not.
_REDACT_BAD_ROW = """
UPDATE quarantine SET raw = CAST(?1 AS BLOB), message = position || ': ' || ?1 WHERE id = ?2
"""

Place = tuple[str, str, str]
"""A record's source, table and key."""


@dataclass(frozen=True, slots=True)
class Forgetting:
    """What to erase of a person.

    ``people`` has the records that describe the person, with their personal columns; ``notes`` the
    versions (by seq) with free text that speak of the person; ``free_text`` the columns of each
    (source, table) that has some; ``codes`` the words that stand for the person in a bad row.
    """

    people: Mapping[Place, tuple[str, ...]]
    notes: Mapping[int, Place]
    free_text: Mapping[tuple[str, str], tuple[str, ...]]
    codes: frozenset[str]


@dataclass(slots=True)
class Forgotten:
    """What was erased: names, versions whose free text was redacted, others that held the name."""

    names: int = 0
    notes: int = 0
    others: int = 0


def remember_names(connection: sqlite3.Connection, records: Iterable[Record]) -> None:
    """Keep the names that records bring, apart from them; nobody's who was forgotten."""
    for record in records:
        place = (record.source, record.kind, record.key)
        if record.deleted:
            connection.execute(_ERASE, place)
        elif record.personal is not None:
            names = json.dumps(dict(record.personal), ensure_ascii=False, sort_keys=True)
            connection.execute(_REMEMBER, (*place, names))


def read_names(connection: sqlite3.Connection) -> dict[Place, dict[str, str]]:
    """Give the names that are known, by record and column."""
    rows = connection.execute("SELECT source, kind, key, names FROM personal")
    return {(source, kind, key): json.loads(names) for source, kind, key, names in rows}


def forget(connection: sqlite3.Connection, what: Forgetting, moment: str) -> Forgotten:
    """Erase names, redact free text, and take the names out of whatever else was recorded."""
    done = Forgotten()
    names: set[str] = set()
    for place, columns in what.people.items():
        names |= set(_take_names(connection, place, columns))
        done.names += connection.execute(_ERASE, place).rowcount
        connection.execute(_FORGET, (*place, moment))
    for seq, (source, kind, _) in what.notes.items():
        done.notes += _empty(connection, seq, dict.fromkeys(what.free_text[source, kind], REDACTED))
    for name in names:
        done.others += _take_out(connection, name, what.free_text)
    _redact_bad_rows(connection, what, names)
    return done


def _redact_bad_rows(connection: sqlite3.Connection, what: Forgetting, names: set[str]) -> None:
    places = {*what.people, *what.notes.values()}
    by_name = _words(names)
    by_code = _words(what.codes)
    for number, source, kind, key, message, content in connection.execute(_BAD_ROWS).fetchall():
        raw = content.decode(errors="replace")
        is_text = (source, kind) in what.free_text
        if (
            (source, kind, key) in places
            or by_name.search(message)
            or by_name.search(raw)
            or (is_text and by_code.search(raw))
        ):
            connection.execute(_REDACT_BAD_ROW, (REDACTED, number))


def _words(words: Iterable[str]) -> re.Pattern[str]:
    """Find words that are not parts of others: Anna Berg is not in Anna Bergman."""
    either = "|".join(re.escape(word) for word in sorted(words))
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)" if either else r"(?!)")


def _take_names(
    connection: sqlite3.Connection, place: Place, columns: Collection[str]
) -> Iterator[str]:
    """Empty the personal columns of a record's versions; gives every full name it ever had."""
    known = connection.execute(
        "SELECT names FROM personal WHERE (source, kind, key) = (?, ?, ?)", place
    )
    rows = [json.loads(names) for (names,) in known]
    # Versions of before the columns were declared to be personal hold names too.
    for seq, payload in connection.execute(_VERSIONS, place).fetchall():
        if payload:
            rows.append(json.loads(payload))
            _empty(connection, seq, dict.fromkeys(columns))
    for row in rows:
        yield from _full_names([str(row[name]) for name in columns if row.get(name)])


def _full_names(parts: list[str]) -> set[str]:
    """Write a name both ways round; one part of several may be anybody's."""
    orders = (parts, parts[::-1])
    return {mark.join(order) for order in orders for mark in (" ", ", ") if parts}


def _empty(connection: sqlite3.Connection, seq: int, cells: Mapping[str, Any]) -> bool:
    """Put other cells into one version; its digest stays, so its source does not bring it back."""
    (payload,) = connection.execute("SELECT payload FROM record WHERE seq = ?", (seq,)).fetchone()
    row = json.loads(payload) if payload else {}
    changed = {name: value for name, value in cells.items() if row.get(name) not in {None, value}}
    if not changed:
        return False
    connection.execute(_REWRITE, (_encode({**row, **changed}), seq))
    return True


def _take_out(
    connection: sqlite3.Connection, name: str, free_text: Mapping[tuple[str, str], tuple[str, ...]]
) -> int:
    """Redact a name wherever it stands as words, one word only in free text; counts versions.

    Berg may be a customer; Anna Berg is a person.
    """
    pattern = _words([name])
    written = json.dumps(name, ensure_ascii=False)[1:-1]
    count = 0
    for seq, source, kind, payload in connection.execute(_SPEAKING, (written,)).fetchall():
        row = json.loads(payload)
        columns = row if " " in name else free_text.get((source, kind), ())
        said = {column: row[column] for column in columns if isinstance(row.get(column), str)}
        count += _empty(
            connection,
            seq,
            {column: pattern.sub(REDACTED, value) for column, value in said.items()},
        )
    return count


def _encode(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
