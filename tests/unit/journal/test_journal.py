from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kg.errors import JournalError
from kg.journal import Appended, Journal
from kg.records import Gap, Record, record_path

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal.open(tmp_path / "store" / "journal.sqlite")) as journal:
        yield journal


def state(key: str, value: Any, version: str | None = None, **more: Any) -> Record:
    return Record("erp", "job", key, {"v": value}, f"f:job#{key}", version, **more)


def event(key: str, value: Any) -> Record:
    return state(key, value, effective="2026-11-23T07:00:00Z", effective_by="event")


def versions(journal: Journal, key: str = "1") -> list[tuple[str | None, Any]]:
    found = [record for record in journal.records_after(0, 1000) if record.key == key]
    return [(r.version, None if r.deleted else r.row["v"]) for r in found]


def test_a_record_comes_back_as_it_went_in(journal: Journal) -> None:
    row = {"b": "å\0", "a": 1.5, "n": None, "t": True, "i": 2**62}
    given = Record("erp", "job", "a/b|ö", row, "f.csv:2", None, "2026-01-01T00:00:00Z", "changed")
    assert journal.append([given], NOW) == Appended(new=1, unchanged=0)
    found = journal.newest("erp", "job", "a/b|ö")
    assert found is not None
    assert (found.row, found.position, found.version) == (row, "f.csv:2", "1")
    assert (found.effective, found.effective_by, found.deleted) == (
        "2026-01-01T00:00:00Z",
        "changed",
        False,
    )
    assert (found.seq, found.recorded) == (1, "2026-11-23T08:00:00Z")
    assert list(journal.live_records()) == [found]
    path = record_path("erp", "job", "a/b|ö")
    assert journal.current_by_path([path, "record/erp/job/none", "x"]) == {path: found}


def test_polled_state_counts_only_against_the_last_version(journal: Journal) -> None:
    for value in "AAABBA":
        journal.append([state("1", value)], NOW)
    journal.append([state("1", "A"), state("1", "B"), state("1", "B")], NOW)
    assert versions(journal) == [("1", "A"), ("2", "B"), ("3", "A"), ("4", "B")]


def test_a_sources_own_version_is_known_again_even_when_it_is_old(journal: Journal) -> None:
    history = [state("1", "A", "r1"), state("1", "B", "r2"), state("1", "A", "r3")]
    assert journal.append(history, NOW) == (3, 0)
    assert journal.append(history[::-1], LATER) == (0, 3)


def test_the_same_version_with_other_content_gets_a_suffix(journal: Journal) -> None:
    history = [state("1", "A", "r1"), state("1", "B", "r1"), state("1", "C", "r1")]
    assert journal.append(history, NOW) == (3, 0)
    assert journal.append(history, NOW) == (0, 3)
    assert versions(journal) == [("r1", "A"), ("r1~2", "B"), ("r1~3", "C")]


def test_a_redelivered_event_is_known_and_a_changed_one_is_the_next_version(
    journal: Journal,
) -> None:
    assert journal.append([event("1", "A"), event("1", "B"), event("1", "A")], NOW) == (2, 1)
    assert journal.append([event("1", "B"), event("1", "A"), event("2", "A")], NOW) == (1, 2)


def test_a_source_may_stop_and_start_naming_its_versions(journal: Journal) -> None:
    journal.append([state("1", "A", "2"), state("1", "B"), state("1", "C")], NOW)
    journal.append([state("1", "D", "1"), state("1", "E"), state("1", "F")], NOW)
    names = [version for version, _ in versions(journal)]
    assert [value for _, value in versions(journal)] == list("ABCDEF")
    assert len(set(names)) == 6


@pytest.mark.parametrize("make", [state, lambda k, v: state(k, v, "r1"), event])
def test_a_missing_key_gets_a_tombstone_and_may_come_back(journal: Journal, make: Any) -> None:
    for _ in range(2):
        journal.append([make("1", "A"), make("2", "B")], NOW)
        assert journal.retire_missing("erp", "job", {"2"}, LATER) == 1
        assert journal.retire_missing("erp", "job", ["2"], LATER) == 0
        assert [r.key for r in journal.live_records()] == ["2"]
        gone = journal.newest("erp", "job", "1")
        assert gone is not None
        assert (gone.deleted, gone.row, gone.position) == (True, {}, "f:job#1")
    assert [value for _, value in versions(journal)] == ["A", None, "A", None]
    assert journal.retire_missing("erp", "other", set(), LATER) == 0


def test_a_failing_batch_leaves_nothing(journal: Journal) -> None:
    def broken() -> Iterator[Record]:
        yield from (state(str(n), n) for n in range(6_000))
        raise LookupError

    with pytest.raises(LookupError):
        journal.append(broken(), NOW)
    with pytest.raises(JournalError, match="record '1' of erp/job cannot be written"):
        journal.append([state("1", float("nan"))], NOW)
    with pytest.raises(JournalError):
        journal.append([state("1", "\ud800")], NOW)
    assert journal.last_seq() == 0
    assert journal.append([state("1", 1)], NOW) == (1, 0)


