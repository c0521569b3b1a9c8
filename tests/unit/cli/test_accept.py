from __future__ import annotations

import json
from pathlib import Path

from tests.unit.cli.conftest import Traveler
from tests.unit.two_names import write_two_names

GAP = "job/RUSH-7~identity~533c0cce"
CLOCK = ("--now", "2026-11-23T09:00:00Z")


def test_a_candidate_is_accepted_listed_and_taken_back(tmp_path: Path, traveler: Traveler) -> None:
    write_two_names(tmp_path)
    assert traveler("load", *CLOCK).returncode == 0
    gaps = json.loads(traveler("check", "--format", "json", *CLOCK).stdout)["gaps"]
    (gap,) = (gap for gap in gaps if gap["id"] == GAP)
    offering = "or, who knows it: traveler accept 'batch/H-0815~identity~b14fcf96' batch/4711"
    assert offering in traveler("check", *CLOCK).stderr
    assert traveler("accept", "--list").stdout == "Nothing was accepted.\n"
    chosen = (GAP, gap["candidates"][0]["entity"])
    told = traveler("accept", *chosen, "--by", "P12", "--why", "It says so.", *CLOCK)
    assert told.stdout == "job/RUSH-7 is job/1043 from now on.\n"
    assert f"traveler accept --undo {GAP}" in told.stderr
    again = traveler("accept", *chosen, "--by", "P13", *CLOCK)
    assert again.stdout == (
        "job/RUSH-7 is job/1043 already, as P12 accepted at 2026-11-23T09:00:00Z.\n"
    )
    listed = traveler("accept", "--list").stdout
    assert listed == (f"job/RUSH-7 is job/1043: P12, 2026-11-23T09:00:00Z, It says so.\n  {GAP}\n")
    undone = traveler("accept", GAP, "--undo", "--json", *CLOCK)
    assert json.loads(undone.stdout)["canonical"] == "job/1043"
    assert traveler("accept", "--list").stdout == "Nothing was accepted.\n"


def test_what_is_not_offered_or_not_named_ends_with_2_and_a_hint(
    tmp_path: Path, traveler: Traveler
) -> None:
    write_two_names(tmp_path)
    assert traveler("load", *CLOCK).returncode == 0
    for words, said in (
        ((), "which candidate of which gap"),
        ((GAP,), "traveler accept GAP CANDIDATE"),
        ((GAP, "job/1044"), "it offers job/1043"),
        ((GAP, "--undo"), "nothing stands"),
        (("job/9~a~b", "job/1043"), "there is no gap"),
    ):
        ran = traveler("accept", *words, *CLOCK)
        assert ran.returncode == 2
        assert said in " ".join(ran.stderr.split())
