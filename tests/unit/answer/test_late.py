from __future__ import annotations

from kg.answer.bundle import Cause
from kg.answer.planning.late import why_late
from tests.unit.answer.planners import planner_of, term


def at(time: str) -> str:
    return f'"2026-11-{time}:00Z"^^xsd:dateTime'


def causes(turtle: str) -> list[Cause]:
    return why_late(planner_of(turtle), term("job/1"))


def kinds(turtle: str) -> list[tuple[str, str, str | None]]:
    return [(cause.kind, cause.about, cause.hours) for cause in causes(turtle)]


ROUTING = f"""
<job/1> tr:status status:in-progress ; tr:dueDate "2026-11-22"^^xsd:date .
<op/10> tr:operationOf <job/1> ; tr:sequence 10 ; tr:status step:completed ;
    tr:plannedStart {at("20T06:00")} ; tr:plannedEnd {at("20T10:00")} .
<op/20> tr:operationOf <job/1> ; tr:sequence 20 ; tr:status step:completed ;
    tr:plannedStart {at("21T06:00")} ; tr:plannedEnd {at("21T10:00")} .
<op/30> tr:operationOf <job/1> ; tr:sequence 30 ; tr:status step:released ;
    tr:plannedOn <machine/M> ; tr:plannedStart {at("22T06:00")} ; tr:plannedEnd {at("22T12:00")} .
"""


def ran(step: str, start: str, end: str) -> str:
    times = f"tr:startedAt {at(start)} ; tr:endedAt {at(end)}"
    return f"<run/{step}> tr:ofOperation <op/{step}> ; {times} ."


def test_lateness_that_slack_took_up_is_no_cause() -> None:
    sawn_late = ran("10", "20T06:00", "20T20:00") + ran("20", "21T06:00", "21T10:00")
    found = kinds(ROUTING + sawn_late)
    assert found == [
        ("due", "job/1", "8"),
        ("work", "op/30", "20"),
        ("start", "op/30", "26"),
    ]


def test_the_chain_goes_back_as_far_as_each_came_too_late_for_the_next() -> None:
    late = ran("10", "20T06:00", "21T08:00") + ran("20", "21T09:00", "22T09:00")
    found = kinds(ROUTING + late)
    assert [(kind, about) for kind, about, _ in found] == [
        ("due", "job/1"),
        ("work", "op/30"),
        ("start", "op/30"),
        ("predecessor", "op/20"),
        ("work", "op/20"),
        ("start", "op/20"),
        ("predecessor", "op/10"),
        ("work", "op/10"),
    ]
    assert found[-1] == ("work", "op/10", "22")


def test_what_holds_an_operation_up_is_cited() -> None:
    stopped = f"""
    {ran("10", "20T06:00", "20T10:00")} {ran("20", "21T06:00", "21T10:00")}
    <machine/M> tr:activity activity:down ; tr:activityReason "spindle" ;
        tr:activitySince {at("22T05:00")} .
    <run/x> tr:runningOn <machine/M> ; tr:ofJob <job/9> ; tr:startedAt {at("22T04:00")} .
    <op/30> tr:usesTool <tool/T> .
    <tool/T> tr:isUsable false .
    """
    found = causes(ROUTING + stopped)
    told = {cause.kind: cause for cause in found}
    assert told["machine"].text == "machine/M runs job/9"
    assert {c.text for c in found} >= {
        "machine/M is down (spindle) since 2026-11-22T05:00:00Z",
        "tool/T cannot be used now",
    }
    assert all(cause.facts for cause in found)
    assert all(fact.record == "record/erp/plant/1" for cause in found for fact in cause.facts)


def test_an_operation_under_way_says_what_slows_it() -> None:
    running = f"""
    <job/1> tr:status status:in-progress .
    <op/1> tr:operationOf <job/1> ; tr:status step:in-progress ; tr:plannedEnd {at("23T06:00")} .
    <run/1> tr:ofOperation <op/1> ; tr:runningOn <machine/M> ; tr:startedAt {at("23T05:00")} ;
        tr:scrapQuantity 3.0 .
    <machine/M> tr:activity activity:maintenance .
    """
    assert [cause.text for cause in causes(running)] == [
        "op/1 should have ended 2 h ago and is in-progress",
        "machine/M is in maintenance",
        "3 scrapped in run/1",
    ]


def test_what_was_begun_and_rests_is_told() -> None:
    rests = f"""
    <op/1> tr:operationOf <job/1> ; tr:status step:in-progress ; tr:plannedEnd {at("23T06:00")} .
    {ran("1", "23T04:00", "23T05:00")}
    """
    assert [c.text for c in causes(rests)][-1] == "op/1 was begun and does not run now"


def test_steps_that_follow_one_another_in_a_circle_end() -> None:
    circle = f"""
    <op/1> tr:operationOf <job/1> ; tr:follows <op/2> ; tr:status step:released ;
        tr:plannedStart {at("20T06:00")} .
    <op/2> tr:operationOf <job/1> ; tr:follows <op/1> ; tr:status step:released ;
        tr:plannedStart {at("20T06:00")} .
    """
    assert kinds(circle)
    assert len(kinds(circle)) <= 6


def test_what_is_neither_late_nor_behind_has_no_cause() -> None:
    assert causes('<job/1> tr:dueDate "2026-11-23"^^xsd:date .') == []
    assert causes("<job/1> a tr:Job .") == []
    over = '<job/1> tr:status status:completed ; tr:dueDate "2026-11-01"^^xsd:date .'
    assert causes(over) == []
