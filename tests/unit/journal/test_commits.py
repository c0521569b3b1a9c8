"""Group commit: many threads, one sync of the disk, and nobody answers for another's failure."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import pytest

from kg.errors import JournalError
from kg.journal import Appended, Journal
from kg.records import Record

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal.open(tmp_path / "journal.sqlite")) as journal:
        yield journal


def record(key: object, value: object = 1) -> Record:
    return Record("mes", "event", str(key), {"v": value}, "topic", None, None, "event")


def at_once(journal: Journal, works: list[Callable[[], object]]) -> list[Future[object]]:
    """Let works queue up behind a turn that is taken, then let them go."""
    with ThreadPoolExecutor(len(works)) as pool, journal._commits._turn:
        futures = [pool.submit(work) for work in works]
        until = monotonic() + 10
        while len(journal._commits._waiting) < len(works) and monotonic() < until:
            threading.Event().wait(0.001)
        assert len(journal._commits._waiting) == len(works)
        journal._commits._turn.release()
        for future in futures:
            future.exception()
        journal._commits._turn.acquire()
    return futures


def test_all_who_wait_share_one_transaction(journal: Journal) -> None:
    said: list[str] = []
    journal._commits.connection.set_trace_callback(said.append)
    works = [lambda key=key: journal.append([record(key)], NOW) for key in range(40)]
    futures = at_once(journal, works)
    assert [future.result() for future in futures] == [Appended(1, 0)] * 40
    assert said.count("COMMIT") == 1
    assert journal.last_seq() == 40


def test_more_than_one_transaction_holds_are_written_by_several(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kg.journal.commits._MOST", 3)
    works = [lambda key=key: journal.append([record(key)], NOW) for key in range(10)]
    assert all(future.exception() is None for future in at_once(journal, works))
    assert journal.last_seq() == 10


def test_a_write_that_fails_fails_alone_and_leaves_nothing(journal: Journal) -> None:
    def fail() -> None:
        def write(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO cursor VALUES ('mes', 'event', 'half', 'done')")
            raise LookupError("mine")

        journal._write(write)

    works = [lambda key=key: journal.append([record(key)], NOW) for key in range(6)]
    *good, bad = at_once(journal, [*works[:3], *works[3:], fail])
    assert [future.result() for future in good] == [Appended(1, 0)] * 6
    assert isinstance(bad.exception(), LookupError)
    assert journal.cursors("mes") == {}
    assert journal.last_seq() == 6


def test_where_nothing_can_be_committed_nobody_is_acknowledged(journal: Journal) -> None:
    journal.append([record("first")], NOW)
    connection = journal._commits.connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    works = [lambda key=key: journal.append([record(key, "x" * 9_000)], NOW) for key in range(5)]
    futures = at_once(journal, works)
    assert all(isinstance(future.exception(), JournalError) for future in futures)
    assert journal.last_seq() == 1
    connection.execute("PRAGMA max_page_count = 1000000")
    assert journal.append([record("second")], NOW) == (1, 0)


def test_an_interrupted_writer_acknowledges_nobody_and_the_next_one_goes_on(
    journal: Journal,
) -> None:
    def interrupt() -> None:
        def write(_connection: sqlite3.Connection) -> None:
            raise KeyboardInterrupt

        journal._write(write)

    works = [lambda key=key: journal.append([record(key)], NOW) for key in range(3)]
    errors = [future.exception() for future in at_once(journal, [interrupt, *works])]
    assert all(isinstance(error, JournalError | KeyboardInterrupt) for error in errors)
    assert sum(isinstance(error, KeyboardInterrupt) for error in errors) == 1
    assert journal.last_seq() == 0
    assert journal.append([record("next")], NOW) == (1, 0)


def test_a_reader_neither_waits_for_a_write_under_way_nor_sees_it(journal: Journal) -> None:
    journal.append([record("first")], NOW)
    is_written, may_end = threading.Event(), threading.Event()

    def write(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO cursor VALUES ('mes', 'event', 'x', '2026-01-01')")
        is_written.set()
        assert may_end.wait(10)

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(journal._write, write)
        assert is_written.wait(10)
        assert journal.cursors("mes") == {}
        assert journal.last_seq() == 1
        may_end.set()
        future.result()
    assert journal.cursors("mes") == {"event": "x"}


def test_what_threads_append_at_once_gets_each_a_number_of_its_own(journal: Journal) -> None:
    def append(name: str) -> int:
        return sum(journal.append([record(f"{name}{n}")], NOW).new for n in range(50))

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(append, "abcdefghijklmnop")) == 800
    records = journal.records_after(0, 1_000)
    assert [record.seq for record in records] == list(range(1, 801))
    # Each thread's own order is kept.
    for name in "ap":
        mine = [record.key for record in records if record.key.startswith(name)]
        assert mine == [f"{name}{n}" for n in range(50)]


def test_the_same_event_sent_by_many_at_once_is_one_version(journal: Journal) -> None:
    works = [lambda: journal.append([record("same")], NOW)] * 8
    futures = at_once(journal, list(works))
    assert sorted(future.result() for future in futures) == [(0, 1)] * 7 + [(1, 0)]
