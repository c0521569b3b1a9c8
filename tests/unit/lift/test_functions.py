from __future__ import annotations

from typing import Any

import pytest

from kg.errors import MappingError
from kg.lift.functions import FUNCTIONS

from .conftest import Bench, typed

CASES: list[tuple[str, dict[str, Any], str]] = [
    ("grel:string_trim(valueParameter = $(a))", {"a": " x "}, '"x"'),
    ("grel:toUpperCase(grel:valueParameter = $(a))", {"a": "saw-01"}, '"SAW-01"'),
    ("grel:toLowerCase(valueParameter = $(a))", {"a": "ÅÄ"}, '"åä"'),
    (
        "grel:string_replace(valueParameter = $(a), p_string_find = '-', p_string_replace = '')",
        {"a": "a-b-c"},
        '"abc"',
    ),
    ("idlab-fn:equal(str = $(a), strtest = x)", {"a": "x"}, '"true"'),
    ("idlab-fn:equal(valueParameter = $(a), valueParameter2 = x)", {"a": None}, '"false"'),
    ("idlab-fn:notEqual(str = $(a), strtest = x)", {"a": None}, '"true"'),
    ("idlab-fn:notEqual(str = $(a), strtest = x)", {"a": "x"}, '"false"'),
    (
        "idlab-fn:trueCondition(strBoolean = idlab-fn:equal(str = $(a), strtest = x), str = yes)",
        {"a": "x"},
        '"yes"',
    ),
    ("trf:stripLeadingZeros(value = $(a))", {"a": "000120"}, '"120"'),
    ("trf:stripLeadingZeros(value = $(a))", {"a": "000"}, '"0"'),
    ("trf:stripLeadingZeros(value = $(a))", {"a": None}, ""),
    ("trf:stripPrefix(value = $(a), prefix = JOB-)", {"a": "JOB-12"}, '"12"'),
    ("trf:stripPrefix(value = $(a), prefix = JOB-)", {"a": "12"}, '"12"'),
    ("trf:splitPart(value = $(a), separator = /, index = 2)", {"a": "a/b/c"}, '"b"'),
    ("trf:splitPart(value = $(a), separator = /, index = 4)", {"a": "a/b/c"}, ""),
    ("trf:lookup(value = $(a), table = state)", {"a": "running"}, '"https://x.org/run"'),
    ("trf:lookup(value = $(a), table = state)", {"a": None}, ""),
    ("trf:concat(value = $(a), value2 = '-', value3 = $(b))", {"a": "1", "b": "2"}, '"1-2"'),
    ("trf:concat(value = $(a), value2 = $(b))", {"a": "1", "b": None}, ""),
    ("trf:isNull(value = $(a))", {"a": "-"}, '"true"'),
    ("trf:notNull(value = $(a))", {"a": "-"}, '"false"'),
    ("trf:firstOf(value = $(a), value2 = $(b), value3 = c)", {"a": None, "b": "-"}, '"c"'),
    ("trf:matches(value = $(a), pattern = '^A[0-9]+')", {"a": "A12"}, '"true"'),
    ("trf:extract(value = $(a), pattern = 'lot ([0-9]+)')", {"a": "the lot 42."}, '"42"'),
    ("trf:extract(value = $(a), pattern = 'lot ([0-9]+)')", {"a": "none"}, ""),
    ("trf:template(value = 'job/$(a)')", {"a": "x y"}, '"job/x y"'),
]
SOURCE = {
    "placeholders": ("-",),
    "lookup": {"state": {"running": "ex:run", "draft": "trc:job-status/planned"}},
}


@pytest.mark.parametrize(("call", "row", "made"), CASES)
def test_a_function_gives(bench: Bench, call: str, row: dict[str, Any], made: str) -> None:
    mapping = (
        "prefixes: {ex: https://x.org/}\nmappings:\n  job:\n    sources: [[job~table]]\n"
        f'    s: job/1\n    po:\n      - {{p: tr:x, o: {{function: "{call}"}}}}\n'
    )
    lifted = bench.lift(mapping, {"a": None, "b": None} | row, source=SOURCE)
    assert [fact[2] for fact in lifted.facts[0]] == ([made] if made else [])


