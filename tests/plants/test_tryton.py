from __future__ import annotations

import shutil
from datetime import timedelta

import pytest

from kg.pipeline import Pipeline
from kg.settings import load_plant
from tests.plants.conftest import NOW, load_whole


@pytest.fixture
def tryton(real_plant):
    return real_plant("tryton", "tryton", "tryton/factory.sqlite")


def test_coverage_is_what_was_counted_by_hand(tryton) -> None:
    with load_whole(tryton) as work:
        check = work.answers().check(NOW)
    counted = {row.link: (row.have, row.of) for row in check.coverage}
    assert counted == {
        "job-machine": (16, 25),
        "job-spec": (14, 25),
        "job-customer": (17, 25),
        "job-batch": (10, 25),
        "machine-now": (1, 6),
    }
    assert all(row.missing >= 0 for row in check.coverage)
    assert check.exit_code() == 1


def test_specs_are_only_inferred_since_nothing_pins_one(tryton) -> None:
    with load_whole(tryton) as work:
        spec = work.answers().context("job/122", NOW).slots["spec"]
    assert spec.state == "inferred"
    assert [fact.value for fact in spec.facts] == ["spec/35"]
    assert {citation.record for citation in spec.facts[0].via} == {
        "record/tryton/production/122",
        "record/tryton/quality_control/35",
    }


def test_two_runs_on_one_saw_keep_their_customers_apart(tryton) -> None:
    with load_whole(tryton) as work:
        answer = work.answers().context("SAW-01", NOW)
    assert answer.status["state"] == "running"
    seen = {
        run.slots["job"].facts[0].value: [fact.value for fact in run.slots["customer"].facts]
        for run in answer.runs
    }
    assert seen == {"job/122": ["customer/194"], "job/127": ["customer/197"]}
    assert {fact.value for fact in answer.slots["customer"].facts} == {
        "customer/194",
        "customer/197",
    }
    assert answer.slots["job"].state == "known"


def test_each_fact_of_the_answer_cites_a_record(tryton) -> None:
    with load_whole(tryton) as work:
        answer = work.answers().context("SAW-01", NOW)
    facts = [fact for run in answer.runs for slot in run.slots.values() for fact in slot.facts]
    assert len(facts) > 10
    assert all(fact.via and fact.confirmed_at for fact in facts)


def test_loading_twice_changes_nothing_and_another_clock_not_one_triple(tryton) -> None:
    with load_whole(tryton) as work:
        before, length = work.store.dump(), work.journal.last_seq()
        later = NOW + timedelta(days=30)
        work.read(later)
        work.apply(later)
        assert work.store.dump() == before
        assert work.journal.last_seq() == length


def test_the_clock_changes_ages_and_states_only(tryton, tmp_path) -> None:
    later = NOW + timedelta(days=3)
    with load_whole(tryton) as work:
        before = work.store.dump()
        fresh = work.answers().context("SAW-01", NOW)
        stale = work.answers().context("SAW-01", later)
        assert work.store.dump() == before
    first, second = fresh.runs[0].slots["job"].facts[0], stale.runs[0].slots["job"].facts[0]
    assert (first.is_stale, second.is_stale) == (False, True)
    assert second.age_s == pytest.approx(first.age_s + 3 * 86_400)


def test_a_rebuild_gives_the_same_dataset(tryton) -> None:
    with load_whole(tryton) as work:
        before = work.store.dump()
    shutil.rmtree(tryton / "store")
    with Pipeline.open(load_plant(tryton)) as work:
        assert work.store.applied_seq() == 0
        work.rebuild(NOW)
        assert work.store.dump() == before
