"""A small plant whose records describe two people, and what they say in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.notes import Notes, Saying
from kg.pipeline import Pipeline
from kg.settings import load_plant
from tests.shop_plant import MACHINE, csv_table, write_shop

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from kg.notes import Written

BASE = "https://noted.example/"
TABLES = csv_table("machine") + csv_table("job") + csv_table("person", 'personal = ["name"]')
MAPPINGS = {
    "machine": MACHINE,
    "job": """
  job:
    sources: [[job~table]]
    s: job/$(id)
    po:
      - [a, tr:Job]
      - [rdfs:label, $(name)]
      - [tr:makes, part/$(part)~iri]
""",
    "person": """
  person:
    sources: [[person~table]]
    s: person/$(id)
    po:
      - [a, tr:Person]
""",
}
ROWS = {
    "machine": "id,name\nSAW-01,Saw 1\nSAW 2,Saw 2\n",
    "job": "id,name,part\n1043,Shaft,P-100\n",
    "person": "id,name\nP06,Kim Lund\nP 12,Bo Ek\nP20,Ada Fors\n",
}


def write_noted(folder: Path) -> Path:
    """Write the plant: two machines, a job, and three people; gives its folder."""
    write_shop(folder, "noted", TABLES, MAPPINGS)
    for name, rows in ROWS.items():
        (folder / f"{name}.csv").write_text(rows, encoding="utf-8")
    return folder


def load(folder: Path, now: datetime) -> Pipeline:
    """Open the plant and read what it has."""
    work = Pipeline.open(load_plant(folder))
    work.read(now)
    work.apply(now)
    return work


def say(work: Pipeline, now: datetime, text: str = "Blade wanders.", **rest: str) -> Written:
    """Have P06 say something of the saw, and fold it in."""
    given = {"about": "machine/SAW-01", "by": "P06"} | rest
    written = Notes(work.answers()).write(Saying(text, **given), now)
    work.apply(now)
    return written