def test_every_function_has_a_case() -> None:
    called = {call.partition("(")[0] for call, _, _ in CASES}
    assert {function.name for function in FUNCTIONS.values()} == called | {"trf:multiply"}


def test_a_factor_turns_units_and_what_is_no_number_is_rejected(bench: Bench) -> None:
    po = (
        "      - p: tr:nominal\n        o:\n"
        "          function: trf:multiply(value = $(a), factor = 25.4)\n"
        "          datatype: xsd:decimal\n"
    )
    assert bench.objects(po, {"a": "1,5"}, table={"decimal": ","}) == [typed("38.1", "decimal")]
    assert bench.rejected(po, {"a": "wide"}).code == "bad-literal"


def test_a_template_inside_an_iri_function_is_encoded_and_resolved(bench: Bench) -> None:
    po = (
        "      - p: tr:about\n        o:\n"
        "          function: trf:firstOf(value = trf:template(value = 'job/$(a)'),"
        " value2 = trf:template(value = 'tr:x/$(b)'))\n          type: iri\n"
    )
    made = bench.objects(po, {"a": "1 2", "b": "3"}, {"a": None, "b": "3/4"})
    assert made == [
        "<https://demo.example/job/1%202>",
        "<https://w3id.org/traveler/ontology/x/3%2F4>",
    ]


def test_an_unknown_key_of_a_lookup_is_reported_and_the_rest_is_lifted(bench: Bench) -> None:
    mapping = (
        "mappings:\n  job:\n    sources: [[job~table]]\n    s: job/$(id)\n    po:\n"
        "      - [tr:identifier, $(id)]\n"
        "      - p: tr:status\n        o:\n"
        "          function: trf:lookup(value = $(state), table = state)\n          type: iri\n"
    )
    rows = ({"id": 1, "state": "draft"}, {"id": 2, "state": "odd"}, {"id": 3, "state": "-"})
    lifted = bench.lift(mapping, *rows, source=SOURCE)
    assert [len(facts) for facts in lifted.facts] == [2, 1, 1]
    assert lifted.facts[0][1][2] == "<https://w3id.org/traveler/code/job-status/planned>"
    (missed,) = lifted.rejected
    assert missed.code == "lookup-miss"
    assert "'state' = 'odd'" in missed.message
    assert "job.yml:9" in missed.message
    assert "[lookup.state]" in missed.hint


@pytest.mark.parametrize(
    ("call", "word", "hint"),
    [
        ("trf:stripZeros(value = $(a))", "no function", "trf:stripLeadingZeros"),
        ("trf:lookup(value = $(a), table = stat)", "'stat'", "[lookup.stat]"),
        ("trf:lookup(value = $(a), table = $(b))", "plain text", ""),
        ("trf:lookup(value = $(a))", "'table'", "value, table"),
        ("trf:lookup(value = $(a), tabel = state)", "'tabel'", "value, table"),
        ("trf:isNull(value = $(a), value = $(b))", "twice", "value"),
        ("trf:splitPart(value = $(a), separator = /, index = 0)", "index '0'", ""),
        ("trf:matches(value = $(a), pattern = '(')", "regular expression", ""),
        ("trf:extract(value = $(a), pattern = 'x+')", "group", ""),
    ],
)
def test_a_call_that_cannot_work_names_line_function_and_remedy(
    bench: Bench, call: str, word: str, hint: str
) -> None:
    po = f'      - {{p: tr:x, o: {{function: "{call}"}}}}\n'
    with pytest.raises(MappingError) as caught:
        bench.objects(po, {"a": "1", "b": "2"}, source=SOURCE)
    assert "job.yml:6: " in caught.value.message
    assert word in caught.value.message
    assert hint in caught.value.hint
