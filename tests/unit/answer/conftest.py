from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kg.pipeline import Pipeline
from kg.settings import load_plant

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
PLANT = """
[plant]
name = "Tiny"
base = "https://tiny.example/"
""" + "".join(
    f"""
[[source]]
name = "{name}"
mapping = "{name}"
path = "{name}"
"""
    for name in ("erp", "mes")
)
HEAD = """
[source]
name = "{name}"
title = "{title}"
system = "{title}"
owner = "{owner}"
authority = {authority}
adapter = "files"
zone = "UTC"
stale_after_seconds = {seconds}
"""
SOURCES = {
    "erp": HEAD.format(name="erp", title="ERP", owner="Office", authority=60, seconds=3600),
    "mes": HEAD.format(name="mes", title="MES", owner="Floor", authority=50, seconds=600),
}
TABLE = """
[[table]]
name = "{name}"
mapping = "{name}.yml"
file = "{name}.csv"
key = ["id"]
row = "{row}"
{more}
"""
MAPPING = """\
prefixes:
  tr: https://w3id.org/traveler/ontology/
  trc: https://w3id.org/traveler/code/
  rdfs: http://www.w3.org/2000/01/rdf-schema#
  owl: http://www.w3.org/2002/07/owl#
  xsd: http://www.w3.org/2001/XMLSchema#
mappings:
  {name}:
    sources: [[{name}~table]]
    s: {subject}
    po:
"""


def write_table(
    folder: Path, source: str, name: str, subject: str, po: str, rows: str, more: str = ""
) -> None:
    """One table: its part of source.toml, its mapping of one subject, its CSV file."""
    mapping, data = folder / source, folder / source / f"{name}.csv"
    mapping.mkdir(exist_ok=True)
    settings = mapping / "source.toml"
    if not settings.exists():
        settings.write_text(SOURCES[source], encoding="utf-8")
    row = "interval" if "startedAt" in po else "state"
    with settings.open("a", encoding="utf-8") as file:
        file.write(TABLE.format(name=name, row=row, more=more))
    lines = "".join(f"      - [{line.strip()}]\n" for line in po.strip().splitlines())
    text = MAPPING.format(name=name, subject=subject) + lines
    (mapping / f"{name}.yml").write_text(text, encoding="utf-8")
    data.write_text("\n".join(line.strip() for line in rows.strip().splitlines()) + "\n")


def write_tiny(folder: Path) -> None:
    """A plant of two sources in which no table says anything about batches."""
    (folder / "plant.toml").write_text(PLANT)
    write_table(
        folder,
        "erp",
        "job",
        "job/$(id)",
        """a, tr:Job
        rdfs:label, $(name)
        tr:identifier, $(id)
        tr:status, trc:job-status/$(status)~iri
        tr:makes, part/$(part)~iri
        tr:pinnedSpec, spec/$(spec)~iri
        tr:supplyPolicy, trc:supply/$(supply)~iri
        tr:dueDate, $(due), xsd:date""",
        """id,name,status,part,spec,supply,due,changed
        1,Shafts,in-progress,shaft,shaft-A,,2026-12-01,2026-11-20T06:00:00Z
        2,Pins,released,pin,,make-to-stock,,2026-11-20T06:00:00Z
        3,Nuts,released,nut,,,,2026-11-20T06:00:00Z
        4,Later,planned,nut,,,,2026-11-20T06:00:00Z""",
        'changed = ["changed"]',
    )
    write_table(
        folder,
        "erp",
        "part",
        "part/$(id)",
        "a, tr:Part\ntr:currentSpec, spec/$(spec)~iri",
        "id,spec\nshaft,shaft-B\npin,pin-A\nnut,",
    )
    write_table(
        folder,
        "erp",
        "allocation",
        "allocation/$(id)",
        "a, tr:Allocation\ntr:allocationOf, job/$(job)~iri\ntr:toOrderLine, order-line/$(line)~iri",
        "id,job,line\n1,1,A-1",
    )
    write_table(
        folder,
        "erp",
        "line",
        "order-line/$(id)",
        "a, tr:SalesOrderLine\ntr:lineOf, order/$(order)~iri",
        "id,order\nA-1,A",
    )
    write_table(
        folder,
        "erp",
        "order",
        "order/$(id)",
        "a, tr:SalesOrder\ntr:orderedBy, customer/$(customer)~iri",
        "id,customer,changed\nA,acme,2026-11-21T06:00:00Z",
        'changed = ["changed"]',
    )
    write_table(
        folder,
        "erp",
        "customer",
        "customer/$(id)",
        "a, tr:Customer\nrdfs:label, $(name)",
        "id,name\nacme,Acme & Sons",
    )
    write_table(
        folder,
        "mes",
        "machine",
        "machine/$(id)",
        """a, tr:Machine
        rdfs:label, $(name)
        owl:sameAs, machine/mes-$(alias)~iri
        tr:activity, trc:activity/$(activity)~iri
        tr:capacity, $(capacity), xsd:integer""",
        """id,name,alias,activity,capacity
        M1,Saw,0815,production,2
        M2,Mill,0816,production,1
        M3,Press,0817,idle,1""",
    )
    write_table(
        folder,
        "mes",
        "run",
        "run/$(id)",
        """a, tr:Run
        tr:onMachine, machine/$(machine)~iri
        tr:ofJob, job/$(job)~iri
        tr:startedAt, $(start), xsd:dateTime""",
        """id,machine,job,start
        r1,M1,1,2026-11-23T06:00:00Z
        r2,M1,2,2026-11-23T07:00:00Z""",
        'changed = ["start"]',
    )
    write_table(
        folder,
        "mes",
        "due",
        "job/$(job)",
        "tr:dueDate, $(due), xsd:date\ntr:plannedQuantity, $(qty), xsd:decimal",
        "id,job,due,qty\n1,1,2026-12-09,40\n2,2,,25",
    )
    write_table(
        folder,
        "mes",
        "note",
        "note/$(id)",
        "a, tr:Note\ntr:about, machine/$(machine)~iri\ntr:text, $(text)\n"
        "tr:expiresAt, $(until), xsd:dateTime",
        "id,machine,text,until\nn1,M1,blade wobbles,2026-11-23T08:00:01Z\n"
        "n2,M1,blade changed,\nn3,M1,oil is low,2026-11-22T00:00:00Z",
    )


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Iterator[Pipeline]:
    """The tiny plant, loaded and validated through the real pipeline; it is only read."""
    folder = tmp_path_factory.mktemp("tiny")
    write_tiny(folder)
    with Pipeline.open(load_plant(folder)) as work:
        work.read(NOW)
        work.apply(NOW)
        work.validate(NOW)
        assert work.journal.waiting() == []
        yield work
