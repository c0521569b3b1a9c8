from __future__ import annotations

import pyoxigraph as ox
import pytest

from kg.errors import StoreError
from kg.store.terms import checked, engine_term, stored_form

XSD = "http://www.w3.org/2001/XMLSchema#"


@pytest.mark.parametrize(
    "term",
    [
        "<https://d.example/job/1>",
        '"M7"',
        '""',
        '"Säge \\"7\\"\\n\\\\u0041\\u0001"',
        '"hej"@sv',
        '"hej"@sv-se--ltr',
        f'"12"^^<{XSD}integer>',
    ],
)
def test_a_term_comes_back_as_it_went_in(term: str) -> None:
    assert engine_term(str(engine_term(term))) == engine_term(term)
    assert checked(term) == term


@pytest.mark.parametrize(
    "term",
    [
        "",
        "job",
        "_:b0",
        "<https://d.example/a b>",
        '<https://d.example/> . } ; DROP ALL ; INSERT DATA { <x:s> <x:p> "',
        '"open',
        '"two" "words"',
        '"line\nbreak"',
        f'"1"^^{XSD}integer',
        "<<( <x:s> <x:p> <x:o> )>>",
    ],
)
def test_what_is_no_term_never_reaches_an_update(term: str) -> None:
    with pytest.raises(StoreError) as caught:
        checked(term)
    assert caught.value.code == "bad-term"


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (f'"01"^^<{XSD}integer>', f'"1"^^<{XSD}integer>'),
        (f'"1.50"^^<{XSD}decimal>', f'"1.5"^^<{XSD}decimal>'),
        (f'"1"^^<{XSD}boolean>', f'"true"^^<{XSD}boolean>'),
        (f'"24:00:00"^^<{XSD}time>', f'"00:00:00"^^<{XSD}time>'),
        (f'"text"^^<{XSD}string>', '"text"'),
        (f'"abc"^^<{XSD}integer>', f'"abc"^^<{XSD}integer>'),
        ('"x"@EN-us', '"x"@en-us'),
        ("<https://d.example/01>", "<https://d.example/01>"),
    ],
)
def test_the_stored_form_is_what_the_engine_gives_back(given: str, stored: str) -> None:
    engine = ox.Store()
    engine.update(f"INSERT DATA {{ <x:s> <x:p> {given} }}")
    assert str(next(iter(engine)).object) == stored
    assert stored_form(given) == stored
