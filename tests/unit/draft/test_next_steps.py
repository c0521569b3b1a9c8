"""What ``traveler init`` ends with: the exact next commands, and the page that shows the draft."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kg.cli.author import init
from kg.owner import announce
from kg.settings import load_plant

Write = Callable[[str, str], Path]


@pytest.fixture
def steps(plant: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[Path | str], list[str]]:
    """Draft, and give the steps that are named at the end."""

    def run(given: Path | str) -> list[str]:
        capsys.readouterr()
        init(plant, given=str(given))
        said = capsys.readouterr().err.partition("Next: ")[2]
        return [line.removeprefix("then: ") for line in said.splitlines()]

    return run


def test_a_draft_ends_with_the_commands_and_the_page(
    file: Write, plant: Path, steps: Callable[[Path | str], list[str]]
) -> None:
    assert steps(file("jobs.csv", "job_no,qty\n1,5\n2,6\n")) == [
        f"traveler lift {plant}/mappings/jobs/jobs.yml --sample 5",
        f"traveler load --plant {plant}/plant.toml",
        f"traveler serve --plant {plant}/plant.toml",
        "open 'http://127.0.0.1:8000/#/start?source=jobs&table=jobs'",
    ]


def test_a_plant_that_is_served_is_to_be_served_anew(
    file: Write, plant: Path, steps: Callable[[Path | str], list[str]]
) -> None:
    steps(file("parts.csv", "part_no,name\nP-1,Shaft\nP-2,Bush\n"))
    store = load_plant(plant).store_path
    store.mkdir(parents=True, exist_ok=True)
    announce(store, "http://127.0.0.1:8123/")
    found = steps(file("jobs.csv", "job_no,qty\n1,5\n2,6\n"))
    assert found[1] == "stop what serves http://127.0.0.1:8123/"
    assert found[-1] == "open 'http://127.0.0.1:8123/#/start?source=jobs&table=jobs'"
    assert not any(step.startswith("traveler load") for step in found)
