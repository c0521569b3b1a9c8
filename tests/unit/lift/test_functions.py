from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kg.errors import MappingError
from kg.lift.duckdb import Engine, to_sql
from kg.lift.functions import FUNCTIONS

from .conftest import Bench, typed
from .functiontable import CASES, Case, compiled, expected

SOURCE = {
    "placeholders": ("-",),
    "lookup": {"state": {"running": "ex:run", "draft": "trc:job-status/planned"}},
}


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.call)
def test_a_function_gives_what_plain_python_gives(
    engine: Engine, tmp_path: Path, case: Case
) -> None:
    made = compiled(case, tmp_path)
    batch = made.batch(case)
    values, failed = engine.prepare(to_sql(made.select), tuple(batch)).run(batch)
    rows = zip(case.values, values, [number is not None for number in failed], strict=True)
    wanted = zip(rows, expected(case), strict=True)
    assert [
        (given, (value, is_bad), right)
        for (given, value, is_bad), right in wanted
        if (None if is_bad else value, is_bad) != right
    ] == []


def test_every_function_has_a_case() -> None:
    called = {name for case in CASES for name in re.findall(r"[\w-]+:\w+(?=\()", case.call)}
    assert {function.name for function in FUNCTIONS.values()} == called


def test_a_factor_turns_units_and_what_is_no_number_is_rejected(bench: Bench) -> None:
    po = (
        "      - p: tr:nominal\n        o:\n"
        "          function: trf:multiply(value = $(a), factor = 25.4)\n"
        "          datatype: xsd:decimal\n"
    )
    assert bench.objects(po, {"a": "1,5"}, table={"decimal": ","}) == [typed("38.1", "decimal")]
    assert bench.rejected(po, {"a": "wide"}).code == "bad-number"


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
        ("trf:splitPart(value = $(a), separator = /, index = 0)", "'0' is no index", ""),
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
