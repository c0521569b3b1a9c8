"""A machine's signal that names no job, and what tells it: asked as a visitor would ask."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kg.answer.bundle import Slot
from kg.pipeline import Pipeline
from kg.settings import load_plant
from tests.shop_plant import csv_table, write_shop

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
TABLES = "".join(
    csv_table(name, f'row = "{row}"')
    for name, row in [("run", "interval"), ("operation", "state"), ("job", "state")]
)
MAPPINGS = {
    "run": """
  run:
    sources: [[run~table]]
    s: run/$(id)
    po:
      - [a, tr:Run]
      - [tr:onMachine, machine/M1~iri]
      - [tr:startedAt, $(started), xsd:dateTime]
      - [tr:ofJob, job/$(job)~iri]
      - [tr:byPerson, person/$(person)~iri]
      - [tr:onPallet, pallet/$(pallet)~iri]
      - [tr:runsProgram, program/$(program)~iri]
""",
    "operation": """
  operation:
    sources: [[operation~table]]
    s: operation/$(id)
    po:
      - [a, tr:Operation]
      - [tr:operationOf, job/$(job)~iri]
      - [tr:plannedOn, machine/$(machine)~iri]
      - [tr:onPallet, pallet/$(pallet)~iri]
      - [tr:runsProgram, program/$(program)~iri]
""",
    "job": """
  job:
    sources: [[job~table]]
    s: job/$(id)
    po:
      - [a, tr:Job]
      - [tr:makes, part/$(part)~iri]
""",
}
RUN = "id,started,job,person,pallet,program\n"
OPERATION = "id,job,machine,pallet,program\n"
JOBS = "id,part\nJ1,A\nJ2,B\n"

Ask = Callable[[str, str], dict[str, Slot]]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    write_shop(tmp_path, "signals", TABLES, MAPPINGS)

    def asked(runs: str, operations: str) -> dict[str, Slot]:
        """Give the job of each open run of the machine."""
        (tmp_path / "run.csv").write_text(RUN + runs)
        (tmp_path / "operation.csv").write_text(OPERATION + operations)
        (tmp_path / "job.csv").write_text(JOBS)
        with Pipeline.open(load_plant(tmp_path)) as work:
            work.read(NOW)
            work.apply(NOW)
            answer = work.answers().context("machine/M1", NOW)
            return {run.run: run.slots["job"] for run in answer.runs}

    return asked


def test_the_operation_on_the_pallet_tells_the_job_and_is_cited(ask: Ask) -> None:
    slot = ask("S,2026-11-23T07:00:00Z,,,P1,\n", "O1,J1,,P1,\n")["run/S"]
    assert (slot.state, [fact.value for fact in slot.facts]) == ("known", ["job/J1"])
    cited = {citation.record for citation in slot.facts[0].via}
    assert {"record/shop/run/S", "record/shop/operation/O1"} <= cited
    assert "pallet" in str(slot.facts[0].note)


def test_a_booking_comes_before_the_pallet(ask: Ask) -> None:
    runs = "S,2026-11-23T07:00:00Z,,,P1,\nB,2026-11-23T07:01:00Z,J2,P7,,\n"
    slots = ask(runs, "O1,J1,,P1,\n")
    assert [fact.value for fact in slots["run/S"].facts] == ["job/J2"]
    assert "booked" in str(slots["run/S"].facts[0].note)


def test_the_schedule_only_makes_it_presumable(ask: Ask) -> None:
    slot = ask("S,2026-11-23T07:00:00Z,,,,\n", "O1,J1,M1,,\n")["run/S"]
    assert (slot.state, [fact.value for fact in slot.facts]) == ("inferred", ["job/J1"])


def test_a_booking_and_a_program_of_different_parts_are_a_conflict(ask: Ask) -> None:
    slot = ask("B,2026-11-23T07:00:00Z,J1,P7,,G1\n", "O1,J2,,,G1\n")["run/B"]
    assert (slot.state, [fact.value for fact in slot.facts]) == ("conflicting", ["job/J1"])


def test_nothing_that_tells_is_a_missing_job(ask: Ask) -> None:
    assert ask("S,2026-11-23T07:00:00Z,,,P1,\n", "O1,J1,,P2,\n")["run/S"].state == "missing"
