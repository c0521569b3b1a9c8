"""Tables of real servers become records: keys, times, numbers and bytes, and what is no value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy

from kg.errors import SourceError

DDL = {
    "postgres_url": """CREATE TABLE prod_order (
        id integer, number text, qty numeric(12, 3), weight real, changed timestamptz,
        written timestamp, due date, starts time, lasts interval, flag boolean, raw bytea)""",
    "mariadb_url": """CREATE TABLE prod_order (
        id integer, number text, qty numeric(12, 3), weight float, changed timestamp(3) NULL,
        written datetime, due date, starts time, lasts time, flag boolean, raw varbinary(9))""",
}
# An instant, written where the session's clock is three hours ahead of UTC.
ROWS = """INSERT INTO prod_order VALUES
    (1, '0001043', 18, 16777216, '2026-11-23 11:00:00.5', '2026-11-23 08:00:00', '2026-12-01',
        '08:30:00', '26:00:00', true, 'a'),
    (2, '0001044', 24.5, 1.65, NULL, '2026-11-23 09:00:00', NULL, NULL, NULL, NULL, NULL),
    (NULL, '0001045', 1, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL)"""
ZONE = {"postgres_url": "SET TIME ZONE '+03'", "mariadb_url": "SET time_zone = '+03:00'"}
FIRST = {
    "id": 1,
    "number": "0001043",
    "qty": "18.000",
    "weight": 16777216.0,
    "written": "2026-11-23T08:00:00",
    "due": "2026-12-01",
    "starts": "08:30:00",
    "raw": "a",
}
OWN = {
    "postgres_url": {"flag": True, "lasts": 93_600.0},
    "mariadb_url": {"flag": 1, "lasts": "26:00:00"},
}

pytestmark = pytest.mark.server


@dataclass(frozen=True)
class Server:
    name: str
    url: str

    def run(self, *statements: str) -> None:
        engine = sqlalchemy.create_engine(self.url, poolclass=sqlalchemy.NullPool)
        with engine.begin() as connection:
            if self.name == "mariadb_url":
                connection.exec_driver_sql("SET sql_mode = ''")
            for statement in statements:
                connection.exec_driver_sql(statement)
        engine.dispose()


@pytest.fixture(params=DDL)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    server = Server(request.param, request.getfixturevalue(request.param))
    server.run(DDL[server.name], ZONE[server.name], ROWS)
    yield server
    server.run("DROP TABLE prod_order")


def test_rows_become_records(read: Any, server: Server) -> None:
    got = read(url=server.url, table="prod_order", changed=["changed", "written"])
    first, second = got.records
    instant = str(first.row.pop("changed"))
    assert first.row == FIRST | OWN[server.name]
    assert second.row["weight"] == 1.65
    assert second.row["due"] is None
    assert instant.startswith("2026-11-23T")
    assert [r.code for r in got.rejected] == ["empty-key"]


def test_an_instant_is_the_same_whatever_the_sessions_zone(read: Any, server: Server) -> None:
    got = read(url=server.url, table="prod_order", changed=["changed", "written"])
    # An instant as it is; a local time in the zone of the source, which is Stockholm.
    assert [r.effective for r in got.records] == [
        "2026-11-23T08:00:00.5Z",
        "2026-11-23T08:00:00Z",
    ]


def test_a_query_is_passed_as_it_stands(read: Any, server: Server) -> None:
    query = "SELECT id, ':x %s' AS t, changed, weight FROM prod_order WHERE number LIKE '%43';"
    got = read(url=server.url, query=query, changed=["changed"])
    assert [(r.row["t"], r.row["weight"]) for r in got.records] == [(":x %s", 16777216.0)]
    assert got.reading.is_whole


def test_what_is_no_time_costs_its_row_only(read: Any, server: Server) -> None:
    nothing = {"postgres_url": "infinity", "mariadb_url": "2026-00-00"}[server.name]
    server.run(f"UPDATE prod_order SET written = '{nothing}' WHERE id = 2")
    got = read(url=server.url, table="prod_order", changed=["written"])
    assert [r.key for r in got.records] == ["1"]
    bad = {r.code: r for r in got.rejected}  # rows have no order
    assert {code: r.key for code, r in bad.items()} == {"bad-time": "2", "empty-key": None}
    assert nothing in bad["bad-time"].message


def test_a_password_never_stands_in_a_position(read: Any, server: Server) -> None:
    got = read(url=server.url, table="prod_order")
    assert len(got.records) == 2
    assert all("@" not in item.position for item in [*got.records, *got.rejected])


@pytest.mark.parametrize(
    ("table", "said", "near"),
    [
        ({"table": "prod_ordre"}, "prod_ordre", "prod_order"),
        ({"query": "SELECT id, nmber FROM prod_order"}, "nmber", "number"),
        ({"table": "prod_order", "changed": ["chnged"]}, "chnged", "changed"),
        ({"query": "SELECT id, id FROM prod_order"}, "two columns are 'id'", "AS"),
    ],
)
def test_what_is_missing_is_one_error_with_what_is_near(
    read: Any, server: Server, table: dict[str, Any], said: str, near: str
) -> None:
    with pytest.raises(SourceError, match=said) as caught:
        read(url=server.url, **table)
    assert near in caught.value.hint


def test_a_zero_date_is_no_date(read: Any, mariadb_url: str) -> None:
    query = "SELECT 1 AS id, DATE'0000-00-00' AS due, CAST('0000-00-00' AS DATETIME) AS written"
    (record,) = read(url=mariadb_url, query=query, changed=["written"]).records
    assert (record.row["due"], record.effective_by) == (None, "seen")


def test_a_procedure_is_called_but_gives_no_rounded_number(read: Any, mariadb_url: str) -> None:
    server = Server("mariadb_url", mariadb_url)
    server.run(
        "CREATE PROCEDURE weights() SELECT 1 AS id, CAST(16777216 AS FLOAT) AS weight",
        "CREATE PROCEDURE numbers() SELECT 1 AS id, CAST(16777216 AS DOUBLE) AS weight",
    )
    assert read(url=mariadb_url, query="CALL numbers()").records[0].row["weight"] == 16777216.0
    with pytest.raises(SourceError, match="six digits of 'weight'"):
        read(url=mariadb_url, query="CALL weights()")
