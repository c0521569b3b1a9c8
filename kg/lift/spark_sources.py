"""Logical sources as the tasks of a Spark job read them: splits, and Arrow batches of each.

Lines of CSV and JSON and row groups of Parquet are divided among tasks; everything else is read
by one task. Rows mean what they mean to the other engine, whose readers these are.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice, product
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv as arrow_csv

from kg.lift import databases, delimited, sheets
from kg.lift.columns import has_lone_surrogate
from kg.lift.duckdb import BadLine
from kg.lift.jsontext import read_json, read_json_lines
from kg.lift.natural import to_natural
from kg.lift.spool import Item, refuse_half_characters, to_items
from kg.lift.tables import TYPED
from kg.lift.values import kind_of
from kg.lift.xmltext import read_xml
from kg.records import Rejected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyspark.sql import DataFrame, SparkSession

    from kg.lift.mapping import LogicalSource

SPLIT_BYTES = 16_000_000
_BATCH_ROWS = 10_000
NUMBER, PLACE, CODE, MESSAGE, RAW = "row_number", "place", "bad_code", "bad_message", "bad_raw"
_ROWS_OF_A_SPLIT = 1 << 40
_LAST_NUMBER = re.compile(r"\d+$")


@dataclass(frozen=True, slots=True)
class Split:
    """A part of a source: bytes from ``start`` to ``end``, or row group ``start``; -1: all of it.

    ``first`` is the number of lines or rows before it; ``header`` is the file's first line.
    """

    source: LogicalSource
    folder: Path
    references: tuple[str, ...]
    start: int = 0
    end: int = -1
    first: int = 0
    header: bytes = b""

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / self.source.name


def plan_splits(
    source: LogicalSource,
    folder: Path,
    references: tuple[str, ...],
    split_bytes: int = SPLIT_BYTES,
) -> list[Split]:
    """Divide a source so that every row is in one split, and its number is known.

    Raises:
        SourceError: it is not there, or cannot be read.
        OSError, pyarrow.ArrowException: the same.
    """
    whole = Split(source, folder, references)
    if source.formulation == "parquet":
        return _row_groups(whole)
    is_text = source.formulation in {"csv", "tsv", "jsonl"}
    if not is_text or whole.path.suffix == ".gz" or not _has_plain_lines(whole):
        return [whole]
    return _line_ranges(whole, split_bytes)


def read_header(source: LogicalSource, folder: Path) -> list[str] | None:
    """Give the names of a source's columns; None where rows have what they have.

    Raises:
        SourceError: it is not there, or cannot be read.
    """
    path = folder / source.name
    match source.formulation:
        case "csv" | "tsv":
            return delimited.read_header(path, source)
        case "parquet":
            return list(pq.read_schema(path).names)
        case "xlsx":
            return sheets.read_header(path, source.iterator)
        case "sql":
            return databases.read_header(source.name, folder, source.iterator)
    return None


def read_splits(spark: SparkSession, splits: list[Split], columns: dict[str, str]) -> DataFrame:
    """Make splits a data frame, each read by a task; ``columns`` as in the relational model."""
    is_typed = bool(splits) and splits[0].source.formulation in TYPED
    numbers = [NUMBER, PLACE]
    texts = [name for raw in columns.values() for name in _names(raw, is_typed=is_typed)]
    texts += [CODE, MESSAGE, RAW]
    schema = pa.schema([(n, pa.int64()) for n in numbers] + [(n, pa.string()) for n in texts])

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch.column(0).to_pylist():
                yield from read_split(splits[number], number * _ROWS_OF_A_SPLIT, schema)

    declared = ", ".join([f"{n} bigint" for n in numbers] + [f"{n} string" for n in texts])
    count = len(splits)
    return spark.range(0, count, 1, max(count, 1)).mapInArrow(read, declared)


def _names(raw: str, *, is_typed: bool) -> list[str]:
    return [raw, kind_of(raw)] if is_typed else [raw]


def read_split(split: Split, base: int, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Read a split; rows are numbered from ``base``, and bad ones say why in the last columns."""
    table = _read_clean_lines(split)
    if table is not None:
        yield from _clean_batches(split, table, base, schema)
        return
    is_typed = split.source.formulation in TYPED
    rows = (row for item in _items(split) for row in _rows(split, item, is_typed=is_typed))
    while chunk := list(islice(rows, _BATCH_ROWS)):
        numbers = pa.array(range(base, base + len(chunk)), pa.int64())
        base += len(chunk)
        arrays = [
            pa.array(column, field.type)
            for column, field in zip(zip(*chunk, strict=True), list(schema)[1:], strict=True)
        ]
        yield pa.RecordBatch.from_arrays([numbers, *arrays], schema=schema)


def _rows(split: Split, item: Item | Rejected, *, is_typed: bool) -> Iterator[tuple[Any, ...]]:
    """Give an item's rows: one for every choice of its values."""
    if isinstance(item, Item):
        item = refuse_half_characters(split.source.name, item)
    width = len(split.references) * (1 + is_typed)
    found = _LAST_NUMBER.search(item.position)
    place = (int(found.group()) if found else 0) + split.first - split.header.count(b"\n")
    if isinstance(item, Rejected):
        message = item.message.removeprefix(item.position).strip()
        yield (place, *[None] * width, item.code, message, item.raw)
        return
    choices = [cell if isinstance(cell, list) else [cell] for cell in item.cells]
    for chosen in product(*(values or [None] for values in choices)):
        cells = [part for value in chosen for part in (value or (None, None))[: 1 + is_typed]]
        yield (place, *cells, None, None, None)


