from __future__ import annotations

from datetime import timedelta

import pytest

from kg.answer.evidence import literal_text, short
from kg.errors import UnknownEntity
from tests.unit.answer.conftest import NOW

CHAIN = {"record/erp/allocation/1", "record/erp/line/A-1", "record/erp/order/A"}


def facts_of(tiny, entity: str, slot: str, now=NOW):
    return tiny.answers().context(entity, now).slots[slot].facts


def test_a_joined_fact_cites_every_record_of_its_chain(tiny) -> None:
    (fact,) = facts_of(tiny, "job/1", "customer")
    assert {citation.record for citation in fact.via} == CHAIN
    assert {citation.source for citation in fact.via} == {"erp"}
    assert (fact.about, fact.predicate) == ("job/1", "forCustomer")


def test_a_fact_seen_from_its_other_end_cites_the_same_records(tiny) -> None:
    (fact,) = facts_of(tiny, "acme", "job")
    assert (fact.about, fact.value) == ("job/1", "customer/acme")
    assert {citation.record for citation in fact.via} == CHAIN


def test_a_presumed_spec_cites_the_job_and_the_part(tiny) -> None:
    (fact,) = facts_of(tiny, "job/2", "spec")
    assert {c.record for c in fact.via} == {"record/erp/job/2", "record/erp/part/pin"}


def test_a_chain_is_as_young_as_its_newest_link_and_is_told_in_utc(tiny) -> None:
    (fact,) = facts_of(tiny, "job/1", "customer")
    assert fact.observed_at == "2026-11-21T06:00:00Z"
    assert fact.confirmed_at == fact.recorded_at == "2026-11-23T08:00:00Z"
    (pinned,) = facts_of(tiny, "job/1", "spec")
    assert pinned.observed_at == "2026-11-20T06:00:00Z"


def test_a_record_without_a_time_of_its_own_is_first_seen(tiny) -> None:
    (fact,) = facts_of(tiny, "job/2", "quantity")
    assert fact.observed_at is None
    assert fact.recorded_at == "2026-11-23T08:00:00Z"


@pytest.mark.parametrize(
    ("seconds", "machine", "customer"),
    [
        (0, False, False),
        (600, False, False),
        (601, True, False),
        (3600, True, False),
        (3601, True, True),
    ],
)
def test_a_fact_is_stale_by_the_schedule_of_its_own_source(
    tiny, seconds: int, machine: bool, customer: bool
) -> None:
    later = NOW + timedelta(seconds=seconds)
    (where,) = facts_of(tiny, "job/1", "machine", later)
    (whom,) = facts_of(tiny, "job/1", "customer", later)
    assert (where.source, whom.source) == ("mes", "erp")
    assert (where.is_stale, whom.is_stale) == (machine, customer)
    assert where.age_s == whom.age_s == seconds
    rows = {row["name"]: row["is_stale"] for row in tiny.answers().sources(later)}
    assert rows == {"mes": machine, "erp": customer}


def test_a_clock_behind_the_last_poll_makes_no_negative_age(tiny) -> None:
    (fact,) = facts_of(tiny, "job/1", "machine", NOW - timedelta(days=1))
    assert (fact.age_s, fact.is_stale) == (0.0, False)


def test_a_computed_fact_is_not_taken_for_one_that_was_corrected(tiny) -> None:
    with pytest.raises(UnknownEntity, match="was computed") as told:
        tiny.answers().explain("job/1~timeLeft~0badcafe", NOW)
    assert "inputs" in told.value.hint


def test_every_input_of_a_computed_fact_can_be_explained(tiny) -> None:
    found = tiny.answers().context("job/1", NOW, focus="why_late")
    assert found.computed["time_left"].state == "conflicting"
    assert found.inputs
    for fact in found.inputs:
        assert tiny.answers().explain(fact.id, NOW).records


def test_each_claim_of_a_conflict_cites_the_record_that_says_it(tiny) -> None:
    said = {fact.value: [c.record for c in fact.via] for fact in facts_of(tiny, "job/1", "due")}
    assert said == {
        "2026-12-01": ["record/erp/job/1"],
        "2026-12-09": ["record/mes/due/1"],
    }


def test_a_fact_is_explained_by_its_id_down_to_the_rows(tiny) -> None:
    answers = tiny.answers()
    (fact,) = facts_of(tiny, "job/1", "customer")
    explained = answers.explain(fact.id, NOW)
    assert {record.path() for record in explained.records} == CHAIN
    assert {leaf.fact for leaf in explained.lineage.leaves()} <= answers.store.graph("")
    assert all(leaf.graphs for leaf in explained.lineage.leaves())


def test_every_current_fact_of_an_answer_can_be_explained(tiny) -> None:
    answers = tiny.answers()
    found = answers.context("M1", NOW)
    facts = [fact for run in found.runs for slot in run.slots.values() for fact in slot.facts]
    current = [fact for fact in facts if fact.value != "2026-12-09"]
    assert len(current) > 10
    for fact in current:
        assert answers.explain(fact.id, NOW).records, fact.id


def test_ids_of_facts_are_their_own_and_the_same_at_another_clock(tiny) -> None:
    ids = [fact.id for fact in facts_of(tiny, "job/1", "due")]
    assert len(set(ids)) == 2
    assert ids == [f.id for f in facts_of(tiny, "job/1", "due", NOW + timedelta(days=9))]


def test_a_fact_that_is_not_there_is_told(tiny) -> None:
    (fact,) = facts_of(tiny, "job/1", "customer")
    for wrong in (fact.id[:-1] + "x", fact.id.replace("job/1~", "job/2~"), "job/1", "job/9~a~b"):
        with pytest.raises(UnknownEntity):
            tiny.answers().explain(wrong, NOW)


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ('"plain"', "plain"),
        ('"12.50"^^<http://www.w3.org/2001/XMLSchema#decimal>', "12.50"),
        ('"Säge"@de', "Säge"),
        (r'"a \"b\" \\ c\nd\te"', 'a "b" \\ c\nd\te'),
        (r'"\u00e9\U0001F600"', "é😀"),
        ("<https://tiny.example/job/1>", "job/1"),
        ("<https://w3id.org/traveler/code/job-status/in-progress>", "in-progress"),
        ("<https://elsewhere.example/x>", "https://elsewhere.example/x"),
    ],
)
def test_a_term_is_shortened_for_people(term: str, text: str) -> None:
    assert short(term, "https://tiny.example/") == text


def test_an_empty_literal_is_empty_text() -> None:
    assert literal_text('""') == ""
