from __future__ import annotations

from typing import Any

import pytest

from kg.errors import MappingError
from kg.lift import Lifter
from kg.settings import SourceSettings, TableSettings

from .conftest import BASE, Bench, iri, lines, record, term, typed

JOB = """
    mappings:
      job:
        sources: [[job~table]]
        s: job/$(id)
        po:
          - [a, tr:Job]
          - [tr:identifier, $(number)]
          - [tr:makes, part/$(part)~iri]
          - [tr:plannedQuantity, $(qty), xsd:decimal]
          - [tr:plannedStart, $(start), xsd:dateTime]
          - [rdfs:label, Job $(number), en~lang]
          - p: tr:forCustomer
            o: customer/$(customer)~iri
            condition: {function: "idlab-fn:notEqual(str = $(customer), strtest = own)"}
"""
ROW: dict[str, Any] = {
    "id": 7,
    "number": "J 7",
    "part": "A/1",
    "qty": 60.0,
    "start": "2026-07-01 08:00:00.50",
    "customer": "c1",
}
TABLE = {"times": {"start": "iso"}}
STOCKHOLM = {"zone": "Europe/Stockholm", "placeholders": ("-", "#1")}


def one(po: str) -> str:
    return f"      - {po}\n"


def test_a_record_becomes_facts_in_the_order_of_the_mapping(bench: Bench) -> None:
    lifted = bench.lift(JOB, ROW, table=TABLE, source=STOCKHOLM)
    assert not lifted.rejected
    rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    assert lines(lifted.facts[0]) == [
        f"{iri('job/7')} <{rdf}type> {term('Job')}",
        f'{iri("job/7")} {term("identifier")} "J 7"',
        f"{iri('job/7')} {term('makes')} {iri('part/A%2F1')}",
        f"{iri('job/7')} {term('plannedQuantity')} {typed('60', 'decimal')}",
        f"{iri('job/7')} {term('plannedStart')} {typed('2026-07-01T06:00:00.5Z', 'dateTime')}",
        f'{iri("job/7")} <http://www.w3.org/2000/01/rdf-schema#label> "Job J 7"@en',
        f"{iri('job/7')} {term('forCustomer')} {iri('customer/c1')}",
    ]


def test_empty_values_placeholders_and_false_conditions_make_no_fact(bench: Bench) -> None:
    row = ROW | {"part": " - ", "qty": "", "start": None, "number": "#1", "customer": "own"}
    lifted = bench.lift(JOB, row, table=TABLE, source=STOCKHOLM)
    assert not lifted.rejected
    assert [fact[1] for fact in lifted.facts[0]] == [
        "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
    ]


def test_facts_stand_parallel_to_records_and_deleted_ones_have_none(bench: Bench) -> None:
    lifter = bench.lifter(JOB, table=TABLE)
    records = [
        record(ROW, 1),
        record(ROW, 2, deleted=True),
        record(ROW | {"id": 9}, 3),
        record(ROW, 4, kind="no-such-kind"),
    ]
    lifted = lifter.lift(records)
    assert [len(facts) for facts in lifted.facts] == [7, 0, 7, 0]
    assert lifted.facts[2][0][0] == iri("job/9")
    assert lifter.lift([]).facts == []
    lifter.close()


def test_a_fact_that_two_rules_make_stands_once(bench: Bench) -> None:
    mapping = (
        JOB + "          - [tr:identifier, $(number)]\n          - [tr:identifier, $(alias)]\n"
    )
    lifted = bench.lift(mapping, ROW | {"alias": "J 7"}, table=TABLE)
    assert len(lifted.facts[0]) == len(set(lifted.facts[0])) == 7


@pytest.mark.parametrize(
    ("value", "text"),
    [(12.0, "12"), (12, "12"), (0.5, "0.5"), (1e22, "1" + "0" * 22), (True, "true")],
)
def test_a_scalar_of_json_is_written_without_decimals_or_exponents_it_does_not_need(
    bench: Bench, value: object, text: str
) -> None:
    assert bench.objects(one("[tr:x, $(a)]"), {"a": value}) == [f'"{text}"']


@pytest.mark.parametrize(
    ("value", "datatype", "written"),
    [
        ("007", "integer", "7"), ("1.50", "decimal", "1.5"), ("60.0", "decimal", "60"),
        ("1E3", "double", "1000"), ("t", "boolean", "true"), ("0", "boolean", "false"),
        ("2026-11-23", "date", "2026-11-23"),
        ("2026-11-23T08:00:00.500Z", "dateTime", "2026-11-23T08:00:00.5Z"),
    ],
)  # fmt: skip
def test_a_typed_value_is_written_in_the_one_way_of_the_store(
    bench: Bench, value: str, datatype: str, written: str
) -> None:
    made = bench.objects(one(f"[tr:x, $(a), xsd:{datatype}]"), {"a": value})
    assert made == [typed(written, datatype)]


@pytest.mark.parametrize(
    ("datatype", "value"),
    [
        ("integer", "12.5"), ("decimal", "1,5"), ("double", "abc"), ("boolean", "yes"),
        ("date", "23/11/2026"), ("dateTime", "2026-11-23 08:00"), ("anyURI", "a b"),
        ("int", "1e3"), ("date", "2026-02-30"),
    ],
)  # fmt: skip
def test_a_value_that_is_none_of_its_datatype_rejects_the_record(
    bench: Bench, datatype: str, value: str
) -> None:
    rejected = bench.rejected(one(f"[tr:x, $(a), xsd:{datatype}]"), {"a": value})
    assert (rejected.code, rejected.stage, rejected.key) == ("bad-literal", "lift", "1")
    assert rejected.message == (
        f"erp.sqlite:job#1: 'a' = {value!r} is no xsd:{datatype} (job.yml:6)"
    )
    assert rejected.hint.startswith("write it as ")
    assert value in rejected.raw


