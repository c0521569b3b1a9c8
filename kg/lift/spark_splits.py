"""Logical sources divided among the tasks of a Spark job, before a row of them is read.

Lines of CSV and JSON, row groups of Parquet and ranges of a table's key are divided; everything
else is read by one task.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from kg.lift import delimited

if TYPE_CHECKING:
    from pathlib import Path

    from kg.lift.mapping import LogicalSource

SPLIT_BYTES = 16_000_000
NUMBER, PLACE, POSITION = "row_number", "place", "position"
CODE, MESSAGE, RAW = "bad_code", "bad_message", "bad_raw"
VALUE = pa.struct([("value", pa.string()), ("kind", pa.string())])


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns that a source is read into: a text for each reference, or a list of them.

    ``c0`` … are the values, ``k0`` … the datatypes that they have by nature; the lists hold both.
    """

    references: tuple[str, ...]
    plural: tuple[bool, ...]
    is_typed: bool

    @property
    def schema(self) -> pa.Schema:
        """The schema of the batches that tasks give."""
        fields = [(NUMBER, pa.int64()), (PLACE, pa.int64()), (POSITION, pa.string())]
        for number, is_list in enumerate(self.plural):
            fields.append((f"c{number}", pa.list_(VALUE) if is_list else pa.string()))
            if self.has_kind(number):
                fields.append((f"k{number}", pa.string()))
        return pa.schema([*fields, *((name, pa.string()) for name in (CODE, MESSAGE, RAW))])

    def has_kind(self, number: int) -> bool:
        """Tell whether a datatype stands in a column of its own beside a value."""
        return self.is_typed and not self.plural[number]


@dataclass(frozen=True, slots=True)
class Split:
    """A part of a source: bytes from ``start`` to ``end``, or row group ``start``; -1: all of it.

    ``first`` is the number of lines or rows before it; ``header`` is the file's first line.
    """

    source: LogicalSource
    folder: Path
    layout: Layout
    start: int = 0
    end: int = -1
    first: int = 0
    header: bytes = b""

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / self.source.name


def plan_splits(
    source: LogicalSource, folder: Path, layout: Layout, split_bytes: int = SPLIT_BYTES
) -> list[Split]:
    """Divide a source so that every row is in one split, and its number is known.

    Raises:
        SourceError: it is not there, or cannot be read.
        OSError, pyarrow.ArrowException: the same.
    """
    whole = Split(source, folder, layout)
    if source.formulation == "parquet":
        return _row_groups(whole)
    is_text = source.formulation in {"csv", "tsv", "jsonl"}
    if not is_text or whole.path.suffix == ".gz" or not _has_plain_lines(whole):
        return [whole]
    return _line_ranges(whole, split_bytes)


def _row_groups(whole: Split) -> list[Split]:
    facts = pq.ParquetFile(whole.path).metadata
    splits, first = [], 0
    for group in range(facts.num_row_groups):
        splits.append(replace(whole, start=group, first=first))
        first += facts.row_group(group).num_rows
    return splits


def _has_plain_lines(whole: Split) -> bool:
    """Tell that a row is a line of UTF-8: no quoted cell runs over an end of line."""
    with whole.path.open("rb") as file:
        if file.read(2) in {b"\xff\xfe", b"\xfe\xff"}:
            return False
    if whole.source.formulation == "jsonl":
        return True
    if whole.source.encoding not in {"", "utf-8", "utf8", "utf-8-sig"}:
        return False
    mark = (whole.source.quote or '"').encode()
    quote, delimiter = re.escape(mark), re.escape(delimited.delimiter_of(whole.source).encode())
    inside = rb"%b(?:[^%b\r\n]|%b%b)*%b" % (quote, quote, quote, quote, quote)
    cell = rb"(?:%b|(?!%b)[^%b\r\n]*)" % (inside, quote, delimiter)
    line = re.compile(rb"%b(?:%b%b)*\r?\n?" % (cell, delimiter, cell))
    with whole.path.open("rb") as file:
        return all(mark not in written or line.fullmatch(written) for written in file)


def _line_ranges(whole: Split, split_bytes: int) -> list[Split]:
    """Part a file at ends of lines, counting the lines before each part."""
    splits: list[Split] = []
    with whole.path.open("rb") as file:
        header = b"" if whole.source.formulation == "jsonl" else file.readline()
        start, first = len(header), 1 if header else 0
        while block := file.read(split_bytes) + file.readline():
            end = start + len(block)
            splits.append(replace(whole, start=start, end=end, first=first, header=header))
            start, first = end, first + block.count(b"\n")
    return splits or [whole]
