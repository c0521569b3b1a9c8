"""AdventureWorks as a database: the published tables, which came as CSV files, in SQLite."""

from __future__ import annotations

import csv
import sqlite3
from itertools import islice
from pathlib import Path

TABLES = {
    "product": "Production.Product.csv",
    "productmodel": "Production.ProductModel.csv",
    "productdocument": "Production.ProductDocument.csv",
    "workorder": "Production.WorkOrder.dates-lost.csv",
}


def write_database(shared_data: Path, database: Path, most_rows: int | None = None) -> None:
    """Write the tables, or so many rows of each, with an empty cell as NULL."""
    with sqlite3.connect(database) as connection:
        for table, name in TABLES.items():
            path = shared_data / "adventureworks" / name
            with path.open(encoding="utf-8-sig", newline="") as file:
                rows = csv.reader(file)
                header = [name.lower() for name in next(rows)]
                connection.execute(f"CREATE TABLE {table} ({', '.join(header)})")
                marks = ", ".join("?" * len(header))
                connection.executemany(
                    f"INSERT INTO {table} VALUES ({marks})",
                    ([cell or None for cell in row] for row in islice(rows, most_rows)),
                )
    connection.close()


def count_specified(shared_data: Path, most_rows: int) -> int:
    """Count by the files alone the work orders whose product has a document or instructions."""
    tables = {}
    for table, name in TABLES.items():
        path = shared_data / "adventureworks" / name
        with path.open(encoding="utf-8-sig", newline="") as file:
            tables[table] = list(islice(csv.DictReader(file), most_rows))
    models = {row["ProductModelID"] for row in tables["productmodel"] if row["Instructions"]}
    specified = {row["ProductID"] for row in tables["productdocument"]}
    specified |= {r["ProductID"] for r in tables["product"] if r["ProductModelID"] in models}
    return sum(row["ProductID"] in specified for row in tables["workorder"])
