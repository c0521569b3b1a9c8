"""Outlooks of random routings, held to a plain walk along them."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.answer.planning.outlook import Outlook
from tests.unit.answer.planners import NOW, planner_of, term

few = settings(max_examples=40, deadline=None)
hours = st.integers(-40, 40)
spans = st.integers(1, 12)


@st.composite
def routings(draw):
    """Steps in order: planned start (hours from now) and hours, real start and end or None."""
    steps = []
    at = draw(hours)
    for _ in range(draw(st.integers(1, 5))):
        at += draw(st.integers(0, 20))
        length = draw(spans)
        steps.append([at, length, None])
        at += length
    ended = -60
    for step in steps:
        if ended > -1 or not draw(st.booleans()):
            break
        start = ended + draw(st.integers(0, 15))
        end = start + draw(spans)
        if end > -1:
            break
        step[2] = (start, end)
        ended = end
    return steps


def clock(hour: int) -> str:
    return (NOW + timedelta(hours=hour)).strftime('"%Y-%m-%dT%H:%M:%SZ"^^xsd:dateTime')


def written(steps, extra: str = "") -> str:
    text = [extra]
    for place, (start, length, actual) in enumerate(steps):
        status = "completed" if actual else "released"
        text.append(
            f"<operation/{place}> tr:operationOf <job/1> ; tr:sequence {place} ; "
            f"tr:status step:{status} ; tr:plannedStart {clock(start)} ; "
            f"tr:plannedEnd {clock(start + length)} ."
        )
        if actual:
            text.append(
                f"<run/{place}> tr:ofOperation <operation/{place}> ; "
                f"tr:startedAt {clock(actual[0])} ; tr:endedAt {clock(actual[1])} ."
            )
    return "\n".join(text)


def walked(steps, held=None) -> list[int]:
    """Give the hour in which each step is over, one after the other."""
    ends: list[int] = []
    for place, (start, length, actual) in enumerate(steps):
        if actual:
            ends.append(actual[1])
            continue
        before = ends[-1] if ends else start
        ends.append(max(start, before, 0, (held or {}).get(place, 0)) + length)
    return ends


def looked(steps, held=None, extra: str = "") -> Outlook:
    at = {term(f"operation/{p}"): NOW + timedelta(hours=h) for p, h in (held or {}).items()}
    return Outlook(planner_of(written(steps, extra)), [term("job/1")], at)


@few
@given(routings(), st.dictionaries(st.integers(0, 4), st.integers(0, 50), max_size=2))
def test_steps_end_as_a_walk_along_the_routing_says(steps, held) -> None:
    outlook = looked(steps, held)
    ends = [look.end for look in outlook.of_job(term("job/1"))]
    assert ends == [NOW + timedelta(hours=hour) for hour in walked(steps, held)]


@few
@given(routings(), st.integers(0, 60))
def test_what_goes_on_by_its_latest_start_is_over_when_due_and_later_is_too_late(
    steps, spare
) -> None:
    due = walked(steps)[-1] + spare
    latest = looked(steps).latest_starts(term("job/1"), NOW + timedelta(hours=due))
    for place, (_, _, actual) in enumerate(steps):
        if actual:
            continue
        at = latest[term(f"operation/{place}")]
        hour = int((at - NOW) / timedelta(hours=1))
        assert walked(steps, {place: hour})[-1] <= due
        assert walked(steps, {place: hour + 1})[-1] > due


@few
@given(routings())
def test_the_limit_of_a_step_says_what_it_waits_for(steps) -> None:
    looks = looked(steps).of_job(term("job/1"))
    for before, look in pairwise(looks):
        if look.limit and look.limit.bound == "predecessor":
            assert look.start == before.end == look.ready
        elif look.limit and look.limit.bound == "plan":
            assert look.start == look.step.start
            assert before.end is not None
            assert before.end <= look.start


def test_a_purchase_that_is_awaited_holds_the_step_and_one_that_came_does_not() -> None:
    awaited = "<purchase/1> tr:boughtForOperation <operation/0> ; tr:expectedDate {} ."
    date = '"2026-11-26"^^xsd:date'
    look = looked([[-5, 2, None]], extra=awaited.format(date)).of_job(term("job/1"))[0]
    assert look.limit is not None
    assert (look.limit.bound, look.limit.thing) == ("purchase", term("purchase/1"))
    came = awaited.format(date) + f"<purchase/1> tr:arrivedDate {date} ."
    look = looked([[-5, 2, None]], extra=came).of_job(term("job/1"))[0]
    assert look.start == NOW


def test_a_purchase_that_should_have_come_is_expected_now() -> None:
    late = "<purchase/1> tr:boughtForJob <job/1> ; tr:expectedDate {} ."
    extra = late.format('"2026-11-20"^^xsd:date')
    first, second = looked([[-5, 2, None], [1, 2, None]], extra=extra).of_job(term("job/1"))
    assert first.start == NOW
    assert second.limit is not None
    assert second.limit.bound == "predecessor"


@pytest.mark.parametrize("date", ["", '; tr:expectedDate "soon"'])
def test_a_purchase_without_a_date_makes_the_outlook_unknown(date: str) -> None:
    extra = f"<purchase/1> tr:boughtForOperation <operation/0> {date} ."
    expected, why = looked([[0, 1, None]], extra=extra).last([term("job/1")])
    assert expected is None
    assert why == "purchase/1 has no expected date"


def test_steps_that_follow_each_other_in_a_circle_are_told() -> None:
    circle = "<operation/0> tr:follows <operation/1> . <operation/1> tr:follows <operation/0> ."
    expected, why = looked([[0, 1, None], [1, 1, None]], extra=circle).last([term("job/1")])
    assert expected is None
    assert "follows itself" in why


def test_what_runs_goes_on_by_what_is_left_and_not_into_the_past() -> None:
    text = written([[-2, 4, None]]).replace("step:released", "step:in-progress")
    run = f"<run/0> tr:ofOperation <operation/0> ; tr:startedAt {clock(-1)}"
    counted = text + f"{run} ; tr:goodQuantity 9.0 . <job/1> tr:plannedQuantity 12.0 ."
    look = Outlook(planner_of(counted), [term("job/1")]).of_job(term("job/1"))[0]
    assert look.end == NOW + timedelta(hours=1)
    look = Outlook(planner_of(text + run + " ."), [term("job/1")]).of_job(term("job/1"))[0]
    assert look.end == NOW + timedelta(hours=3)


def test_a_step_outside_is_over_when_its_supplier_is_expected_to_be_done() -> None:
    extra = (
        "<operation/0> a tr:OutsideOperation . "
        "<purchase/1> tr:boughtForOperation <operation/0> ; "
        'tr:expectedDate "2026-11-26"^^xsd:date .'
    )
    first, second = looked([[-5, 2, None], [1, 2, None]], extra=extra).of_job(term("job/1"))
    assert first.start == NOW
    assert first.end == second.start == NOW.replace(day=26, hour=0)


def test_a_chain_that_does_not_end_is_unknown_and_no_crash() -> None:
    chain = " ".join(
        f"<operation/{n}> tr:operationOf <job/{n}> ; tr:follows <operation/{n + 1}> ; "
        f"tr:plannedMinutes 5.0 ; tr:status step:released ."
        for n in range(2_000)
    )
    look, why = Outlook(planner_of(chain), [term("job/0")]).last([term("job/0")])
    assert look is None
    assert "more than 200 steps" in why