def _items(split: Split) -> Iterator[Item | Rejected]:
    source, path, references = split.source, split.path, list(split.references)
    match source.formulation:
        case "csv" | "tsv" | "jsonl":
            yield from _text_items(split)
        case "json":
            yield from to_items(read_json(path, source.iterator, references))
        case "parquet":
            yield from _parquet_items(split)
        case "xlsx":
            yield from to_items(sheets.read_sheet(path, source.iterator, references))
        case "xml":
            spaces = dict(source.namespaces)
            yield from to_items(read_xml(path, source.iterator, references, spaces))
        case _:
            wanted = source.iterator
            rows = databases.read_rows(source.name, split.folder, wanted, references)
            yield from to_items(rows)


def _text_items(split: Split) -> Iterator[Item | Rejected]:
    source = split.source
    if source.formulation != "jsonl":
        with _open_rows(split) as file:
            yield from _csv_items(split, file)
    elif split.end < 0:
        rows = read_json_lines(split.path, source.iterator, list(split.references))
        yield from to_items(rows)
    else:
        with tempfile.TemporaryDirectory(prefix="traveler-split-") as folder:
            part = Path(folder) / split.path.name
            part.write_bytes(_content(split))
            rows = read_json_lines(part, source.iterator, list(split.references))
            yield from to_items(rows)


@contextmanager
def _open_rows(split: Split) -> Iterator[IO[str]]:
    if split.end >= 0:
        content = split.header + _content(split)
        yield io.StringIO(content.decode("utf-8-sig", "surrogateescape"), newline="")
        return
    with tempfile.TemporaryDirectory(prefix="traveler-split-") as folder:
        path = split.path
        if not delimited.is_direct(path, split.source):
            path = delimited.rewrite(path, split.source, Path(folder))
        with path.open("rb") as packed:
            plain = gzip.GzipFile(fileobj=packed) if path.suffix == ".gz" else packed
            yield io.TextIOWrapper(
                cast("IO[bytes]", plain), "utf-8-sig", "surrogateescape", newline=""
            )


def _csv_items(split: Split, file: IO[str]) -> Iterator[Item | Rejected]:
    source, empty = split.source, {"", *split.source.nulls}
    delimiter = delimited.delimiter_of(source)
    csv.field_size_limit(SPLIT_BYTES)
    reader = csv.reader(file, delimiter=delimiter, quotechar=source.quote or '"', strict=True)
    header = next(reader, [])
    places = [header.index(name) for name in split.references]
    while True:
        problem = ""
        try:
            cells = next(reader, None)
        except csv.Error:
            cells, problem = [], "UNQUOTED VALUE"
        if cells is None:
            return
        problem = problem or (_problem(cells, len(header)) if cells else "")
        if problem:
            bad = BadLine(split.path.name, reader.line_num, problem, delimiter.join(cells))
            yield delimited.refuse_line(source, len(header), bad)
        elif cells:
            found = (cells[place] for place in places)
            position = f"{split.path.name}:{reader.line_num}"
            yield Item(position, [None if cell in empty else (cell, None) for cell in found])


def _problem(cells: list[str], width: int) -> str:
    if len(cells) != width:
        return "MISSING COLUMNS" if len(cells) < width else "TOO MANY COLUMNS"
    return "INVALID ENCODING" if any(map(has_lone_surrogate, cells)) else ""


def _parquet_items(split: Split) -> Iterator[Item]:
    group = pq.ParquetFile(split.path).read_row_group(split.start, list(split.references))
    rows = (row for batch in group.to_batches(_BATCH_ROWS) for row in batch.to_pylist())
    for number, row in enumerate(rows, 1):
        cells = [to_natural(row[name]) for name in split.references]
        yield Item(f"{split.path.name}#{number}", list(cells))


def _content(split: Split) -> bytes:
    with split.path.open("rb") as file:
        file.seek(split.start)
        return file.read(split.end - split.start)


def _read_clean_lines(split: Split) -> pa.Table | None:
    """Read a range of CSV by Arrow; None if any line of it is not as it should be."""
    if split.source.formulation not in {"csv", "tsv"} or split.end < 0:
        return None
    content = _content(split)
    names = delimited.read_header(split.path, split.source)
    if len(set(names)) < len(names) or not content or not _is_clean(content):
        return None
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(content),
            arrow_csv.ReadOptions(column_names=names, use_threads=False),
            arrow_csv.ParseOptions(
                delimiter=delimited.delimiter_of(split.source),
                quote_char=split.source.quote or '"',
                ignore_empty_lines=False,
            ),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=["", *split.source.nulls],
                strings_can_be_null=True,
                include_columns=list(dict.fromkeys(split.references)) or names[:1],
            ),
        )
    except pa.ArrowInvalid:
        return None
    lines = content.count(b"\n") + (not content.endswith(b"\n"))
    return table if table.num_rows == lines else None


def _is_clean(content: bytes) -> bool:
    """Tell that a range is UTF-8 without empty lines, which Arrow would take for rows."""
    if content[:1] in {b"\n", b"\r"} or b"\n\n" in content or b"\n\r" in content:
        return False
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _clean_batches(
    split: Split, table: pa.Table, base: int, schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    place = split.first + 1
    for batch in table.to_batches(_BATCH_ROWS):
        count = batch.num_rows
        numbers = pa.array(range(base, base + count), pa.int64())
        places = pa.array(range(place, place + count), pa.int64())
        nothing = pa.nulls(count, pa.string())
        cells = [batch.column(name) for name in split.references]
        arrays = [numbers, places, *cells, nothing, nothing, nothing]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)
        base += count
        place += count


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
