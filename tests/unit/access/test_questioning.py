"""What a role does not see stands in no row, trace, recall or export, and none looks whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg.access.questioning import Asked, ask_seen
from kg.access.reading import ANYTHING, blanked, read_query
from kg.access.veiled import RoleVeil
from kg.answer.render import to_json
from kg.answer.rowtable import rows_csv
from kg.answer.tracing.recall import recall_csv, tell_recall
from kg.answer.tracing.traced import tell_trace
from kg.answer.tracing.tracetext import recall_text, trace_text
from kg.epcis.export import epcis_document
from kg.errors import AccessError, QueryError, TravelerError, UnknownEntity
from kg.pipeline import Pipeline
from tests.unit.access.shop import CLERK, HIDDEN, MONEY, NOW, WORDS, sight_of

GIVEN = {
    "machine": "machine/M1",
    "order": "order/O1",
    "customer": "customer/CustQuoin",
    "job": "job/J1",
    "batch": "batch/BatchYarrow",
    "thing": "job/J1",
    "at": "2026-11-23T07:00:00Z",
    "since": "2026-11-23T07:00:00Z",
    "specification": "specification/none",
}
LOOK_AT_EVERYTHING = {
    "answers-that-would-be-different-today",
    "does-the-certificate-meet-the-specification",  # by what is hidden here
    "how-old-each-fact-is",
    "ids-that-have-no-partner",
    "notes-that-contradict-a-system",
    "running-states-that-are-stale",
    "what-changed-since",
    "what-was-believed-about-a-machine",
    "what-was-true-on-a-machine",
    "which-process-to-connect-first",
    "which-repair-mends-most",
}
"""Questions that are refused, whatever is hidden."""
STARTS = ("batch/BatchYarrow", "job/J1", "job/J2", "order-line/L1", "order/O1")


def _asked(shop: Pipeline, name: str, hides: set[str], **given_: str) -> Asked:
    question = shop.answers().questions[name]
    values = {n: GIVEN[n] for n in question.parameters if n not in question.optional}
    sight = sight_of(shop, hides) if hides else None
    return ask_seen(shop.answers(), name, values | given_, NOW, sight)


def _rows(shop: Pipeline, hides: set[str]) -> Iterator[str]:
    """Write the rows of every question that is answered, also as CSV."""
    for name, question in shop.answers().questions.items():
        with suppress(AccessError, UnknownEntity):
            asked = _asked(shop, name, hides)
            yield to_json({"name": name, "rows": asked.rows, "withheld": asked.withheld})
            yield rows_csv(question.columns(), asked.rows)


def _traces(shop: Pipeline, hides: set[str]) -> Iterator[str]:
    answers = shop.answers()
    veil = RoleVeil(sight_of(shop, hides), answers)
    for start in STARTS:
        with suppress(UnknownEntity, AccessError):
            recalled = tell_recall(answers, start, NOW, most_things=1_000, veil=veil)
            yield from (to_json(recalled), recall_text(recalled), recall_csv(recalled))
        for direction in ("forward", "backward"):
            with suppress(UnknownEntity):
                told = tell_trace(
                    *(answers, start, direction, NOW),  # type: ignore[arg-type]
                    most_things=1_000,
                    is_with_worst=True,
                    veil=veil,
                )
                yield from (to_json(told), trace_text(told))
    with suppress(AccessError):
        yield to_json(epcis_document(answers, NOW, veil)[0])


def _look_for_hidden_words(shop: Pipeline, hides: set[str]) -> int:
    words = {WORDS[cell].casefold() for name in hides for cell in HIDDEN[name]}
    if not hides.isdisjoint({"tr:unitPrice", "source:books"}):
        words |= set(MONEY)
    if "tr:Person" in hides:
        words.add(CLERK)
    asked_by = {WORDS["batch"].casefold()}  # the id that was asked by comes back in the answer
    texts = [*_rows(shop, hides), *_traces(shop, hides)]
    for text in texts:
        plain = text.casefold()
        assert [word for word in words - asked_by if word in plain] == [], text
    return len(texts)


def test_every_word_of_the_chain_is_told_to_who_sees_everything(shop: Pipeline) -> None:
    text = "".join(_rows(shop, set())) + to_json(
        tell_trace(shop.answers(), "batch/BatchYarrow", "forward", NOW, most_things=1_000)
    )
    for cell in ("cust", "othercust", "shipcust", "person", "note", "material", "lastprice"):
        assert WORDS[cell] in text or WORDS[cell] in str(MONEY), cell


@pytest.mark.parametrize("name", HIDDEN)
def test_no_word_of_one_hidden_thing_stands_in_rows_and_traces(shop: Pipeline, name: str) -> None:
    assert _look_for_hidden_words(shop, {name}) > 10


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sets(st.sampled_from(sorted(HIDDEN)), min_size=2, max_size=4))
def test_no_hidden_word_stands_in_rows_and_traces(shop: Pipeline, hides: set[str]) -> None:
    _look_for_hidden_words(shop, hides)


def test_hidden_cells_are_withheld_whether_there_is_something_or_not(shop: Pipeline) -> None:
    whole = _asked(shop, "where-a-batch-went", set())
    seen = _asked(shop, "where-a-batch-went", {"tr:Customer"})
    assert whole.rows[0]["customer"] == "customer/CustQuoin"
    assert seen.rows == [row | {"customer": "withheld"} for row in whole.rows]
    assert seen.withheld == ["orderedBy"]


def test_rows_of_a_hidden_property_are_left_out_of_a_list_and_named(shop: Pipeline) -> None:
    whole = _asked(shop, "what-runs-on-a-machine", set())
    seen = _asked(shop, "what-runs-on-a-machine", {"tr:Customer"})
    assert {row["slot"] for row in whole.rows} >= {"job", "customer", "batch"}
    assert seen.rows == [row for row in whole.rows if row["slot"] != "customer"]
    assert seen.withheld == ["forCustomer"]


def test_what_nothing_hides_is_answered_as_to_everybody(shop: Pipeline) -> None:
    refused = set()
    for name in shop.answers().questions:
        try:
            whole = _asked(shop, name, set())
        except TravelerError:
            continue
        try:
            assert _asked(shop, name, {"tr:measuredValue"}) == whole, name
        except AccessError:
            refused.add(name)
    assert refused == LOOK_AT_EVERYTHING


def test_what_decides_the_rows_is_not_answered_without_it(shop: Pipeline) -> None:
    for name, hides, word in (
        ("jobs-that-lack-a-link", "tr:Customer", "forCustomer"),
        ("machines-that-run-a-closed-job", "tr:status", "status"),
        ("where-a-batch-went", "source:floor", "consumedBy"),
        ("how-old-each-fact-is", "tr:unitPrice", "everything that is said"),
        ("what-was-true-on-a-machine", "tr:unitPrice", "what records say"),
        ("where-the-facts-arise", "tr:Person", "doneBy"),
        ("where-a-link-goes-dark", "source:floor", "what records say"),
        ("answers-that-hang-on-one-person", "source:books", "what records say"),
    ):
        with pytest.raises(AccessError, match=word) as refused:
            _asked(shop, name, {hides})
        assert refused.value.code == "withheld"


def test_a_price_that_is_hidden_leaves_the_rest_of_its_row(shop: Pipeline) -> None:
    seen = _asked(shop, "jobs-that-lack-a-link", {"tr:unitPrice"})
    whole = _asked(shop, "jobs-that-lack-a-link", set())
    assert {row["job"] for row in seen.rows} == {row["job"] for row in whole.rows}
    assert {row["value"] for row in seen.rows} == {"withheld"}


def test_a_hidden_name_finds_nothing_to_ask_about(shop: Pipeline) -> None:
    name = "which-specification-applied"
    assert _asked(shop, name, {"tr:unitPrice"}, job=WORDS["jobname"]).rows == []
    for given_ in (WORDS["jobname"], "Spindlewor", "nothing at all"):
        with pytest.raises(UnknownEntity, match="nothing that your role sees"):
            _asked(shop, name, {"rdfs:label"}, job=given_)


@pytest.mark.parametrize("hides", ["tr:Customer", "tr:orderedBy"])
def test_a_recall_without_customers_says_so_and_lists_every_delivery(
    shop: Pipeline, hides: str
) -> None:
    answers = shop.answers()
    veil = RoleVeil(sight_of(shop, {hides}), answers)
    whole = tell_recall(answers, "batch/BatchYarrow", NOW, most_things=100)
    told = tell_recall(answers, "batch/BatchYarrow", NOW, most_things=100, veil=veil)
    assert (whole["is_whole"], whole["withheld"]) == (True, [])
    assert len(told["rows"]) == len(whole["rows"]) > 0
    assert whole["rows"][0]["customer"] == "customer/CustQuoin"
    assert told["is_whole"] is False
    assert {"order", "orderedBy"} <= {p["kind"] for p in told["withheld"]} | {
        word for part in told["withheld"] for word in part["properties"]
    }
    assert "NOT WHOLE" in recall_text(told)
    if hides == "tr:Customer":
        assert {row["customer"] for row in told["rows"]} == {"withheld"}
        assert "withheld" in recall_csv(told)


def test_a_recall_that_would_lack_deliveries_is_refused(shop: Pipeline) -> None:
    answers = shop.answers()
    for hides in ("source:books", "source:floor", "tr:MaterialBatch", "tr:allocationOf"):
        veil = RoleVeil(sight_of(shop, {hides}), answers)
        with pytest.raises(AccessError, match="a recall would lack"):
            tell_recall(answers, "job/J1", NOW, most_things=100, veil=veil)


def test_a_trace_behind_a_veil_ends_where_it_cannot_see_and_accuses_nobody(
    shop: Pipeline,
) -> None:
    answers = shop.answers()
    veil = RoleVeil(sight_of(shop, {"source:books"}), answers)
    whole = tell_trace(answers, "batch/BatchYarrow", "forward", NOW, most_things=100)
    told = tell_trace(answers, "batch/BatchYarrow", "forward", NOW, most_things=100, veil=veil)
    assert {one["kind"] for one in whole["reached"]} >= {"job", "order-line", "order", "customer"}
    assert {one["id"] for one in told["reached"]} == {"job/J1"}
    assert told["is_whole"] is False
    assert not {one["kind"] for one in told["breaks"]} & {"no-outcome", "no-customer"}
    assert re.search(r"1 job: .*allocationOf", trace_text(told).replace("\n    ", " "))


def test_what_is_seen_whole_is_told_as_to_everybody(shop: Pipeline) -> None:
    answers = shop.answers()
    veil = RoleVeil(sight_of(shop, {"tr:unitPrice", "tr:text"}), answers)
    whole = tell_recall(answers, "batch/BatchYarrow", NOW, most_things=100)
    assert tell_recall(answers, "batch/BatchYarrow", NOW, most_things=100, veil=veil) == whole


def test_an_export_without_customers_says_so_and_one_without_times_is_refused(
    shop: Pipeline,
) -> None:
    answers = shop.answers()
    assert "rdfs:comment" not in epcis_document(answers, NOW)[0]
    told, _ = epcis_document(answers, NOW, RoleVeil(sight_of(shop, {"tr:Customer"}), answers))
    assert told["rdfs:comment"] == "withheld: orderedBy, shippedTo"
    with pytest.raises(AccessError, match="shippedAt"):
        epcis_document(answers, NOW, RoleVeil(sight_of(shop, {"tr:shippedAt"}), answers))


HIDES_P = frozenset({"<x:p>", ANYTHING})


@pytest.mark.parametrize(
    ("query", "decides", "blank"),
    [
        ("SELECT * { ?s <x:a> ?o }", False, set()),
        ("SELECT * { ?s <x:p> ?o }", True, set()),
        ("SELECT * { ?s <x:a>/<x:p> ?o }", True, set()),
        ("SELECT * { ?s <x:a> ?o OPTIONAL { ?s ^<x:p> ?v } }", False, {"v"}),
        ("SELECT * { ?s <x:a> ?o OPTIONAL { ?s <x:b> ?v OPTIONAL { ?v <x:p> ?w } } }", False,
         {"w"}),
        ("SELECT * { ?s <x:a> ?o OPTIONAL { ?s <x:p> ?v OPTIONAL { ?v <x:b> ?w } } }", False,
         {"v", "w"}),
        ("SELECT * { ?s <x:a> ?o OPTIONAL { ?s <x:p> ?v } OPTIONAL { ?v <x:b> ?w } }", True,
         {"v"}),
        ("SELECT * { ?s <x:a> ?o OPTIONAL { ?s <x:p> ?v } FILTER(!BOUND(?v)) }", True, {"v"}),
        ("SELECT * { ?s <x:a> ?o OPTIONAL { ?s <x:p> ?v } BIND(STR(?v) AS ?w) }", False,
         {"v", "w"}),
        ("SELECT * { ?s <x:a> ?o FILTER NOT EXISTS { ?s <x:p> ?v } }", True, set()),
        ("SELECT * { ?s <x:a> ?o BIND(EXISTS { ?s <x:p> ?v } AS ?w) }", False, {"w"}),
        ("SELECT * { ?s <x:a> ?o MINUS { ?s <x:p> ?v } }", True, set()),
        ("SELECT * { { ?s <x:a> ?o } UNION { ?s <x:p> ?o } }", True, set()),
        ("SELECT * { ?s ?any ?o }", True, set()),
        ("SELECT * { ?s !<x:a> ?o }", True, set()),
        ("SELECT ?s (SUM(?v) AS ?n) { ?s <x:a> ?o OPTIONAL { ?s <x:p> ?v } } GROUP BY ?s", False,
         {"v", "n"}),
        ("SELECT (COUNT(*) AS ?n) { ?s <x:a> ?o OPTIONAL { ?s <x:p> ?v } } GROUP BY ?v", True,
         {"v"}),
        ("SELECT * { ?s <x:a> ?o OPTIONAL { ?s <x:p> ?v } } ORDER BY ?v LIMIT 1", True, {"v"}),
        ("SELECT * { ?s <x:a> ?o OPTIONAL { SELECT (SUM(?q) AS ?n) { ?s <x:p> ?q } } }", False,
         {"n"}),
        ("SELECT * { ?s a <x:p> }", True, set()),
        ("SELECT * { VALUES ?a { <x:p> <x:q> } ?s ?a ?o }", False, set()),
        ("SELECT (COUNT(*) AS ?n) { VALUES ?a { <x:p> <x:q> } ?s ?a ?o }", True, set()),
        ("SELECT * { ?s <x:a> ?o MINUS { VALUES ?a { <x:p> <x:q> } ?s ?a ?o } }", True, set()),
    ],
)  # fmt: skip
def test_where_a_hidden_property_stands_says_what_it_decides(
    query: str, decides: bool, blank: set[str]
) -> None:
    found = read_query(query, HIDES_P)
    assert bool(found.deciding) is decides
    assert {name for name in found.blank if not name.startswith("__")} >= blank
    if not decides:
        shown = {name for name in ("s", "o") if f"?{name}" in query}
        assert found.blank.isdisjoint(shown)


def test_a_hidden_term_says_nothing_in_a_query_however_it_is_written() -> None:
    query = "SELECT * { ?a tr:makes|<https://w3id.org/traveler/ontology/makes> ?b }"
    hidden = frozenset({"<https://w3id.org/traveler/ontology/makes>"})
    assert blanked(query, hidden).count("<urn:traveler:nothing>") == 2
    assert read_query(query, hidden).deciding == hidden


def test_a_trace_that_is_too_large_is_an_error_behind_a_veil_too(shop: Pipeline) -> None:
    veil = RoleVeil(sight_of(shop, {"tr:unitPrice"}), shop.answers())
    with pytest.raises(QueryError):
        tell_trace(shop.answers(), "job/J1", "forward", NOW, most_things=1, veil=veil)
