"""When a table was vouched for is told of any time, never too fresh, and stale when it was."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.journal import Journal
from kg.records import Record

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
PLACE = ("erp", "job")


def _after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def _told(journal: Journal, seconds: float) -> datetime | None:
    found = journal.confirmed.at(_after(seconds)).confirmed.get(PLACE)
    assert found is None or found.tzinfo is not None
    return found


@settings(max_examples=40, deadline=None)
@given(
    waits=st.lists(st.integers(0, 400), min_size=1, max_size=25),
    asked=st.lists(st.integers(-10, 3_000), min_size=1, max_size=20),
    step=st.sampled_from([30, 120, 900]),
)
def test_a_past_confirmation_is_no_fresher_than_it_was_and_stale_exactly_when_it_was(
    tmp_path_factory: pytest.TempPathFactory, waits: list[int], asked: list[int], step: int
) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.sqlite"
    with closing(Journal.open(path)) as journal:
        journal.confirmed.steps = {"erp": float(step)}
        moment, all_ = 0, []
        for wait in waits:
            moment += wait
            all_.append(moment)
            journal.set_cursor(*PLACE, "", _after(moment))
        for seconds in asked:
            true = max((one for one in all_ if one <= seconds), default=None)
            told = _told(journal, seconds)
            assert (told is None) == (true is None)
            if true is not None and told is not None:
                assert told <= _after(true)
                is_stale = (_after(seconds) - told).total_seconds() > step
                assert is_stale == (seconds - true > step)


def test_a_table_that_is_polled_without_a_break_has_one_row(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with closing(Journal.open(path)) as journal:
        for minute in [*range(200), *range(300, 310)]:
            journal.set_cursor(*PLACE, "", _after(60 * minute))
        assert _told(journal, 60 * 250) == _after(60 * 199)
        assert _told(journal, 60 * 100 + 30) == _after(60 * 99 + 30)
        assert _told(journal, -1) is None
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("SELECT count(*) FROM confirmation").fetchone() == (2,)


def test_what_arrives_vouches_for_its_table_too(tmp_path: Path) -> None:
    with closing(Journal.open(tmp_path / "journal.sqlite")) as journal:
        record = Record(*PLACE, "1", {"v": 1}, "m:1")
        journal.take(PLACE, [record], "c", NOW, {})
        assert _told(journal, 5) == NOW
        assert journal.confirmed.at(NOW).from_ is None


def test_of_an_older_journal_it_is_not_known_before_it_was_brought_up(tmp_path: Path) -> None:
    script = Path(__file__).parent / "cases" / "schema-1.sql"
    path = tmp_path / "journal.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script.read_text(encoding="utf-8"))
    with closing(Journal.open(path)) as journal:
        (last,) = journal.confirmations().values()
        assert journal.confirmed.at(last).confirmed == journal.confirmations()
        before = journal.confirmed.at(last - timedelta(seconds=1))
        assert (before.confirmed, before.from_) == ({}, last)
