"""Rows of terms in Spark -> lines of N-Quads, each once.

Distinct lines cost a shuffle of all of them, so only those go through it that could come twice:
what one pattern writes of rows with different subjects cannot.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import Observation
from pyspark.sql import functions as sql

from kg.lift.keys import key_of
from kg.lift.quads import group_overlapping, line_of
from kg.lift.spark_functions import to_expression
from kg.lift.spark_splits import CODE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import Column, DataFrame

    from kg.lift.model import Pattern
    from kg.lift.spark_sources import Sources
    from kg.lift.units import Unit


@dataclass(frozen=True, slots=True)
class Run:
    """A unit as a data frame: o0… (terms), the failed check, the miss, and where the row stands.

    ``single`` are the patterns whose lines all differ, ``repeated`` the others; ``bad`` counts the
    rows that are reported, while the lines are written.
    """

    unit: Unit
    frame: DataFrame
    single: list[Pattern] = field(default_factory=list)
    repeated: list[Pattern] = field(default_factory=list)
    bad: Observation = field(default_factory=Observation)

    @property
    def passed(self) -> Column:
        """Tell whether a row makes facts."""
        passed = sql.col(f"o{len(self.unit.model.outputs)}").isNull()
        return passed if self.unit.model.parent else passed & sql.col(CODE).isNull()

    @property
    def reported(self) -> Column:
        """Tell whether something is wrong with a row; joins leave that to their sources."""
        if self.unit.model.parent:
            return sql.lit(False)
        return ~self.passed | sql.col(f"o{len(self.unit.model.outputs) + 1}").isNotNull()

    def count_bad(self) -> int:
        """Count the rows that are reported, once the lines are written."""
        if self.unit.model.parent:
            return 0
        if not self.single and not self.repeated:
            return int(self.frame.where(self.reported).count())
        return int(self.bad.get["bad"])


def plan_lines(runs: Sequence[Run], sources: Sources) -> None:
    """Part the patterns of each run: those whose lines all differ, and the others."""
    placed = [(run, made) for run in runs for made in run.unit.model.patterns]
    groups = group_overlapping([(made, run.unit.model.outputs) for run, made in placed])
    alone = {group[0] for group in groups if len(group) == 1}
    keys = [
        (run.unit.source, _key(run.unit, made)) if number in alone else (run.unit.source, ())
        for number, (run, made) in enumerate(placed)
    ]
    asked = list(dict.fromkeys(key for key in keys if key[1]))
    unique = dict(zip(asked, sources.are_unique(asked) if asked else [], strict=True))
    for (run, made), key in zip(placed, keys, strict=True):
        (run.single if unique.get(key) else run.repeated).append(made)


def _key(unit: Unit, pattern: Pattern) -> tuple[str, ...]:
    """Give the references by which a pattern's lines differ, if that can be told."""
    places = [at for at in (pattern.subject, pattern.object) if isinstance(at, int)]
    return key_of(unit.model, places[0]) if places and not unit.is_multiplied else ()


def all_lines(runs: Sequence[Run], *, is_sorted: bool) -> DataFrame:
    """Give the lines of all runs, each once and without its end, in a column ``value``.

    A value holds all lines of a row where these need no order.
    """
    frames = [
        _lines(run, run.single, is_apart=is_sorted, is_first=True) for run in runs if run.single
    ]
    again = [
        _lines(run, run.repeated, is_apart=True, is_first=not run.single)
        for run in runs
        if run.repeated
    ]
    if again:
        frames.append(reduce(_union, again).distinct())
    if not frames:
        return runs[0].frame.select(sql.lit("").alias("value")).limit(0)
    lines = reduce(_union, frames)
    return lines.orderBy("value") if is_sorted else lines


def _union(first: DataFrame, second: DataFrame) -> DataFrame:
    return first.union(second)


def _lines(run: Run, patterns: list[Pattern], *, is_apart: bool, is_first: bool) -> DataFrame:
    rows = run.frame
    if is_first and not run.unit.model.parent:
        rows = rows.observe(run.bad, sql.count_if(run.reported).alias("bad"))
    rows = rows.where(run.passed)
    lines = [sql.expr(to_expression(line_of(made, end=""))) for made in patterns]
    if is_apart:
        return rows.select(sql.explode(sql.array_compact(sql.array(*lines))).alias("value"))
    return rows.select(sql.concat_ws("\n", *lines).alias("value")).where("value <> ''")
