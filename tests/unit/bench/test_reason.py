from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bench.reason.__main__ import main
from bench.reason.closure import PLANT, TYPE, sum_up
from bench.reason.measure import FINDERS, Measured, Run, measure
from bench.reason.results import tell_results


def test_owlrl_and_traveler_derive_the_same_from_a_small_plant(tmp_path: Path) -> None:
    engines = [FINDERS["traveler"](), FINDERS["owlrl"]()]
    measured = measure(engines, tmp_path / "plant", 4, 1, 1, 120.0)
    assert not measured.failed
    assert measured.is_same("owlrl")
    (run,) = measured.runs["traveler"]
    assert run.links > 300
    assert run.batches["p50_ms"] > 0


def test_triples_are_summed_up_once_and_in_any_order() -> None:
    one, other = ((f"{PLANT}a", TYPE, f"{PLANT}def/{kind}") for kind in ("Job", "Machine"))
    label = (f"{PLANT}a", f"{PLANT}def/name", "a")
    assert sum_up([one, other, one, label]) == sum_up([other, one])
    assert sum_up([one])["digest"] != sum_up([other])["digest"]


def a_run(seconds: float, digest: str) -> Run:
    batches = {"p50_ms": 1.0, "p95_ms": 2.0, "memory_p50_ms": 0.5}
    return Run(1.0, seconds, seconds, 1_000, digest, "chainless", 2**20, batches)


def test_the_page_says_what_was_asked_and_what_was_found() -> None:
    measured = [
        Measured(100, 3_000, {"traveler": [a_run(1, "a")], "owlrl": [a_run(150, "a")]}),
        Measured(200, 6_000, {"traveler": [a_run(2, "a")], "reasonable": [a_run(4, "b")]}),
    ]
    engines = [FINDERS[name]() for name in ("traveler", "owlrl")]
    absent = {"reasonable": "it is not there"}
    page = tell_results(measured, engines, absent, {"Memory": "1 GiB"}, "make", date(2026, 1, 1))
    assert "times faster than owlrl, 100 jobs" in page
    told = [line for line in page.splitlines() if "times faster" in line]
    assert [line.split("|")[-2].strip() for line in told] == ["not met", "met"]
    assert all(len(line) <= 80 for line in page.splitlines())
    assert measured[1].is_same("reasonable", "digest_without_chains")
    assert not measured[1].is_same("reasonable")


def test_a_size_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--jobs", "1"])
    assert "must be 2 at least" in capsys.readouterr().err
