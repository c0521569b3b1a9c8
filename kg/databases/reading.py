"""An open database: tables and queries give their rows one by one, whatever their number."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kg.databases import mysql, postgresql
from kg.databases.columns import Column
from kg.databases.naming import quote_table
from kg.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.engine import Connection, CursorResult

_FETCHED = 2_000


@dataclass(frozen=True, slots=True)
class Result:
    """Columns, and rows that can be read once."""

    columns: list[Column]
    rows: Iterator[Sequence[object]]


@dataclass(frozen=True, slots=True)
class Database:
    """A connection; ``where`` is what its errors begin with."""

    connection: Connection
    where: str

    def select_all(self, table: str) -> str:
        """Write the query of a whole table, by its name as SQL writes it."""
        return f"SELECT * FROM {quote_table(self.connection, table)}"

    def columns(self, sql: str) -> list[Column]:
        """Name the columns of a query, without reading its rows.

        Raises:
            SourceError: two of them have one name.
        """
        sql, columns = self._plan(sql, is_zoned=False)
        if columns:
            return columns
        with self._run(sql) as result:
            return self._describe(result)

    @contextmanager
    def reading(self, sql: str, *, is_zoned: bool = False) -> Iterator[Result]:
        """Run a query as it stands; the driver holds a few of its rows at a time.

        ``is_zoned``: times that the database keeps as instants are given as such.

        Raises:
            SourceError: two of its columns have one name.
        """
        sql, columns = self._plan(sql, is_zoned=is_zoned)
        with self._run(sql) as result:
            columns = columns or self._describe(result)
            yield Result(columns, _decoded(result, columns))

    def _plan(self, sql: str, *, is_zoned: bool) -> tuple[str, list[Column]]:
        """Prepare the driver; give the query to run, and its columns where they are known."""
        sql = sql.strip().removesuffix(";")
        columns: list[Column] = []
        if self._driver == "pymysql":
            mysql.prepare(self.connection)
            sql, columns = mysql.exact(self.connection, sql, is_zoned=is_zoned)
            self._refuse_twins(columns)
        elif self._driver == "psycopg":
            postgresql.prepare(self.connection)
        return sql, columns

    @contextmanager
    def _run(self, sql: str) -> Iterator[CursorResult[Any]]:
        # The driver gets the text as it stands: ':' and '%' in a query are not parameters.
        options = {"stream_results": True, "yield_per": _FETCHED, "no_parameters": True}
        connection = self.connection.execution_options(**options)
        with closing(connection.exec_driver_sql(sql)) as result:
            cursor = result.cursor
            try:
                yield result
            finally:
                if self._driver == "pymysql":
                    mysql.abandon(self.connection, cursor)

    @property
    def _driver(self) -> str:
        return self.connection.dialect.driver

    def _describe(self, result: CursorResult[Any]) -> list[Column]:
        if self._driver == "pymysql":
            columns = mysql.describe(result.cursor)
            mysql.refuse_rounded(columns, self.where)
        elif self._driver == "psycopg":
            columns = postgresql.describe(result.cursor)
        else:
            columns = list(map(Column, result.keys()))
        self._refuse_twins(columns)
        return columns

    def _refuse_twins(self, columns: list[Column]) -> None:
        """Refuse names that say nothing (column names must not repeat; R2RML, section 5.2)."""
        names = [column.name for column in columns]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise SourceError(
                f"{self.where}: two columns are {min(twice)!r}",
                hint="name each column of its own with AS",
            )


def _decoded(result: CursorResult[Any], columns: list[Column]) -> Iterator[Sequence[object]]:
    decodes = [(place, column.decode) for place, column in enumerate(columns) if column.decode]
    if not decodes:
        yield from result
    for values in result:
        row = list(values)
        for place, decode in decodes:
            if row[place] is not None:
                row[place] = decode(row[place])
        yield row
