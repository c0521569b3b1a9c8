"""A plant whose ERP is a real server: loaded, changed there, and loaded again."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy

from kg.pipeline import Pipeline
from tests.plants.conftest import NOW, load_whole

PLANT = """\
[plant]
name = "Nordwerk"
base = "https://nordwerk.example/"
zone = "Europe/Berlin"
[[source]]
name = "erp"
mapping = "mappings/erp"
url = "{url}"
"""
SOURCE = """\
[source]
name = "erp"
system = "ERP"
adapter = "sql"
[[table]]
name = "order"
table = "prod_order"
mapping = "order.yml"
key = ["id"]
changed = ["changed"]
"""
MAPPING = """\
mappings:
  job:
    sources: [[order~table]]
    s: job/$(id)
    po:
      - [a, tr:Job]
      - [tr:identifier, $(number)]
      - [tr:plannedQuantity, $(qty), xsd:decimal]
      - [tr:dueDate, $(due), xsd:date]
"""
DDL = {
    "postgres_url": "id integer, number text, qty numeric(12, 3), due date, changed timestamptz",
    "mariadb_url": "id integer, number text, qty decimal(12, 3), due date, changed timestamp",
}


def run(url: str, *statements: str) -> None:
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


QUANTITIES = """
SELECT ?number ?qty ?due WHERE {
    ?job tr:identifier ?number . OPTIONAL { ?job tr:plannedQuantity ?qty }
    OPTIONAL { ?job tr:dueDate ?due }
} ORDER BY ?number
"""


def rows_of(work: Pipeline) -> list[list[str]]:
    """The present: number, quantity and due date of every job, as text."""
    return [[term.split('"')[1] for term in row.values()] for row in work.store.select(QUANTITIES)]


@pytest.mark.server
@pytest.mark.parametrize("server", DDL)
def test_a_plant_follows_the_rows_of_a_server(
    request: pytest.FixtureRequest, tmp_path: Path, server: str
) -> None:
    url = request.getfixturevalue(server)
    files = {"plant.toml": PLANT.format(url=url), "mappings/erp/source.toml": SOURCE}
    for name, content in (files | {"mappings/erp/order.yml": MAPPING}).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    first = "(1, '1043', 18.500, '2026-12-01', '2026-11-23 08:00:00')"
    second = "(2, '1044', 24, NULL, '2026-11-23 08:30:00')"
    run(url, f"CREATE TABLE prod_order ({DDL[server]})")
    run(url, f"INSERT INTO prod_order VALUES {first}, {second}")
    try:
        with load_whole(tmp_path) as work:
            assert rows_of(work) == [["1043", "18.5", "2026-12-01"], ["1044", "24"]]
            run(url, "UPDATE prod_order SET qty = 20, changed = '2026-11-23 09:00:00' WHERE id = 1")
            run(url, "DELETE FROM prod_order WHERE id = 2")
            (balance,) = work.read(NOW)
            work.apply(NOW)
            assert (balance.read, balance.new, balance.retired) == (1, 1, 1)
            assert rows_of(work) == [["1043", "20", "2026-12-01"]]
            (balance,) = work.read(NOW)
            assert (balance.new, balance.unchanged, balance.error) == (0, 1, None)
    finally:
        run(url, "DROP TABLE prod_order")
