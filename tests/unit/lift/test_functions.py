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


def _documented() -> list[Case]:
    text = (Path(__file__).parents[3] / "mappings" / "FUNCTIONS.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| `.*\| `(\S+\(.*)` \| `(.*)` \| `(.*)` \|$", text, re.MULTILINE)
    return [
        Case(call.replace("\\|", "|"), lambda _, __, made=made: made, ((value, None),))
        for call, value, made in found
    ]


@pytest.mark.parametrize("case", _documented(), ids=lambda case: case.call)
def test_an_example_of_the_documentation_gives_what_it_says(
    engine: Engine, tmp_path: Path, case: Case
) -> None:
    made = compiled(case, tmp_path)
    batch = made.batch(case)
    found = engine.prepare(to_sql(made.select), tuple(batch)).run(batch)
    assert found == [[expected(case)[0][0]], [None]]


def test_every_function_is_documented_with_an_example() -> None:
    assert len(_documented()) == len(FUNCTIONS)


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
        ("trf:matches(value = $(a), pattern = 'a(?=b)')", "RE2 has no (?=", ""),
        ("grel:toUpperCas(valueParameter = $(a))", "(RML-FNML, Function Map)", "grel:toUpperCase"),
        ("idlab-fn:isnul(str = $(a))", "no function", "idlab-fn:isNull, trf:isNull"),
        ("trf:lookup(value = $(a), tabl = state)", "(RML-FNML, Parameter Map)", "mean 'table'?"),
        ("grel:string_split(valueParameter = $(a), p_string_sep = ',')", "a list", "array_get"),
        (
            "grel:array_get(p_array_a = $(a), param_int_i_from = 0)",
            "must be a list",
            "string_split",
        ),
        ("grel:string_split(valueParameter = $(a), p_string_sep = '')", "'' is empty", ""),
        ("grel:string_substring(valueParameter = $(a), param_int_i_from = x)", "whole number", ""),
        ("grel:escape(valueParameter = $(a), modeParameter = html)", "'html' is no mode", ""),
        ("grel:date_toDate(valueParameter = $(a), p_string_pattern = QQQ)", "QQQ is not read", ""),
        ("idlab-fn:normalizeDateWithLang(strDate = $(a), pattern = dd, lang = de)", "language", ""),
        (
            "idlab-fn:lookup(str = $(a), inputFile = x.csv, fromColumn = 0, toColumn = 1)",
            "a plant's lookup tables stand in source.toml",
            "[lookup.NAME]",
        ),
        (
            "idlab-fn:lookup(str = $(a), inputFile = $(b), fromColumn = 0, toColumn = 1)",
            "(RML-FNML, Input)",
            "",
        ),
        ("trf:parseTime(value = $(a), pattern = '%d', zone = Berlin)", "no time zone 'Berlin'", ""),
        ("trf:parseTime(value = $(a), pattern = '%d', zone = $(b))", "plain text", ""),
        ("trf:parseTime(value = $(a), pattern = epoch)", "epoch-s", ""),
        ("trf:parseTime(value = $(a), pattern = '%Q')", "%Q is not read", ""),
        ("trf:parseDate(value = $(a), pattern = '%d%z')", "a day has no %z", ""),
        ("trf:parseDecimal(value = $(a), mark = ';')", "no decimal mark", ""),
        ("trf:convertUnit(value = $(a), from = '[in_i]', to = milimeter)", "no unit", ""),
        ("trf:convertUnit(value = $(a), from = inch, to = mm)", "no unit 'inch'", ""),
        ("trf:convertUnit(value = $(a), from = kg, to = mm)", "kg cannot become mm", "[length]"),
        ("trf:convertUnit(value = $(a), from = mm, to = $(b))", "plain text", ""),
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


def of(call: str, more: str = "") -> str:
    return f'      - {{p: tr:x, o: {{function: "{call}"}}{more}}}\n'


