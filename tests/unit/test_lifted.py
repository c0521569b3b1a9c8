"""A version that cannot be lifted takes nothing away: the last good one stays, and says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kg.answer.evidence import IN_DOUBT
from kg.pipeline import Pipeline
from kg.settings import load_plant
from tests.faults.test_bad_input import MAPPING, ROWS, write_plant

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)
GOOD, BAD = "2026-12-01", "2026-02-30"


def load(folder: Path, due: str, now: datetime, *, number: str = "A-1") -> Pipeline:
    """Load the plant with one job; gives it open."""
    (folder / "jobs.csv").write_text(ROWS.replace(GOOD, due).replace("A-1", number))
    work = Pipeline.open(load_plant(folder))
    work.read(now)
    work.apply(now)
    return work


def due_of(work: Pipeline) -> list[str]:
    due = "<https://w3id.org/traveler/ontology/dueDate>"
    found = work.store.objects("<https://test.example/job/1>", due)
    return [term.split('"')[1] for term in found]


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    write_plant(tmp_path, table='file = "jobs.csv"\nallow_empty = true\nsettle_seconds = 0')
    load(tmp_path, GOOD, NOW).close()
    return tmp_path


def test_the_last_good_version_stays_current_and_the_bad_one_waits(plant: Path) -> None:
    with load(plant, BAD, LATER) as work:
        assert due_of(work) == [GOOD]
        assert [row.rejected.code for row in work.journal.waiting()] == ["bad-literal"]
        newest, current = (
            give("erp", "jobs", "1") for give in (work.journal.newest, work.journal.current)
        )
        assert newest is not None
        assert current is not None
        assert (newest.row["due"], current.row["due"]) == (BAD, GOOD)
        before = work.store.dump()
        work.rebuild(LATER)
        assert work.store.dump() == before


def test_an_answer_says_that_its_record_is_in_doubt_and_cites_the_good_version(
    plant: Path,
) -> None:
    with load(plant, GOOD, NOW) as work:
        (fact,) = work.answers().context("job/1", NOW).slots["due"].facts
        assert (fact.is_stale, fact.note) == (False, None)
    with load(plant, BAD, LATER) as work:
        answers = work.answers()
        (fact,) = answers.context("job/1", LATER).slots["due"].facts
        assert (fact.value, fact.is_stale, fact.note) == (GOOD, True, IN_DOUBT)
        assert fact.recorded_at == fact.confirmed_at == "2026-11-23T08:00:00Z"
        explained = answers.explain(fact.id, LATER)
        assert [record.row["due"] for record in explained.records] == [GOOD]


def test_a_good_version_ends_the_doubt(plant: Path) -> None:
    load(plant, BAD, LATER).close()
    with load(plant, "2026-12-09", LATER) as work:
        assert due_of(work) == ["2026-12-09"]
        assert work.journal.waiting() == []
        assert work.journal.doubts() == {}


def test_a_record_that_is_gone_leaves_nothing_in_its_place(plant: Path) -> None:
    load(plant, BAD, LATER).close()
    (plant / "jobs.csv").write_text(ROWS.splitlines()[0] + "\n")
    with Pipeline.open(load_plant(plant)) as work:
        work.read(LATER)
        work.apply(LATER)
        assert due_of(work) == []
        assert work.journal.waiting() == []
        work.rebuild(LATER)
        assert due_of(work) == []


def test_the_last_good_version_is_found_behind_several_bad_ones_of_one_batch(plant: Path) -> None:
    work = load(plant, "2026-12-24", NOW)
    with work:
        for number in range(3):
            text = ROWS.replace(GOOD, BAD).replace("A-1", f"A-{number}")
            (plant / "jobs.csv").write_text(text)
            work.read(LATER)
        work.apply(LATER)
        assert due_of(work) == ["2026-12-24"]
        assert len(work.journal.waiting()) == 1
        before = work.store.dump()
        work.rebuild(LATER)
        assert work.store.dump() == before


def test_what_was_gone_before_a_bad_version_does_not_come_back(plant: Path) -> None:
    (plant / "jobs.csv").write_text(ROWS.splitlines()[0] + "\n")
    with Pipeline.open(load_plant(plant)) as work:
        work.read(NOW)
        work.apply(NOW)
    with load(plant, BAD, LATER) as work:
        assert due_of(work) == []
        assert work.store.match(s="<https://test.example/job/1>") == []


def test_a_first_version_that_is_bad_has_nothing_to_stand_on(tmp_path: Path) -> None:
    write_plant(tmp_path)
    with load(tmp_path, BAD, NOW) as work:
        assert work.store.match(s="<https://test.example/job/1>") == []
        assert [row.rejected.code for row in work.journal.waiting()] == ["bad-literal"]
        assert work.journal.doubts() == {}


def test_a_code_that_no_table_knows_costs_one_fact_and_not_the_version(tmp_path: Path) -> None:
    lookup = MAPPING.replace(
        "      - [tr:dueDate, $(due), xsd:date]\n",
        "      - p: tr:status\n        o:\n          function: trf:lookup\n"
        "          parameters: [[trf:value, $(due)], [trf:table, due]]\n          type: iri\n",
    ).replace("prefixes:\n", "prefixes:\n  trf: https://w3id.org/traveler/function/\n")
    write_plant(tmp_path, mapping=lookup)
    with (tmp_path / "mappings/erp/source.toml").open("a") as file:
        file.write(f'[lookup.due]\n"{GOOD}" = "trc:job-status/released"\n')
    load(tmp_path, GOOD, NOW).close()
    with load(tmp_path, BAD, LATER, number="A-2") as work:
        assert [row.rejected.code for row in work.journal.waiting()] == ["lookup-miss"]
        said = {p.rsplit("/", 1)[-1]: o for _, p, o, _ in work.store.match(g="")}
        assert said["identifier>"] == '"A-2"'
        assert "status>" not in said
        assert work.journal.doubts() == {}


def test_a_row_that_cannot_be_read_leaves_its_record_in_doubt(plant: Path) -> None:
    rows = ROWS + "2,A-2,2026-12-02,2026-11-01T08:00:00Z\n"
    (plant / "jobs.csv").write_text(rows)
    with Pipeline.open(load_plant(plant)) as work:
        work.read(NOW)
        (plant / "jobs.csv").write_text(rows.replace("1,A-1,2026-12-01,2026", "1,A-1,x,20x6"))
        work.read(LATER)
        work.apply(LATER)
        assert work.journal.doubts() == {"record/erp/jobs/1": NOW}
        facts = [work.answers().context(f"job/{key}", LATER).slots["due"].facts[0] for key in "12"]
        assert [(fact.is_stale, fact.confirmed_at) for fact in facts] == [
            (True, "2026-11-23T08:00:00Z"),
            (False, "2026-11-23T10:00:00Z"),
        ]


def test_what_a_partial_snapshot_did_not_get_to_is_in_doubt_and_not_gone(plant: Path) -> None:
    rows = ROWS + "2,A-2,2026-12-02,2026-11-01T08:00:00Z\n"
    (plant / "jobs.csv").write_text(rows)
    with Pipeline.open(load_plant(plant)) as work:
        work.read(NOW)
        (plant / "jobs.csv").write_text(ROWS + '"2,A-2')
        work.read(LATER)
        assert work.journal.doubts() == {"record/erp/jobs/2": NOW}
        assert work.journal.live_keys("erp", "jobs") == {"1", "2"}
        (plant / "jobs.csv").write_text(rows)
        work.read(LATER)
        assert work.journal.doubts() == {}
