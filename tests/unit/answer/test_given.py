"""What a question is asked with: every kind, and all that cannot be."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.answer.asking.given import read_given
from kg.answer.asking.questions import Question
from kg.answer.find import Finder
from kg.errors import ConfigError, UnknownEntity
from kg.store import EmbeddedStore

BASE = "https://plant.example/"
ZONE = ZoneInfo("Europe/Stockholm")
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
KINDS = {
    "machine": "tr:Machine",
    "at": "xsd:dateTime",
    "number": "xsd:decimal",
    "words": "xsd:string",
}
PLACES = " ".join(f"<urn:traveler:parameter:{name}>" for name in KINDS)
QUERY = f"SELECT * WHERE {{ VALUES (?m ?a ?n ?w) {{ ({PLACES}) }} }}"
QUESTION = Question("q", "1", "q?", KINDS, "", QUERY, optional=frozenset(KINDS))


@pytest.fixture(scope="module")
def finder() -> Finder:
    store = EmbeddedStore.in_memory(BASE)
    types = {"machine/SAW": "Machine", "job/SAW": "Job", "batch/SAW": "MaterialBatch"}
    store.bulk_load(
        f"<{BASE}{name}> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
        f" <https://w3id.org/traveler/ontology/{kind}> ."
        for name, kind in types.items()
    )
    return Finder(store, BASE)


def asked(finder: Finder, **parameters: str):
    return read_given(QUESTION, parameters, finder, ZONE)


def test_a_name_is_that_of_a_thing_of_the_kind_that_is_asked_for(finder: Finder) -> None:
    assert asked(finder, machine="SAW").entity("machine") == f"<{BASE}machine/SAW>"
    with pytest.raises(UnknownEntity):
        asked(finder, machine="job/SAW")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-23T14:32:00Z", datetime(2026, 11, 23, 14, 32, tzinfo=UTC)),
        ("2026-11-23T14:32", datetime(2026, 11, 23, 13, 32, tzinfo=UTC)),
        ("2026-11-23", datetime(2026, 11, 22, 23, tzinfo=UTC)),
        ("2026-07-01T00:00:00+02:00", datetime(2026, 6, 30, 22, tzinfo=UTC)),
    ],
)
def test_a_time_without_an_offset_is_that_of_the_plant(finder, text: str, moment) -> None:
    assert asked(finder, at=text).time("at") == moment


@pytest.mark.parametrize("text", ["", "2026-13-01", "now", "0001-01-01", "9999-12-31T23:59-14:00"])
def test_what_is_no_time_is_refused_by_its_name(finder: Finder, text: str) -> None:
    if not text:
        assert asked(finder, at=text).time("at") is None
        return
    with pytest.raises(ConfigError, match="at=") as refused:
        asked(finder, at=text)
    assert (refused.value.code, bool(refused.value.hint)) == ("parameter", True)


@pytest.mark.parametrize(("text", "number"), [("8", "8"), ("-1.50", "-1.50"), ("1e3", "1000")])
def test_a_number_is_exact(finder: Finder, text: str, number: str) -> None:
    assert asked(finder, number=text).number("number") == Decimal(number)


def test_nothing_given_is_nothing(finder: Finder) -> None:
    got = asked(finder)
    assert (got.entity("machine"), got.time("at"), got.number("number"), got.text("words")) == (
        None, None, None, None
    )  # fmt: skip
    assert next(iter(ox.Store().query(got.query(NOW))))["m"] is None


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40) | st.sampled_from(['"', "\\", '\\"', "\\u0022 } #", "'\"", '"""']))
def test_a_text_is_itself_in_the_query_or_is_refused(finder: Finder, text: str) -> None:
    if not text.isprintable() or "\\" in text:
        with pytest.raises(ConfigError, match="not taken"):
            asked(finder, words=text)
        return
    got = asked(finder, words=text)
    (row,) = ox.Store().query(got.query(NOW))
    assert ("" if row["w"] is None else row["w"].value) == text
    assert (got.text("words") or "") == text


def test_what_is_too_long_is_refused(finder: Finder) -> None:
    with pytest.raises(ConfigError, match="1,001 characters"):
        asked(finder, words="x" * 1_001)
