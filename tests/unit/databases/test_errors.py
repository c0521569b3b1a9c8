"""What goes wrong between a source and its server is one error in words, without the password."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from kg.errors import SourceError
from kg.lift.databases import read_header, read_rows
from kg.lift.spool import Rows
from kg.records import Record
from kg.settings import SourceSettings, TableSettings
from kg.sources import read_source

PASSWORD = "s3cret"
Read = Callable[[str, str], Iterator[object]]


def as_logical_source(url: str, query: str) -> Iterator[object]:
    return read_rows(url, Path(), query, read_header(url, Path(), query))


def as_plant_source(url: str, query: str) -> Iterator[object]:
    table = TableSettings(name="job", mapping="job.yml", key=("id",), query=query)
    source = SourceSettings(name="erp", adapter="sql", url=url, tables=(table,))
    (reading,) = read_source(source, {}, datetime(2026, 11, 23, tzinfo=UTC))
    return reading.items


@pytest.fixture(params=[as_logical_source, as_plant_source])
def read(request: pytest.FixtureRequest) -> Read:
    return request.param


@pytest.fixture(params=["postgres_url", "mariadb_url"])
def url(request: pytest.FixtureRequest) -> str:
    """A server with a user ``walled`` who must say a password; the user of the URL need not."""
    url = request.getfixturevalue(request.param)
    if request.param == "postgres_url":
        run(url, *_WALLED_POSTGRESQL)
    else:
        run(url, f"CREATE USER IF NOT EXISTS walled@localhost IDENTIFIED BY '{PASSWORD}'")
        run(url, "GRANT SELECT ON plant.* TO walled@localhost")
    return url


_WALLED_POSTGRESQL = (
    f"""
    DO $$
    DECLARE rules text := current_setting('hba_file');
    BEGIN
        DROP ROLE IF EXISTS walled;
        CREATE ROLE walled LOGIN PASSWORD '{PASSWORD}';
        EXECUTE 'COPY (VALUES (''local all walled scram-sha-256''), (''local all all trust'')) '
            'TO ' || quote_literal(rules);
    END $$
    """,
    "SELECT pg_reload_conf()",
)


def run(url: str, *statements: str) -> None:
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def changed(url: str, **parts: Any) -> str:
    made = sqlalchemy.make_url(url).set(**parts)
    return made.render_as_string(hide_password=False)


def error_of(read: Read, url: str, query: str = "SELECT 1 AS id") -> SourceError:
    with pytest.raises(SourceError) as caught:
        list(read(url, query))
    told = f"{caught.value.message} {caught.value.hint}"
    assert PASSWORD not in told
    assert "\n" not in told
    return caught.value


@pytest.mark.server
def test_a_wrong_password_is_told_without_it(read: Read, url: str) -> None:
    right = changed(url, username="walled", password=PASSWORD)
    assert len(list(read(right, "SELECT 1 AS id"))) == 1
    error = error_of(read, changed(url, username="walled", password=f"{PASSWORD}@:/%"))
    assert "walled" in error.message
    assert error.hint == "check user and password in the url"


@pytest.mark.server
def test_an_unknown_database_is_named(read: Read, url: str) -> None:
    error = error_of(read, changed(url, database="no_such_plant"))
    assert "no_such_plant" in error.message.partition(": ")[2]
    assert error.hint == "check the database's name in the url"


@pytest.mark.server
def test_a_server_that_is_not_there_is_looked_for(read: Read, url: str) -> None:
    nobody = {"query": {}, "host": "127.0.0.1", "port": 1, "password": PASSWORD}
    error = error_of(read, changed(url, **nobody))
    assert "refused" in error.message
    assert error.hint == "check host and port in the url, and that the server runs"


@pytest.mark.server
def test_an_option_that_the_driver_has_not_is_named(read: Read, url: str) -> None:
    assert "colour" in error_of(read, f"{url}&colour=blue").message


@pytest.mark.server
def test_a_connection_that_is_lost_in_the_middle_is_one_error(read: Read, url: str) -> None:
    series, session, kill = _LOST["mysql" if "mysql" in url else "postgresql"]
    query = f"SELECT id, {session} AS session, repeat('x', 200) AS filler FROM {series}"
    rows = read(url, query)
    run(url, kill.format(session_of(next(rows))))
    with pytest.raises(SourceError) as caught:
        list(rows)
    assert "nothing is lost" in caught.value.hint
    assert "\n" not in caught.value.message


_LOST = {
    "postgresql": (
        "generate_series(1, 1000000) AS s (id)",
        "pg_backend_pid()",
        "SELECT pg_terminate_backend({})",
    ),
    "mysql": (
        "(SELECT seq AS id FROM seq_1_to_1000000) AS s",
        "connection_id()",
        "KILL {}",
    ),
}


def session_of(row: object) -> object:
    if isinstance(row, Record):
        return row.row["session"]
    assert isinstance(row, Rows)
    (session, *_) = row.columns[1]
    return session


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("mysql://reader:s3cret@db/erp", "traveler-kg[mysql]', and write mysql+pymysql://"),
        ("mariadb+mysqldb://db/erp", "traveler-kg[mysql]', and write mariadb+pymysql://"),
        ("postgresql+pg8000://db/erp", "traveler-kg[postgres]', and write postgresql+psycopg://"),
        ("mssql+pyodbc://reader:s3cret@db/erp", "No module named 'pyodbc'"),
        ("nonsense://reader:s3cret@db/erp", "nonsense"),
    ],
)
def test_a_missing_driver_is_told_with_what_brings_it(read: Read, url: str, hint: str) -> None:
    error = error_of(read, url)
    assert f"no driver for {url.partition(':')[0]}" in error.message
    assert hint in error.hint


def test_an_extra_that_is_not_installed_is_named(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pymysql", None)  # which is what import finds then
    error = error_of(read, "mysql+pymysql://reader:s3cret@db/erp")
    assert "pip install 'traveler-kg[mysql]'" in error.hint


@pytest.mark.parametrize(
    "url",
    ["s3cret", "mysql+pymysql://reader:a@s3cret@db/erp", "mysql+pymysql://db:s3cret/erp"],
)
def test_what_is_no_url_is_told_without_repeating_it(read: Read, url: str) -> None:
    error = error_of(read, url)
    assert "is no SQLAlchemy URL" in error.message
    assert "%2F" in error.hint
