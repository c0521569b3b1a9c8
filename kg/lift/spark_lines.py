"""Rows of terms in Spark -> lines of N-Quads, each once.

Distinct lines cost a shuffle of all of them, so only those go through it that could come twice:
what one pattern writes of rows with different subjects cannot.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as sql

from kg.lift.quads import group_overlapping, line_of, lines_of
from kg.lift.spark_functions import to_expression
from kg.lift.spark_sources import CODE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import Column, DataFrame
    from sqlglot import exp

    from kg.lift.model import Pattern
    from kg.lift.units import Unit


@dataclass(frozen=True, slots=True)
class Run:
    """A unit as a data frame: o0… (terms), the failed check, the miss, and where the row stands."""

    unit: Unit
    frame: DataFrame

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


@dataclass(frozen=True, slots=True)
class Plan:
    """The patterns of each run whose lines all differ, the others, and each run's bad rows."""

    runs: list[Run]
    single: list[list[Pattern]]
    repeated: list[tuple[Run, Pattern]]
    rejected: list[int]


def plan_lines(runs: list[Run]) -> Plan:
    """Read all rows once to count the bad ones and to see which subjects differ."""
    placed = [(number, made) for number, run in enumerate(runs) for made in run.unit.model.patterns]
    shaped = [(made, runs[number].unit.model.outputs) for number, made in placed]
    groups = group_overlapping(shaped)
    alone = [placed[group[0]] for group in groups if len(group) == 1]
    repeated = [placed[at] for group in groups if len(group) > 1 for at in group]
    counts, unique = _survey(runs, alone)
    single: list[list[Pattern]] = [[] for _ in runs]
    for number, made in alone:
        if {(number, made.subject), (number, made.object)} & unique:
            single[number].append(made)
        else:
            repeated.append((number, made))
    return Plan(runs, single, [(runs[number], made) for number, made in repeated], counts)


def all_lines(plan: Plan, *, is_sorted: bool) -> DataFrame:
    """Give the lines of all runs, each once and without its end, in a column ``value``."""
    frames = [
        _of_rows(run, patterns, is_exploded=is_sorted)
        for run, patterns in zip(plan.runs, plan.single, strict=True)
        if patterns
    ]
    again = [_of_rows(run, [pattern], is_exploded=False) for run, pattern in plan.repeated]
    if again:
        frames.append(reduce(_union, again).distinct())
    if not frames:
        return plan.runs[0].frame.select(sql.lit("").alias("value")).limit(0)
    lines = reduce(_union, frames)
    return lines.orderBy("value") if is_sorted else lines


def _union(first: DataFrame, second: DataFrame) -> DataFrame:
    return first.union(second)


def _of_rows(run: Run, patterns: list[Pattern], *, is_exploded: bool) -> DataFrame:
    """Write the rows' lines: one text for each row, or one for each line."""
    rows = run.frame.where(run.passed)
    if is_exploded:
        lines = sql.array_compact(sql.array(*(_column(line_of(made)) for made in patterns)))
        rows = rows.select(sql.explode(lines).alias("line"))
        return rows.select(_text(sql.col("line")))
    return rows.select(_text(_column(lines_of(patterns)))).where("value <> ''")


def _text(lines: Column) -> Column:
    # Spark writes the last end of line itself.
    return sql.rtrim(lines, sql.lit("\n")).alias("value")


def _column(expression: exp.Expr) -> Column:
    return sql.expr(to_expression(expression))


def _survey(
    runs: list[Run], alone: Sequence[tuple[int, Pattern]]
) -> tuple[list[int], set[tuple[int, int | str]]]:
    """Count the bad rows of each run, and find its columns of which no two rows have the same.

    Equal hashes count as equal.
    """
    places: list[set[int]] = [set() for _ in runs]
    for number, made in alone:
        place = made.subject if isinstance(made.subject, int) else made.object
        if isinstance(place, int) and not runs[number].unit.is_multiplied:
            places[number].add(place)
    counted = [
        run.frame.agg(
            sql.lit(number).alias("run"),
            sql.count_if(run.reported).alias("rejected"),
            sql.array(*(_is_unique(run, place) for place in sorted(found))).alias("unique"),
        )
        for number, (run, found) in enumerate(zip(runs, places, strict=True))
    ]
    rows = sorted(reduce(_union, counted).collect(), key=lambda row: row["run"])
    unique: set[tuple[int, int | str]] = {
        (row["run"], place)
        for row in rows
        for place, is_unique in zip(sorted(places[row["run"]]), row["unique"], strict=True)
        if is_unique
    }
    return [row["rejected"] for row in rows], unique


def _is_unique(run: Run, place: int) -> Column:
    term = sql.when(run.passed, sql.col(f"o{place}"))
    hashed = sql.when(term.isNotNull(), sql.xxhash64(term))
    return sql.count(term) == sql.count_distinct(hashed)
