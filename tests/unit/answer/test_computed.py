from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kg.answer.bundle import Slot
from kg.answer.planning import computed
from tests.unit.answer.planners import NOW, planner_of, term

JOB = term("job/1")


def told(slot: Slot) -> tuple[str, list[tuple[str, str | None]], str | None]:
    return slot.state, [(fact.value, fact.unit) for fact in slot.facts], slot.note


def test_a_late_job_is_late_by_hours_since_its_day_ended() -> None:
    planner = planner_of(
        '<job/1> tr:dueDate "2026-11-21"^^xsd:date ; tr:status status:released .',
        zone="Europe/Stockholm",
    )
    planner.steps_of([JOB])
    slot = computed.late_by(planner, JOB)
    assert told(slot) == ("known", [("33", "h")], None)
    (fact,) = slot.facts
    assert fact.is_computed
    assert fact.note == "1 d 9 h past the end of 2026-11-21"
    assert fact.record == "record/erp/plant/1"
    assert [name.split("~")[:2] for name in fact.inputs] == [
        ["job/1", "dueDate"],
        ["job/1", "status"],
    ]
    assert set(fact.inputs) == planner.inputs.keys()


@pytest.mark.parametrize(
    ("turtle", "state", "note"),
    [
        ("<job/1> a tr:Job .", "unknown", "no record gives job/1 a due date"),
        (
            '<job/1> tr:dueDate "2026-11-23"^^xsd:date .',
            "none",
            "not late: due 2026-11-23, in 16 h",
        ),
        (
            '<job/1> tr:dueDate "2026-11-20"^^xsd:date ; tr:status status:completed .',
            "none",
            "job/1 is completed",
        ),
    ],
)
def test_what_is_not_late_says_why(turtle: str, state: str, note: str) -> None:
    assert told(computed.late_by(planner_of(turtle), JOB)) == (state, [], note)


def test_time_left_and_lateness_never_stand_together() -> None:
    for days in range(-3, 4):
        day = (NOW + timedelta(days=days)).date()
        planner = planner_of(f'<job/1> tr:dueDate "{day}"^^xsd:date .')
        late, left = computed.late_by(planner, JOB), computed.time_left(planner, JOB)
        assert {late.state, left.state} == {"known", "none"}
        assert bool(late.facts) == (days < 0)


@pytest.mark.parametrize(
    ("turtle", "state", "facts", "note"),
    [
        ("tr:plannedQuantity 9.0 ; tr:goodQuantity 2.5 ; tr:unit 'kg'", "known", "6.5 kg", None),
        ("tr:plannedQuantity 9.0 ; tr:goodQuantity 10.0", "known", "0 None", None),
        ("tr:goodQuantity 1.0", "unknown", None, "no record says how much job/1 is to make"),
        ("tr:plannedQuantity 9.0", "unknown", None, "no record counts what job/1 has made"),
    ],
)
def test_what_remains_is_planned_less_good(turtle, state, facts, note) -> None:
    slot = computed.remaining(planner_of(f"<job/1> {turtle.replace(chr(39), chr(34))} ."), JOB)
    shown = [f"{fact.value} {fact.unit}" for fact in slot.facts]
    assert (slot.state, shown, slot.note) == (state, [facts] if facts else [], note)


def test_what_the_last_step_made_counts_where_the_job_counts_nothing() -> None:
    planner = planner_of(
        """
        <job/1> tr:plannedQuantity 9.0 .
        <op/10> tr:operationOf <job/1> ; tr:sequence 10 .
        <op/20> tr:operationOf <job/1> ; tr:sequence 20 .
        <run/1> tr:ofOperation <op/10> ; tr:goodQuantity 9.0 .
        <run/2> tr:ofOperation <op/20> ; tr:goodQuantity 3.0 .
        <run/3> tr:ofOperation <op/20> ; tr:goodQuantity 1.0 .
        """
    )
    assert told(computed.remaining(planner, JOB)) == ("known", [("5", None)], None)


LIMITS = """
<job/1> tr:makes <part/P> ; tr:forCustomer <customer/A> .
<c/1> tr:lowerLimit 9.9 ; tr:upperLimit 10.1 ; tr:unit "mm" .
<c/2> tr:upperLimit 5.0 ; tr:unit "kg" .
<c/3> a tr:Characteristic .
<r/1> tr:overrides <c/1> ; tr:requiredBy <customer/A> ; tr:upperLimit 10.05 .
<r/2> tr:overrides <c/1> ; tr:requiredBy <customer/B> ; tr:upperLimit 10.0 .
<conversion/1> tr:conversionOf <part/P> ; tr:fromUnit "pcs" ; tr:toUnit "kg" ;
    tr:conversionFactor 0.5 .
"""


