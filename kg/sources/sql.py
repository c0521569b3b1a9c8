"""SQL databases, by any SQLAlchemy URL; a SQLite file and its neighbours are never touched."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING

import sqlalchemy
from sqlalchemy.exc import SQLAlchemyError

from kg.databases import Result, opened, parse_url, place_of
from kg.settings import TableSettings
from kg.sources.admission import Admission
from kg.sources.cells import is_encodable, to_scalar
from kg.sources.delimited import refuse_encoding
from kg.sources.reading import Reading, Row, Unreadable
from kg.sources.watermark import State, Watermark, write_as_column

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy.engine import Engine

    from kg.databases import Database
    from kg.settings import SourceSettings
    from kg.sources.reading import Item
    from kg.sources.watermark import Start

_PUT_BACK_SECONDS = 3_600
_MISSING_COLUMN = re.compile(
    r"(?:no such column:|column|Unknown column|Invalid column name) [\"'`]?([\w.]+)", re.IGNORECASE
)
_MISSING_TABLE = re.compile(
    r"(?:no such table:|relation|Table|Invalid object name) [\"'`]?([\w.\-]+)", re.IGNORECASE
)


def read_tables(
    source: SourceSettings, cursors: Mapping[str, str], now: datetime
) -> Iterator[Reading]:
    """Give a reading for each table or query of a database.

    Raises:
        SourceError: the database, a table or a column is not there, or cannot be read.
    """
    for table in source.tables:
        reading = Reading(table, iter(()))
        if table.cursor is None:
            reading.items = _read_table(source, reading)
        else:
            reading.items = _follow_table(source, reading, cursors.get(table.name, ""), now)
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


def _follow_table(
    source: SourceSettings, reading: Reading, cursor: str, now: datetime
) -> Iterator[Item]:
    """Read what is new by the cursor column and, when it is time to, the keys that there are."""
    table = reading.table
    state = State.read(cursor, _place(source), table.query, _table_name(table), table.cursor)
    with _opened(source, table) as database:
        growing = _GrowingTable(source, reading, database)
        watermark = Watermark(source, table, now)
        watermark.resume(state.high)
        start = watermark.start()
        read = yield from growing.read(start, watermark)
        if start is not None and not read:
            # Not even the row of the mark is there: it was deleted, or the table set back.
            watermark = Watermark(source, table, now)
            yield from growing.read(None, watermark)
        watermark.check()
        reconciled = state.reconciled
        if reading.is_from_start or _is_due(table, reconciled, now):
            reading.present_keys = growing.keys() if table.reconcile else None
            reconciled = now.isoformat()
    reading.cursor = replace(state, high=watermark.written(), reconciled=reconciled).write()


def _is_due(table: TableSettings, reconciled: str, now: datetime) -> bool:
    if table.reconcile is None or not reconciled:
        return table.reconcile is not None
    age = (now - datetime.fromisoformat(reconciled)).total_seconds()
    return age >= table.reconcile.every_seconds


class _GrowingTable:
    """A table or query whose rows are asked for by a column that grows."""

    def __init__(self, source: SourceSettings, reading: Reading, database: Database) -> None:
        assert reading.table.cursor is not None
        self._reading = reading
        self._database = database
        self._admission = Admission(source, reading.table)
        self._column = reading.table.cursor.column
        self._place = f"{_place(source)}:{reading.table.name}#"
        self._form = reading.table.time_form(self._column)
        self._from = f"FROM ({_query(database, reading.table).strip().removesuffix(';')}\n) AS q"

    def read(self, start: Start | None, watermark: Watermark) -> Generator[Item, None, int]:
        """Read the rows from a start on, and count them."""
        table = self._reading.table
        count = 0
        with self._database.reading(self._select(start), is_zoned=True) as result:
            columns = [column.name for column in result.columns]
            what = "the query" if table.query else _table_name(table)
            self._admission.check_columns(columns, what)
            place = columns.index(self._column)
            rows = _watched(result, place, watermark)
            self._reading.is_from_start = start is None
            for item in self._admission.admit(_rows(rows, self._place), self._reading):
                count += 1
                yield item
        return count

    def keys(self) -> set[str]:
        """Read the keys of all rows, and nothing else of them."""
        table = self._reading.table
        names = ", ".join(
            f"q.{self._quoted(name)}" for name in dict.fromkeys((*table.key, *table.where))
        )
        keys = set()
        with self._database.reading(
            f"SELECT DISTINCT {names} {self._from}", is_zoned=True
        ) as found:
            for row in _rows(found, self._place):
                key = self._admission.key_of(row.cells) if isinstance(row, Row) else None
                keys |= {key} if key is not None else set()
        return keys

    def _select(self, start: Start | None) -> str:
        if start is None:
            return f"SELECT * {self._from}"
        least = self._literal(start)
        return f"SELECT * {self._from} WHERE q.{self._quoted(self._column)} >= {least}"

    def _literal(self, start: Start) -> str:
        dialect = self._database.connection.dialect.name
        if start.number is not None:
            return f"{start.number.normalize():f}"
        moment, kind = start.moment, start.mark.kind
        assert moment is not None
        if kind == "instant" and dialect in {"mysql", "mariadb"}:
            # As the session's local time; one that comes twice may be taken for the later one.
            return f"FROM_UNIXTIME({moment.timestamp() - _PUT_BACK_SECONDS:f})"
        if kind == "day":
            return f"'{moment.date().isoformat()}'"
        if kind != "text":
            return f"'{moment.isoformat(sep=' ')}'"
        said = write_as_column(start, self._form, self._database.where, is_sorted=True)
        return "'" + said.replace("'", "''") + "'"

    def _quoted(self, name: str) -> str:
        return self._database.connection.dialect.identifier_preparer.quote_identifier(name)


def _watched(result: Result, place: int, watermark: Watermark) -> Result:
    def rows() -> Iterator[Sequence[object]]:
        for values in result.rows:
            watermark.see(values[place])
            yield values

    return Result(result.columns, rows())


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
