"""Spark as the engine of the lift: the same relational model, run by Spark SQL in parts.

Rows are read by the tasks of the job, become terms in SQL, and leave as parts of N-Quads in a
folder. Needs the extra ``spark``; nothing else of Traveler imports this.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast
from uuid import uuid4

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import Observation
from pyspark.sql import functions as sql
from pyspark.sql.utils import is_remote
from sqlglot import exp

from kg.errors import ConfigError, SourceError
from kg.lift.reading import read_mapping
from kg.lift.rejections import reject
from kg.lift.spark_checks import check_patterns, check_source
from kg.lift.spark_functions import define, to_sql
from kg.lift.spark_lines import Run, all_lines, plan_lines
from kg.lift.spark_output import check_output, written_whole
from kg.lift.spark_session import is_local, reason_of, start_spark
from kg.lift.spark_sources import PLACES, Sources
from kg.lift.spark_splits import CODE, MESSAGE, PLACE, POSITION, RAW
from kg.lift.units import plan_units, uses_of
from kg.records import Record, Rejected

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, Row

    from kg.errors import TravelerError
    from kg.lift.mapping import LogicalSource
    from kg.lift.model import ParentRelation, RelationalModel
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

    ``output`` is a path, or a URL that Spark can write; nothing may be there but an empty folder.
    Sorted parts, one after another, are the bytes that the other engine writes sorted.

    Raises:
        MappingError: the mapping cannot be used.
        SourceError: a source cannot be read, or the folder cannot be written.
        ConfigError: Spark cannot be reached, or the folder is there already.
    """
    check_output(output)
    units = plan_units(read_mapping(mapping, base), base)
    check_patterns(mapping, units)
    uses = uses_of(units)
    for source, lines in uses.items():
        check_source(mapping, source, lines)
    files = [mapping.parent / source.name for source in uses if source.formulation != "sql"]
    spark = start_spark(master, sum(file.stat().st_size for file in files if file.is_file()))
    job = _Job(mapping, Sources(spark, mapping.parent.absolute(), uses, is_local(spark)))
    try:
        return job.lift(units, output, is_sorted=is_sorted)
    except (PySparkException, Py4JError) as error:
        raise _translated(error, output) from error
    finally:
        job.sources.forget()


def _translated(error: Exception, output: str) -> TravelerError:
    if isinstance(error, PySparkException) and error.getCondition() == "PATH_ALREADY_EXISTS":
        return ConfigError(f"{output} is there already", hint="name a new folder")
    reason = reason_of(error)
    _, _, told = reason.partition(f"{SourceError.__module__}.{SourceError.__name__}: ")
    if told:
        return SourceError(told, hint="a task could not read it: mend it, or name another")
    return SourceError(
        f"Spark stopped: {reason}",
        hint="workers need Traveler, and must reach files and folder by the same paths as here",
    )


@dataclass(frozen=True, slots=True)
class _Job:
    """The units of one mapping in one session; each relation has a name of its own."""

    mapping: Path
    sources: Sources

    def lift(self, units: list[Unit], output: str, *, is_sorted: bool) -> SparkLifted:
        """Write the lines of all units, and say what is wrong with the first bad rows."""
        spark = self.sources.spark
        define(spark, " ".join(to_sql(unit.model.select) for unit in units))
        runs = [Run(unit, self._frame(unit)) for unit in units]
        plan_lines(runs, self.sources)
        lines, size = all_lines(runs, is_sorted=is_sorted), Observation()
        length = sql.sum(sql.octet_length("value") + 1).alias("bytes")
        is_here = not is_remote()
        with written_whole(output, lambda: size.get["bytes"] or 0, is_here=is_here) as folder:
            lines.observe(size, length).write.text(folder)
        return _gather([self._rejected(run) for run in runs if run.count_bad()])

    def _frame(self, unit: Unit) -> DataFrame:
        """Make a unit a data frame over its source."""
        model = unit.model
        views = {"batch": self._view(unit.source, model)}
        if model.parent is not None:
            views["parent"] = self._view(model.parent.source, model.parent)
            return self._query(model.select, views)
        kept = [*PLACES[1:], *model.raws]
        return self._query(model.select.select(*map(exp.column, kept)), views)

    def _view(self, source: LogicalSource, read: RelationalModel | ParentRelation) -> str:
        name = f"traveler_{uuid4().hex}"
        self.sources.relation(source, read.columns, read.copies).createOrReplaceTempView(name)
        return name

    def _query(self, select: exp.Select, views: dict[str, str]) -> DataFrame:
        named = select.transform(lambda node: _renamed(node, views))
        return self.sources.spark.sql(to_sql(cast("exp.Select", named)))

    def _rejected(self, run: Run) -> tuple[int, list[Rejected]]:
        """Count the rows that were put aside, and say what is wrong with the first of them."""
        bad = run.frame.where(run.reported)
        rows = bad.orderBy(PLACE).limit(FIRST_REJECTED).collect()
        count = len(rows) if len(rows) < FIRST_REJECTED else bad.count()
        return count, [self._explain(run.unit, row) for row in rows]

    def _explain(self, unit: Unit, row: Row) -> Rejected:
        name = unit.source.name
        position = row[POSITION] or _position(unit.source, row[PLACE])
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
        values = model.row_of([row[raw] for raw in model.raws])
        return reject(Record(name, name, "", values, position), check, self.mapping)


def _gather(found: list[tuple[int, list[Rejected]]]) -> SparkLifted:
    """Put together what several units found: the same rows, where they read the same source."""
    rejected = list(dict.fromkeys(row for _, rows in found for row in rows))
    is_all = all(count == len(rows) for count, rows in found)
    counted = len(rejected) if is_all else sum(count for count, _ in found)
    return SparkLifted(counted, rejected[:FIRST_REJECTED])


def _position(source: LogicalSource, place: int) -> str:
    mark = "#" if source.formulation == "parquet" else ":"
    return f"{Path(source.name).name}{mark}{place}"


def _renamed(node: exp.Expr, views: dict[str, str]) -> exp.Expr:
    if isinstance(node, exp.Table) and node.name in views:
        return exp.to_table(views[node.name])
    return node
