from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.faults.test_bad_input import ROWS
from tests.unit.cli.conftest import Traveler

Plant = Callable[..., Path]


def test_history_before_the_horizon_is_pruned_and_not_one_fact_changes(
    plant: Plant, traveler: Traveler
) -> None:
    folder = plant()
    for number, day in enumerate((1, 2, 20)):
        (folder / "jobs.csv").write_text(ROWS.replace("A-1", f"A-1-{number}"))
        assert traveler("load", "--now", f"2026-11-{day:02}T08:00:00Z").returncode == 0
    refused = traveler("prune")
    assert refused.returncode == 2
    assert "horizon_days" in refused.stderr
    settings = folder / "plant.toml"
    settings.write_text(settings.read_text().replace("[plant]\n", "[plant]\nhorizon_days = 10\n"))
    pruned = traveler("prune", "--now", "2026-11-21T08:00:00Z")
    assert pruned.stdout.startswith("1 older version(s) before 2026-11-11T08:00:00Z pruned")
    assert traveler("rebuild").returncode == 0
    assert traveler("context", "A-1-2").returncode == 0
