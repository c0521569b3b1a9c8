"""A question in words in a terminal has every form and option that a thing asked by name has."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from bench.context.cardtext import read_card
from kg.owner import Owner, announce, withdraw
from tests.unit.answer.conftest import write_tiny
from tests.unit.api.conftest import (  # noqa: F401 - the small plant, served
    own_client,
    own_owner,
    own_plant,
)
from tests.unit.cli.conftest import Traveler

NOW = ("--now", "2026-11-23T08:00:00Z")
QUESTION = "what runs on M1 now?"
LATE = "why is job 1043 late on saw 1?"


@pytest.fixture
def loaded(tmp_path: Path, traveler: Traveler) -> Path:
    write_tiny(tmp_path)
    assert traveler("load", *NOW).returncode == 0
    return tmp_path


@pytest.mark.usefixtures("loaded")
def test_a_card_is_that_of_the_thing_and_says_how_the_question_was_read(traveler: Traveler) -> None:
    for more in ((), ("--include-notes",), ("--max-tokens", "500"), ("--focus", "next")):
        asked = traveler("ask", QUESTION, *NOW, *more, "--format", "md").stdout
        named = traveler("context", "M1", *NOW, *more, "--format", "md").stdout
        read = read_card(asked)
        assert read.forged == []
        assert read.read is not None
        assert read.read.subject == "machine/M1"
        assert ("wobbles" in asked) == ("wobbles" in named) == ("--include-notes" in more)
        if "--max-tokens" not in more:
            assert asked.splitlines()[3:] == named.splitlines()[2:]
    ranked = traveler("ask", QUESTION, *NOW, "--focus", "next", "--rule", "critical-ratio")
    assert "critical-ratio" in ranked.stdout


@pytest.mark.usefixtures("loaded")
def test_compact_json_is_that_of_the_thing_and_how_the_question_was_read(
    traveler: Traveler,
) -> None:
    for more in ((), ("--include-notes",)):
        asked = json.loads(traveler("ask", QUESTION, *NOW, *more, "--format", "compact").stdout)
        named = json.loads(traveler("context", "M1", *NOW, *more, "--format", "compact").stdout)
        assert asked.pop("read").startswith("Read as now (")
        assert asked == named
        assert ("notes_by_people" in asked) == ("--include-notes" in more)
    refused = traveler("ask", QUESTION, *NOW, "--format", "compact", "--max-tokens", "100")
    assert refused.returncode == 2
    assert "max_tokens=" in refused.stderr.replace("\n", " ")


@pytest.mark.usefixtures("loaded")
def test_what_was_believed_is_asked_in_words_as_by_name(traveler: Traveler) -> None:
    times = ("--at", "2026-11-23T07:30:00Z", "--believed-at", "2026-11-23T08:00:00Z")
    asked = traveler("ask", QUESTION, *NOW, *times, "--format", "md")
    named = traveler("context", "M1", *NOW, *times, "--format", "md")
    assert (asked.returncode, named.returncode) == (0, 0)
    assert asked.stdout.splitlines()[3:] == named.stdout.splitlines()[2:]
    before = traveler("ask", QUESTION, *NOW, "--believed-at", "2026-11-23T07:00:00Z")
    assert before.returncode == 2


def test_a_plant_that_is_served_gives_the_same(
    traveler: Traveler,
    own_plant: Path,  # noqa: F811
    own_owner: Owner,  # noqa: F811
    own_client: httpx.Client,  # noqa: F811
) -> None:
    store = own_owner.pipeline.plant.store_path
    announce(store, str(own_client.base_url).rstrip("/"), "")
    options = ("--include-notes", "--max-tokens", "900", "--plant", str(own_plant))
    for form in ("md", "compact"):
        given = {"q": LATE, "format": form, "include_notes": "true", "max_tokens": "900"}
        shown = own_client.get("/v1/context", params=given)
        assert traveler("ask", LATE, "--format", form, *options).stdout == shown.text
    withdraw(store)
