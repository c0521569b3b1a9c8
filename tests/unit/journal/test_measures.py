"""What is measured of a journal: counts, first and last receipts, and delays since the fact."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kg.journal import Counted, Journal
from kg.records import Record
from kg.times import format_time

FIRST = datetime(2026, 11, 23, 8, tzinfo=UTC)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal.open(tmp_path / "journal.sqlite")
    yield journal
    journal.close()


def record(key: str, happened: datetime | None, *, deleted: bool = False) -> Record:
    said = format_time(happened) if happened else None
    row = {"id": key, "at": said}
    by = "event" if said else "seen"
    return Record("mes", "run", key, row, "runs:1", None, said, by, deleted)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def test_an_empty_journal_measures_nothing(journal: Journal) -> None:
    assert journal.measures.tables() == []
    assert list(journal.measures.came()) == []


def test_versions_and_what_stands_of_them_are_counted(journal: Journal) -> None:
    journal.append([record("1", FIRST), record("2", FIRST)], FIRST)
    journal.append([record("1", FIRST + minutes(1)), record("3", None)], FIRST + minutes(5))
    journal.append([record("2", FIRST, deleted=True)], FIRST + minutes(9))
    first, last = format_time(FIRST), format_time(FIRST + minutes(9))
    assert journal.measures.tables() == [Counted("mes", "run", 5, 2, first, last)]


def test_what_the_first_reading_found_has_no_delay(journal: Journal) -> None:
    journal.append([record("old", FIRST - timedelta(days=90))], FIRST)
    journal.append([record("new", FIRST + minutes(1)), record("unknown", None)], FIRST + minutes(4))
    journal.append([record("new", FIRST, deleted=True)], FIRST + minutes(5))
    came = list(journal.measures.came())
    assert [one.recorded - one.effective for one in came] == [minutes(3)]


def test_of_a_long_history_the_newest_are_looked_at(journal: Journal) -> None:
    for number in range(50):
        at = FIRST + minutes(number)
        journal.append([record(str(number), at)], at + timedelta(seconds=number))
    came = list(journal.measures.came(most=10))
    assert [(one.recorded - one.effective).total_seconds() for one in came] == [*range(40, 50)]
