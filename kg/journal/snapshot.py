"""A snapshot of a journal file: what was committed at one moment, as one file of its own."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.errors import JournalError
from kg.journal.file import translated

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Which journal was copied, and the last record in the copy."""

    journal: str
    last_seq: int


def copy_journal(path: Path, target: Path) -> Snapshot:
    """Copy a journal into a new file while others write it; they do not wait.

    One step of SQLite's online backup is one read transaction: the copy is of one moment.

    Raises:
        JournalError: the journal is missing, damaged or none, or the copy cannot be written.
    """
    if not path.is_file():
        raise JournalError(
            f"there is no journal {path}", hint="read the sources first: traveler load"
        )
    with (
        translated(path),
        closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(target, isolation_level=None)) as copy,
    ):
        source.execute("PRAGMA query_only = ON")
        source.backup(copy)
        # One file without a log beside it: what stands in it is all that there is.
        copy.execute("PRAGMA journal_mode = DELETE")
        return _describe(copy, path)


def _describe(copy: sqlite3.Connection, path: Path) -> Snapshot:
    (state,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    if state != "ok":
        raise JournalError(
            f"the journal {path} is damaged: {state}",
            hint="keep it as it is, and restore an earlier backup: traveler restore",
            code="journal-damaged",
        )
    (name,) = copy.execute("SELECT value FROM meta WHERE key = 'journal'").fetchone()
    (last,) = copy.execute("SELECT coalesce(max(seq), 0) FROM record").fetchone()
    return Snapshot(str(name), int(last))
