"""Units over whole sources: lines of N-Quads as DuckDB makes them, and what could not be lifted.

Most facts cannot come twice, because the subjects of a source differ: these are written as they
are made. Only the others go through DISTINCT, which spills to disk.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from kg.lift.delimited import lines_of_file, read_again, refuse_line
from kg.lift.duckdb import Engine, to_sql
from kg.lift.quads import group_overlapping, line_of, lines_of
from kg.lift.rejections import reject
from kg.lift.rows import CompiledSource, run_rows
from kg.lift.spool import POSITION
from kg.lift.tables import require_columns
from kg.lift.units import preparation_of
from kg.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa

    from kg.lift.duckdb import FileEngine
    from kg.lift.model import Pattern
    from kg.lift.putaside import PutAside
    from kg.lift.tables import Tables
    from kg.lift.units import Unit
    from kg.records import Rejected

_CHUNK_ROWS = 50_000


@dataclass(slots=True)
class _Run:
    """A unit under way: its SQL, and whether a row is known to have failed (None: not known).

    ``quick`` is the same but for rows of text that only a query of all columns finds broken.
    """

    unit: Unit
    sql: str
    quick: str
    has_failed: bool | None = None

    @property
    def failed(self) -> str:
        """The column that numbers a failed check; the one after it numbers a miss."""
        return f"o{len(self.unit.model.outputs)}"


class Bulk:
    """Runs the units of one mapping; ``rejected`` is filled by reading and by `report`.

    Raises:
        MappingError: a source has no column that the mapping names.
        SourceError: a source is not there, or cannot be read as a whole.
    """

    def __init__(
        self,
        engine: FileEngine,
        mapping: Path,
        tables: Tables,
        units: list[Unit],
        rejected: PutAside,
    ) -> None:
        self._engine = engine
        self._mapping = mapping
        self._tables = tables
        self._rejected = rejected
        self._runs = [
            _Run(unit, self._query(unit, is_whole=True), self._query(unit, is_whole=False))
            for unit in units
        ]

    def blocks(self) -> Iterator[bytes]:
        """Give every line once, in blocks."""
        repeated, single = self._parted()
        for run, patterns in zip(self._runs, single, strict=True):
            if patterns or run.unit.model.checks:
                yield from self._stream(run, patterns)
        for group in repeated:
            sql = f"SELECT DISTINCT line FROM ({self._union(group)})"
            yield from map(_text, self._engine.stream(sql))

    def sorted_blocks(self, spill: Path) -> Iterator[bytes]:
        """Give every line once, in the order of their bytes, by way of a file in ``spill``.

        The sort then has the memory for itself, and not the readers of all sources with it.
        """
        unsorted = spill / "lines.nq"
        with unsorted.open("wb") as out:
            out.writelines(self.blocks())
        sql = f"SELECT line || chr(10) FROM {lines_of_file(unsorted)} ORDER BY line"
        yield from map(_text, self._engine.stream(sql))

    def report(self) -> None:
        """Say what could not be lifted, and where it stands; of every row once."""
        # Only where several units read a source can a row fail twice.
        shared = Counter(run.unit.source.name for run in self._runs)
        seen = set(map(_row_of, self._rejected)) if max(shared.values(), default=0) > 1 else set()
        for found in (*map(self._failures_of, self._runs), self._bad_lines()):
            for rejected in found:
                if shared[rejected.source] > 1:
                    row = _row_of(rejected)
                    if row in seen:
                        continue
                    seen.add(row)
                self._rejected.append(rejected)

    def _failures_of(self, run: _Run) -> Iterator[Rejected]:
        if not self._has_failed(run):
            return iter(())
        text_file = self._tables.open(run.unit.source).text_file
        return self._failures(run) if text_file is None else self._read_again(run, text_file)

    def _bad_lines(self) -> Iterator[Rejected]:
        texts = {}
        for run in self._runs:
            table = self._tables.open(run.unit.source)
            texts[table.read_as] = run.unit.source, len(table.columns)
        for bad in self._engine.bad_lines():
            yield refuse_line(*texts[bad.file], bad)

    def _query(self, unit: Unit, *, is_whole: bool) -> str:
        model = unit.model
        table = self._tables.open(unit.source)
        is_typed = preparation_of(unit.source).is_typed
        batch = table.select(model.columns, needs_row=model.needs_row, is_typed=is_typed)
        if is_whole and table.text_file is not None and model.columns:
            batch = require_columns(batch, model.columns)
        relations = f"batch AS {batch}"
        if model.parent is not None:
            parent = model.parent
            is_typed = preparation_of(parent.source).is_typed
            other = self._tables.open(parent.source)
            select = other.select(parent.columns, needs_row=parent.needs_row, is_typed=is_typed)
            if is_whole and other.text_file is not None and parent.columns:
                select = require_columns(select, parent.columns)
            relations += f", parent AS {select}"
        return f"WITH {relations} {to_sql(model.select)}"

    def _parted(self) -> tuple[list[list[tuple[_Run, Pattern]]], list[list[Pattern]]]:
        """Part the patterns: groups that may repeat lines, and for each run those that cannot."""
        placed = [(run, pattern) for run in self._runs for pattern in run.unit.model.patterns]
        groups = group_overlapping([(pattern, run.unit.model.outputs) for run, pattern in placed])
        alone = [placed[group[0]] for group in groups if len(group) == 1]
        unique = {id(run): self._unique_columns(run, alone) for run in self._runs}
        repeated = [[placed[number] for number in group] for group in groups if len(group) > 1]
        single: dict[int, list[Pattern]] = {id(run): [] for run in self._runs}
        for run, pattern in alone:
            if unique[id(run)] & {pattern.subject, pattern.object}:
                single[id(run)].append(pattern)
            else:
                repeated.append([(run, pattern)])
        return repeated, [single[id(run)] for run in self._runs]

    def _unique_columns(self, run: _Run, alone: list[tuple[_Run, Pattern]]) -> set[int | str]:
        """Find subjects that differ in all rows of a source; equal hashes count as equal."""
        if run.unit.is_multiplied:
            return set()
        numbers = sorted(
            {
                place
                for other, pattern in alone
                for place in [
                    pattern.subject if isinstance(pattern.subject, int) else pattern.object
                ]
                if other is run and isinstance(place, int)
            }
        )
        if not numbers:
            return set()
        tests = ", ".join(f"count(o{n}) = count(DISTINCT hash(o{n}))" for n in numbers)
        hashed = f"SELECT {tests} FROM ({run.quick})"
        (answers,) = self._engine.rows(hashed)
        return {number for number, is_unique in zip(numbers, answers, strict=True) if is_unique}

    def _stream(self, run: _Run, patterns: list[Pattern]) -> Iterator[bytes]:
        lines = to_expression(lines_of(patterns)) if patterns else "''"
        is_whole = len(patterns) == len(run.unit.model.patterns)
        query = run.quick if is_whole else run.sql
        has_checks = bool(run.unit.model.checks or run.unit.model.misses)
        if not has_checks:
            run.has_failed = False
            sql = f"SELECT {lines} AS line FROM ({query})"
            yield from map(_text, self._engine.stream(sql))
            return
        extra = f"o{len(run.unit.model.outputs) + 1}"
        made = f"CASE WHEN {run.failed} IS NULL THEN {lines} END AS line"
        has_failed = False
        for batch in self._engine.stream(
            f"SELECT {made}, {run.failed} IS NULL AND {extra} IS NULL AS good FROM ({query})"
        ):
            has_failed = has_failed or batch.column(1).true_count != len(batch)
            yield _text(batch)
        run.has_failed = has_failed

    def _union(self, places: list[tuple[_Run, Pattern]]) -> str:
        parts = [
            f"SELECT {to_expression(line_of(pattern))} AS line FROM ({run.sql}) "
            f"WHERE {run.failed} IS NULL"
            for run, pattern in places
        ]
        return f"SELECT line FROM ({' UNION ALL '.join(parts)}) WHERE line IS NOT NULL"

    def _has_failed(self, run: _Run) -> bool:
        model = run.unit.model
        if run.has_failed is None:
            extra = f"o{len(model.outputs) + 1}"
            sql = f"SELECT 1 FROM ({run.sql}) WHERE coalesce({run.failed}, {extra}) IS NOT NULL"
            has_checks = bool(model.checks or model.misses)
            run.has_failed = has_checks and bool(self._engine.rows(f"{sql} LIMIT 1"))
        return run.has_failed

    def _failures(self, run: _Run) -> Iterator[Rejected]:
        """Give the rows of a spooled source that failed, with the place that each has kept."""
        model = run.unit.model
        select = model.select.copy()
        numbers = select.expressions[-2:]
        position = (
            exp.column(POSITION) if self._tables.open(run.unit.source).is_spooled else exp.null()
        )
        raw = [exp.column(name) for name in model.columns.values()]
        select.set("expressions", [*numbers, position, *raw])
        query = run.sql.removesuffix(to_sql(model.select)) + to_sql(select)
        for failed, missed, place, *values in self._engine.rows(query):
            check = failed if failed is not None else missed
            if check is None:
                continue
            row = dict(zip(model.columns, values, strict=True))
            name = run.unit.source.name
            record = Record(name, name, "", row, place or name)
            known = model.checks if failed is not None else model.misses
            yield reject(record, known[check], self._mapping)

    def _read_again(self, run: _Run, file: Path) -> Iterator[Rejected]:
        """Find the bad rows of a text file by their lines, by a slower reading of it."""
        compiled = CompiledSource(
            run.unit.source.name, self._mapping, run.unit.model, to_sql(run.unit.model.select)
        )
        engine = Engine()
        records: list[Record] = []
        for record in read_again(file, run.unit.source):
            if not isinstance(record, Record):
                continue  # DuckDB has left out the line too, and `_bad_lines` tells of it
            records.append(record)
            if len(records) == _CHUNK_ROWS:
                yield from run_rows(engine, compiled, records).rejected
                records = []
        if records:
            yield from run_rows(engine, compiled, records).rejected
        engine.close()


def _row_of(rejected: Rejected) -> tuple[str, str, str]:
    """Tell one row from another; those of a table in memory have no place, but values."""
    has_place = rejected.position != rejected.source
    return rejected.source, rejected.position, "" if has_place else rejected.message


def to_expression(expression: exp.Expr) -> str:
    """Write an expression in DuckDB's dialect."""
    return to_sql(exp.select(expression)).removeprefix("SELECT ")


def _text(batch: pa.RecordBatch) -> bytes:
    """Give the first column's texts one after another, as Arrow already holds them."""
    column = batch.column(0)
    _, offsets, data = column.buffers()
    if data is None:
        return b""
    ends = memoryview(offsets).cast("i")
    return bytes(memoryview(data)[ends[column.offset] : ends[column.offset + len(column)]])
