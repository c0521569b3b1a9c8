"""The SQLite file that a journal is: its schema, its pragmas, its transactions."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kg.errors import DiskFull, JournalError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPLICATION_ID = 0x54524A4C
SET_CURSOR = "INSERT OR REPLACE INTO cursor VALUES (?, ?, ?, ?)"
_BUSY_SECONDS = 30.0
_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)

# The version is part of a record's identity, so a redelivered record meets its own row.
# `newest` repeats what deciding about a new version needs: a look-up, not a walk of history.
_VERSION_1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE record (
  seq INTEGER PRIMARY KEY, source TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL,
  version TEXT NOT NULL, digest BLOB NOT NULL, deleted INTEGER NOT NULL, effective TEXT,
  effective_by TEXT NOT NULL, recorded TEXT NOT NULL, position TEXT NOT NULL,
  payload TEXT NOT NULL, UNIQUE (source, kind, key, version));
CREATE TABLE newest (
  seq INTEGER PRIMARY KEY REFERENCES record (seq), source TEXT NOT NULL, kind TEXT NOT NULL,
  key TEXT NOT NULL, version TEXT NOT NULL, number INTEGER NOT NULL, digest BLOB NOT NULL,
  deleted INTEGER NOT NULL, UNIQUE (source, kind, key));
CREATE TABLE cursor (
  source TEXT NOT NULL, kind TEXT NOT NULL, cursor TEXT NOT NULL, confirmed_at TEXT NOT NULL,
  PRIMARY KEY (source, kind)) WITHOUT ROWID;
CREATE TABLE quarantine (
  id INTEGER PRIMARY KEY, source TEXT NOT NULL, kind TEXT NOT NULL, key TEXT,
  position TEXT NOT NULL, stage TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL,
  hint TEXT NOT NULL, raw TEXT NOT NULL, raw_digest BLOB NOT NULL, first_seen TEXT NOT NULL,
  last_seen TEXT NOT NULL, attempts INTEGER NOT NULL,
  UNIQUE (source, kind, position, stage, code, raw_digest));
CREATE TABLE gap (
  id INTEGER PRIMARY KEY, entity TEXT NOT NULL, slot TEXT NOT NULL, shape TEXT NOT NULL,
  severity TEXT NOT NULL, message TEXT NOT NULL, opened_at TEXT NOT NULL,
  opened_seq INTEGER NOT NULL, closed_at TEXT, closed_seq INTEGER);
CREATE UNIQUE INDEX gap_open ON gap (entity, slot, shape) WHERE closed_at IS NULL;
INSERT INTO meta VALUES ('schema', '1');
"""
# A random id, made with the file: whoever remembers a seq also remembers of which journal.
_VERSION_2 = """
INSERT INTO meta VALUES ('journal', lower(hex(randomblob(16))));
ALTER TABLE quarantine RENAME TO quarantine_1;
CREATE TABLE quarantine (
  id INTEGER PRIMARY KEY, source TEXT NOT NULL, kind TEXT NOT NULL, key TEXT,
  position TEXT NOT NULL, stage TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL,
  hint TEXT NOT NULL, raw BLOB NOT NULL, raw_digest BLOB NOT NULL, mapping TEXT NOT NULL,
  first_seen TEXT NOT NULL, last_seen TEXT NOT NULL, attempts INTEGER NOT NULL,
  superseded INTEGER NOT NULL DEFAULT 0, discarded_at TEXT, discarded_why TEXT,
  UNIQUE (source, kind, stage, code, raw_digest, position));
INSERT INTO quarantine SELECT id, source, kind, key, position, stage, code, message, hint,
  CAST(raw AS BLOB), raw_digest, '', first_seen, last_seen, attempts, 0, NULL, NULL
  FROM quarantine_1;
DROP TABLE quarantine_1;
CREATE INDEX quarantine_key ON quarantine (source, kind, key);
CREATE TABLE stand_in (
  source TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL,
  seq INTEGER NOT NULL REFERENCES record (seq), PRIMARY KEY (source, kind, key)) WITHOUT ROWID;
CREATE INDEX stand_in_seq ON stand_in (seq);
CREATE TABLE personal (
  source TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, names TEXT NOT NULL,
  PRIMARY KEY (source, kind, key)) WITHOUT ROWID;
CREATE TABLE forgotten (
  source TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, forgotten_at TEXT NOT NULL,
  PRIMARY KEY (source, kind, key)) WITHOUT ROWID;
CREATE TABLE doubt (
  source TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, confirmed_at TEXT,
  PRIMARY KEY (source, kind, key)) WITHOUT ROWID;
UPDATE meta SET value = '2' WHERE key = 'schema';
"""
# When a gap was last looked for, where that is not whenever something changes.
_VERSION_3 = """
ALTER TABLE gap ADD COLUMN checked_at TEXT;
UPDATE meta SET value = '3' WHERE key = 'schema';
"""
# How much was linked and lacking at each check that differed from the one before, and since when
# each gap is known that no shape tells of.
_VERSION_4 = """
CREATE TABLE linked (
  id INTEGER PRIMARY KEY, link TEXT NOT NULL, have INTEGER NOT NULL, total INTEGER NOT NULL,
  none INTEGER NOT NULL, not_due INTEGER NOT NULL, unknown INTEGER NOT NULL, at TEXT NOT NULL);
CREATE INDEX linked_link ON linked (link);
CREATE TABLE lacking (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, gaps INTEGER NOT NULL,
  at TEXT NOT NULL);
CREATE INDEX lacking_kind ON lacking (kind, state);
CREATE TABLE finding (
  id INTEGER PRIMARY KEY, gap TEXT NOT NULL, entity TEXT NOT NULL, slot TEXT NOT NULL,
  kind TEXT NOT NULL, opened_at TEXT NOT NULL, closed_at TEXT);
CREATE UNIQUE INDEX finding_open ON finding (gap) WHERE closed_at IS NULL;
UPDATE meta SET value = '4' WHERE key = 'schema';
"""
# When tables were vouched for, also at other times; of what was before nothing is known.
_VERSION_5 = """
CREATE TABLE confirmation (
  source TEXT NOT NULL, kind TEXT NOT NULL, since TEXT NOT NULL, until TEXT NOT NULL,
  silence_s REAL NOT NULL, UNIQUE (source, kind, since));
INSERT INTO meta SELECT 'confirmations', max(confirmed_at) FROM cursor
  HAVING max(confirmed_at) IS NOT NULL;
INSERT INTO confirmation SELECT source, kind, confirmed_at, confirmed_at, 0 FROM cursor;
UPDATE meta SET value = '5' WHERE key = 'schema';
"""
_VERSIONS = (_VERSION_1, _VERSION_2, _VERSION_3, _VERSION_4, _VERSION_5)
"""What leads from each schema to the next one: a new file takes all steps, an old one the rest."""


