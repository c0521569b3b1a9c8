"""Journals that an earlier Traveler wrote: each file here is one, dumped as SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kg.journal import Journal
from kg.records import Record

CASES = sorted((Path(__file__).parent / "cases").glob("schema-*.sql"))
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


@pytest.fixture
def old_journal(tmp_path: Path) -> Callable[[Path], Path]:
    """Write the file that a dump is of."""

    def write(script: Path) -> Path:
        path = tmp_path / "journal.sqlite"
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(script.read_text(encoding="utf-8"))
        return path

    return write


def described(path: Path) -> list[tuple[str, str]]:
    query = "SELECT type, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY sql"
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def test_there_are_old_journals() -> None:
    assert CASES


@pytest.mark.parametrize("script", CASES, ids=lambda path: path.stem)
def test_an_old_journal_opens_and_keeps_all_it_held(
    old_journal: Callable[[Path], Path], script: Path
) -> None:
    with closing(Journal.open(old_journal(script))) as journal:
        found = [(r.seq, r.key, r.version, r.deleted) for r in journal.records_after(0, 99)]
        assert found == [
            (1, "1", "1", False),
            (2, "2", "r7", False),
            (3, "3", "1", False),
            (4, "1", "2", False),
            (5, "3", "2", True),
        ]
        assert [r.key for r in journal.live_records()] == ["2", "1"]
        assert journal.cursors("erp") == {"jobs": '[10, 2, "x"]'}
        assert [(g.entity, g.opened_at) for g in journal.open_gaps()] == [
            ("<e>", "2026-11-23T08:00:00Z")
        ]
        waiting = [(q.id, q.rejected.code, q.attempts) for q in journal.waiting()]
        assert waiting == [(1, "empty-key", 2), (2, "bad-literal", 1)]


@pytest.mark.parametrize("script", CASES, ids=lambda path: path.stem)
def test_an_old_journal_goes_on(old_journal: Callable[[Path], Path], script: Path) -> None:
    again = Record("erp", "jobs", "1", {"id": "1", "number": "A-1b"}, "jobs.csv:1")
    changed = Record("erp", "jobs", "1", {"id": "1", "number": "A-1c"}, "jobs.csv:1")
    with closing(Journal.open(old_journal(script))) as journal:
        assert journal.append([again], NOW) == (0, 1)
        assert journal.append([changed], NOW) == (1, 0)
        assert journal.last_seq() == 6


@pytest.mark.parametrize("script", CASES, ids=lambda path: path.stem)
def test_an_old_journal_is_brought_up_once_to_what_a_new_one_is(
    old_journal: Callable[[Path], Path], script: Path, tmp_path: Path
) -> None:
    path = old_journal(script)
    with closing(Journal.open(path)) as one, closing(Journal.open(path)) as other:
        assert one.id == other.id
    Journal.open(tmp_path / "new.sqlite").close()
    assert described(path) == described(tmp_path / "new.sqlite")
