from __future__ import annotations

import json

import pytest

from bench.context.cardtext import read_card
from kg.answer.compact import render_compact
from kg.answer.focus import FOCUSES
from kg.answer.render import render_card
from kg.answer.tokens import estimate_tokens
from tests.unit.answer.conftest import NOW

WHOLE = 10**6


@pytest.mark.parametrize("focus", list(FOCUSES))
@pytest.mark.parametrize("thing", ["M1", "M3", "job/1", "job/3", "customer/acme", "part/shaft"])
def test_compact_json_tells_what_the_card_tells(tiny, thing, focus) -> None:
    context = tiny.answers().context(thing, NOW, focus=focus)
    found = json.loads(render_compact(context, WHOLE))
    card = read_card(render_card(context, WHOLE))
    records = {number: text.split(" ")[0] for number, text in found["sources"].items()}
    told = {
        (
            fact.get("of", found["entity"]),
            fact["is"],
            fact["value"],
            tuple(records[str(n)] for n in fact.get("via", ())),
        )
        for fact in found["facts"]
        if "value" in fact
    }
    assert told == {(one.about, one.name, one.value, one.records) for one in card.facts}
    states = {(f.get("of", found["entity"]), f["is"]) for f in found["facts"] if "empty" in f}
    assert states >= {(about, name) for about, name, _ in card.states}
    assert len(found.get("told", ())) == len(card.told) + len(card.entries)
    assert {(gap["of"], gap["slot"]) for gap in found.get("gaps", ())} == {
        gap[:2] for gap in card.gaps
    }
    assert "cut" not in found


def test_each_fact_says_what_vouches_for_it_and_what_is_to_be_minded(tiny) -> None:
    found = json.loads(render_compact(tiny.answers().context("job/1", NOW, focus="full"), WHOLE))
    facts = [fact for fact in found["facts"] if "value" in fact]
    assert {fact["trust"] for fact in facts} == {"system", "event", "derived", "computed"}
    due = {fact["value"]: fact for fact in facts if fact["is"] == "due"}
    assert {fact["state"] for fact in due.values()} == {"conflicting"}
    assert due["2026-12-09"]["note"].startswith("does not count")


def test_what_is_cut_is_counted_with_how_to_get_it(tiny) -> None:
    context = tiny.answers().context("M1", NOW)
    short = json.loads(render_compact(context, 600))
    assert short["cut"] > 0
    whole = render_compact(context, short["ask_max_tokens"])
    assert "cut" not in json.loads(whole)
    assert estimate_tokens(whole) == short["ask_max_tokens"]


def test_notes_are_counted_or_marked_as_what_people_said(tiny) -> None:
    context = tiny.answers().context("M1", NOW)
    assert json.loads(render_compact(context, WHOLE))["notes_withheld"] == 3
    assert "wobbles" not in render_compact(context, WHOLE)
    shown = json.loads(render_compact(context, WHOLE, is_with_notes=True))
    assert "notes_withheld" not in shown
    assert [note["trust"] for note in shown["notes_by_people"]] == ["person"] * 3
    assert shown["notes_by_people"][0]["text"] == "blade wobbles"
