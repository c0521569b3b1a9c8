"""Spark as the engine of the lift: the same relational model, run by Spark SQL in parts.

Rows are read by the tasks of the job, become terms in SQL, and leave as parts of N-Quads in a
folder. Needs the extra ``spark``; nothing else of Traveler imports this.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pyarrow as pa
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from sqlglot import exp

from kg.errors import ConfigError, SourceError
from kg.lift import databases, duckdb
from kg.lift.mapping import mapping_error
from kg.lift.reading import read_mapping
from kg.lift.rejections import reject
from kg.lift.spark_functions import define, to_sql
from kg.lift.spark_lines import Run, all_lines, plan_lines
from kg.lift.spark_session import reason_of, start_spark
from kg.lift.spark_sources import (
    CODE,
    MESSAGE,
    NUMBER,
    PLACE,
    RAW,
    plan_splits,
    read_header,
    read_splits,
)
from kg.lift.units import plan_units, uses_of
from kg.lift.values import kind_of
from kg.records import Record, Rejected

if TYPE_CHECKING:
    from pyspark.sql import Row, SparkSession

    from kg.lift.mapping import LogicalSource
    from kg.lift.units import Unit

FIRST_REJECTED = 1000
"""How many of the rows put aside are told one by one; all are counted."""


@dataclass(frozen=True, slots=True)
class SparkLifted:
    """How many rows were put aside, and the first of them with their places and reasons."""

    rejected_count: int
    rejected: list[Rejected] = field(default_factory=list)


def lift_with_spark(
    mapping: Path, base: str, output: str, *, master: str = "", is_sorted: bool = False
) -> SparkLifted:
    """Lift what a mapping names into a folder of N-Quads files, each quad once.

    ``output`` is a path or URL that Spark can write and that does not exist yet. Sorted parts,
    one after another, are the bytes that the other engine writes sorted.

    Raises:
        MappingError: the mapping cannot be used.
        SourceError: a source cannot be read, or the folder cannot be written.
        ConfigError: Spark cannot be reached, or the folder is there already.
    """
    if _local(output).exists():
        raise ConfigError(f"{output} is there already", hint="name a new folder")
    units = plan_units(read_mapping(mapping, base), base)
    _check(units, mapping)
    spark = start_spark(master)
    try:
        job = _Job(spark, mapping, uses_of(units))
        plan = plan_lines([job.run(unit) for unit in units])
        all_lines(plan, is_sorted=is_sorted).write.text(output)
        found = [
            job.rejected(run) for run, count in zip(plan.runs, plan.rejected, strict=True) if count
        ]
    except (PySparkException, Py4JError) as error:
        raise SourceError(
            f"Spark stopped: {reason_of(error)}",
            hint="workers need Traveler, and must reach files and folder by the same paths as here",
        ) from error
    _rename_parts(output)
    rejected = dict.fromkeys(row for rows in found for row in rows)
    return SparkLifted(sum(plan.rejected), list(rejected)[:FIRST_REJECTED])


def _check(units: list[Unit], mapping: Path) -> None:
    """Refuse the patterns that the other engine refuses, so that a mapping is good for both."""
    engine = duckdb.Engine()
    for unit in units:
        if unit.model.parent is None:
            raws = unit.model.columns.values()
            names = (*raws, *map(kind_of, raws), NUMBER)
            engine.prepare(duckdb.to_sql(unit.model.select), names, str(mapping))
    engine.close()


class _Job:
    """The units of one mapping in one session; each relation has a name of its own."""

    def __init__(
        self, spark: SparkSession, mapping: Path, uses: dict[LogicalSource, dict[str, int]]
    ) -> None:
        self._spark = spark
        self._mapping = mapping
        self._views = 0
        for source, lines in uses.items():
            self._check_columns(source, lines)

    def run(self, unit: Unit) -> Run:
        """Make a unit a data frame over the splits of its source."""
        model = unit.model
        views = {"batch": self._view(unit.source, model.columns)}
        if model.parent is not None:
            views["parent"] = self._view(model.parent.source, model.parent.columns)
        select = cast("exp.Select", model.select.transform(lambda node: _renamed(node, views)))
        if model.parent is None:
            kept = [PLACE, CODE, MESSAGE, RAW, *model.columns.values()]
            select = select.select(*(exp.column(name) for name in kept))
        query = to_sql(select)
        define(self._spark, query)
        return Run(unit, self._spark.sql(query))

    def rejected(self, run: Run) -> list[Rejected]:
        """Say what is wrong with the first rows that were put aside."""
        bad = run.frame.where(run.reported).orderBy(PLACE).limit(FIRST_REJECTED)
        return [self._explain(run.unit, row) for row in bad.collect()]

    def _view(self, source: LogicalSource, columns: dict[str, str]) -> str:
        self._views += 1
        name = f"traveler_batch_{self._views}"
        folder = self._mapping.parent.absolute()
        try:
            splits = plan_splits(source, folder, tuple(columns))
        except (OSError, pa.ArrowException) as error:
            raise SourceError(
                f"{source.name}: cannot be read: {error}",
                hint="its path is taken from the mapping's folder",
            ) from error
        read_splits(self._spark, splits, columns).createOrReplaceTempView(name)
        return name

    def _check_columns(self, source: LogicalSource, lines: dict[str, int]) -> None:
        known = read_header(source, self._mapping.parent)
        missing = sorted(
            (line, name) for name, line in lines.items() if name not in (known or [name])
        )
        if known and source.formulation == "sql":
            missing = [
                (line, name) for line, name in missing if not databases.find_column(name, known)
            ]
        if known is None or not missing:
            return
        line, column = missing[0]
        near = difflib.get_close_matches(column, known, 3, 0.5)
        where = source.iterator if source.formulation == "sql" else source.name
        raise mapping_error(
            self._mapping,
            line,
            f"{where} has no column {column!r} (RML-Core, Reference)",
            f"did you mean {', '.join(near)}?" if near else f"it has {', '.join(known)}",
        )

    def _explain(self, unit: Unit, row: Row) -> Rejected:
        name = unit.source.name
        position = _position(unit.source, row[PLACE])
        if row[CODE] is not None:
            return Rejected(
                source=name,
                kind=name,
                position=position,
                stage="read",
                code=row[CODE],
                message=f"{position} {row[MESSAGE]}",
                hint="correct the row where it is written",
                raw=row[RAW],
            )
        model, count = unit.model, len(unit.model.outputs)
        failed, missed = row[f"o{count}"], row[f"o{count + 1}"]
        check = model.checks[failed] if failed is not None else model.misses[missed]
        values = {column: row[raw] for column, raw in model.columns.items()}
        return reject(Record(name, name, "", values, position), check, self._mapping)


def _position(source: LogicalSource, place: int) -> str:
    if source.formulation == "sql":
        is_query = any(letter.isspace() for letter in source.iterator.strip())
        return f"{'query' if is_query else source.iterator}#{place}"
    mark = ":" if source.formulation in {"csv", "tsv", "jsonl"} else "#"
    return f"{Path(source.name).name}{mark}{place}"


def _renamed(node: exp.Expr, views: dict[str, str]) -> exp.Expr:
    if isinstance(node, exp.Table) and node.name in views:
        return exp.to_table(views[node.name])
    return node


def _local(output: str) -> Path:
    return Path(output.removeprefix("file://"))


def _rename_parts(output: str) -> None:
    """Give the parts the ending of N-Quads, where the folder is one of this machine."""
    folder = _local(output)
    if not folder.is_dir():
        return
    for part in folder.glob("part-*.txt"):
        part.rename(part.with_suffix(".nq"))
    for checksum in folder.glob(".*.crc"):
        checksum.unlink()
