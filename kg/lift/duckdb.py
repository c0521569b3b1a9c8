"""DuckDB as the engine of the lift: the only module that imports it.

`kg.lift.compile` writes SELECTs over functions named ``tr_…``; another engine is another set of
definitions of these names. Here they are macros.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from threading import RLock
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from kg.errors import MappingError, SourceError
from kg.lift.columns import NO_COLUMN
from kg.lift.duckdb_macros import MACROS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sqlglot import exp

MEMORY = "512MB"
"""What a lift of files may hold in memory before it spills to disk."""

BATCH_ROWS = 8_192
_INSERTED_ROWS = 50_000
_INSERTED_BYTES = 1 << 24


class Engine:
    """One in-memory DuckDB with the lift's functions; no files, no network, no extensions.

    It is opened with the first SELECT. Any thread may run one, and waits for another's.
    """

    def __init__(self) -> None:
        self._opened: duckdb.DuckDBPyConnection | None = None
        self._running = RLock()
        self._prepared = 0

    def prepare(self, select: str, columns: Sequence[str], where: str = "") -> PreparedSelect:
        """Plan one SELECT over the relation ``batch``, whose columns are text.

        It is tried on a row without values, so that a bad pattern is found before any row is.

        Raises:
            MappingError: it is refused; ``where`` names the mapping.
        """
        names = tuple(columns) or (NO_COLUMN,)
        with self._running:
            self._prepared += 1
            try:
                prepared = PreparedSelect(
                    self._connection, self._running, self._prepared, select, names
                )
                prepared.run({name: [None] for name in names})
            except MappingError as error:
                message = f"{where}: {error.message}" if where else error.message
                raise MappingError(message, hint=error.hint) from error
        return prepared

    def close(self) -> None:
        """Free the engine's memory."""
        if self._opened is not None:
            self._opened.close()

    @property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        if self._opened is None:
            self._opened = duckdb.connect(
                ":memory:",
                config={
                    "enable_external_access": "false",
                    "autoinstall_known_extensions": "false",
                    "autoload_known_extensions": "false",
                },
            )
            _prepare(self._opened)
        return self._opened


class PreparedSelect:
    """A SELECT that is planned once: to plan it takes longer than to run it on a hundred rows."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        running: RLock,
        number: int,
        select: str,
        columns: Sequence[str],
    ) -> None:
        self._connection = connection
        self._running = running
        self._schema = pa.schema([(name, pa.string()) for name in columns])
        self._batch = _Batch(self._schema.empty_table())
        self._execute = f"EXECUTE select{number}"
        connection.register(f"batch{number}", self._batch)
        with _refused():
            connection.execute(
                f"PREPARE select{number} AS WITH batch AS (FROM batch{number}) {select}"
            )

    def run(self, columns: Mapping[str, Sequence[str | None]]) -> list[list[Any]]:
        """Run it over the columns and give those of its answer, in the order of the rows.

        Raises:
            MappingError: DuckDB refuses a value that the mapping makes of a row.
            UnicodeEncodeError: a text holds half a surrogate pair.
        """
        arrays = [pa.array(columns[name], pa.string()) for name in self._schema.names]
        table = pa.Table.from_arrays(arrays, schema=self._schema)
        with self._running, _refused():
            self._batch.table = table
            rows = self._connection.execute(self._execute).fetchall()
        return [list(column) for column in zip(*rows, strict=True)]


class _Batch:
    """What a prepared SELECT reads: the table of the moment, by Arrow's PyCapsule interface."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __arrow_c_schema__(self) -> object:
        return self.table.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)


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
        self._registered = 0
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
        for table in chain([schema.empty_table()], _together(batches)):
            self._connection.register("incoming", table)
            with _translated():
                self._connection.execute(sql)
            self._connection.unregister("incoming")
            sql = f"INSERT INTO {name} SELECT * FROM incoming"

    def register(self, table: pa.Table) -> str:
        """Make a table in memory a relation and give its name."""
        self._registered += 1
        name = f"given{self._registered}"
        self._connection.register(name, table)
        return name

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


def _together(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Put small batches together: what an INSERT costs hardly depends on its rows."""
    waiting: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        waiting.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows >= _INSERTED_ROWS or size >= _INSERTED_BYTES:
            yield pa.Table.from_batches(waiting)
            waiting, rows, size = [], 0, 0
    if waiting:
        yield pa.Table.from_batches(waiting)


def _prepare(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("\n".join(f"CREATE TEMP MACRO {macro};" for macro in MACROS))


@contextmanager
def _refused() -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise MappingError(
            str(error).splitlines()[0], hint="check regular expressions and time patterns"
        ) from error


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
