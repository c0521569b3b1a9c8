"""Events of any shape: rows, triples, or an error that names the event; never anything else."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from kg.epcis.rows import events_of, rows_of
from kg.epcis.triples import event_graph
from kg.errors import SourceError
from tests.unit.epcis.test_exchange import BASE, CHAIN

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        ["", "urn:epc:id:sgtin:1.2.3", BASE, f"{BASE}batch/", "shipping", "@id", "x:y"]
    )
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "type", "epcClass", "quantity", "source", "@context", "@id", "a:b"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


@st.composite
def bent(draw) -> object:
    """A published event with one of its values, at any depth, replaced by anything."""
    event = copy.deepcopy(draw(st.sampled_from(CHAIN)))
    place, key = event, draw(st.sampled_from(sorted(event)))
    while isinstance(place[key], dict | list) and place[key] and draw(st.booleans()):
        place = place[key]
        keys = range(len(place)) if isinstance(place, list) else sorted(place)
        key = draw(st.sampled_from(list(keys)))
    place[key] = draw(anything)
    return event


def refusal_of(work: Callable[[], object]) -> SourceError | None:
    """Do something that may be refused; any other error is one of ours."""
    try:
        work()
    except SourceError as error:
        return error
    return None


def check_rows(event) -> None:
    for table, row in rows_of(event, BASE, "it"):
        assert table
        assert all(cell is None or isinstance(cell, str) for cell in row.values())
        json.dumps(row)


@settings(max_examples=300, deadline=None)
@given(bent())
def test_a_bent_event_gives_rows_of_text_or_is_refused(event) -> None:
    refused = refusal_of(lambda: check_rows(event))
    assert refused is None or ("it" in refused.message and refused.hint)


@settings(max_examples=100, deadline=None)
@given(anything)
def test_a_document_of_anything_is_refused_or_has_events(document) -> None:
    found: list = []
    refused = refusal_of(lambda: found.extend(events_of(document, "it")))
    assert all(isinstance(one, dict) for one in found)
    assert refused is None or refused.hint


@settings(max_examples=150, deadline=None)
@given(bent())
def test_a_bent_event_gives_triples_or_is_refused(event) -> None:
    refused = refusal_of(
        lambda: event_graph({"@context": {"a": "http://a.example/"}, **event}, "it")
    )
    assert refused is None or "it" in refused.message
