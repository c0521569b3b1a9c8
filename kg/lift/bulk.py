"""Units over whole sources: lines of N-Quads as DuckDB makes them, and what could not be lifted.

Most facts cannot come twice, because the subjects of a source differ: these are written as they
are made. Only the others go through DISTINCT, which spills to disk.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from sqlglot import exp

from kg.lift.delimited import lines_of_file, read_again, refuse_line
from kg.lift.duckdb import Engine, to_sql
from kg.lift.quads import group_overlapping, line_of, lines_of, quad_of
from kg.lift.rejections import reject
from kg.lift.rows import CompiledSource, run_rows
from kg.lift.spool import NUMBER, POSITION
from kg.lift.units import preparation_of
from kg.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa

    from kg.lift.duckdb import FileEngine
    from kg.lift.mapping import LogicalSource
    from kg.lift.model import ParentRelation, Pattern, RelationalModel
    from kg.lift.putaside import PutAside
    from kg.lift.tables import Tables
    from kg.lift.units import Unit
    from kg.records import Rejected

_CHUNK_ROWS = 50_000


@dataclass(slots=True)
class _Run:
    """A unit under way: its SQL, and whether a row is known to have failed (None: not known).

    ``quick`` is the same where all columns of the model are read: it does not ask for these.
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

    def blocks(self) -> Iterator[memoryview]:
        """Give every line once, in blocks."""
        repeated, single = self._parted()
        for run, patterns in zip(self._runs, single, strict=True):
            if patterns or run.unit.model.checks:
                yield from self._stream(run, patterns)
        for group in repeated:
            sql = f"SELECT DISTINCT line FROM ({self._union(group)})"
            yield from map(_text, self._engine.stream(sql))

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Give every quad once, as batches with the columns of `QUAD`."""
        repeated, single = self._parted()
        for run, patterns in zip(self._runs, single, strict=True):
            if patterns:
                yield from self._engine.stream(self._quads([(run, patterns)]))
        for group in repeated:
            quads = self._quads([(run, [pattern]) for run, pattern in group])
            yield from self._engine.stream(f"SELECT DISTINCT * FROM ({quads})")

    def _quads(self, places: list[tuple[_Run, list[Pattern]]]) -> str:
        parts = []
        for run, patterns in places:
            made = ", ".join(to_expression(quad_of(pattern)) for pattern in patterns)
            rows = f"SELECT unnest([{made}]) AS quad FROM ({run.sql}) WHERE {run.failed} IS NULL"
            parts.append(f"SELECT unnest(quad) FROM ({rows}) WHERE quad IS NOT NULL")
        return " UNION ALL ".join(parts)

    def sorted_blocks(self, spill: Path) -> Iterator[memoryview]:
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
        # A row can fail twice only where several units read it, or where it stands several times.
        counts: Counter[str] = Counter()
        for run in self._runs:
            counts[run.unit.source.name] += 2 if run.unit.is_multiplied else 1
        repeated = {name for name, count in counts.items() if count > 1}
        seen = {(row.source, row.position) for row in self._rejected if row.source in repeated}
        for found in (*map(self._failures_of, self._runs), self._bad_lines()):
            for rejected in found:
                if rejected.source in repeated:
                    row = (rejected.source, rejected.position)
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
        relations = f"batch AS {self._relation(unit.source, model, is_whole=is_whole)}"
        if model.parent is not None:
            parent = self._relation(model.parent.source, model.parent, is_whole=is_whole)
            relations += f", parent AS {parent}"
        return f"WITH {relations} {to_sql(model.select)}"

    def _relation(
        self, source: LogicalSource, read: RelationalModel | ParentRelation, *, is_whole: bool
    ) -> str:
        table = self._tables.open(source)
        used = self._tables.uses[source] if table.text_file is not None else ()
        return table.select(
            read.columns,
            read.copies,
            [name for name in used if is_whole or name not in read.columns],
            needs_row=read.needs_row,
            is_typed=preparation_of(source).is_typed,
        )

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
        if run.unit.is_multiplied and self._has_several(run):
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
        tests = ", ".join(  # the hash of NULL is a number too
            f"count(o{n}) = count(DISTINCT hash(o{n})) FILTER (o{n} IS NOT NULL)" for n in numbers
        )
        hashed = f"SELECT {tests} FROM ({run.quick})"
        (answers,) = self._engine.rows(hashed)
        return {number for number, is_unique in zip(numbers, answers, strict=True) if is_unique}

    def _has_several(self, run: _Run) -> bool:
        """Tell whether a row can stand several times; no list may be longer than one value."""
        table, model = self._tables.open(run.unit.source), run.unit.model
        is_any_list = any(table.columns[name].is_list for name in model.columns)
        return is_any_list or model.parent is not None

    def _stream(self, run: _Run, patterns: list[Pattern]) -> Iterator[memoryview]:
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
        raw = [exp.column(name) for name in model.raws]
        select.set("expressions", [*numbers, position, *raw])
        query = run.sql.removesuffix(to_sql(model.select)) + to_sql(select)
        for failed, missed, place, *values in self._engine.rows(query):
            check = failed if failed is not None else missed
            if check is None:
                continue
            row = model.row_of(values)
            name = run.unit.source.name
            record = Record(name, name, "", row, place or name)
            known = model.checks if failed is not None else model.misses
            yield reject(record, known[check], self._mapping)

    def _read_again(self, run: _Run, file: Path) -> Iterator[Rejected]:
        """Find the bad rows of a text file by their lines, by a slower reading of it."""
        model = run.unit.model
        engine = Engine()
        checked = cast("exp.Select", model.select.transform(_unnumbered))
        select = engine.prepare(to_sql(checked), tuple(model.columns.values()))
        compiled = CompiledSource(run.unit.source.name, self._mapping, model, select)
        records: list[Record] = []
        source = run.unit.source
        for record in read_again(file, source, self._tables.uses[source]):
            if not isinstance(record, Record):
                continue  # DuckDB has left out the line too, and `_bad_lines` tells of it
            records.append(record)
            if len(records) == _CHUNK_ROWS:
                yield from run_rows(compiled, records).rejected
                records = []
        if records:
            yield from run_rows(compiled, records).rejected
        engine.close()


def _unnumbered(node: exp.Expr) -> exp.Expr:
    """Take any number for a row's: facts have been made of the true one, checks do not ask."""
    if isinstance(node, exp.Column) and node.name == NUMBER:
        return exp.Literal.number(0)
    return node


def to_expression(expression: exp.Expr) -> str:
    """Write an expression in DuckDB's dialect."""
    return to_sql(exp.select(expression)).removeprefix("SELECT ")


def _text(batch: pa.RecordBatch) -> memoryview:
    """Give the first column's texts one after another, as Arrow already holds them."""
    column = batch.column(0)
    _, offsets, data = column.buffers()
    if data is None:
        return memoryview(b"")
    ends = memoryview(offsets).cast("i")
    return memoryview(data)[ends[column.offset] : ends[column.offset + len(column)]]
