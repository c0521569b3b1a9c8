"""The command that shows the flow map."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Traveler

NOW = "2026-11-23T08:00:00Z"
FLOWS = """\
steps:
  call: {medium: speech, by: hand, carries: [job-customer]}
"""


@pytest.fixture
def loaded(plant: Callable[..., Path], traveler: Traveler) -> Path:
    folder = plant()
    assert traveler("load", "--now", NOW).returncode == 0
    return folder


def test_a_plant_that_describes_nothing_is_told_how_to(loaded: Path, traveler: Traveler) -> None:
    ran = traveler("flows", "--now", NOW)
    assert ran.returncode == 0, ran.stderr
    assert "write flows.yml beside" in " ".join(ran.stdout.split())
    assert "erp.jobs" in ran.stdout
    assert max(map(len, ran.stdout.splitlines())) <= 80
    assert "traveler flows --format svg -o flows.svg" in ran.stderr


def test_a_map_is_written_into_a_file(loaded: Path, traveler: Traveler) -> None:
    (loaded / "flows.yml").write_text(FLOWS, encoding="utf-8")
    ran = traveler("flows", "--format", "svg", "-o", "flows.svg", "--now", NOW)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert (loaded / "flows.svg").read_text(encoding="utf-8").startswith("<svg ")
    told = json.loads(traveler("flows", "--format", "json", "--now", NOW).stdout)
    (edge,) = told["edges"]
    assert (edge["state"], edge["start"], edge["end"]) == ("unrecorded", "flow-step/call", "")
    assert edge["why"] == "it is known by word of mouth alone, and nothing takes it up"


def test_what_is_wrong_in_the_description_is_told_with_its_line(
    loaded: Path, traveler: Traveler
) -> None:
    (loaded / "flows.yml").write_text(FLOWS.replace("speech", "speach"), encoding="utf-8")
    ran = traveler("flows", "--now", NOW)
    assert ran.returncode == 2
    # A long path is broken where a line ends.
    assert "flows.yml:2:'speach'isnomedium" in "".join(ran.stderr.split())
    assert "did you mean speech?" in ran.stderr


def test_an_unknown_format_is_refused(loaded: Path, traveler: Traveler) -> None:
    ran = traveler("flows", "--format", "png")
    assert ran.returncode == 2
    assert "dot, json, svg, text, turtle" in " ".join(ran.stderr.split())
