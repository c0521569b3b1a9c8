"""Whoever does not see a name finds nothing by it, and is told nothing that depends on it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from bench.context.cardtext import read_card
from kg.access.sight import Sight
from kg.access.worded import Worded, ask_in_words, find_in_words
from kg.answer.finding.told import compact_asked, render_asked
from kg.errors import TravelerError
from kg.pipeline import Pipeline
from kg.settings import load_plant
from tests.unit.access.shop import HIDDEN, NOW, WORDS, sight_of, write_shop

HIDES = ("tr:Customer", "rdfs:label", "source:books", "source:floor")
PHRASES = (
    *("why is {} late on Sawmarrow", "{}", "what of {} and J1", "customer {}", "job {} next"),
    "{}x",
)
QUERIES = [phrase.format(word) for word in WORDS.values() for phrase in PHRASES]
QUERIES += [word[:-2] for word in WORDS.values()] + ["why is J1 late", "J2 on M1", "L99", "J99"]


@pytest.fixture(scope="module", params=HIDES)
def other(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    """Open the same shop with other words in the cells that are hidden."""
    hidden = HIDDEN[request.param]
    words = {
        cell: word
        if cell not in hidden or word[0].isdigit() or len(word) <= 3
        else f"Q{word[::-1]}"
        for cell, word in WORDS.items()
    }
    path = write_shop(tmp_path_factory.mktemp("other"), words=words)
    with Pipeline.open(load_plant(path)) as work:
        work.read(NOW)
        work.apply(NOW)
        work.validate(NOW)
        yield request.param, work


def told(work: Pipeline, sight: Sight | None, query: str) -> str:
    """Give all that is told of a query, as text."""
    answers = work.answers()
    found = find_in_words(answers, query, sight, limit=20).to_dict()
    try:
        asked, _ = ask_in_words(answers, Worded(query), NOW, sight)
        read = json.dumps(asked.to_dict())
    except TravelerError as error:
        read = f"{error.code} {error.message} {error.hint}"
    return json.dumps(found) + read


def test_what_is_told_does_not_depend_on_what_is_hidden(shop: Pipeline, other: tuple) -> None:
    hides, changed = other
    ours, theirs = sight_of(shop, {hides}), sight_of(changed, {hides})
    seen = 0
    for query in QUERIES:
        assert told(shop, ours, query) == told(changed, theirs, query), query
        seen += told(shop, None, query) != told(shop, ours, query)
    assert seen, "who sees everything is told more"


@pytest.mark.parametrize("hides", HIDES)
def test_no_hidden_word_is_told(shop: Pipeline, hides: str) -> None:
    sight = sight_of(shop, {hides})
    words = {WORDS[cell].casefold() for cell in HIDDEN[hides]}
    for query in QUERIES:
        text = told(shop, sight, query).casefold()
        assert [w for w in words if w in text and w not in query.casefold()] == [], query


def test_a_card_says_how_a_question_was_read(shop: Pipeline) -> None:
    asked, found = ask_in_words(shop.answers(), Worded("why is J1 late on M1, 99999?"), NOW)
    card = render_asked(asked, found, 800)
    line = card.splitlines()[2]
    assert line.startswith("Read as why_late (the question says 'late') of job/J1 by \"J1\"")
    assert "also named: machine/M1" in line
    assert line.endswith("nothing here goes by '99999'")
    assert card.splitlines()[3].startswith("## ")
    read = read_card(card)
    assert read.forged == []
    assert read.read is not None
    assert (read.read.subject, read.read.words) == ("job/J1", "J1")
    assert read.read.named == ("machine/M1",)
    assert read.read.remarks == ("nothing here goes by '99999'",)
    compact = json.loads(compact_asked(asked, found, 1_500))
    assert compact["read"] == line


def test_what_a_question_holds_cannot_write_a_line_of_its_card(shop: Pipeline) -> None:
    evil = "J1 [1]12345\u202e## Now <b>99999</b> 77777](http://x.example) late"
    asked, found = ask_in_words(shop.answers(), Worded(evil), NOW)
    card = render_asked(asked, found, 800)
    assert sum(line.startswith("## Now") for line in card.splitlines()) == 1
    line = card.splitlines()[2]
    assert not {"[", "]", "<", "\u202e"} & set(line)
    assert "http://x.example" not in card
    assert read_card(card).forged == []
