"""The demo plant's scenes, each asked as a visitor would ask it."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kg.demo import DEFAULT_HOURS, SCENES, build_plant
from kg.pipeline import Pipeline
from kg.records import Gap
from kg.validate.facts import Facts
from kg.validate.reference import validate_by_reference
from tests.plants.conftest import load_whole

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SEED = 7


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("demo")
    build_plant(folder, SEED, NOW - timedelta(hours=DEFAULT_HOURS)).close()
    with load_whole(folder, NOW) as work:
        yield work


def values(answer, slot: str) -> set[str]:
    return {fact.value for fact in answer.slots[slot].facts}


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_every_scene_can_be_asked_about(demo: Pipeline, scene) -> None:
    assert demo.answers().context(scene.entity, NOW).entity["id"] == scene.entity


def test_two_jobs_on_one_machine_keep_their_customers_apart(demo: Pipeline) -> None:
    for machine, expected in (
        ("SAW-01", {"job/1043": {"customer/KAL"}, "job/1044": {"customer/NOR"}}),
        ("MILL-01", {"job/1046": {"customer/AUR"}, "job/1047": {"customer/VES"}}),
    ):
        runs = demo.answers().context(machine, NOW).runs
        seen = {
            run.slots["job"].facts[0].value: {f.value for f in run.slots["customer"].facts}
            for run in runs
        }
        assert seen == expected


def test_two_pallets_are_told_apart(demo: Pipeline) -> None:
    runs = demo.answers().context("MILL-01", NOW).runs
    assert {run.position for run in runs} == {"pallet/PAL-1", "pallet/PAL-2"}


def test_one_job_runs_on_two_machines(demo: Pipeline) -> None:
    answer = demo.answers().context("job/1045", NOW)
    now = {f.value for run in answer.runs if run.end == "open" for f in run.slots["machine"].facts}
    assert now == {"machine/LATHE-01", "machine/LATHE-02"}


def test_a_setup_says_so(demo: Pipeline) -> None:
    answer = demo.answers().context("LATHE-03", NOW)
    assert [run.phase for run in answer.runs] == ["setup"]
    assert answer.status["activity"] == "setup"


def test_a_machine_without_material_says_why_and_has_no_job(demo: Pipeline) -> None:
    answer = demo.answers().context("MILL-02", NOW)
    assert answer.status["activity"] == "idle"
    assert "material" in str(answer.status["reason"])
    assert answer.slots["job"].state == "none"


def test_a_spindle_without_a_job_is_missing_one(demo: Pipeline) -> None:
    answer = demo.answers().context("LATHE-04", NOW)
    assert answer.slots["job"].state == "missing"
    assert [(gap.slot, gap.source) for gap in answer.gaps] == [("job", "mes")]


def test_heat_treatment_outside_is_an_operation_without_a_machine(demo: Pipeline) -> None:
    answer = demo.answers().context("operation/1050-20", NOW)
    assert values(answer, "outsourcedTo") == {"supplier/S04"}
    assert "plannedOn" not in answer.slots


def test_a_stock_job_owes_no_customer(demo: Pipeline) -> None:
    assert demo.answers().context("job/1051", NOW).slots["customer"].state == "none"


def test_a_made_to_order_job_without_a_customer_is_missing_one(demo: Pipeline) -> None:
    slot = demo.answers().context("job/1056", NOW).slots["customer"]
    assert slot.state == "missing"
    assert slot.gap is not None
    assert slot.gap.source == "erp"
    assert slot.gap.record is not None


def test_one_line_is_split_over_two_jobs_and_one_job_serves_two_lines(demo: Pipeline) -> None:
    line = demo.answers().context("order-line/3902", NOW)
    assert values(line, "hasSupply") == {"allocation/1045", "allocation/1052"}
    merged = demo.answers().context("job/1053", NOW)
    assert values(merged, "customer") == {"customer/LUM", "customer/TOR"}
    assert merged.slots["customer"].state == "known"


def test_partial_completion_counts_good_scrap_and_rework(demo: Pipeline) -> None:
    run = demo.answers().context("MILL-03", NOW).runs[0]
    counted = {name: run.quantity[name] for name in ("good", "scrap", "rework", "planned")}
    assert counted == {"good": "22", "scrap": "2", "rework": "1", "planned": "40"}


def test_serials_lead_from_the_rotor_to_its_pump(demo: Pipeline) -> None:
    assert values(demo.answers().context("piece/R-9001", NOW), "assembledInto") == {"piece/S-9001"}


def test_a_pinned_revision_wins_over_the_parts_current_one(demo: Pipeline) -> None:
    spec = demo.answers().context("job/1047", NOW).slots["spec"]
    assert (spec.state, [fact.value for fact in spec.facts]) == ("known", ["spec/P-120-C"])
    current = demo.store.select("SELECT ?s WHERE { <part/P-120> tr:currentSpec ?s }")
    assert [row["s"] for row in current] == ["<https://demo.example/spec/P-120-D>"]


def test_a_batch_that_was_only_possibly_used_is_no_fact(demo: Pipeline) -> None:
    slot = demo.answers().context("job/1048", NOW).slots["batch"]
    assert slot.state == "inferred"
    assert {fact.value for fact in slot.facts} == {"batch/4781", "batch/4782"}
    assert all("none was scanned" in str(fact.note) for fact in slot.facts)


def test_a_customers_stricter_limit_overrides_the_standard(demo: Pipeline) -> None:
    rows = demo.answers().ask(
        "requirements-that-override-the-specification", {"customer": "KAL"}, NOW
    )
    assert any("requirement/1" in row.values() for row in rows)


def test_batches_are_traced_forward_and_backward(demo: Pipeline) -> None:
    made = demo.answers().context("batch/4790", NOW)
    assert values(made, "made_by") == {"job/1058"}
    assert values(made, "job") == {"job/1055"}
    assert values(made, "made_from")


def test_an_id_that_only_the_crosswalk_knows_leads_to_the_job(demo: Pipeline) -> None:
    answer = demo.answers().context("RUSH-7", NOW)
    assert answer.entity["id"] == "job/1057"
    assert answer.runs[0].end == "open"


def test_an_expired_note_says_so(demo: Pipeline) -> None:
    notes = demo.answers().context("MILL-02", NOW).notes
    assert [note["state"] for note in notes] == ["expired"]


def test_exactly_the_planted_rows_are_in_quarantine(demo: Pipeline) -> None:
    codes = sorted(row.rejected.code for row in demo.journal.waiting())
    assert codes == ["bad-time", "empty-key"]


def test_going_on_in_steps_gives_what_a_rebuild_gives(tmp_path: Path) -> None:
    simulation = build_plant(tmp_path, SEED, NOW - timedelta(hours=DEFAULT_HOURS))
    with simulation, load_whole(tmp_path, NOW) as work:
        applied = 0
        for hour in range(1, 7):
            moment = NOW + timedelta(hours=hour)
            simulation.advance(moment)
            work.read(moment)
            applied += work.apply(moment).records
        stepwise = work.store.dump()
        work.rebuild(moment)
        assert applied > 50
        assert work.store.dump() == stepwise


def test_demo_once_answers_with_the_context_of_a_running_machine(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "kg.cli", "demo", "--once", "--format", "json", "-q"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    assert answer["entity"]["kind"] == "machine"
    assert answer["status"]["state"] == "running"
    for run in answer["runs"]:
        for slot in ("job", "machine", "spec", "customer", "batch"):
            assert run["slots"][slot]["state"] in {"known", "inferred"}, slot
            assert run["slots"][slot]["facts"][0]["via"]
    assert set(answer) == {
        "entity", "as_of", "applied_seq", "status", "slots", "runs", "next", "gaps", "notes",
        "sources", "focus", "order", "causes", "computed", "inputs", "withheld", "left_out",
    }  # fmt: skip


def test_the_gaps_are_those_that_the_reference_engine_finds(demo: Pipeline) -> None:
    shapes = demo.shapes
    results = validate_by_reference(demo.store.graph(""), Facts(shapes.shapes.facts))
    expected = {shapes.gap_of(result) for result in results}
    found = demo.journal.open_gaps()
    assert {Gap(g.entity, g.slot, g.shape, g.severity, g.message) for g in found} == expected
    assert expected
