"""What the lifted plant must be, made from its CSV files row by row, without any engine."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLANT = "http://plant.example/"
TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
XSD = "http://www.w3.org/2001/XMLSchema#"

# Table -> class, and column -> (property, what its object is: text, /kind of thing, or datatype).
TABLES: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "machine": ("Machine", {"name": ("name", "text"), "area": ("area", "text")}),
    "customer": ("Customer", {"name": ("name", "text"), "country": ("country", "text")}),
    "part": (
        "Part",
        {
            "rev": ("revision", "text"),
            "material": ("material", "text"),
            "tol": ("tolerance", "decimal"),
        },
    ),
    "batch": (
        "Batch",
        {
            "material": ("material", "text"),
            "heat": ("heatNumber", "text"),
            "supplier": ("suppliedBy", "/supplier"),
        },
    ),
    "order": ("Order", {"customer": ("orderedBy", "/customer"), "due": ("dueDate", "date")}),
    "job": (
        "Job",
        {
            "order": ("fulfils", "/order"),
            "part": ("makes", "/part"),
            "qty": ("quantity", "integer"),
            "status": ("status", "text"),
            "batch": ("consumes", "/batch"),
        },
    ),
    "operation": (
        "Operation",
        {
            "job": ("operationOf", "/job"),
            "seq": ("sequence", "integer"),
            "machine": ("onMachine", "/machine"),
            "start": ("startedAt", "dateTime"),
            "end": ("endedAt", "dateTime"),
            "good": ("goodQuantity", "integer"),
        },
    ),
}


def write_reference(folder: Path, output: Path) -> int:
    """Write the triples of the tables in ``folder`` as N-Triples, and give how many rows they are.

    Literals stand as the cells do: ``"0.0500"`` stays so.
    """
    rows = 0
    with output.open("w", encoding="utf-8") as file:
        for table, (kind, properties) in TABLES.items():
            for row in _rows(folder / f"{table}.csv"):
                rows += 1
                subject = f"<{PLANT}{table}/{row['id']}>"
                file.write(f"{subject} {TYPE} <{PLANT}def/{kind}> .\n")
                for column, (name, form) in properties.items():
                    if row[column]:
                        object_ = _object(row[column], form)
                        file.write(f"{subject} <{PLANT}def/{name}> {object_} .\n")
    return rows


def _object(cell: str, form: str) -> str:
    if form.startswith("/"):
        return f"<{PLANT}{form[1:]}/{cell}>"
    text = cell.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"' if form == "text" else f'"{text}"^^<{XSD}{form}>'


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
