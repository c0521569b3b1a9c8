from __future__ import annotations

import pytest

from tests.plants.conftest import NOW, load_whole


@pytest.fixture
def fms(real_plant):
    return real_plant("fms", "fms-insight", "fms_insight/database-ver25.db")


def test_machines_are_known_and_the_rest_is_unknown_not_missing(fms) -> None:
    with load_whole(fms) as work:
        check = work.answers().check(NOW)
    rows = {row.link: row for row in check.coverage}
    assert (rows["job-machine"].have, rows["job-machine"].of) == (15, 16)
    for link in ("job-customer", "job-batch"):
        assert (rows[link].have, rows[link].of, rows[link].unknown) == (0, 16, 16)
        assert rows[link].missing == 0
    unknown = [gap for gap in check.gaps if gap.slot in {"customer", "batch"}]
    assert len(unknown) == 32
    assert {gap.state for gap in unknown} == {"unknown"}
    assert {gap.source for gap in unknown} == {None}
    assert all("ERP" in gap.message for gap in unknown)


def test_a_run_whose_end_was_not_recorded_says_so(fms) -> None:
    with load_whole(fms) as work:
        answers = work.answers()
        runs = {
            row["r"] for row in work.store.select("SELECT ?r WHERE { ?r tr:inferredEndAt ?end }")
        }
        jobs = work.store.select(
            "SELECT DISTINCT ?j WHERE { ?r tr:inferredEndAt ?e ; tr:ofJob ?j }"
        )
        told = [
            run
            for row in jobs
            for run in answers.context(row["j"][1:-1], NOW).runs
            if run.end == "inferred"
        ]
    assert len(runs) == 8
    assert {run.run for run in told} == {
        run[1:-1].removeprefix("https://fms.example/") for run in runs
    }
    assert all("not recorded" in (run.note or "") and run.ended_at for run in told)


def test_pallets_that_wait_are_no_runs(fms) -> None:
    with load_whole(fms) as work:
        open_runs = work.store.select("SELECT ?r ?m WHERE { ?r tr:runningOn ?m }")
        assert len(open_runs) == len({row["m"] for row in open_runs}) == 4
        runs = work.store.select("SELECT (COUNT(?r) AS ?n) WHERE { ?r a tr:Run }")
        assert runs[0]["n"].startswith('"154"')


def test_the_latest_record_is_the_clock_of_an_old_export(fms) -> None:
    with load_whole(fms) as work:
        latest = work.latest()
        assert latest is not None
        assert latest.year == 2023
        assert work.answers().context("machine/fms-1", latest).as_of.startswith("2023-11-2")
