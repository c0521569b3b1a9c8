"""A plant of two systems that do not call everything by the same name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.answer.conftest import PLANT, write_table

if TYPE_CHECKING:
    from pathlib import Path

JOBS = """id,number,name,status,planned,good,customer
1043,1043,Shafts,in-progress,12,5,ALP
1044,1044,Pins,in-progress,30,2,ALP
1045,1045,Nuts,released,10,25,VES"""
STEPS = """id,job,machine,start,end
1043-10,1043,M1,2026-11-20T06:00:00Z,2026-11-20T12:00:00Z
1044-10,1044,M2,2026-11-02T06:00:00Z,2026-11-02T05:00:00Z
1045-10,1045,M1,2026-12-20T06:00:00Z,2026-12-20T12:00:00Z"""
CUSTOMERS = """id,name
ALP,Alpen Hydraulik AG
ALX,Alpen-Hydraulik AG
VES,Vestra Pumpar AB"""
BATCHES = """id,heat
4711,H-0815
4712,H-0816"""
ISSUES = """id,batch,job
1,4711,1043
2,-,1044"""
RUNS = """id,machine,job,start,good
1,M1,RUSH-7,2026-11-20T07:00:00Z,12
2,M2,1044,2026-11-02T07:00:00Z,2"""
SCANS = """id,batch,job
s1,H-0815,RUSH-7"""


def write_two_names(folder: Path) -> Path:
    """Write it, with the stranger job/RUSH-7 that is job/1043; gives its plant.toml."""
    (folder / "plant.toml").write_text(PLANT)
    write_table(
        folder,
        "erp",
        "job",
        "job/$(id)",
        """a, tr:Job
        tr:identifier, $(number)
        rdfs:label, $(number) $(name)
        tr:status, trc:job-status/$(status)~iri
        tr:plannedQuantity, $(planned), xsd:decimal
        tr:goodQuantity, $(good), xsd:decimal""",
        JOBS,
    )
    write_table(
        folder,
        "erp",
        "step",
        "operation/$(id)",
        """a, tr:Operation
        tr:operationOf, job/$(job)~iri
        tr:plannedOn, machine/$(machine)~iri
        tr:plannedStart, $(start), xsd:dateTime
        tr:plannedEnd, $(end), xsd:dateTime""",
        STEPS,
    )
    write_table(
        folder,
        "erp",
        "customer",
        "customer/$(id)",
        "a, tr:Customer\nrdfs:label, $(name)\ntr:identifier, $(id)",
        CUSTOMERS,
    )
    write_table(
        folder,
        "erp",
        "batch",
        "batch/$(id)",
        "a, tr:MaterialBatch\ntr:identifier, $(id)\ntr:heatNumber, $(heat)",
        BATCHES,
    )
    write_table(
        folder,
        "erp",
        "issue",
        "batch-use/erp-$(id)",
        "a, tr:BatchUse\ntr:ofBatch, batch/$(batch)~iri\ntr:inputTo, job/$(job)~iri",
        ISSUES,
        'placeholders = ["-"]',
    )
    write_table(
        folder,
        "erp",
        "machine",
        "machine/$(id)",
        "a, tr:Machine\ntr:identifier, $(id)",
        "id\nM1\nM2",
    )
    write_table(
        folder,
        "mes",
        "run",
        "run/$(id)",
        """a, tr:Run
        tr:onMachine, machine/$(machine)~iri
        tr:ofJob, job/$(job)~iri
        tr:startedAt, $(start), xsd:dateTime
        tr:goodQuantity, $(good), xsd:decimal""",
        RUNS,
    )
    write_table(
        folder,
        "mes",
        "scan",
        "batch-use/mes-$(id)",
        "a, tr:BatchUse\ntr:ofBatch, batch/$(batch)~iri\ntr:inputTo, job/$(job)~iri",
        SCANS,
    )
    return folder / "plant.toml"
