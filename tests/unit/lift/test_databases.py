"""Databases as logical sources, on real servers: the natural mapping of SQL values, and names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy

from kg.errors import MappingError, SourceError
from kg.lift import lift_file
from kg.lift.databases import read_rows
from kg.lift.spool import Item, to_items
from kg.records import Rejected

X = "http://x.org/"
XSD = "http://www.w3.org/2001/XMLSchema#"
SERVERS = {"postgresql": "postgres_url", "mariadb": "mariadb_url"}
FOUR = '{"a": 1.10}'

# Type, value in SQL, and the literal by "Natural mapping of SQL values" (R2RML, section 10.2).
# Fixed-length text has its blanks; types that the section does not name are text, as CAST gives it.
NATURAL = {
    "postgresql": [
        ("char(5)", "'ab'", '"ab   "'),
        ("varchar(5)", "'ab '", '"ab "'),
        ("text", "'å€𝄞'", '"å€𝄞"'),
        ("boolean", "true", "true boolean"),
        ("smallint", "-7", "-7 integer"),
        ("bigint", "-9223372036854775808", "-9223372036854775808 integer"),
        ("numeric(12, 3)", "18.500", "18.5 decimal"),
        ("numeric", "'NaN'", "NaN double"),
        ("numeric", "'Infinity'", "INF double"),
        ("real", "1.65", "1.65E0 double"),
        ("real", "16777216", "1.6777216E7 double"),
        ("float8", "0.1", "1.0E-1 double"),
        ("float8", "'-Infinity'", "-INF double"),
        ("date", "'2026-11-23'", "2026-11-23 date"),
        ("time", "'08:00:00.50'", "08:00:00.5 time"),
        ("time", "'24:00'", "24:00:00 time"),
        ("timetz", "'08:00:00.5+02'", "06:00:00.5Z time"),
        ("timestamp", "'2026-11-23 08:00:00.120'", "2026-11-23T08:00:00.12 dateTime"),
        ("timestamptz", "'2026-11-23 08:00:00+05:30'", "2026-11-23T02:30:00Z dateTime"),
        ("timestamptz", "'1850-01-01 00:00:00+00:53:28'", "1849-12-31T23:06:32Z dateTime"),
        ("interval", "'1 year 2 months 3 days'", "P1Y2M3D duration"),
        ("interval", "'3 days 04:05:06.5'", "P3DT4H5M6.5S duration"),
        ("interval", "'-1 month -2 hours'", "-P1MT2H duration"),
        ("interval", "'1 day -2 hours'", "PT22H duration"),
        ("interval", "'0'", "PT0S duration"),
        ("bytea", r"'\xCAFE'", "CAFE hexBinary"),
        (
            "uuid",
            "'123e4567-e89b-12d3-a456-426655440000'",
            '"123e4567-e89b-12d3-a456-426655440000"',
        ),
        ("json", f"'{FOUR}'", r'"{\"a\": 1.10}"'),
        ("jsonb", f"'{FOUR}'", r'"{\"a\": 1.10}"'),
        ("int[]", "'{1,2}'", '"{1,2}"'),
        ("date[]", "'{infinity}'", '"{infinity}"'),
        ("inet", "'10.0.0.1'", '"10.0.0.1"'),
        ("bit(3)", "B'101'", '"101"'),
        ("int4range", "'[1,5)'", '"[1,5)"'),
        ("money", "1.5", '"$1.50"'),
        ("date", "NULL", ""),
    ],
    "mariadb": [
        ("char(5)", "'ab'", '"ab   "'),
        ("char(5) character set latin1", "'å'", '"å    "'),
        ("varchar(5)", "'ab '", '"ab "'),
        ("text", "'å€𝄞'", '"å€𝄞"'),
        ("boolean", "false", "false boolean"),
        ("tinyint(1)", "5", "5 integer"),
        ("tinyint", "1", "1 integer"),
        ("bit(1)", "b'1'", "true boolean"),
        ("bit(10)", "b'101'", '"0000000101"'),
        ("int(5) zerofill", "7", "7 integer"),
        ("bigint unsigned", "18446744073709551615", "18446744073709551615 integer"),
        ("decimal(12, 3)", "18.500", "18.5 decimal"),
        ("float", "1.65", "1.65E0 double"),
        ("float", "16777216", "1.6777216E7 double"),
        ("float", "3.402823466e38", "3.4028235E38 double"),
        ("double", "0.1", "1.0E-1 double"),
        ("date", "'2026-11-23'", "2026-11-23 date"),
        ("date", "'0000-00-00'", ""),
        ("time(2)", "'08:00:00.50'", "08:00:00.5 time"),
        ("time", "'24:00:00'", "24:00:00 time"),
        ("datetime(6)", "'2026-11-23 08:00:00.120000'", "2026-11-23T08:00:00.12 dateTime"),
        ("datetime(6)", "'0000-00-00'", ""),
        ("timestamp", "'2026-11-23 08:00:00'", "2026-11-23T08:00:00 dateTime"),
        ("timestamp", "0", ""),
        ("year", "2026", "2026 integer"),
        ("binary(3)", "x'CAFE'", "CAFE00 hexBinary"),
        ("varbinary(9)", "x'00FF'", "00FF hexBinary"),
        ("blob", "'abc'", "616263 hexBinary"),
        ("enum('x', 'long')", "'x'", '"x"'),
        ("set('u', 'v')", "'u,v'", '"u,v"'),
        ("json", f"'{FOUR}'", r'"{\"a\": 1.10}"'),
        (
            "uuid",
            "'123e4567-e89b-12d3-a456-426655440000'",
            '"123e4567-e89b-12d3-a456-426655440000"',
        ),
        ("inet6", "'::1'", '"::1"'),
        ("date", "NULL", ""),
    ],
}
# Type, a value that its datatype has and one that it has not, and what is said of the latter.
UNNATURAL = {
    "postgresql": [
        ("date", "2026-11-23", "infinity", "column 'c' = 'infinity' is no xsd:date"),
        ("date", "2026-11-23", "0044-03-15 BC", "'0044-03-15 BC' is no xsd:date"),
        ("timestamp", "2026-11-23", "-infinity", "column 'c' = '-infinity' is no xsd:dateTime"),
        ("timestamptz", "2026-11-23", "10000-01-01", "10000-01-01 00:00:00"),
        ("interval", "1 month", "1 month -1 day", "column 'c' = 'P1M-1D' is no xsd:duration"),
    ],
    "mariadb": [
        ("date", "2026-11-23", "2026-00-00", "column 'c' = '2026-00-00' is no xsd:date"),
        ("datetime", "2026-11-23", "2026-11-00", "'2026-11-00 00:00:00' is no xsd:dateTime"),
        ("time", "23:59:59", "-01:00:00", "column 'c' = '-01:00:00' is no xsd:time"),
        ("time", "23:59:59", "101:02:03", "column 'c' = '101:02:03' is no xsd:time"),
    ],
}

pytestmark = pytest.mark.server


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> tuple[str, str]:
    return request.param, request.getfixturevalue(SERVERS[request.param])


@contextmanager
def session(url: str) -> Iterator[sqlalchemy.Connection]:
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        if connection.dialect.name != "postgresql":
            connection.exec_driver_sql("SET sql_mode = ''")  # as ever so many old servers run
        yield connection
    engine.dispose()


def run(url: str, *statements: str) -> None:
    with session(url) as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def lift(folder: Path, url: str, wanted: str, names: list[str]) -> tuple[list[str], list[Rejected]]:
    """Lift columns of a table or query by ``id``: "id column value", and what was rejected."""
    rules = "".join(f"\n      - [ex:p{at}, $({name})]" for at, name in enumerate(names))
    source = json.dumps([f"{url}~sql", wanted])
    (folder / "m.yml").write_text(
        f'prefixes: {{ex: "{X}"}}\nmappings:\n  job:\n'
        f"    sources:\n      - {source}\n    s: ex:$(id)\n    po:{rules}\n",
        encoding="utf-8",
    )
    lifted = lift_file(folder / "m.yml", X, is_sorted=True)
    lines = [
        line.replace(f"<{X}", "").replace(">", "", 2).removesuffix(" .") for line in lifted.lines
    ]
    return lines, list(lifted.rejected)


def literal(expected: str) -> str:
    text, _, datatype = expected.rpartition(" ")
    return expected if expected[:1] in {"", '"'} else f'"{text}"^^<{XSD}{datatype}>'


def test_every_type_has_its_natural_literal(tmp_path: Path, server: tuple[str, str]) -> None:
    dialect, url = server
    cases = NATURAL[dialect]
    names = [f"c{number}" for number in range(len(cases))]
    declared = ", ".join(f"{name} {case[0]} NULL" for name, case in zip(names, cases, strict=True))
    values = ", ".join(case[1] for case in cases)
    create = f"CREATE TABLE natural_{dialect} (id int, {declared})"
    run(url, create, f"INSERT INTO natural_{dialect} VALUES (1, {values})")
    lines, rejected = lift(tmp_path, url, f"natural_{dialect}", names)
    assert rejected == []
    made = dict(line.removeprefix("1 ").split(" ", 1) for line in lines)
    expected = {f"p{at}": literal(case[2]) for at, case in enumerate(cases) if case[2]}
    assert {cases[int(name[1:])]: text for name, text in made.items()} == {
        cases[int(name[1:])]: text for name, text in expected.items()
    }


def test_a_value_that_its_datatype_has_not_costs_one_row(
    tmp_path: Path, server: tuple[str, str]
) -> None:
    dialect, url = server
    for number, (declared, good, bad, said) in enumerate(UNNATURAL[dialect]):
        name = f"unnatural{number}"
        rows = f"INSERT INTO {name} VALUES (1, NULL), (2, '{bad}'), (3, '{good}')"
        run(url, f"CREATE TABLE {name} (id int, c {declared} NULL)", rows)
        lines, rejected = lift(tmp_path, url, name, ["id", "c"])
        assert [line[:4] for line in lines] == ["1 p0", "3 p0", "3 p1"]
        (told,) = rejected
        assert (told.position, told.code, told.stage) == (f"{name}#2", "bad-literal", "read")
        assert said in told.message


def test_tables_are_found_by_the_names_that_sql_gives_them(
    tmp_path: Path, server: tuple[str, str]
) -> None:
    dialect, url = server
    mark = '"' if dialect == "postgresql" else "`"
    is_folded = dialect == "postgresql"
    tables = {  # as it is made, and as mappings may name it
        "Folded": ["Folded", '"folded"', "FOLDED"] if is_folded else ["Folded", '"Folded"'],
        f"{mark}Order List{mark}": ["Order List", '"Order List"', "`Order List`"],
        f"{mark}a.b{mark}": ["a.b", '"a.b"'],
        f"{mark}it's \"{mark}" if mark == "`" else '"it\'s """': ['"it\'s """'],
        f"other.{mark}order{mark}": ["other.order", '"other"."order"', "`other`.`order`"],
        f"{mark}select{mark}": ["select", '"select"'],
    }
    run(url, "CREATE SCHEMA other")
    for made, names in tables.items():
        run(url, f"CREATE TABLE {made} (id int)", f"INSERT INTO {made} VALUES (1)")
        for name in names:
            (row,) = to_items(read_rows(url, tmp_path, name, ["id"]))
            assert row == Item(f"{name}#1", [("1", f"{XSD}integer")]), f"{made} as {name}"
    with pytest.raises(SourceError, match="missing"):
        lift(tmp_path, url, "other.missing", ["id"])


