"""Logical sources as data frames, read by the tasks of the job.

A source that is costly to read is read once and kept by the workers, on disk where memory is
short; lines of text and groups of Parquet are read again by all that need them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from functools import reduce
from typing import TYPE_CHECKING, TypeAlias

import pyarrow as pa
from pyspark import StorageLevel
from pyspark.sql import functions as sql

from kg.errors import SourceError
from kg.lift.spark_reading import read_keys, read_split
from kg.lift.spark_splits import (
    CODE,
    MESSAGE,
    NUMBER,
    PLACE,
    POSITION,
    RAW,
    VALUE,
    Layout,
    Lines,
    plan_splits,
    scan_all,
    scan_lines,
)
from kg.lift.tables import TYPED, has_several
from kg.lift.values import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pyspark.sql import Column, DataFrame, SparkSession

    from kg.lift.mapping import LogicalSource
    from kg.lift.spark_splits import Split

PLACES = (NUMBER, PLACE, POSITION, CODE, MESSAGE, RAW)
"""The columns of every source: where a row stands, and why it could not be read."""

Key: TypeAlias = "tuple[LogicalSource, tuple[str, ...]]"
"""References whose values may be others in every row of a source."""

_SPLIT_BITS = 40
_ROWS_OF_A_SPLIT = 1 << _SPLIT_BITS
_KEYS = pa.schema([("number", pa.int64()), ("key", pa.string())])
_LINES = pa.schema([(name, pa.int64()) for name in ("number", "start", "end", "count")])
FEW_RANGES = 64
"""How many parts of a file the driver looks at by itself."""

_TYPES = {pa.int64(): "bigint", pa.string(): "string"}
_TYPES[pa.list_(VALUE)] = "array<struct<value:string,kind:string>>"


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources of one mapping in one session; ``uses`` are all references to each."""

    spark: SparkSession
    folder: Path
    uses: Mapping[LogicalSource, Mapping[str, int]]
    is_local: bool = True
    _parts: dict[LogicalSource, list[Split]] = field(default_factory=dict)
    _kept: dict[LogicalSource, DataFrame] = field(default_factory=dict)

    def relation(
        self, source: LogicalSource, columns: Mapping[str, str], copies: Mapping[str, str]
    ) -> DataFrame:
        """Give the relation of a model: one row for each choice of values of its columns.

        Raises:
            SourceError: the source is not there, or cannot be read.
        """
        raws = [(name, reference) for reference, name in columns.items()] + list(copies.items())
        if _is_cheap(source):
            layout = _layout(source, tuple(columns))
            return _select(self._read(source, layout), layout, raws)
        layout = _layout(source, tuple(self.uses[source]))
        return _select(self._keep(source, layout), layout, raws)

    def are_unique(self, keys: Sequence[Key]) -> list[bool]:
        """Tell for each key whether no two rows have the same values; equal hashes are equal.

        Raises:
            SourceError: a source is not there, or cannot be read.
        """
        read = [
            (number, split)
            for number, (source, references) in enumerate(keys)
            if _is_cheap(source)
            for split in self._splits(source, _layout(source, references))
        ]
        frames = [_read_keys(self.spark, read)] if read else []
        frames += [
            self._kept_key(number, source, references)
            for number, (source, references) in enumerate(keys)
            if not _is_cheap(source)
        ]
        found = reduce(lambda first, second: first.union(second), frames)
        is_unique = sql.count("key") == sql.count_distinct(sql.xxhash64("key"))
        rows = found.where("key IS NOT NULL").groupBy("number").agg(is_unique).collect()
        repeated = {row[0] for row in rows if not row[1]}
        return [number not in repeated for number in range(len(keys))]

    def forget(self) -> None:
        """Free what the workers keep."""
        for frame in self._kept.values():
            frame.unpersist()

    def _keep(self, source: LogicalSource, layout: Layout) -> DataFrame:
        if source not in self._kept:
            read = self._read(source, layout)
            if not self.is_local:  # one task reads it: its rows are for all workers
                read = read.hint("rebalance")
            self._kept[source] = read.persist(StorageLevel.MEMORY_AND_DISK)
        return self._kept[source]

    def _kept_key(
        self, number: int, source: LogicalSource, references: tuple[str, ...]
    ) -> DataFrame:
        layout = _layout(source, tuple(self.uses[source]))
        values = [sql.col(f"c{layout.references.index(name)}") for name in references]
        parted = [part for value in values for part in (value, sql.lit("\0"))]
        key = sql.concat(*parted).alias("key")
        return self._keep(source, layout).select(
            sql.lit(number).cast("bigint").alias("number"), key
        )

    def _read(self, source: LogicalSource, layout: Layout) -> DataFrame:
        splits = self._splits(source, layout)

        def read(number: int) -> Iterator[pa.RecordBatch]:
            yield from read_split(splits[number], number * _ROWS_OF_A_SPLIT)

        return _frame(self.spark, len(splits), read, layout.schema)

    def _splits(self, source: LogicalSource, layout: Layout) -> list[Split]:
        try:
            if source not in self._parts:
                self._parts[source] = plan_splits(source, self.folder, layout, scan=self._scan)
            return [replace(part, layout=layout) for part in self._parts[source]]
        except (OSError, pa.ArrowException) as error:
            raise SourceError(
                f"{source.name}: cannot be read: {error}",
                hint="its path is taken from the mapping's folder",
            ) from error

    def _scan(self, ranges: Sequence[Split]) -> list[Lines]:
        """Look at ranges of a file here, or by tasks where there are many."""
        if len(ranges) < FEW_RANGES:
            return scan_all(ranges)

        def read(number: int) -> Iterator[pa.RecordBatch]:
            lines = scan_lines(ranges[number])
            row = {"number": number, **asdict(lines)}
            yield pa.RecordBatch.from_pylist([row], schema=_LINES)

        rows = _frame(self.spark, len(ranges), read, _LINES).collect()
        return [Lines(row["start"], row["end"], row["count"]) for row in sorted(rows)]


