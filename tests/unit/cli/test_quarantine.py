from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.faults.test_bad_input import MAPPING, ROWS
from tests.unit.cli.conftest import Traveler

Plant = Callable[..., Path]


def test_what_waits_is_listed_tried_again_and_discarded_by_number_source_and_code(
    plant: Plant, traveler: Traveler
) -> None:
    folder = plant(rows=ROWS + "4,A-4,2026-02-30,2026-11-01T08:00:00Z\n,A-5,,\n")
    assert traveler("load").returncode == 0
    told = traveler("quarantine", "list", "--json", "--code", "empty-key")
    (row,) = json.loads(told.stdout)["rows"]
    assert (row["position"], row["raw"], row["attempts"]) == ("jobs.csv:4", ",A-5,,", 1)
    assert "no such row" in traveler("quarantine", "list", "--source", "mes").stdout
    assert traveler("quarantine").stdout == traveler("quarantine", "list").stdout
    elsewhere = traveler("quarantine", "--plant", "nowhere.toml", "list")
    assert (elsewhere.returncode, "nowhere.toml" in elsewhere.stderr) == (2, True)
    tried = traveler("quarantine", "replay", "--source", "erp")
    assert tried.stdout == "2 row(s) tried again: 0 left quarantine; 2 wait there\n"
    nameless = traveler("quarantine", "discard", "--reason", "x")
    assert nameless.returncode == 2
    unknown = traveler("quarantine", "discard", "77", "--reason", "x")
    assert unknown.returncode == 2
    assert "77" in unknown.stderr
    number = str(row["id"])
    assert traveler("quarantine", "discard", number).returncode == 2
    gone = traveler("quarantine", "discard", number, "--reason", "a trial row")
    assert gone.stdout == "1 row(s) discarded\n"
    assert "empty-key" not in traveler("quarantine", "list").stdout
    assert "a trial row" in traveler("quarantine", "list", "--discarded").stdout
    mapping = folder / "mappings/erp/jobs.yml"
    mapping.write_text(MAPPING.replace(", xsd:date", ""))
    assert "settings changed" in traveler("quarantine", "list").stdout
    tried = traveler("quarantine", "replay", "--code", "bad-literal")
    assert tried.stdout == "1 row(s) tried again: 1 left quarantine; 0 wait there\n"
    assert traveler("context", "A-4").returncode == 0
    assert "INVALID erp" not in traveler("check").stdout
