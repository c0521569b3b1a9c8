"""DuckDB as the engine of the lift: the only module that imports it.

`kg.lift.compile` writes SELECTs over functions named ``tr_…``; another engine is another set of
definitions of these names. Here they are macros.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from kg.errors import MappingError, SourceError
from kg.lift.duckdb_macros import MACROS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from sqlglot import exp

MEMORY = "512MB"
"""What a lift of files may hold in memory before it spills to disk."""

BATCH_ROWS = 8_192


class Engine:
    """One in-memory DuckDB with the lift's functions; no files, no network, no extensions."""

    def __init__(self) -> None:
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "enable_external_access": "false",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            },
        )
        _prepare(self._connection)

    def run(self, select: str, columns: dict[str, list[str | None]]) -> list[list[Any]]:
        """Run one SELECT over the relation ``batch`` and give its columns as lists, in row order.

        Raises:
            MappingError: DuckDB refuses it.
            UnicodeEncodeError: a text holds half a surrogate pair.
        """
        batch = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
        self._connection.register("batch", batch)
        try:
            rows = self._connection.execute(select).fetchall()
        except duckdb.Error as error:
            raise MappingError(
                str(error).splitlines()[0], hint="check regular expressions and time patterns"
            ) from error
        return [list(column) for column in zip(*rows, strict=True)]

    def check(self, select: str, columns: tuple[str, ...], where: str) -> None:
        """Let DuckDB read the SELECT once, so that a bad pattern is found before any row is.

        Raises:
            MappingError: it is refused; ``where`` names the mapping.
        """
        try:
            self.run(select, {name: [None] for name in columns or ("raw",)})
        except MappingError as error:
            raise MappingError(f"{where}: {error.message}", hint=error.hint) from error

    def close(self) -> None:
        """Free the engine's memory."""
        self._connection.close()


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line of a CSV file that is no row; ``problem`` is DuckDB's name for why."""

    file: str
    line: int
    problem: str
    raw: str


class FileEngine:
    """A DuckDB that streams over the files it is given, and spills to a folder beyond its memory.

    Besides these it reaches no file and no network.
    """

    def __init__(self, files: Sequence[Path], spill: Path, memory: str = MEMORY) -> None:
        self._connection = duckdb.connect(":memory:", config={"memory_limit": memory})
        paths = ", ".join(quote(str(file)) for file in files)
        self._connection.execute(
            f"SET autoinstall_known_extensions = false; SET autoload_known_extensions = false;"
            f"SET temp_directory = {quote(str(spill))};"
            f"SET allowed_directories = [{quote(str(spill))}]; SET allowed_paths = [{paths}];"
            f"SET enable_external_access = false"
        )
        _prepare(self._connection)

    def spool(self, name: str, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
        """Keep batches as a table that is written to disk when memory is short.

        Raises:
            SourceError: whatever stops the batches, or a disk that is full.
        """
        sql = f"CREATE TEMP TABLE {name} AS SELECT * FROM incoming LIMIT 0"
        for batch in chain([schema.empty_table()], batches):
            self._connection.register("incoming", batch)
            with _translated():
                self._connection.execute(sql)
            self._connection.unregister("incoming")
            sql = f"INSERT INTO {name} SELECT * FROM incoming"

    def types_of(self, relation: str) -> dict[str, str]:
        """Give the columns of a relation and their types.

        Raises:
            SourceError: the file cannot be read.
        """
        return {row[0]: row[1] for row in self.rows(f"DESCRIBE SELECT * FROM {relation}")}

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a query with a short answer."""
        with _translated():
            return self._connection.execute(sql).fetchall()

    def stream(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Run a query and give its answer piece by piece, as it is made."""
        with _translated():
            yield from self._connection.sql(sql).to_arrow_reader(BATCH_ROWS)

    def bad_lines(self) -> list[BadLine]:
        """Give the lines of CSV files that were left out so far, each once."""
        if not self.rows("SELECT 1 FROM duckdb_tables() WHERE table_name = 'reject_errors'"):
            return []
        found = self.rows(
            "SELECT DISTINCT ON (file_path, line) file_path, line, error_type, csv_line "
            "FROM reject_errors JOIN reject_scans USING (scan_id, file_id) "
            "ORDER BY file_path, line, error_type"
        )
        return [BadLine(*row) for row in found]

    def close(self) -> None:
        """Free the engine's memory and what it spilled."""
        self._connection.close()


def _prepare(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("\n".join(f"CREATE TEMP MACRO {macro};" for macro in MACROS))


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        raise SourceError(
            f"cannot be lifted: {str(error).splitlines()[0]}",
            hint="check that the files are whole, and that the disk has room to spill",
        ) from error


def quote(text: str) -> str:
    """Write a text literal in SQL."""
    return "'" + text.replace("'", "''") + "'"


def quote_name(name: str) -> str:
    """Write a column's name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def to_sql(select: exp.Select) -> str:
    """Write a SELECT in DuckDB's dialect."""
    return select.sql("duckdb")
