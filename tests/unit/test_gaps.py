"""The gaps on record are those of the graph as it stands, whatever came, failed or restarted."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.errors import JournalError, StoreError
from kg.pipeline import Pipeline
from kg.reason.step import ASSERTED
from kg.records import Gap, Record
from kg.settings import load_plant
from kg.store import EmbeddedStore
from kg.validate.validator import Validator
from tests.shop_plant import csv_table, write_shop

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
JOB = """
  job:
    sources: [[job~table]]
    s: job/$(id)
    po:
      - [a, tr:Job]
      - [tr:status, "https://w3id.org/traveler/code/job-status/$(status)~iri"]
      - [tr:makes, part/$(part)~iri]
"""
STEP = """
  step:
    sources: [[step~table]]
    s: operation/$(id)
    po:
      - [a, tr:Operation]
      - [tr:operationOf, job/$(job)~iri]
      - [tr:plannedOn, machine/$(machine)~iri]
"""


def write_plant(folder: Path) -> Path:
    tables = csv_table("job") + csv_table("step")
    return write_shop(folder, "gaps", tables, {"job": JOB, "step": STEP}, source="mes")


def job(key: str, status: str, part: str = "P", *, deleted: bool = False) -> Record:
    row = {"id": key, "status": status, "part": part}
    return Record("mes", "job", key, row, "pushed", deleted=deleted)


def step(key: str, of: str, machine: str, *, deleted: bool = False) -> Record:
    row = {"id": key, "job": of, "machine": machine}
    return Record("mes", "step", key, row, "pushed", deleted=deleted)


def on_record(work: Pipeline) -> set[Gap]:
    return {Gap(g.entity, g.slot, g.shape, g.severity, g.message) for g in work.journal.open_gaps()}


def as_it_stands(work: Pipeline) -> set[Gap]:
    present = EmbeddedStore.in_memory(work.plant.base)
    present.bulk_load(f"{s} {p} {o} {ASSERTED} ." for s, p, o in work.store.graph(""))
    return set(Validator(work.shapes, present, (ASSERTED,)).full())


def fold(work: Pipeline, *records: Record, now: datetime = NOW) -> None:
    work.journal.append(records, now)
    work.apply(now)
    work.follow_gaps(now)


jobs = st.builds(
    job,
    st.sampled_from("12"),
    st.sampled_from(("planned", "in-progress", "nonsense")),
    st.sampled_from(("P", "Q")),
    deleted=st.booleans(),
)
steps = st.builds(
    step, st.sampled_from("ab"), st.sampled_from("12"), st.sampled_from("MN"), deleted=st.booleans()
)
batches = st.lists(st.one_of(jobs, steps), min_size=1, max_size=3)
events = st.one_of(batches, batches, batches, st.sampled_from(("restart", "rebuild", "look")))


@settings(max_examples=8, deadline=None)
@given(st.lists(events, min_size=1, max_size=8))
def test_after_whatever_happens_the_gaps_on_record_are_those_of_the_graph(happening: list) -> None:
    with TemporaryDirectory() as name:
        folder = write_plant(Path(name) / "plant")
        work = Pipeline.open(load_plant(folder))
        try:
            fold(work, job("0", "in-progress"))
            for event in happening:
                if event == "restart":
                    work.close()
                    work = Pipeline.open(load_plant(folder))
                    work.prepare()
                    work.follow_gaps(NOW)
                elif event == "rebuild":
                    work.rebuild(NOW)
                    work.follow_gaps(NOW)
                elif event == "look":
                    work.validate(NOW)
                else:
                    fold(work, *event)
                assert on_record(work) == as_it_stands(work)
                assert work.journal.checked_seq() == work.store.applied_seq()
        finally:
            work.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_plant(tmp_path / "plant")


def history(folder: Path) -> list[tuple[str, str, str | None]]:
    path = load_plant(folder).journal_path
    query = "SELECT slot, opened_at, closed_at FROM gap WHERE entity LIKE '%job/1>' ORDER BY id"
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def test_history_goes_on_over_restart_and_rebuild(folder: Path) -> None:
    later, last = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
    first, second, third = "2026-11-23T08:00:00Z", "2026-11-23T09:00:00Z", "2026-11-23T10:00:00Z"
    with Pipeline.open(load_plant(folder)) as work:
        fold(work, job("0", "planned"), job("1", "in-progress"))
        opened = [(slot, first, None) for slot in ("batch", "customer", "machine", "spec")]
        assert sorted(history(folder)) == opened
    with Pipeline.open(load_plant(folder)) as work:
        work.rebuild(later)
        work.validate(later)
        assert sorted(history(folder)) == opened
        fold(work, step("a", "1", "M"), now=later)
        fold(work, step("a", "2", "M"), now=last)
        machines = [row for row in history(folder) if row[0] == "machine"]
        assert machines == [("machine", first, second), ("machine", third, None)]
        assert {gap.checked_at for gap in work.journal.open_gaps()} == {third}


def test_gaps_on_record_are_taken_over_where_they_are_of_this_graph_and_these_shapes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    whole = Validator.full
    monkeypatch.setattr(Validator, "full", lambda self: looked.append(1) or whole(self))
    with Pipeline.open(load_plant(folder)) as work:
        fold(work, job("1", "in-progress"))
        assert len(looked) == 1
    with Pipeline.open(load_plant(folder)) as work:
        work.prepare()
        work.follow_gaps(NOW)
        fold(work, step("a", "1", "M"))
        assert len(looked) == 1
        assert "machine" not in {gap.slot for gap in on_record(work)}
    path = load_plant(folder).journal_path
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE meta SET value = 'others' WHERE key = 'checked_by'")
        connection.execute("UPDATE gap SET closed_at = opened_at")
    with Pipeline.open(load_plant(folder)) as work:
        work.follow_gaps(NOW)
        assert len(looked) == 2
        assert on_record(work) == as_it_stands(work)


def test_a_batch_that_fails_and_a_record_that_cannot_be_written_cost_a_look_at_all(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Pipeline.open(load_plant(folder)) as work:
        fold(work, job("1", "in-progress"))
        with monkeypatch.context() as patched:
            patched.setattr(work.store, "apply", _refuse(StoreError))
            with pytest.raises(StoreError):
                fold(work, step("a", "1", "M"))
        work.apply(NOW)
        work.follow_gaps(NOW)
        assert on_record(work) == as_it_stands(work)
        with monkeypatch.context() as patched:
            patched.setattr(work.journal.gaps, "change", _refuse(JournalError))
            with pytest.raises(JournalError):
                fold(work, step("a", "2", "M"))
        work.follow_gaps(NOW)
        assert on_record(work) == as_it_stands(work)
        assert "machine" in {gap.slot for gap in on_record(work)}


def _refuse(kind: type[Exception]):
    def refuse(*_: object) -> None:
        raise kind("it cannot be written")

    return refuse