def _read_keys(spark: SparkSession, splits: list[tuple[int, Split]]) -> DataFrame:
    def read(number: int) -> Iterator[pa.RecordBatch]:
        key, split = splits[number]
        for values in read_keys(split):
            numbers = pa.arange(key * _ROWS_OF_A_SPLIT, key * _ROWS_OF_A_SPLIT + len(values))
            yield pa.RecordBatch.from_arrays([numbers, values], schema=_KEYS)

    number = sql.shiftright("number", _SPLIT_BITS)
    return _frame(spark, len(splits), read, _KEYS).select(number.alias("number"), "key")


def _frame(
    spark: SparkSession,
    count: int,
    read: Callable[[int], Iterator[pa.RecordBatch]],
    schema: pa.Schema,
) -> DataFrame:
    """Make a data frame of ``count`` parts, each read by a task."""

    def read_all(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch.column(0).to_pylist():
                yield from read(number)

    declared = ", ".join(f"`{column.name}` {_TYPES[column.type]}" for column in schema)
    return spark.range(0, count, 1, max(count, 1)).mapInArrow(read_all, declared)


def _layout(source: LogicalSource, references: tuple[str, ...]) -> Layout:
    plural = tuple(has_several(source, name) for name in references)
    return Layout(references, plural, source.formulation in TYPED)


def _is_cheap(source: LogicalSource) -> bool:
    """Tell forms of which Arrow reads only the columns that are asked for."""
    is_lines = source.formulation in {"csv", "tsv"} and not source.name.endswith(".gz")
    return is_lines or source.formulation == "parquet"


def _select(frame: DataFrame, layout: Layout, raws: list[tuple[str, str]]) -> DataFrame:
    """Name the columns as a model does, and multiply the rows by the values of lists."""
    made: list[Column] = [sql.col(name) for name in PLACES]
    for raw, reference in raws:
        number = layout.references.index(reference)
        value, kind = sql.col(f"c{number}"), sql.lit(None).cast("string")
        if layout.plural[number]:
            frame = frame.withColumn(f"one_{raw}", sql.explode_outer(value))
            value, kind = sql.col(f"one_{raw}.value"), sql.col(f"one_{raw}.kind")
        elif layout.has_kind(number):
            kind = sql.col(f"k{number}")
        made.append(value.alias(raw))
        if layout.is_typed:
            made.append(kind.alias(kind_of(raw)))
    return frame.select(*made)