def test_a_time_in_another_form_rejects_the_record(bench: Bench) -> None:
    rejected = bench.rejected(
        one("[tr:x, $(a), xsd:dateTime]"), {"a": "Monday"}, table={"times": {"a": "%d/%m/%Y"}}
    )
    assert rejected.code == "bad-time"
    assert "'a' = 'Monday' is no time of the form '%d/%m/%Y' (job.yml:6)" in rejected.message
    assert "times = {" in rejected.hint


def test_a_whole_value_that_is_no_iri_rejects_the_record(bench: Bench) -> None:
    rejected = bench.rejected(one("[tr:x, $(a)~iri]"), {"a": "Juan Daniel"})
    assert rejected.code == "bad-iri"
    assert "'a' = 'Juan Daniel' makes no valid IRI (job.yml:6)" in rejected.message
    assert bench.objects(one("[tr:x, $(a)~iri]"), {"a": "urn:x"}) == ["<urn:x>"]


def test_a_bad_value_under_a_false_condition_rejects_nothing(bench: Bench) -> None:
    po = (
        "      - p: tr:x\n        o: [$(a), xsd:integer]\n"
        "        condition: {function: 'trf:notNull(value = $(b))'}\n"
    )
    assert bench.objects(po, {"a": "x", "b": None}) == [""]
    assert bench.rejected(po, {"a": "x", "b": "1"}).code == "bad-literal"


def test_half_a_character_rejects_its_record_only(bench: Bench) -> None:
    mapping = JOB.replace("plannedStart", "other")
    lifted = bench.lift(mapping, ROW, ROW | {"number": "\ud800"}, ROW, table=TABLE)
    assert [len(facts) for facts in lifted.facts] == [7, 0, 7]
    assert [bad.code for bad in lifted.rejected] == ["bad-encoding"]
    lifted.rejected[0].raw.encode("utf-8")


def test_a_decimal_comma_is_a_setting(bench: Bench) -> None:
    made = bench.objects(
        one("[tr:x, $(a), xsd:decimal]"), {"a": "1,50"}, {"a": 2.5}, table={"decimal": ","}
    )
    assert made == [typed("1.5", "decimal"), typed("2.5", "decimal")]


def test_columns_that_differ_in_case_are_two(bench: Bench) -> None:
    made = bench.objects(one("[tr:x, $(ID)-$(id)]"), {"id": "a", "ID": "b"})
    assert made == ['"b-a"']


def test_a_column_that_no_record_has_is_an_error_with_near_names(bench: Bench) -> None:
    with pytest.raises(MappingError) as caught:
        bench.objects(one("[tr:x, $(numbr)]"), {"number": "1"}, {"nummer": "2"})
    assert "job.yml:6: table job has no column 'numbr'" in caught.value.message
    assert "number" in caught.value.hint


def test_events_in_json_may_leave_out_what_they_have_not(bench: Bench) -> None:
    made = bench.objects(
        one("[tr:x, $(a)]"), {"b": "1"}, table={"file": "e.jsonl"}, source={"adapter": "files"}
    )
    assert made == [""]


def test_a_lifter_says_what_it_can_produce_and_where(bench: Bench) -> None:
    lifter = bench.lifter(JOB, table=TABLE)
    produced = lifter.produces()
    assert ("job", term("Job"), term("makes")) in produced
    assert ("job", term("Job"), "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>") in produced
    assert lifter.line_of("job", term("makes")) == (str(bench.folder / "job.yml"), 9)
    assert lifter.line_of("job", term("status")) is None
    assert lifter.line_of("other", term("makes")) is None
    lifter.close()


@pytest.mark.parametrize(
    ("mapping", "line", "word", "hint"),
    [
        (JOB.replace("job~table", "jib~table"), 4, "'jib'", "[job~table]"),
        (JOB.replace("job~table", "x.csv~csv"), 4, "'x.csv'", "[job~table]"),
        (JOB.replace("s: job", "s: _:job"), 5, "blank node", "template"),
        (JOB.replace("s: job", "graphs: g\n        s: job"), 4, "no graphs", "record"),
        (JOB.replace("part/$", "pa rt/$"), 9, "' '", "percent-encode"),
        (JOB.replace("$(qty)", "many"), 10, "'many' is no xsd:decimal", "correct"),
        (JOB.replace("xsd:dateTime", "xsd:date"), 11, "xsd:dateTime, not xsd:date", "times"),
    ],
)
def test_a_mapping_that_a_plant_cannot_use_names_line_term_and_remedy(
    bench: Bench, mapping: str, line: int, word: str, hint: str
) -> None:
    with pytest.raises(MappingError) as caught:
        bench.lifter(mapping, table=TABLE)
    assert f"job.yml:{line}: " in caught.value.message
    assert word in caught.value.message
    assert hint in caught.value.hint


def test_a_mapping_file_may_serve_several_tables_but_must_serve_its_own(bench: Bench) -> None:
    settings = bench.source(JOB, table=TABLE, source={})
    part = TableSettings(name="part", mapping="job.yml", key=("id",))
    both = settings.model_copy(update={"tables": (*settings.tables, part)})
    with pytest.raises(MappingError, match="no mapping reads table 'part'"):
        Lifter(both, BASE)
    gone = part.model_copy(update={"mapping": "part.yml"})
    missing: SourceSettings = settings.model_copy(update={"tables": (gone,)})
    with pytest.raises(MappingError, match=r"part\.yml:1: there is no such mapping"):
        Lifter(missing, BASE)
