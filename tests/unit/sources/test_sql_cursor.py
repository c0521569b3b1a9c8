"""A database is asked for what is new, and its keys are compared: on SQLite and real servers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from kg.errors import SourceError
from kg.settings import SourceSettings
from kg.tally import Tally
from tests.unit.sources.polled import NOW, Polled, open_journal, run

ZONED = {"sqlite": "text", "postgres_url": "timestamptz", "mariadb_url": "timestamp(3) NULL"}
LOCAL = {"sqlite": "text", "postgres_url": "timestamp", "mariadb_url": "datetime"}
SERVERS = [
    pytest.param(name, marks=[] if name == "sqlite" else [pytest.mark.server]) for name in ZONED
]
CURSOR = {"column": "changed"}


class Database(Polled):
    """A polled table of a database that tests write to."""

    def sql(self, *statements: str) -> None:
        run(self.source["url"], *statements)

    def words(self) -> dict[str, str]:
        with closing(sqlite3.connect(self.source["url"].removeprefix("sqlite:///"))) as database:
            rows = database.execute("SELECT id, word FROM jobs").fetchall()
        return {str(key): word for key, word in rows}

    def insert(self, *rows: str) -> None:
        self.sql("INSERT INTO jobs (id, changed, word) VALUES " + ", ".join(rows))


@pytest.fixture(params=SERVERS)
def engine(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def jobs(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty table ``jobs``, whose rows say when they changed in local time."""
    folder = tmp_path / "journal"
    folder.mkdir()
    url = f"sqlite:///{tmp_path}/f.sqlite"
    url = url if engine == "sqlite" else request.getfixturevalue(engine)
    journal = open_journal(folder)
    got = Database(journal, {"adapter": "sql", "url": url}, {"cursor": CURSOR})
    got.sql(f"CREATE TABLE jobs (id integer, changed {LOCAL[engine]}, word text)")
    try:
        yield got
    finally:
        got.sql("DROP TABLE jobs")
        journal.close()


def at(clock: str) -> str:
    return f"'2026-11-23 {clock}'"


def test_only_what_changed_since_is_read_with_an_overlap(jobs: Database) -> None:
    jobs.insert(f"(1, {at('07:00:00')}, 'a')", f"(2, {at('08:00:00')}, 'b')")
    assert jobs.counts() == (2, 2, 0)
    assert jobs.counts() == (1, 0, 0), "the row of the mark is read again, and is the same"
    # It was written late: its transaction began before the mark was read.
    jobs.insert(f"(3, {at('07:51:00')}, 'late')", f"(4, {at('07:49:00')}, 'too late')")
    assert jobs.counts() == (2, 1, 0)
    jobs.sql(f"UPDATE jobs SET word = 'c', changed = {at('08:05:00')} WHERE id = 1")
    assert jobs.counts() == (3, 1, 0)
    assert jobs.live() == ["1", "2", "3"]


def test_a_row_that_comes_again_as_it_was_is_three_versions(jobs: Database) -> None:
    for word, clock in (("a", "08:00:00"), ("b", "08:01:00"), ("a", "08:02:00")):
        jobs.sql("DELETE FROM jobs")
        jobs.insert(f"(1, {at(clock)}, '{word}')")
        assert (jobs.poll().new, jobs.poll().new) == (1, 0)
    assert [r.row["word"] for r in jobs.journal.versions_of("erp", "jobs")] == ["a", "b", "a"]


def test_a_clock_far_ahead_hides_nothing(jobs: Database) -> None:
    jobs.insert(f"(1, {at('08:00:00')}, 'a')", "(2, '2099-01-01 00:00:00', 'from the future')")
    assert jobs.counts() == (2, 2, 0)
    jobs.insert(f"(3, {at('08:30:00')}, 'b')")
    assert jobs.counts() == (3, 1, 0)


def test_a_clock_that_is_behind_loses_nothing(jobs: Database) -> None:
    later = NOW + timedelta(hours=5)
    jobs.insert(f"(1, {at('08:00:00')}, 'a')")
    assert jobs.counts(now=later) == (1, 1, 0)
    jobs.insert(f"(2, {at('08:01:00')}, 'b')")
    assert jobs.counts(now=later) == (2, 1, 0)


