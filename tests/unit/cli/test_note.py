from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Traveler
from tests.unit.noted_plant import write_noted

CLOCK = ("--now", "2026-11-23T09:00:00Z")
LONG = "Blade wanders above 50 mm; cut slowly, and look at the guide before each new bar. Ask P20."


@pytest.fixture
def noted(tmp_path: Path, traveler: Traveler) -> Traveler:
    write_noted(tmp_path)
    assert traveler("load", *CLOCK).returncode == 0
    return traveler


def test_a_note_is_written_confirmed_denied_and_listed(noted: Traveler) -> None:
    assert noted("note", "--list", *CLOCK).stdout == "Nobody has said anything.\n"
    said = noted("note", "Saw 1", LONG, "--by", "P06", "--until", "2026-11-24", *CLOCK)
    assert (said.returncode, said.stderr.count("traveler context machine/SAW-01")) == (0, 1)
    head, *rest = said.stdout.splitlines()
    assert head.endswith("  machine/SAW-01  UNCONFIRMED")
    assert rest == [
        "  Blade wanders above 50 mm; cut slowly, and look at the guide before each new",
        "  bar. Ask P20.",
        "  person/P06, 2026-11-23T09:00:00Z, until 2026-11-25T00:00:00Z",
    ]
    note = head.split()[0]
    again = noted("note", "Saw 1", LONG, "--by", "P06", "--until", "2026-11-24", *CLOCK)
    assert again.stdout.endswith("It was written before.\n")
    confirmed = noted("note", "--confirm", note, "--by", "P20", *CLOCK)
    assert "CONFIRMED" in confirmed.stdout
    assert "  confirmed by person/P20, 2026-11-23T09:00:00Z\n" in confirmed.stdout
    against = ("note", "--contradicts", note, "--by", "P20", "SAW-01", "It was changed.")
    denied = json.loads(noted(*against, "--json", *CLOCK).stdout)
    assert (denied["contradicts"], denied["is_new"]) == (note, True)
    listed = noted("note", "--list", "SAW-01", *CLOCK).stdout
    assert f"{note}  machine/SAW-01  CONTRADICTED" in listed
    assert f"  contradicted by {denied['id']}" in listed
    assert all(len(line) <= 80 for line in listed.splitlines())
    states = noted("note", "--list", "--state", "unconfirmed", "--json", *CLOCK).stdout
    assert [one["id"] for one in json.loads(states)["notes"]] == [denied["id"]]
    taken = noted("note", "--confirm", note, "--undo", "--by", "P20", *CLOCK)
    assert "confirmed by" not in taken.stdout


def test_what_is_no_note_ends_with_2_and_says_what_to_do(noted: Traveler) -> None:
    for words, said in (
        ((), "what is to be noted"),
        (("SAW-01",), "what is to be noted"),
        (("SAW-01", "x"), "by = the person's code"),
        (("SAW-9", "x", "--by", "P06"), "nothing here is called"),
        (("SAW-01", "x", "--by", "P99"), "nobody here has the code"),
        (("SAW-01", "x", "--by", "P06", "--until", "soon"), "is no time"),
        (("--list", "--state", "old"), "one of unconfirmed"),
        (("--confirm", "note/x", "--by", "P06"), "there is no note"),
    ):
        ran = noted("note", *words, *CLOCK)
        assert ran.returncode == 2, words
        assert said in " ".join(ran.stderr.split()), words
