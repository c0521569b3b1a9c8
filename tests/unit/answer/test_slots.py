"""Why a slot holds what it holds: one test for each state of the tiny plant's slots."""

from __future__ import annotations

from kg.answer.evidence import decided
from tests.unit.answer.conftest import NOW


def slots_of(tiny, job: str):
    return tiny.answers().context(f"job/{job}", NOW).slots


def test_a_link_that_a_record_states_is_known(tiny) -> None:
    slot = slots_of(tiny, "1")["spec"]
    assert slot.state == "known"
    assert [(fact.value, fact.state) for fact in slot.facts] == [("spec/shaft-A", "known")]
    assert slot.gap is None


def test_a_link_that_is_joined_through_records_is_known(tiny) -> None:
    slot = slots_of(tiny, "1")["customer"]
    assert slot.state == "known"
    assert [(fact.value, fact.label) for fact in slot.facts] == [("customer/acme", "Acme & Sons")]


def test_a_link_that_can_be_wrong_is_inferred_and_says_why(tiny) -> None:
    slot = slots_of(tiny, "2")["spec"]
    assert slot.state == "inferred"
    assert [(fact.value, fact.state) for fact in slot.facts] == [("spec/pin-A", "inferred")]
    assert "nothing pins one" in slot.facts[0].note


def test_a_value_that_two_sources_dispute_is_conflicting_and_shows_both(tiny) -> None:
    slot = slots_of(tiny, "1")["due"]
    assert slot.state == "conflicting"
    said = {(fact.source, fact.value, fact.state) for fact in slot.facts}
    assert said == {("erp", "2026-12-01", "conflicting"), ("mes", "2026-12-09", "conflicting")}
    assert slot.facts[0].source == "erp", "what is current comes first"


def test_a_conflict_keeps_its_loser_and_says_which_policy_decided(tiny) -> None:
    winner, loser = slots_of(tiny, "1")["due"].facts
    assert (winner.is_current, loser.is_current) == (True, False)
    assert winner.note == "counts: the source's authority decides (erp 60, mes 50)"
    assert loser.note == "does not count: the source's authority decides (erp 60, mes 50)"


def test_claims_of_equal_authority_are_decided_by_time() -> None:
    said = decided((50, "erp"), (50, "mes"), is_current=True)
    assert said == "counts: of equal authority (erp and mes) the newest claim decides"
    said = decided((50, "erp"), (50, "erp"), is_current=False)
    assert said == "does not count: of equal authority (erp) the newest claim decides"


def test_a_value_that_two_sources_share_out_is_no_conflict(tiny) -> None:
    slots = slots_of(tiny, "2")
    assert slots["due"].state == "unknown"
    assert (slots["quantity"].state, slots["quantity"].facts[0].source) == ("known", "mes")


def test_a_link_that_a_source_says_is_nothing_is_none(tiny) -> None:
    slot = slots_of(tiny, "2")["customer"]
    assert (slot.state, slot.facts, slot.gap) == ("none", [], None)


def test_a_link_that_is_owed_and_not_there_is_missing_and_names_its_source(tiny) -> None:
    slot = slots_of(tiny, "3")["customer"]
    assert (slot.state, slot.facts) == ("missing", [])
    assert (slot.gap.entity, slot.gap.slot, slot.gap.source) == ("job/3", "customer", "erp")
    assert slot.gap.record == "record/erp/job/3"
    assert slot.gap.severity == "violation"
    assert slot.gap.shape.endswith("/JobOwesCustomer")
    assert slot.gap.since == "2026-11-23T08:00:00Z"


def test_a_link_that_no_source_covers_is_unknown_and_says_what_would(tiny) -> None:
    for job in ("1", "2", "3", "4"):
        slot = slots_of(tiny, job)["batch"]
        assert (slot.state, slot.facts) == ("unknown", [])
        assert slot.gap.source is None
        assert "scanner" in slot.gap.message


def test_a_link_that_the_life_cycle_does_not_owe_yet_is_not_due(tiny) -> None:
    planned, released = slots_of(tiny, "4"), slots_of(tiny, "3")
    assert {planned[name].state for name in ("machine", "spec", "customer")} == {"not_due"}
    assert (released["machine"].state, released["spec"].state) == ("not_due", "missing")


def test_what_is_empty_holds_no_fact_and_what_is_filled_has_no_gap(tiny) -> None:
    answers = tiny.answers()
    entities = ["job/1", "job/2", "job/3", "job/4", "M1", "M2", "M3", "acme"]
    for entity in entities:
        for name, slot in answers.context(entity, NOW).slots.items():
            filled = slot.state in {"known", "inferred", "conflicting"}
            assert bool(slot.facts) == filled, (entity, name)
            assert not (filled and slot.gap), (entity, name)


def test_coverage_counts_what_the_slots_say(tiny) -> None:
    check = tiny.answers().check(NOW)
    rows = {row.link: row for row in check.coverage}
    for slot in ("machine", "spec", "customer", "batch"):
        states = [slots_of(tiny, job)[slot].state for job in ("1", "2", "3", "4")]
        row = rows[f"job-{slot}"]
        have = sum(state in {"known", "inferred", "conflicting"} for state in states)
        assert (row.have, row.of) == (have, 4), slot
        assert row.none == states.count("none"), slot
        assert row.not_due == states.count("not_due"), slot
        assert row.unknown == states.count("unknown"), slot
        assert row.missing == states.count("missing"), slot


def test_a_machine_that_works_with_nothing_booked_lacks_its_job(tiny) -> None:
    answers = tiny.answers()
    assert answers.context("M2", NOW).slots["job"].state == "missing"
    assert answers.context("M3", NOW).slots["job"].state == "none"
    lost = [gap for gap in answers.check(NOW).gaps if gap.slot == "job"]
    assert [(gap.entity, gap.source) for gap in lost] == [("machine/M2", "mes")]


def test_two_jobs_on_one_machine_are_two_runs_and_no_conflict(tiny) -> None:
    answer = tiny.answers().context("M1", NOW)
    assert [run.run for run in answer.runs] == ["run/r1", "run/r2"]
    assert answer.slots["job"].state == "known"
    assert answer.runs[0].slots["customer"].facts[0].value == "customer/acme"
    assert answer.runs[1].slots["customer"].state == "none"
    assert answer.status["state"] == "running"


def test_a_conflict_is_a_gap_of_the_check_that_quotes_both_sources(tiny) -> None:
    found = [gap for gap in tiny.answers().check(NOW).gaps if gap.state == "conflicting"]
    assert [(gap.entity, gap.slot) for gap in found] == [("job/1", "dueDate")]
    assert "erp says 2026-12-01" in found[0].message
    assert "mes says 2026-12-09" in found[0].message


def test_a_note_expires_by_the_clock_of_the_question(tiny) -> None:
    states = {note["text"]: note["state"] for note in tiny.answers().context("M1", NOW).notes}
    assert states == {
        "blade wobbles": "unconfirmed",
        "blade changed": "unconfirmed",
        "oil is low": "expired",
    }