def test_the_hour_that_comes_twice_is_read_twice(jobs: Database) -> None:
    autumn = datetime(2026, 10, 25, 2, 0, tzinfo=UTC)
    jobs.insert("(1, '2026-10-25 02:59:00', 'summer time')")
    assert jobs.counts(now=autumn) == (1, 1, 0)
    jobs.insert("(2, '2026-10-25 02:01:00', 'winter time, two minutes later')")
    assert jobs.counts(now=autumn) == (2, 1, 0)


def test_a_growing_number_is_followed(jobs: Database) -> None:
    jobs.table["cursor"] = {"column": "id", "overlap": 2}
    jobs.insert(*(f"({number}, NULL, 'x')" for number in (1, 2, 3, 5)))
    assert jobs.counts() == (4, 4, 0)
    jobs.insert("(4, NULL, 'its transaction ended late')", "(6, NULL, 'new')")
    assert jobs.counts() == (4, 2, 0)
    assert jobs.live() == ["1", "2", "3", "4", "5", "6"]


def test_a_query_is_followed_as_well(jobs: Database) -> None:
    query = "SELECT id, changed, word FROM jobs WHERE word <> ':x %s' -- open;\n;"
    jobs.insert(f"(1, {at('08:00:00')}, 'a')", f"(2, {at('08:00:00')}, ':x %s')")
    assert jobs.counts(query=query) == (1, 1, 0)
    jobs.insert(f"(3, {at('09:00:00')}, 'b')")
    assert jobs.counts(query=query) == (2, 1, 0)


def test_another_query_is_read_from_its_start(jobs: Database) -> None:
    jobs.insert(f"(1, {at('07:00:00')}, 'a')", f"(2, {at('08:00:00')}, 'b')")
    assert jobs.counts() == (2, 2, 0)
    assert jobs.counts(query="SELECT id, changed FROM jobs") == (2, 2, 0)


def test_a_table_that_was_set_back_is_read_from_its_start(jobs: Database) -> None:
    jobs.table["cursor"] = {"column": "id"}
    jobs.insert("(100, NULL, 'a')")
    assert jobs.counts() == (1, 1, 0)
    jobs.sql("DELETE FROM jobs")
    jobs.insert("(1, NULL, 'numbered anew')")
    assert jobs.counts() == (1, 1, 0)
    jobs.insert("(2, NULL, 'b')")
    assert jobs.counts() == (2, 1, 0)


def test_an_instant_is_followed_whatever_the_zone(
    jobs: Database, engine: str, request: pytest.FixtureRequest
) -> None:
    jobs.sql(
        "DROP TABLE jobs", f"CREATE TABLE jobs (id integer, changed {ZONED[engine]}, word text)"
    )
    offset = "" if engine == "mariadb_url" else "+00:00"
    jobs.insert(
        f"(1, '2026-11-23 06:00:00{offset}', 'a')", f"(2, '2026-11-23 08:00:00{offset}', '')"
    )
    assert jobs.counts() == (2, 2, 0)
    jobs.insert(f"(3, '2026-11-23 07:55:00{offset}', 'late')")
    read, new, _ = jobs.counts()
    assert (read, new) == (2, 1)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_keys_are_compared_when_it_is_time_to(jobs: Database) -> None:
    jobs.table["reconcile"] = {"every_seconds": 3_600}
    jobs.insert(*(f"({number}, {at('07:00:00')}, 'x')" for number in range(1, 6)))
    assert jobs.counts() == (5, 5, 0)
    jobs.sql("DELETE FROM jobs WHERE id IN (1, 2)")
    assert jobs.counts(now=NOW + timedelta(minutes=59)) == (3, 0, 0)
    assert jobs.counts(now=NOW + timedelta(minutes=60)) == (3, 0, 2)
    assert jobs.live() == ["3", "4", "5"]