def test_live_records_stream_one_moment_whatever_is_appended_meanwhile(journal: Journal) -> None:
    journal.append([state(str(n), 0) for n in range(5_000)], NOW)
    journal.append([Record("mes", "run", "1", {}, "x")], NOW)
    stream = journal.live_records("erp")
    first = next(stream)
    journal.append([state(str(n), 1) for n in range(5_000)], NOW)
    seen = [first, *stream]
    assert [(r.seq, r.row["v"]) for r in seen] == [(n, 0) for n in range(1, 5_001)]
    assert len(list(journal.live_records())) == 5_001


def test_records_after_pages_through_every_version(journal: Journal) -> None:
    journal.append([state(str(n), n) for n in range(10)], NOW)
    assert [r.seq for r in journal.records_after(3, 4)] == [4, 5, 6, 7]
    assert journal.records_after(10, 4) == []
    assert journal.last_seq() == 10


def test_threads_may_share_a_journal(journal: Journal) -> None:
    def write(name: str) -> None:
        for number in range(20):
            journal.append([state(f"{name}{number}", number)], NOW)

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert journal.last_seq() == 80


def test_another_process_reads_beside_the_writer(journal: Journal, tmp_path: Path) -> None:
    journal.append([state("1", 1)], NOW)
    with closing(Journal.open(tmp_path / "store" / "journal.sqlite")) as other:
        journal.append([state("2", 2)], NOW)
        assert other.last_seq() == 2
        assert other.append([state("2", 2), state("3", 3)], NOW) == (1, 1)
    assert journal.last_seq() == 3


def test_a_cursor_confirms_its_source(journal: Journal) -> None:
    journal.set_cursor("erp", "job", "10", NOW)
    journal.set_cursor("erp", "job", "20", LATER)
    journal.set_cursor("mes", "run", "", NOW)
    assert journal.cursors("erp") == {"job": "20"}
    assert journal.confirmations() == {("erp", "job"): LATER, ("mes", "run"): NOW}


def gap(entity: str, message: str = "m") -> Gap:
    return Gap(f"<{entity}>", "batch", "<shape>", "violation", message)


def test_gaps_open_stay_and_close_with_their_times(journal: Journal, tmp_path: Path) -> None:
    assert (journal.checked_seq(), journal.open_gaps()) == (0, [])
    journal.replace_gaps([gap("a"), gap("b"), gap("b")], 5, NOW)
    journal.replace_gaps([gap("b", "new words"), gap("c")], 9, LATER)
    assert journal.checked_seq() == 9
    assert [(g.entity, g.message, g.opened_at, g.checked_seq) for g in journal.open_gaps()] == [
        ("<b>", "new words", "2026-11-23T08:00:00Z", 9),
        ("<c>", "m", "2026-11-23T09:00:00Z", 9),
    ]
    journal.replace_gaps([gap("a")], 10, LATER)
    query = "SELECT entity, opened_at, closed_at, opened_seq, closed_seq FROM gap ORDER BY id"
    with closing(sqlite3.connect(tmp_path / "store" / "journal.sqlite")) as connection:
        assert connection.execute(query).fetchall() == [
            ("<a>", "2026-11-23T08:00:00Z", "2026-11-23T09:00:00Z", 5, 9),
            ("<b>", "2026-11-23T08:00:00Z", "2026-11-23T09:00:00Z", 5, 10),
            ("<c>", "2026-11-23T09:00:00Z", "2026-11-23T09:00:00Z", 9, 10),
            ("<a>", "2026-11-23T09:00:00Z", None, 10, None),
        ]


def test_a_foreign_database_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE t (x)")
    before = path.read_bytes()
    with pytest.raises(JournalError, match="is no Traveler journal"):
        Journal.open(path)
    assert path.read_bytes() == before
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(JournalError, match="is no SQLite file"):
        Journal.open(path)
    with pytest.raises(JournalError):
        Journal.open(tmp_path)


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    Journal.open(path).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
    with pytest.raises(JournalError, match="schema 99"):
        Journal.open(path)


def test_commits_are_synced_and_keys_are_foreign_keys(journal: Journal) -> None:
    pragmas = {
        name: journal._commits.connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys")
    }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_closed_journal_says_so_as_a_journal_error(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "j.sqlite")
    journal.close()
    with pytest.raises(JournalError, match="closed"):
        journal.last_seq()


def test_it_is_known_which_records_had_come_by_a_seq(journal: Journal) -> None:
    known, late, odd = state("1", "a"), state("2", "a"), state("ä/1 %2F", "a")
    journal.append([known], NOW)
    seq = journal.last_seq()
    journal.append([state("1", "b"), late, odd], NOW)
    asked = [known, late, odd, state("3", "never came")]
    assert journal.history.unknown_at(seq, asked) == {r.path() for r in asked[1:]}
    assert journal.history.unknown_at(journal.last_seq(), asked) == {asked[3].path()}
    assert journal.history.unknown_at(0, asked) == {r.path() for r in asked}
    journal.retire_missing(known.source, known.kind, set(), NOW)
    assert journal.history.unknown_at(journal.last_seq(), asked) == {asked[3].path()}
