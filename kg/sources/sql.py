"""SQL databases, by any SQLAlchemy URL; a SQLite file and its neighbours are never touched."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing, contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from kg.errors import SourceError
from kg.settings import TableSettings
from kg.sources.admission import Admission
from kg.sources.cells import is_encodable, to_scalar
from kg.sources.delimited import refuse_encoding
from kg.sources.reading import Reading, Row, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import URL, Connection, CursorResult, Engine

    from kg.settings import SourceSettings
    from kg.sources.reading import Item

_FETCHED = 1_000
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
    url = _parse_url(source)
    for table in source.tables:
        reading = Reading(table, iter(()))
        reading.items = _read_table(source, url, reading)
        yield reading


def list_tables(source: SourceSettings) -> list[str]:
    """Name the tables and views of a database.

    Raises:
        SourceError: the database is not there, or cannot be read.
    """
    engine = _engine(source, _parse_url(source))
    try:
        with _translated(source, _peeked(source, ""), engine):
            inspector = sqlalchemy.inspect(engine)
            return sorted([*inspector.get_table_names(), *inspector.get_view_names()])
    finally:
        engine.dispose()


def primary_key(source: SourceSettings, name: str) -> tuple[str, ...]:
    """Name the columns of a table's primary key; () where it declares none.

    Raises:
        SourceError: the database or the table is not there, or cannot be read.
    """
    engine = _engine(source, _parse_url(source))
    schema, _, local = name.rpartition(".") if engine.dialect.name != "sqlite" else ("", "", name)
    try:
        with _translated(source, _peeked(source, name), engine):
            found = sqlalchemy.inspect(engine).get_pk_constraint(local, schema or None)
            return tuple(found["constrained_columns"])
    finally:
        engine.dispose()


def peek_rows(source: SourceSettings, name: str) -> Iterator[Row | Unreadable]:
    """Give a table's rows as they stand, before anybody has said what its key is.

    Raises:
        SourceError: the database or the table is not there, or cannot be read.
    """
    table, url = _peeked(source, name), _parse_url(source)
    engine = _engine(source, url)
    try:
        with (
            _translated(source, table, engine),
            engine.connect() as connection,
            closing(_execute(connection, table)) as result,
        ):
            yield from _rows(result, list(result.keys()), f"{_place(url)}:{name}#")
    finally:
        engine.dispose()


def _peeked(source: SourceSettings, name: str) -> TableSettings:
    # Nothing is known of the table but its name; what settings demand beside that is not used.
    return TableSettings(name=source.name, mapping="none", key=("none",), table=name)


def _read_table(source: SourceSettings, url: URL, reading: Reading) -> Iterator[Item]:
    table = reading.table
    admission = Admission(source, table)
    engine = _engine(source, url)
    before = _stamp(url)
    try:
        with (
            _translated(source, table, engine),
            engine.connect() as connection,
            closing(_execute(connection, table)) as result,
        ):
            columns = list(result.keys())
            if twice := {column for column in columns if columns.count(column) > 1}:
                raise SourceError(
                    f"source {source.name}, table {table.name}: two columns are {min(twice)!r}",
                    hint="name each column of its own with AS",
                )
            admission.check_columns(columns, "the query" if table.query else _table_name(table))
            place = f"{_place(url)}:{table.name}#"
            yield from admission.admit(_rows(result, columns, place), reading)
            _check_unwritten(url, before)
    finally:
        engine.dispose()


def _execute(connection: Connection, table: TableSettings) -> CursorResult[Any]:
    query = table.query or f"SELECT * FROM {_quoted(connection, _table_name(table))}"
    # The driver gets the text as it stands: ':' and '%' in a query are not parameters.
    options = {"stream_results": True, "yield_per": _FETCHED, "no_parameters": True}
    return connection.execution_options(**options).exec_driver_sql(query)


def _quoted(connection: Connection, name: str) -> str:
    preparer = connection.dialect.identifier_preparer
    parts = [name] if connection.dialect.name == "sqlite" else name.split(".")
    return ".".join(preparer.quote(part) for part in parts)


def _rows(result: CursorResult[Any], columns: list[str], place: str) -> Iterator[Row | Unreadable]:
    for number, values in enumerate(result, start=1):
        cells = dict(zip(columns, map(to_scalar, values), strict=True))
        text = json.dumps(cells, ensure_ascii=False)
        if is_encodable(text):
            yield Row(cells, place, text)
        else:
            yield refuse_encoding(f"{place}row {number}", text)


def _table_name(table: TableSettings) -> str:
    return table.table or table.name


def _place(url: URL) -> str:
    database = url.database or ""
    if url.get_backend_name() == "sqlite":
        return Path(database).name
    return f"{url.host}/{database}" if url.host else database or url.get_backend_name()


def _parse_url(source: SourceSettings) -> URL:
    try:
        return sqlalchemy.make_url(source.url)
    except ArgumentError as error:  # its message would repeat the URL with its password
        raise SourceError(
            f"source {source.name}: its url is no SQLAlchemy URL",
            hint="write it as dialect://user:${PASSWORD}@host/database or sqlite:///file.sqlite",
        ) from error


def _engine(source: SourceSettings, url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        path = Path(url.database or "")
        if not path.is_file():
            raise SourceError(
                f"source {source.name}: there is no SQLite file {path}",
                hint="check url in plant.toml; a relative path starts at plant.toml's folder",
            )
        return sqlalchemy.create_engine(
            "sqlite://", creator=lambda: _connect_read_only(source, path), poolclass=NullPool
        )
    try:
        return sqlalchemy.create_engine(url, poolclass=NullPool)
    except (NoSuchModuleError, ImportError) as error:
        raise SourceError(
            f"source {source.name}: no driver for {url.drivername}",
            hint=f"install one: {error}",
        ) from error


def _connect_read_only(source: SourceSettings, path: Path) -> sqlite3.Connection:
    """Open without a trace: a reader of a WAL database would make or touch its -shm otherwise."""
    wal = path.with_name(path.name + "-wal")
    if not _is_at_rest(path):
        # readonly_shm: go by the log's index that is there, or by a private one in memory.
        options = "mode=ro&readonly_shm=1"
    elif wal.is_file() and wal.stat().st_size:
        raise SourceError(
            f"source {source.name}: {wal.name} holds changes that {path.name} has not yet, and its"
            " index is missing",
            hint="open and close the database once with the system that owns it, or copy its -shm",
        )
    else:
        options = "mode=ro&immutable=1"
    return _open_uri(f"{path.resolve().as_uri()}?{options}")


def _is_at_rest(path: Path) -> bool:
    """Say whether nobody has a WAL database open: its log or the log's index is not there."""
    with path.open("rb") as file:
        header = file.read(20)
    is_wal = header[18:20] == b"\x02\x02"
    return is_wal and not all(
        path.with_name(path.name + ending).is_file() for ending in ("-wal", "-shm")
    )


def _open_uri(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
    # One text that is no UTF-8 must cost one row, not the table.
    connection.text_factory = lambda content: content.decode("utf-8", "surrogateescape")
    return connection


def _stamp(url: URL) -> tuple[int, int] | None:
    """Give what changes when a SQLite file at rest is written; None where reads are isolated."""
    path = Path(url.database or "")
    if url.get_backend_name() != "sqlite" or not _is_at_rest(path):
        return None
    return path.stat().st_size, path.stat().st_mtime_ns


def _check_unwritten(url: URL, before: tuple[int, int] | None) -> None:
    # An immutable file is read without locks: a writer that came meanwhile tears the rows apart.
    stat = Path(url.database or "").stat() if before else None
    if stat and (stat.st_size, stat.st_mtime_ns) != before:
        raise SourceError(
            f"{_place(url)} was written while it was read", hint="read it again: nothing is lost"
        )


@contextmanager
def _translated(source: SourceSettings, table: TableSettings, engine: Engine) -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, sqlite3.DatabaseError, OSError) as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise SourceError(
            f"source {source.name}, table {table.name}: {reason}",
            hint=_near_names(engine, table, reason) or "check url and query in source.toml",
        ) from error


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
