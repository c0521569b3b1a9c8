"""SQL databases, by any SQLAlchemy URL; a SQLite file and its neighbours are never touched."""

from __future__ import annotations

import json
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

import sqlalchemy
from sqlalchemy.exc import SQLAlchemyError

from kg.databases import opened, parse_url, place_of
from kg.settings import TableSettings
from kg.sources.admission import Admission
from kg.sources.cells import is_encodable, to_scalar
from kg.sources.delimited import refuse_encoding
from kg.sources.reading import Reading, Row, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from sqlalchemy.engine import Engine

    from kg.databases import Database, Result
    from kg.settings import SourceSettings
    from kg.sources.reading import Item

_MISSING_COLUMN = re.compile(
    r"(?:no such column:|column|Unknown column|Invalid column name) [\"'`]?([\w.]+)", re.IGNORECASE
)
_MISSING_TABLE = re.compile(
    r"(?:no such table:|relation|Table|Invalid object name) [\"'`]?([\w.\-]+)", re.IGNORECASE
)


def read_tables(source: SourceSettings) -> Iterator[Reading]:
    """Give a reading for each table or query of a database.

    Raises:
        SourceError: the database, a table or a column is not there, or cannot be read.
    """
    for table in source.tables:
        reading = Reading(table, iter(()))
        reading.items = _read_table(source, reading)
        yield reading


def list_tables(source: SourceSettings) -> list[str]:
    """Name the tables and views of a database.

    Raises:
        SourceError: the database is not there, or cannot be read.
    """
    with _opened(source, _peeked(source, "")) as database:
        inspector = sqlalchemy.inspect(database.connection)
        return sorted([*inspector.get_table_names(), *inspector.get_view_names()])


def primary_key(source: SourceSettings, name: str) -> tuple[str, ...]:
    """Name the columns of a table's primary key; () where it declares none.

    Raises:
        SourceError: the database or the table is not there, or cannot be read.
    """
    with _opened(source, _peeked(source, name)) as database:
        is_file = database.connection.dialect.name == "sqlite"
        schema, _, local = ("", "", name) if is_file else name.rpartition(".")
        inspector = sqlalchemy.inspect(database.connection)
        return tuple(inspector.get_pk_constraint(local, schema or None)["constrained_columns"])


def peek_rows(source: SourceSettings, name: str) -> Iterator[Row | Unreadable]:
    """Give a table's rows as they stand, before anybody has said what its key is.

    Raises:
        SourceError: the database or the table is not there, or cannot be read.
    """
    table = _peeked(source, name)
    with (
        _opened(source, table) as database,
        database.reading(_query(database, table), is_zoned=True) as result,
    ):
        yield from _rows(result, f"{_place(source)}:{name}#")


def _peeked(source: SourceSettings, name: str) -> TableSettings:
    # Nothing is known of the table but its name; what settings demand beside that is not used.
    return TableSettings(name=source.name, mapping="none", key=("none",), table=name)


def _read_table(source: SourceSettings, reading: Reading) -> Iterator[Item]:
    table = reading.table
    admission = Admission(source, table)
    with (
        _opened(source, table) as database,
        database.reading(_query(database, table), is_zoned=True) as result,
    ):
        columns = [column.name for column in result.columns]
        admission.check_columns(columns, "the query" if table.query else _table_name(table))
        place = f"{_place(source)}:{table.name}#"
        yield from admission.admit(_rows(result, place), reading)


def _query(database: Database, table: TableSettings) -> str:
    return table.query or database.select_all(_table_name(table))


def _rows(result: Result, place: str) -> Iterator[Row | Unreadable]:
    columns = [column.name for column in result.columns]
    for number, values in enumerate(result.rows, start=1):
        cells = dict(zip(columns, map(to_scalar, values), strict=True))
        text = json.dumps(cells, ensure_ascii=False)
        if is_encodable(text):
            yield Row(cells, place, text)
        else:
            yield refuse_encoding(f"{place}row {number}", text)


def _table_name(table: TableSettings) -> str:
    return table.table or table.name


def _place(source: SourceSettings) -> str:
    return place_of(parse_url(source.url, f"source {source.name}: its url"))


def _opened(source: SourceSettings, table: TableSettings) -> AbstractContextManager[Database]:
    url = parse_url(source.url, f"source {source.name}: its url")

    def hint(engine: Engine, reason: str) -> str:
        return _near_names(engine, table, reason) or "check url and query in source.toml"

    return opened(url, f"source {source.name}, table {table.name}", hint)


def _near_names(engine: Engine, table: TableSettings, reason: str) -> str:
    missing_table, missing_column = _MISSING_TABLE.search(reason), _MISSING_COLUMN.search(reason)
    if not (missing_table or missing_column):
        return ""
    try:
        inspector = sqlalchemy.inspect(engine)
        names = inspector.get_table_names() + inspector.get_view_names()
        if missing_column:
            words = set(re.findall(r"[\w\-]+", table.query)) | {_table_name(table)}
            used = [name for name in names if name in words]
            names = [str(column["name"]) for name in used for column in inspector.get_columns(name)]
    except SQLAlchemyError:  # the database itself is out of reach: the first reason says it
        return ""
    found = missing_column or missing_table
    name = found.group(1).rsplit(".", 1)[-1] if found else ""
    near = get_close_matches(name, names, n=4) or sorted(set(names))[:12]
    return f"there is {', '.join(near)}; correct the query in source.toml"
