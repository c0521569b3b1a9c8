"""Logical sources divided among the tasks of a Spark job, before a row of them is read.

Lines of CSV and JSON, row groups of Parquet and ranges of a table's key are divided; everything
else is read by one task.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from kg.lift import delimited

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from kg.lift.mapping import LogicalSource

SPLIT_BYTES = 16_000_000
NUMBER, PLACE, POSITION = "row_number", "place", "position"
CODE, MESSAGE, RAW = "bad_code", "bad_message", "bad_raw"
_UTF8 = {"", "utf-8", "utf8", "utf-8-sig"}
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


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a file from one byte to another, and how many ends of lines there are."""

    start: int
    end: int
    count: int


Scan: TypeAlias = "Callable[[Sequence[Split]], list[Lines]]"


def plan_splits(
    source: LogicalSource,
    folder: Path,
    layout: Layout,
    split_bytes: int = SPLIT_BYTES,
    scan: Scan | None = None,
) -> list[Split]:
    """Divide a source so that every row is in one split, and its number is known.

    ``scan`` looks at ranges of bytes, as `scan_lines` does, wherever it likes.

    Raises:
        SourceError: it is not there, or cannot be read.
        OSError, pyarrow.ArrowException: the same.
    """
    whole = Split(source, folder, layout)
    if source.formulation == "parquet":
        return _row_groups(whole)
    is_text = source.formulation in {"csv", "tsv", "jsonl"}
    if not is_text or whole.path.suffix == ".gz" or not _is_utf8(whole):
        return [whole]
    with whole.path.open("rb") as file:
        header = b"" if source.formulation == "jsonl" else file.readline()
    starts = range(len(header), whole.path.stat().st_size, split_bytes)
    ranges = [replace(whole, start=at, end=at + split_bytes) for at in starts]
    found = (scan or scan_all)([replace(whole, end=len(header)), *ranges])
    if any(lines.count < 0 for lines in found):
        return [whole]
    return _number_lines(whole, header, found[1:]) or [whole]


def scan_all(ranges: Sequence[Split]) -> list[Lines]:
    """Look at ranges one after another."""
    return list(map(scan_lines, ranges))


def scan_lines(part: Split) -> Lines:
    """Find the lines that begin in a range of bytes; -1 of them if one of them is no row.

    It is none if a quoted cell may run over its end.
    """
    with part.path.open("rb") as file:
        file.seek(max(part.start - 1, 0))
        if part.start:
            file.readline()
        start = file.tell()
        block = file.read(max(part.end - start, 0))
        if block and not block.endswith(b"\n"):
            block += file.readline()
    count = block.count(b"\n") if _has_plain_lines(part.source, block) else -1
    return Lines(start, start + len(block), count)


def _number_lines(whole: Split, header: bytes, found: Sequence[Lines]) -> list[Split]:
    first, splits = int(bool(header)), []
    for lines in found:
        if lines.end > lines.start:
            numbered = replace(whole, first=first, header=header)
            splits.append(replace(numbered, start=lines.start, end=lines.end))
            first += lines.count
    return splits


def _row_groups(whole: Split) -> list[Split]:
    facts = pq.ParquetFile(whole.path).metadata
    splits, first = [], 0
    for group in range(facts.num_row_groups):
        splits.append(replace(whole, start=group, first=first))
        first += facts.row_group(group).num_rows
    return splits


def _is_utf8(whole: Split) -> bool:
    with whole.path.open("rb") as file:
        is_wide = file.read(2) in {b"\xff\xfe", b"\xfe\xff"}
    is_json = whole.source.formulation == "jsonl"
    return not is_wide and (is_json or whole.source.encoding in _UTF8)


def _has_plain_lines(source: LogicalSource, block: bytes) -> bool:
    """Tell that every row is a line: no quoted cell runs over an end of line."""
    mark = (source.quote or '"').encode()
    if source.formulation == "jsonl" or mark not in block:
        return True
    quote, delimiter = re.escape(mark), re.escape(delimited.delimiter_of(source).encode())
    inside = rb"%b(?:[^%b\r\n]|%b%b)*%b" % (quote, quote, quote, quote, quote)
    cell = rb"(?:%b|(?!%b)[^%b\r\n]*)" % (inside, quote, delimiter)
    line = re.compile(rb"%b(?:%b%b)*\r?" % (cell, delimiter, cell))
    return all(mark not in written or line.fullmatch(written) for written in block.split(b"\n"))
