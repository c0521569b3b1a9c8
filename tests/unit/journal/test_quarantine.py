from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kg.journal import Journal, WaitingCount
from kg.records import Record, Rejected

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
MAPPINGS = {("erp", "job"): "m1"}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal.open(tmp_path / "journal.sqlite")) as journal:
        yield journal


def rejected(
    position: str,
    raw: str = "x",
    stage: Any = "read",
    key: str | None = None,
    code: str = "bad-row",
    kind: str = "job",
) -> Rejected:
    return Rejected("erp", kind, position, stage, code, "m", "h", raw, key)


def put(journal: Journal, *rows: Rejected, at: datetime = NOW, replacing: Any = ()) -> int:
    return journal.quarantine(rows, at, MAPPINGS, replacing)


def test_a_row_seen_again_counts_an_attempt(journal: Journal) -> None:
    assert put(journal, rejected("f:1"), rejected("f:2")) == 2
    assert put(journal, rejected("f:1"), rejected("f:1", "y", key="k"), at=LATER) == 1
    found = journal.waiting()
    assert [(q.rejected.position, q.rejected.raw, q.attempts) for q in found] == [
        ("f:1", "x", 2),
        ("f:2", "x", 1),
        ("f:1", "y", 1),
    ]
    assert (found[0].first_seen, found[0].last_seen) == (
        "2026-11-23T08:00:00Z",
        "2026-11-23T09:00:00Z",
    )
    assert found[2].rejected == rejected("f:1", "y", key="k")
    assert {row.mapping for row in found} == {"m1"}


def test_raw_bytes_come_back_as_they_were_and_stand_in_the_file(
    journal: Journal, tmp_path: Path
) -> None:
    sent = b"caf\xe9;\xff\x00;\xf0\x9f\x94\xa7"
    put(journal, rejected("f:1", sent.decode("utf-8", "surrogateescape")))
    (row,) = journal.waiting()
    assert row.rejected.raw.encode("utf-8", "surrogateescape") == sent
    assert row.to_dict(MAPPINGS)["raw"] == "caf\\xe9;\\xff\0;🔧"
    with closing(sqlite3.connect(tmp_path / "journal.sqlite")) as connection:
        assert connection.execute("SELECT raw FROM quarantine").fetchall() == [(sent,)]


def test_half_a_character_that_no_byte_stood_for_is_kept_too(journal: Journal) -> None:
    put(journal, rejected("f:1", "a\ud800b"))
    assert len(journal.waiting()) == 1


def test_of_the_rows_tried_again_those_stay_that_failed_again(journal: Journal) -> None:
    put(journal, rejected("f:1"), rejected("f:2"), rejected("f:3"))
    tried = [row.id for row in journal.waiting()]
    assert put(journal, rejected("f:2"), rejected("f:4"), at=LATER, replacing=tried) == 1
    found = [(q.rejected.position, q.attempts, q.first_seen[11:13]) for q in journal.waiting()]
    assert found == [("f:2", 2, "08"), ("f:4", 1, "09")]


def test_a_row_that_fails_for_another_reason_keeps_its_number(journal: Journal) -> None:
    put(journal, rejected("f:1"), rejected("f:2"))
    one, two = (row.id for row in journal.waiting())
    again = rejected("f:1", code="bad-time", key="k")
    journal.requarantine({one: again, two: None}, LATER, {("erp", "job"): "m2"})
    (row,) = journal.waiting()
    assert (row.id, row.rejected, row.attempts, row.mapping) == (one, again, 2, "m2")


def test_what_waits_is_told_by_stage_and_table_and_counted(journal: Journal) -> None:
    put(
        journal,
        rejected("f:1"),
        rejected("f:2"),
        rejected("f:1", stage="lift", key="1", code="bad-iri"),
        rejected("g:1", kind="run"),
    )
    assert len(journal.unreadable_of("erp", "job")) == 2
    assert journal.unlifted_of(None) == [journal.waiting()[2].id]
    assert journal.waiting_counts() == [
        WaitingCount("erp", "job", "lift", "bad-iri", 1),
        WaitingCount("erp", "job", "read", "bad-row", 2),
        WaitingCount("erp", "run", "read", "bad-row", 1),
    ]