def test_keys_are_compared_on_every_server(jobs: Database) -> None:
    jobs.table |= {"reconcile": {"every_seconds": 0}, "key": ["id", "word"], "where": {"word": "x"}}
    jobs.insert(*(f"({number}, {at('07:00:00')}, 'x')" for number in range(1, 4)))
    jobs.insert(f"(9, {at('07:00:00')}, 'left out')")
    assert jobs.counts() == (4, 3, 0)
    jobs.sql("DELETE FROM jobs WHERE id = 1")
    assert jobs.poll().retired == 1
    assert jobs.live() == ["2|x", "3|x"]
    assert jobs.poll().retired == 0


def test_a_row_below_the_cursor_is_found_by_its_key(jobs: Database) -> None:
    jobs.table["reconcile"] = {"every_seconds": 0}
    jobs.insert(f"(1, {at('08:00:00')}, 'a')")
    assert not jobs.poll().waits
    jobs.insert("(2, '2020-01-01 00:00:00', 'restored with its old time')")
    assert "1 row(s), 2 first, came below its cursor" in jobs.poll().waits
    assert jobs.live() == ["1"]
    assert not jobs.poll().waits
    assert jobs.live() == ["1", "2"]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_bad_row_below_the_cursor_is_no_missing_one(jobs: Database) -> None:
    jobs.table |= {"reconcile": {"every_seconds": 0}, "required": ["word"]}
    jobs.insert(f"(1, {at('08:00:00')}, 'a')", f"(2, {at('07:00:00')}, NULL)")
    assert jobs.poll().quarantined == 1
    assert [jobs.poll().waits for _ in range(2)] == ["", ""]
    (row,) = jobs.journal.waiting()
    assert row.rejected.key == "2"


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("settings", [{"reconcile": {"every_seconds": 0}}, {"cursor": None}])
def test_an_abnormal_drop_must_be_confirmed(jobs: Database, settings: dict[str, Any]) -> None:
    jobs.table |= settings | ({} if "reconcile" in settings else {"arrives": "snapshot"})
    jobs.insert(*(f"({number}, {at('07:00:00')}, 'x')" for number in range(1, 101)))
    assert jobs.counts() == (100, 100, 0)
    jobs.sql("DELETE FROM jobs WHERE id <= 21")
    with pytest.raises(SourceError, match=r"21 of 100 rows are gone, more than .* 20%") as caught:
        jobs.poll()
    assert "traveler load --allow-drop erp.jobs" in caught.value.hint
    assert len(jobs.live()) == 100
    assert jobs.poll(allow_drop=0.5).retired == 21
    jobs.sql("DELETE FROM jobs WHERE id <= 60")
    with pytest.raises(SourceError, match="39 of 79"):
        jobs.poll()
    assert jobs.poll(confirmed=["erp.jobs"]).retired == 39
    jobs.sql("DELETE FROM jobs WHERE id <= 80")
    assert jobs.poll().retired == 20, "twenty rows may go at once"


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("settings", [{"reconcile": {"every_seconds": 0}}, {"cursor": None}])
def test_an_empty_answer_deletes_nothing_unless_it_may(
    jobs: Database, settings: dict[str, Any]
) -> None:
    jobs.table |= settings | ({} if "reconcile" in settings else {"arrives": "snapshot"})
    jobs.insert(f"(1, {at('07:00:00')}, 'x')", f"(2, {at('07:00:00')}, 'x')")
    jobs.poll()
    jobs.sql("DELETE FROM jobs")
    with pytest.raises(SourceError, match="it is empty now, and held 2 row") as caught:
        jobs.poll()
    assert "allow_empty = true" in caught.value.hint
    assert jobs.live() == ["1", "2"]
    assert jobs.poll(allow_empty=True).retired == 2


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("form", "older", "newer"),
    [
        ("iso", "2026-11-23T07:00:00.5Z", "2026-11-23T08:00:00Z"),
        ("date", "2026-11-20", "2026-11-23"),
        ("%Y%m%d%H%M%S", "20261123070000", "20261123080000"),
        ("epoch-ms", "1763881200000", "1763884800000"),
    ],
)
def test_texts_are_followed_in_the_form_that_they_have(
    jobs: Database, form: str, older: str, newer: str
) -> None:
    jobs.table |= {"times": {"changed": form}, "changed": ["changed"]}
    jobs.insert(f"(1, '{older}', 'a')", f"(2, '{newer}', 'b')")
    assert jobs.counts() == (2, 2, 0)
    assert jobs.counts() == (1, 0, 0)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("table", "value", "said"),
    [
        ({"times": {"changed": "%d.%m.%Y"}}, "23.11.2026", "do not sort as their times"),
        ({}, "version 3", "no value of its cursor column 'changed'"),
        ({"cursor": {"column": "chnged"}}, "2026-11-23", "no column 'chnged'"),
    ],
)
def test_a_column_that_cannot_be_followed_is_named(
    jobs: Database, table: dict[str, Any], value: str, said: str
) -> None:
    jobs.insert(f"(1, '{value}', 'a')")
    with pytest.raises(SourceError, match=said):
        [jobs.poll(**table) for _ in range(2)]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"cursor": CURSOR}, "arrives = 'changes' or 'events'"),
        ({"reconcile": {}}, "reconcile is for arrives = 'changes'"),
        ({"allow_drop": 2}, "allow_drop"),
        ({"cursor": {"column": ""}}, "column"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(table: dict[str, Any], said: str) -> None:
    body = {"name": "jobs", "mapping": "jobs.yml", "key": ["id"]} | table
    with pytest.raises(ValueError, match=said):
        SourceSettings.model_validate({"name": "erp", "adapter": "sql", "tables": [body]})


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_bad_row_leaves_quarantine_by_what_was_kept_of_it(jobs: Database) -> None:
    from kg.intake import Intake
    from kg.settings import Plant

    jobs.table["required"] = ["word"]
    jobs.insert(f"(1, {at('07:00:00')}, NULL)", f"(2, {at('08:00:00')}, 'b')")
    jobs.poll()
    jobs.table.pop("required")
    plant = Plant(name="P", base="https://p.example/", sources=(jobs.settings(),))
    intake = Intake(plant, jobs.journal, {("erp", "jobs"): "2"}, lambda *_: None, Tally())
    (balance,) = intake.reread(jobs.journal.waiting(), NOW)
    assert (balance.read, balance.new) == (1, 1)
    assert jobs.journal.waiting() == []
    assert jobs.journal.newest("erp", "jobs", "1").position == "f.sqlite:jobs#1"


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("seed", range(5))
def test_whatever_happens_meanwhile_the_end_is_the_sources_own(jobs: Database, seed: int) -> None:
    """Rows are written up to 9 minutes late, changed, deleted, and polled at any moment."""
    chance = Random(seed)
    jobs.table["reconcile"] = {"every_seconds": 1_800}
    now, pending = NOW, list[tuple[datetime, str]]()
    for number in range(120):
        now += timedelta(seconds=chance.randrange(1, 240))
        local = (now + timedelta(hours=1)).strftime("%Y-%m-%d %H:%M:%S")
        key = chance.randrange(40)
        replace = f"INSERT INTO jobs VALUES ({key}, '{local}', 'w{number}')"
        visible = now + timedelta(seconds=chance.choice((0, 0, 60, 540)))
        delete = f"DELETE FROM jobs WHERE id = {key}"
        is_gone = chance.random() < 0.1
        pending.append((visible, delete if is_gone else f"{delete};{replace}"))
        for moment, statements in sorted(pending):
            if moment <= now:
                jobs.sql(*statements.split(";"))
                pending.remove((moment, statements))
        if chance.random() < 0.3:
            jobs.poll(now=now)
    jobs.sql(*(s for _, both in sorted(pending) for s in both.split(";")))
    for _ in range(2):  # keys that came below the cursor are fetched by the reading after
        now += timedelta(hours=1)
        jobs.poll(now=now)
    records = jobs.journal.live_records("erp")
    assert {record.key: record.row["word"] for record in records} == jobs.words()