@pytest.mark.parametrize(
    ("measured", "state", "facts", "note"),
    [
        ("tr:measures <c/1> ; tr:measuredValue 10.0", "none", [], "1 measured values, all within"),
        ("tr:measures <c/1> ; tr:measuredValue 10.07", "known", ["0.02 mm"], None),
        ("tr:measures <c/1> ; tr:measuredValue 0.98 ; tr:unit 'cm'", "known", ["0.1 mm"], None),
        ("tr:measures <c/2> ; tr:measuredValue 12.0 ; tr:unit 'pcs'", "known", ["1 kg"], None),
        ("tr:measures <c/2> ; tr:measuredValue 12.0 ; tr:unit 'mm'", "unknown", [], "nothing conv"),
        ("tr:measures <c/3> ; tr:measuredValue 1.0", "unknown", [], "no limits are known for c/3"),
        ("tr:measures <c/1>", "unknown", [], "m/1 has no value"),
    ],
)
def test_a_measured_value_is_judged_in_the_unit_of_its_limits(measured, state, facts, note) -> None:
    turtle = f"{LIMITS} <m/1> tr:measuredOn <job/1> ; {measured.replace(chr(39), chr(34))} ."
    slot = computed.out_of_limits(planner_of(turtle), [JOB])
    assert (slot.state, [f"{f.value} {f.unit}" for f in slot.facts]) == (state, facts)
    assert (note or "") in (slot.note or "")


def test_without_a_measured_value_nothing_is_judged() -> None:
    slot = computed.out_of_limits(planner_of(LIMITS), [JOB])
    assert told(slot) == ("unknown", [], "no record gives a measured value")


SHIFTS = """
<machine/M> tr:worksShift <s/1>, <s/2> .
<s/1> tr:plannedStart "2026-11-23T06:00:00Z"^^xsd:dateTime ;
    tr:plannedEnd "2026-11-23T14:00:00Z"^^xsd:dateTime .
<s/2> tr:plannedStart "2026-11-24T06:00:00Z"^^xsd:dateTime ;
    tr:plannedEnd "2026-11-24T14:00:00Z"^^xsd:dateTime .
"""
STEPS = """
<job/1> tr:status status:released ; tr:plannedQuantity 10.0 .
<op/10> tr:operationOf <job/1> ; tr:sequence 10 ; tr:plannedOn <machine/M> ;
    tr:setupMinutes 60.0 ; tr:minutesPerPiece 24.0 .
<op/20> tr:operationOf <job/1> ; tr:sequence 20 ; tr:plannedOn <machine/M> ;
    tr:plannedMinutes 120.0 .
"""


def test_a_forecast_fills_the_shifts_and_is_only_inferred() -> None:
    # Five hours on the first step leave one today, and the second takes two.
    slot = computed.forecast(planner_of(STEPS + SHIFTS), JOB)
    assert told(slot) == ("inferred", [("2026-11-24T07:00:00Z", None)], None)
    assert "without waiting for other jobs" in (slot.facts[0].note or "")


def test_a_forecast_counts_what_is_made_already() -> None:
    begun = (
        '<run/1> tr:ofOperation <op/10> ; tr:startedAt "2026-11-23T07:00:00Z"^^xsd:dateTime ; '
        "tr:goodQuantity 5.0 ."
    )
    slot = computed.forecast(planner_of(STEPS + SHIFTS + begun), JOB)
    assert [fact.value for fact in slot.facts] == ["2026-11-23T12:00:00Z"]


@pytest.mark.parametrize(
    ("turtle", "why"),
    [
        ("<job/1> a tr:Job .", "no record says which operations job/1 has"),
        (STEPS, "no calendar says when anybody works on op/10"),
        (
            "<op/1> tr:operationOf <job/1> ; tr:plannedOn <machine/M> ." + SHIFTS,
            "no record says how many minutes of work op/1 is",
        ),
        (
            STEPS.replace("120.0", "9000.0") + SHIFTS,
            "the calendar for op/20 ends on 2026-11-24T14:00:00Z, before the work does",
        ),
        (STEPS.replace("120.0", "1e9") + SHIFTS, "op/20 would take more than ten years"),
        ("<job/1> tr:status status:closed .", "job/1 is closed"),
        (STEPS.replace("tr:sequence 20 ;", "") + SHIFTS, "no record gives op/20 a place"),
    ],
)
def test_a_forecast_that_cannot_be_made_says_why(turtle: str, why: str) -> None:
    assert told(computed.forecast(planner_of(turtle), JOB)) == ("unknown", [], why)


def test_the_clock_is_an_input() -> None:
    later = datetime(2026, 11, 24, 13, tzinfo=UTC)
    slot = computed.forecast(planner_of(STEPS + SHIFTS, later), JOB)
    assert slot.note == "the calendar for op/10 ends on 2026-11-24T14:00:00Z, before the work does"