def test_failures_to_lift_are_found_by_their_records(journal: Journal) -> None:
    rows = [rejected(f"f:{key}", stage="lift", key=key) for key in "12"]
    put(journal, *rows, rejected("f:1", key="1"))
    of_one = journal.unlifted_of([Record("erp", "job", "1", {}, "f:9")])
    assert [journal.waiting()[0].id] == of_one
    assert journal.unlifted_of([Record("erp", "run", "1", {}, "f:9")]) == []


def test_discarded_rows_stay_in_history_with_the_reason_and_are_not_shown_again(
    journal: Journal,
) -> None:
    put(journal, rejected("f:1", "a"), rejected("f:2", "a"), rejected("f:3", "b"))
    first, _, third = (row.id for row in journal.waiting())
    assert journal.discard([first], "a test of the scanner", LATER) == 2
    assert [row.id for row in journal.waiting()] == [third]
    # The same bytes again, a line further down: known, and counted where they stand.
    assert put(journal, rejected("f:9", "a"), rejected("f:3", "b"), replacing=[third]) == 0
    assert [row.rejected.raw for row in journal.waiting()] == ["b"]
    kept = journal.discarded()
    assert [(q.rejected.position, q.discarded_why, q.attempts) for q in kept] == [
        ("f:1", "a test of the scanner", 2),
        ("f:2", "a test of the scanner", 2),
    ]
    assert {q.discarded_at for q in kept} == {"2026-11-23T09:00:00Z"}
    assert journal.discard([first, 999], "again", LATER) == 0
    assert [row.rows for row in journal.waiting_counts()] == [1]


def test_a_discarded_row_does_not_leave_history_when_it_is_well(journal: Journal) -> None:
    put(journal, rejected("f:1"))
    (row,) = journal.waiting()
    journal.discard([row.id], "no use", NOW)
    put(journal, replacing=[row.id])
    journal.requarantine({row.id: None}, NOW, MAPPINGS)
    assert len(journal.discarded()) == 1


def test_the_same_bytes_bad_for_another_reason_are_shown(journal: Journal) -> None:
    put(journal, rejected("f:1"))
    journal.discard([journal.waiting()[0].id], "no use", NOW)
    assert put(journal, rejected("f:1", code="bad-time"), rejected("f:1", kind="run")) == 2


def test_a_row_whose_key_came_again_is_out_of_date(journal: Journal) -> None:
    put(journal, rejected("f:1", "a", key="1"), rejected("f:2", "b", key="1"), rejected("f:3"))
    first, second, _ = (row.id for row in journal.waiting())
    record = Record("erp", "job", "1", {}, "f:5")
    journal.supersede([(record, second)])
    assert [row.is_superseded for row in journal.waiting()] == [True, False, False]
    journal.supersede([(record, None)])
    assert [row.is_superseded for row in journal.waiting()] == [True, True, False]
    assert first < second


def test_doubts_stand_from_the_last_time_that_the_source_vouched(journal: Journal) -> None:
    records = [Record("erp", "job", key, {"v": key}, f"f:{key}") for key in "123"]
    journal.append(records, NOW)
    journal.set_cursor("erp", "job", "", NOW)
    journal.set_doubts("erp", "job", {"1", "2", "unheard-of"})
    journal.set_cursor("erp", "job", "", LATER)
    journal.set_doubts("erp", "job", {"2", "3"})
    assert journal.doubts() == {"record/erp/job/2": NOW, "record/erp/job/3": LATER}
    journal.set_doubts("erp", "job", (), cleared=["2"])
    assert journal.doubts() == {"record/erp/job/3": LATER}
    journal.set_doubts("erp", "other", ())
    journal.set_doubts("erp", "job", ())
    assert journal.doubts() == {}


def test_an_older_version_stands_in_for_the_newest_where_it_is_said_to(journal: Journal) -> None:
    for value, at in (("a", NOW), ("b", LATER), ("c", LATER)):
        journal.append([Record("erp", "job", "1", {"v": value}, "f:1")], at)
    newest = journal.newest("erp", "job", "1")
    assert newest is not None
    before = journal.versions_before([newest])
    assert {seq: record.row["v"] for seq, record in before.items()} == {3: "b"}
    assert journal.versions_before([journal.records_after(0, 1)[0]]) == {}
    journal.set_stand_ins([newest], [before[3]])
    current = journal.current("erp", "job", "1")
    assert current is not None
    assert (current.row["v"], newest.row["v"]) == ("b", "c")
    assert journal.doubts() == {"record/erp/job/1": LATER}
    journal.set_stand_ins([newest], [])
    assert journal.current("erp", "job", "1") == newest
