from __future__ import annotations

import pytest

from kg.answer.bundle import Citation
from kg.answer.evidence import datatype_of
from kg.answer.trust import trust_of
from tests.unit.answer.conftest import NOW

VOUCHERS = {"record/erp/job/": "system", "record/mes/run/": "event", "record/notes/note/": "person"}


def cited(*records: str) -> list[Citation]:
    return [Citation(record.split("/")[1], record, None, None) for record in records]


@pytest.mark.parametrize(
    ("records", "rule", "state", "trust"),
    [
        (["record/erp/job/1"], None, "known", "system"),
        (["record/erp/job/1%2Fa"], None, "conflicting", "system"),
        (["record/mes/run/1"], None, "known", "event"),
        (["record/erp/job/1", "record/mes/run/1"], None, "known", "event"),
        (["record/erp/job/1"], "prp-inv", "known", "derived"),
        (["record/erp/job/1"], None, "inferred", "derived"),
        (["record/mes/run/1", "record/notes/note/9"], "prp-spo2", "inferred", "person"),
        (["record/gone/x/1"], None, "known", "system"),
        ([], "cls-hv1", "known", "derived"),
    ],
)
def test_a_fact_is_vouched_for_by_the_least_sure_of_what_it_rests_on(
    records, rule, state, trust
) -> None:
    assert trust_of(rule, state, cited(*records), VOUCHERS) == trust


def test_a_plant_tells_events_and_derived_facts_from_what_systems_say(tiny) -> None:
    context = tiny.answers().context("M1", NOW)
    run = context.runs[0]
    assert [fact.trust for fact in run.slots["machine"].facts] == ["event"]
    assert [fact.trust for fact in run.slots["customer"].facts] == ["derived"]
    assert {fact.trust for fact in run.slots["due"].facts} == {"system"}


@pytest.mark.parametrize(
    ("term", "datatype"),
    [
        ("<https://p.example/job/1>", "iri"),
        ("<https://w3id.org/traveler/code/job-status/released>", "trc:job-status"),
        ('"2026-11-23"^^<http://www.w3.org/2001/XMLSchema#date>', "xsd:date"),
        ('"x"', "xsd:string"),
        ('"x \\" y"@sv', "@sv"),
        ('"1"^^<urn:own>', "urn:own"),
    ],
)
def test_a_value_says_what_it_is_written_in(term: str, datatype: str) -> None:
    assert datatype_of(term) == datatype
