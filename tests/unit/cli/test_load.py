from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.unit.cli.conftest import Traveler

Plant = Callable[..., Path]


def test_many_rows_that_are_gone_are_taken_back_once_it_is_said(
    plant: Plant, traveler: Traveler
) -> None:
    folder = plant()
    head, row = (folder / "jobs.csv").read_text().splitlines()[:2]
    first = row.split(",")[0]

    def export(count: int) -> None:
        rows = [row.replace(first, f"{number}", 1) for number in range(1, count + 1)]
        (folder / "jobs.csv").write_text("\n".join([head, *rows]) + "\n")

    export(60)
    assert traveler("load").returncode == 0
    export(30)
    refused = traveler("load")
    assert refused.returncode == 2
    assert "30 of 60 rows are gone" in " ".join(refused.stderr.split())
    assert "--allow-drop erp.jobs" in " ".join(refused.stderr.split())
    unknown = traveler("load", "--allow-drop", "erp.job")
    assert unknown.returncode == 2
    assert "erp.jobs" in unknown.stderr
    allowed = traveler("load", "--allow-drop", "erp.jobs")
    assert allowed.returncode == 0
    assert allowed.stdout.splitlines()[1].split()[-1] == "30"
