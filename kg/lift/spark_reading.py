"""A part of a logical source as a task of a Spark job reads it -> Arrow batches.

Rows mean what they mean to the other engine, whose readers these are. Tasks import this module
alone, and of the readers only the one that they need.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import tempfile
from contextlib import contextmanager
from importlib import import_module
from itertools import accumulate, islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv as arrow_csv

from kg.lift import delimited, jsontext
from kg.lift.columns import has_lone_surrogate
from kg.lift.duckdb import BadLine
from kg.lift.mapping import XSD
from kg.lift.natural import to_natural
from kg.lift.spark_splits import SPLIT_BYTES, VALUE, Split
from kg.lift.spool import Item, refuse_half_characters, to_items
from kg.records import Rejected

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kg.lift.natural import Natural
    from kg.lift.spool import Cell

_BATCH_ROWS = 10_000
_LINES = frozenset({"csv", "tsv", "jsonl"})
# Arrow imports pandas, a second of every worker's time, to make a value of one of Python's.
_BETWEEN = pa.StringArray.from_buffers(1, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\0"))[0]
_LAST_NUMBER = re.compile(r"\d+$")


def read_split(split: Split, base: int) -> Iterator[pa.RecordBatch]:
    """Read a split; rows are numbered from ``base``, and bad ones say why in the last columns."""
    for columns in _batches(split):
        numbers = pa.arange(base, base + len(columns[0]))
        base += len(columns[0])
        yield pa.RecordBatch.from_arrays([numbers, *columns], schema=split.layout.schema)


def _batches(split: Split) -> Iterator[list[pa.Array]]:
    if split.source.formulation == "parquet":
        return _parquet_batches(split)
    table = _read_clean_lines(split)
    return _item_batches(split) if table is None else _clean_batches(split, table)


def read_keys(split: Split) -> Iterator[pa.Array]:
    """Read the values of each row of a split as one text; no text where one is absent.

    Texts that are equal need not be of equal values, but equal values have equal texts.
    """
    for batch in read_split(split, 0):
        cells = [batch.column(f"c{number}") for number in range(len(split.layout.references))]
        yield cells[0] if len(cells) == 1 else pc.binary_join_element_wise(*cells, _BETWEEN)


def _item_batches(split: Split) -> Iterator[list[pa.Array]]:
    name = "database" if split.source.formulation == "sql" else split.source.name
    read = enumerate(_items(split), split.first + 1)
    while chunk := list(islice(read, _BATCH_ROWS)):
        places, bad, cells = [], [], []
        for ordinal, found in chunk:
            item = refuse_half_characters(name, found) if isinstance(found, Item) else found
            places.append(_place(split, item, ordinal))
            bad.append(item if isinstance(item, Rejected) else None)
            cells.append(item.cells if isinstance(item, Item) else None)
        yield [*_places(split, places), *_cells(split, cells), *_bad(bad)]


def _place(split: Split, item: Item | Rejected, ordinal: int) -> tuple[int, str | None]:
    """Number a row, and give its position where that does not follow from the number."""
    if split.source.formulation in _LINES:
        found = _LAST_NUMBER.search(item.position)
        assert found is not None
        return int(found.group()) + split.first - split.header.count(b"\n"), None
    return ordinal, item.position


def _places(split: Split, places: list[tuple[int, str | None]]) -> list[pa.Array]:
    numbers, positions = zip(*places, strict=True)
    return [pa.array(numbers, pa.int64()), pa.array(positions, pa.string())]


def _cells(split: Split, rows: Sequence[Sequence[Cell] | None]) -> Iterator[pa.Array]:
    for number, is_list in enumerate(split.layout.plural):
        cells = [row[number] if row is not None else None for row in rows]
        if is_list:
            yield _lists([cell if isinstance(cell, list) else [] for cell in cells])
            continue
        value, kind = _naturals([cell if isinstance(cell, tuple) else None for cell in cells])
        yield from (value, kind) if split.layout.has_kind(number) else (value,)


def _naturals(naturals: Sequence[Natural | None]) -> list[pa.Array]:
    pairs = [natural or (None, None) for natural in naturals]
    return [pa.array([pair[side] for pair in pairs], pa.string()) for side in (0, 1)]


def _lists(cells: list[list[Natural]]) -> pa.Array:
    ends = list(accumulate(map(len, cells), initial=0))
    flat = _naturals([natural for cell in cells for natural in cell])
    values = pa.StructArray.from_arrays(flat, fields=list(VALUE))
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), values)


def _bad(rows: list[Rejected | None]) -> list[pa.Array]:
    """Say what is wrong; a message begins with the position, which only the driver may know."""
    told = [
        (row.code, row.message.removeprefix(row.position).strip(), row.raw) if row else (None,) * 3
        for row in rows
    ]
    return [pa.array(column, pa.string()) for column in zip(*told, strict=True)]


def _items(split: Split) -> Iterator[Item | Rejected]:
    source, path = split.source, split.path
    references = list(split.layout.references)
    match source.formulation:
        case "csv" | "tsv":
            with _open_rows(split) as file:
                yield from _csv_items(split, file)
        case "jsonl":
            yield from _json_items(split, references)
        case "json":
            yield from to_items(jsontext.read_json(path, source.iterator, references))
        case "xlsx":
            sheets = import_module("kg.lift.sheets")
            yield from to_items(sheets.read_sheet(path, source.iterator, references))
        case "xml":
            xmltext = import_module("kg.lift.xmltext")
            namespaces = dict(source.namespaces)
            yield from to_items(xmltext.read_xml(path, source.iterator, references, namespaces))
        case _:
            databases = import_module("kg.lift.databases")
            wanted = source.iterator
            rows = databases.read_rows(source.name, split.folder, wanted, references)
            yield from to_items(rows)


def _json_items(split: Split, references: list[str]) -> Iterator[Item | Rejected]:
    iterator = split.source.iterator
    if split.end < 0:
        yield from to_items(jsontext.read_json_lines(split.path, iterator, references))
        return
    with tempfile.TemporaryDirectory(prefix="traveler-split-") as folder:
        part = Path(folder) / split.path.name
        part.write_bytes(_content(split))
        yield from to_items(jsontext.read_json_lines(part, iterator, references))


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
    places = [header.index(name) for name in split.layout.references]
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


def _parquet_batches(split: Split) -> Iterator[list[pa.Array]]:
    group = pq.ParquetFile(split.path).read_row_group(split.start, list(split.layout.references))
    place = split.first + 1
    for batch in group.to_batches(_BATCH_ROWS):
        cells = [
            column
            for name in split.layout.references
            for column in _natural_columns(batch.column(name))
        ]
        yield _clean_batch(place, len(batch), cells)
        place += len(batch)


def _natural_columns(column: pa.Array) -> list[pa.Array]:
    """Give the texts of a column, and their datatypes, as the other engine takes its type."""
    kind = column.type
    if pa.types.is_string(kind):
        return [column, pa.nulls(len(column), pa.string())]
    if pa.types.is_duration(kind):
        column = column.cast(pa.int64())
    if pa.types.is_integer(column.type):
        return [column.cast(pa.string()), _kinds(column, "integer")]
    if pa.types.is_timestamp(kind):
        return [_moments(column), _kinds(column, "dateTime")]
    if pa.types.is_decimal256(kind):
        column = column.cast(pa.float64())
    return _naturals([to_natural(value) for value in column.to_pylist()])


def _moments(column: pa.Array) -> pa.Array:
    """Write moments by Arrow, which knows years and nanoseconds that Python does not."""
    plain = column.cast(pa.timestamp(column.type.unit))
    texts = pc.strftime(plain, "%Y-%m-%dT%H:%M:%S")
    texts = pc.replace_substring_regex(texts, r"\.0*$|(\.\d*[1-9])0+$", r"\1")
    return pc.binary_join_element_wise(texts, "Z", "") if column.type.tz else texts


def _kinds(column: pa.Array, datatype: str) -> pa.Array:
    return pc.if_else(column.is_valid(), XSD + datatype, pa.scalar(None, pa.string()))


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
    references = split.layout.references
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
                include_columns=list(dict.fromkeys(references)) or names[:1],
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


def _clean_batches(split: Split, table: pa.Table) -> Iterator[list[pa.Array]]:
    place = split.first + 1
    for batch in table.to_batches(_BATCH_ROWS):
        cells = [batch.column(name) for name in split.layout.references]
        yield _clean_batch(place, len(batch), cells)
        place += len(batch)


def _clean_batch(place: int, count: int, cells: list[pa.Array]) -> list[pa.Array]:
    """Give the columns of good rows whose places are numbers from ``place`` on."""
    nothing = pa.nulls(count, pa.string())
    places = pa.arange(place, place + count)
    return [places, nothing, *cells, nothing, nothing, nothing]
