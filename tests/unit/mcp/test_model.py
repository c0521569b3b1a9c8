"""Excerpts of the model: what a topic is about comes first, and never more than fits."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg import assets
from kg.answer.tokens import estimate_tokens
from kg.mcp.model import MOST_TOKENS, load_model

MODEL = load_model(assets.ontology_folder())

WORDS = sorted({word for entry in MODEL.entries for word in entry.words})


@pytest.mark.parametrize(
    ("topic", "term"),
    [
        ("when is a job due", "tr:dueDate (tr:Job → xsd:date; at most one)"),
        ("certificates", "tr:Certificate (class)"),
        ("Auftragsstatus", "trc:job-status (codes: cancelled, closed, completed, in-progress,"),
        ("jobbstatus", "trc:job-status (codes: "),
        ("batches of material", "tr:MaterialBatch (class)"),
        ("customer of a job", "tr:forCustomer (tr:Job → tr:Customer)"),
        ("upper limit", "tr:upperLimit ("),
    ],
)
def test_a_topic_finds_its_terms_among_the_first(topic: str, term: str) -> None:
    first = MODEL.excerpt(topic).splitlines()[1:5]
    assert any(line.startswith(f"- {term}") for line in first), first


def test_without_a_topic_every_kind_of_thing_is_told() -> None:
    told = MODEL.excerpt("")
    assert told.startswith("# model | 13 of 13 kinds of things")
    assert "- tr:WorkCenter: " in told


def test_a_topic_that_nothing_is_about_says_so() -> None:
    told = MODEL.excerpt("xylophones [1] # heading")
    assert "nothing in it goes by" in told
    assert "[1]" not in told


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=20), max_size=60).map(" ".join))
def test_an_excerpt_fits_and_is_the_same_again(topic: str) -> None:
    told = MODEL.excerpt(topic)
    assert estimate_tokens(told) <= MOST_TOKENS
    assert told == MODEL.excerpt(topic)
    head, *lines = told.splitlines()
    assert head.startswith("# model | ")
    assert all(line.startswith(("- tr", "Ask with")) for line in lines)
