from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.journal import Journal
from kg.records import Record
from kg.times import format_time
from tests.unit.journal.test_versions import MEMORY

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def hour(number: float) -> datetime:
    return NOW + timedelta(hours=number)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal.open(tmp_path / "journal.sqlite")) as journal:
        yield journal


def state(value: str, version: str | None = None, effective: str | None = None) -> Record:
    return Record("erp", "job", "1", {"v": value}, "f:1", version, effective, "changed")


def held(journal: Journal) -> list[str]:
    return [str(record.row.get("v")) for record in journal.records_after(0, 1_000)]


def test_what_was_current_at_the_horizon_and_since_is_kept(journal: Journal) -> None:
    for number, value in enumerate("abcd"):
        journal.append([state(value)], hour(number))
    assert journal.horizon() is None
    assert journal.prune(hour(2.5)) == 2
    assert held(journal) == ["c", "d"]
    assert journal.horizon() == hour(2.5)
    assert journal.prune(hour(2.5)) == 0


def test_the_horizon_never_goes_back(journal: Journal) -> None:
    journal.prune(hour(3.25))
    journal.prune(hour(1))
    assert journal.horizon() == hour(3.25)


def test_a_version_that_was_dropped_is_known_again_when_it_comes_again(journal: Journal) -> None:
    history = [state(value, f"r{value}") for value in "abc"]
    journal.append(history, NOW)
    assert journal.prune(hour(1)) == 2
    assert journal.append(history, hour(2)) == (0, 3)
    newest = journal.newest("erp", "job", "1")
    assert newest is not None
    assert newest.row["v"] == "c"


def test_a_version_that_is_true_only_later_does_not_replace_the_one_before(
    journal: Journal,
) -> None:
    journal.append([state("now")], NOW)
    journal.append([state("next week", effective=format_time(hour(100)))], hour(1))
    assert journal.prune(hour(2)) == 0
    assert journal.prune(hour(100)) == 1


def test_what_stands_in_for_a_version_that_cannot_be_lifted_is_kept(journal: Journal) -> None:
    for value in "abc":
        journal.append([state(value)], NOW)
    first, second, third = journal.records_after(0, 9)
    journal.set_stand_ins([third], [first])
    assert journal.prune(hour(1)) == 1
    assert held(journal) == ["a", "c"]
    assert journal.versions_before([third]) == {third.seq: first}
    assert second.seq not in {record.seq for record in journal.records_after(0, 9)}


def test_a_tombstone_is_kept_and_what_was_before_it_is_not(journal: Journal) -> None:
    journal.append([state("a")], NOW)
    journal.retire_missing("erp", "job", set(), hour(1))
    assert journal.prune(hour(2)) == 1
    (tombstone,) = journal.records_after(0, 9)
    assert tombstone.deleted


def test_the_space_is_given_back(journal: Journal, tmp_path: Path) -> None:
    for number in range(50):
        journal.append([state(str(number) + "x" * 20_000)], NOW)
    path = tmp_path / "journal.sqlite"
    journal.compact()
    before = path.stat().st_size
    journal.prune(hour(1))
    journal.compact()
    assert path.stat().st_size < before / 5
    assert (tmp_path / "journal.sqlite-wal").stat().st_size == 0
    assert journal.append([state("more")], hour(2)) == (1, 0)


steps = st.lists(
    st.tuples(
        st.sampled_from("12"), st.integers(0, 4), st.none() | st.integers(0, 6), st.booleans()
    ),
    max_size=10,
)


def as_of(records: list[Record], at: int, believed_at: int) -> dict[str, Record]:
    """Fold by walking: the newest version of each key that was known and true."""
    known = {}
    for record in records:
        effective = record.effective or record.recorded
        if record.recorded <= format_time(hour(believed_at)) and effective <= format_time(hour(at)):
            known[record.key] = record
    return known


@settings(max_examples=60, deadline=None)
@given(steps, st.integers(0, 5))
def test_every_answer_as_of_a_time_behind_the_horizon_stays_what_it_was(
    drawn: list[tuple[str, int, int | None, bool]], horizon: int
) -> None:
    with (
        tempfile.TemporaryDirectory(dir=MEMORY) as folder,
        closing(Journal.open(Path(folder) / "j.sqlite")) as journal,
    ):
        for number, (key, recorded, effective, is_gone) in enumerate(
            sorted(drawn, key=lambda step: step[1])
        ):
            moment = None if effective is None else format_time(hour(effective))
            record = Record("s", "k", key, {"n": number}, "p", None, moment, deleted=is_gone)
            journal.append([record], hour(recorded))
        before = journal.records_after(0, 100)
        live = list(journal.live_records())
        count = journal.prune(hour(horizon))
        after = journal.records_after(0, 100)
        assert len(after) == len(before) - count
        assert list(journal.live_records()) == live
        for at, believed_at in product(range(horizon, 7), repeat=2):
            assert as_of(after, at, believed_at) == as_of(before, at, believed_at)