def test_a_query_is_run_as_it_stands(tmp_path: Path, server: tuple[str, str]) -> None:
    _, url = server
    query = """WITH q AS (SELECT 1 AS id, '100 %s :x' AS t) -- all
        SELECT id, t FROM q WHERE t LIKE '%:x' ORDER BY id; """
    assert lift(tmp_path, url, query, ["t"])[0] == ['1 p0 "100 %s :x"']
    assert lift(tmp_path, url, "(SELECT 1 AS id)", ["id"])[0]


def test_a_column_is_found_by_its_delimited_name(tmp_path: Path, server: tuple[str, str]) -> None:
    dialect, url = server
    mark = '"' if dialect == "postgresql" else "`"
    query = f"SELECT 1 AS id, 2 AS {mark}Unit Price{mark}"
    for name in ("Unit Price", '"Unit Price"', "`Unit Price`"):
        assert lift(tmp_path, url, query, [name])[0] == [f'1 p0 "2"^^<{XSD}integer>']
    with pytest.raises(MappingError, match="has no column"):
        lift(tmp_path, url, query, ['"unit price"'])


def test_two_columns_of_one_name_are_refused(tmp_path: Path, server: tuple[str, str]) -> None:
    with pytest.raises(SourceError, match="two columns are 'id'"):
        lift(tmp_path, server[1], "SELECT 1 AS id, 2 AS id", ["id"])