TWO_FORMS = (
    "trf:firstOf(value = trf:parseDate(value = $(a), pattern = iso),"
    " value2 = trf:parseDate(value = $(a), pattern = '%d.%m.%Y'))"
)


def test_a_value_that_makes_nothing_counts_only_where_no_other_does(bench: Bench) -> None:
    rows = [{"a": "2026-11-23"}, {"a": "23.11.2026"}, {"a": None}]
    assert bench.objects(of(TWO_FORMS), *rows) == ['"2026-11-23"', '"2026-11-23"', ""]
    rejected = bench.rejected(of(TWO_FORMS), {"a": "Monday"})
    assert (rejected.code, rejected.hint.startswith("correct the row")) == ("bad-time", True)
    assert "'a' = 'Monday' is no time of the form 'iso' (job.yml:6)" in rejected.message


@pytest.mark.parametrize(
    ("call", "condition"),
    [
        ("trf:parseDecimal(value = $(a))", "idlab-fn:equal(str = $(b), strtest = n)"),
        (("idlab-fn:trueCondition(strBoolean = idlab-fn:equal(str = $(b), strtest = n),"
         " str = trf:parseDecimal(value = $(a)))"), ""),
        (("grel:controls_if(bool_b = idlab-fn:equal(str = $(b), strtest = n),"
         " any_true = trf:parseDecimal(value = $(a)))"), ""),
        (("grel:controls_if(bool_b = idlab-fn:notEqual(str = $(b), strtest = n),"
         " any_true = '', any_false = trf:parseDecimal(value = $(a)))"), ""),
    ],
)  # fmt: skip
def test_a_value_that_makes_nothing_counts_only_where_it_is_asked_for(
    bench: Bench, call: str, condition: str
) -> None:
    po = of(call, f', condition: {{function: "{condition}"}}' if condition else "")
    made = bench.objects(po, {"a": "1,5", "b": "n"}, {"a": "x", "b": "t"}, table={"decimal": ","})
    assert made[0] == '"1.5"'
    assert made[1] in {"", '""'}
    assert bench.rejected(po, {"a": "x", "b": "n"}, table={"decimal": ","}).code == "bad-number"


def test_units_and_zones_follow_the_settings_of_the_source(bench: Bench) -> None:
    convert = of("trf:convertUnit(value = $(a), from = $(b), to = mm)")
    made = bench.objects(convert, {"a": "0,5", "b": "IN"}, table={"decimal": ","})
    assert made == ['"12.7"']
    time = of("trf:parseTime(value = $(a), pattern = '%d.%m.%Y %H:%M')")
    made = bench.objects(time, {"a": "23.11.2026 08:00"}, source={"zone": "Europe/Stockholm"})
    assert made == ['"2026-11-23T07:00:00Z"']


def test_a_value_without_a_unit_is_put_aside(bench: Bench) -> None:
    convert = of("trf:convertUnit(value = $(a), from = $(b), to = mm)")
    assert bench.rejected(convert, {"a": "1", "b": None}).code == "bad-unit"
    assert bench.objects(convert, {"a": None, "b": "furlong"}) == [""]


@pytest.mark.parametrize(
    ("file", "to", "word"),
    [
        ("codes.csv", 2, "has no column 2"),
        ("none.csv", 1, "cannot be read"),
        ("long.csv", 1, "join"),
    ],
)
def test_a_lookup_file_that_cannot_be_used_is_refused(
    tmp_path: Path, file: str, to: int, word: str
) -> None:
    (tmp_path / "long.csv").write_text("".join(f"{n},{n}\n" for n in range(10_001)))
    call = f"idlab-fn:lookup(str = $(a), inputFile = {file}, fromColumn = 0, toColumn = {to})"
    with pytest.raises(MappingError, match=rf"job\.yml:\d: .*{word}"):
        compiled(Case(call, lambda a, _: a, ()), tmp_path)