def open_journal_file(path: Path) -> sqlite3.Connection:
    """Open a journal, or make one where there is no file yet; its folder is made too.

    Raises:
        JournalError: the file is no Traveler journal, has a newer schema, or cannot be opened.
    """
    with translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = connect(path)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def connect(path: Path) -> sqlite3.Connection:
    """Connect with explicit transactions and no say about threads: the journal's lock has it."""
    connection = sqlite3.connect(
        path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA cache_size = -65536")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's and the file system's errors into ``JournalError`` and ``DiskFull``."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", None) in _FULL:
            raise DiskFull(
                f"the disk of the journal {path} is full: {error}",
                hint="free some space; nothing that was acknowledged is lost",
            ) from error
        is_foreign = "not a database" in str(error)
        raise JournalError(
            f"the journal {path} {'is no SQLite file' if is_foreign else f'failed: {error}'}",
            hint=_foreign_hint(path) if is_foreign else "is its disk full or its file locked?",
        ) from error
    except OSError as error:
        raise JournalError(
            f"the journal {path} cannot be opened: {error.strerror or error}",
            hint="check the folder's owner and rights, or set another [store] path",
        ) from error


@contextmanager
def write_transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Commit the block as one durable transaction, or leave nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        # A full disk has rolled back by itself; a second rollback would hide the first error.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    # Look before touching: switching to WAL would already rewrite somebody else's file.
    if not _is_blank(connection):
        _check(connection, path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    # A name that was replaced or erased is overwritten with zeros, not only forgotten about.
    connection.execute("PRAGMA secure_delete = ON")
    if _schema_of(connection) < len(_VERSIONS):
        _migrate(connection)


def _migrate(connection: sqlite3.Connection) -> None:
    with write_transaction(connection):
        # Asked again: another process may have been quicker.
        for step in _VERSIONS[_schema_of(connection) :]:
            for statement in step.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _is_blank(connection: sqlite3.Connection) -> bool:
    (objects,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return not objects


def _schema_of(connection: sqlite3.Connection) -> int:
    """Give the version of the schema; 0 where there is none yet."""
    if _is_blank(connection):
        return 0
    (schema,) = connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
    return int(schema)


def _check(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION_ID:
        raise JournalError(f"{path} is no Traveler journal", hint=_foreign_hint(path))
    if (schema := _schema_of(connection)) > len(_VERSIONS):
        raise JournalError(
            f"the journal {path} has schema {schema}; this Traveler reads up to {len(_VERSIONS)}",
            hint="use the newer Traveler that wrote it",
        )


def _foreign_hint(path: Path) -> str:
    return f"set another [store] path, or move {path.name} away if it is not needed"
