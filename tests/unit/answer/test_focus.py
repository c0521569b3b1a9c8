from __future__ import annotations

from kg.answer.bundle import Context
from kg.answer.focus import CUT, MOST_JOBS, expand
from kg.answer.render import render_card
from tests.unit.answer.planners import planner_of, term


def expanded(turtle: str, kind: str, name: str, focus) -> Context:
    context = Context(
        entity={"id": name, "kind": kind, "label": name, "iri": f"https://plant.example/{name}"},
        as_of="2026-11-23T08:00:00Z",
        applied_seq=0,
        status={"state": "unknown", "activity": None, "reason": None, "since": None},
        slots={},
        runs=[],
        next=[],
        gaps=[],
        notes=[],
        sources=[],
    )
    expand(context, planner_of(turtle), term(name), focus, "earliest-due-date")
    return context


def jobs(count: int) -> str:
    return "\n".join(
        f"<job/{n}> tr:forCustomer <customer/A> ; tr:status status:released ; "
        f"tr:plannedQuantity 3.0 ; tr:goodQuantity 1.0 ."
        for n in range(count)
    )


def test_of_too_many_jobs_the_first_are_looked_at_and_it_is_said() -> None:
    slot = expanded(jobs(MOST_JOBS + 1), "customer", "customer/A", "why_late").computed["remaining"]
    assert (len(slot.facts), slot.note) == (MOST_JOBS, CUT)
    slot = expanded(jobs(MOST_JOBS), "customer", "customer/A", "why_late").computed["remaining"]
    assert (len(slot.facts), slot.note) == (MOST_JOBS, None)


def test_a_thing_without_jobs_is_not_said_to_be_on_time() -> None:
    context = expanded("", "part", "part/P", "why_late")
    assert context.computed == {}
    assert "- cause: it has no job to look at" in render_card(context).splitlines()


def test_material_says_what_is_needed_and_left_with_what_it_was_computed_from() -> None:
    context = expanded(
        """
        <job/1> tr:makes <part/P> ; tr:plannedQuantity 4.0 .
        <op/1> tr:operationOf <job/1> ; tr:sequence 10 .
        <component/1> tr:componentOf <part/P> ; tr:componentPart <part/bar> ;
            tr:quantityPer 0.5 ; tr:unit "m" .
        <component/2> tr:componentOf <part/P> ; tr:componentPart <part/rod> ; tr:quantityPer 2.0 .
        <batch/1> tr:ofMaterial <part/bar> ; tr:quantity 6.0 ; tr:unit "m" .
        <use/1> tr:ofBatch <batch/1> ; tr:inputTo <job/9> ; tr:usedQuantity 1.5 .
        <batch/2> tr:ofMaterial <part/rod> .
        """,
        "job",
        "job/1",
        "material",
    )
    needed, left = context.computed["needed"], context.computed["left"]
    assert [(fact.value, fact.unit) for fact in needed.facts] == [("2", "m"), ("8", None)]
    assert len({fact.id for fact in needed.facts}) == 2
    assert [(fact.about, fact.value, fact.unit) for fact in left.facts] == [("batch/1", "4.5", "m")]
    known = {fact.id for fact in context.inputs}
    assert all(known.issuperset(fact.inputs) for fact in (*needed.facts, *left.facts))


def test_quality_shows_limits_measured_values_and_what_customers_demand() -> None:
    context = expanded(
        """
        <job/1> tr:appliesSpec <spec/A> ; tr:makes <part/P> ; tr:forCustomer <customer/A> .
        <spec/A> tr:hasCharacteristic <c/1> .
        <c/1> tr:upperLimit 5.0 ; tr:unit "mm" .
        <r/1> tr:requiredBy <customer/A> ; tr:requirementOn <part/P> ; tr:overrides <c/1> ;
            tr:upperLimit 4.5 .
        <r/2> tr:requiredBy <customer/A> ; tr:requirementOn <part/other> ; tr:text "no" .
        <m/1> tr:measuredOn <job/1> ; tr:measures <c/1> ; tr:measuredValue 4.75 .
        """,
        "job",
        "job/1",
        "quality",
    )
    said = {
        name: [(fact.about, fact.predicate, fact.value) for fact in slot.facts]
        for name, slot in context.slots.items()
        if slot.facts
    }
    assert said == {
        "characteristic": [("c/1", "upperLimit", "5")],
        "requirement": [("r/1", "upperLimit", "4.5"), ("r/1", "overrides", "c/1")],
        "measurement": [("m/1", "measures", "c/1"), ("m/1", "measuredValue", "4.75")],
    }
    (beyond,) = context.computed["out_of_limits"].facts
    assert (beyond.about, beyond.value, beyond.unit) == ("m/1", "0.25", "mm")
    assert beyond.note == "4.75 mm is above 4.5"
    shown = [line for line in render_card(context).splitlines() if " of r/1: " in line]
    assert len(shown) == 1
    assert "upperLimit of r/1: 4.5" in shown[0]
    assert "overrides: c/1" in shown[0]
