"""CSV and TSV: what DuckDB is told of a file, and where in it the bad rows stand."""

from __future__ import annotations

import codecs
import csv
import gzip
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from kg.errors import SourceError
from kg.lift.columns import find_unencodable
from kg.lift.duckdb import quote
from kg.lift.spool import bad_row
from kg.records import Record, Rejected

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Iterator
    from pathlib import Path

    from kg.lift.mapping import LogicalSource

_CHUNK = 1 << 20
_DIRECT = {"utf-8", "utf-8-sig", "utf8"}


def read_header(path: Path, source: LogicalSource) -> list[str]:
    """Give the names in the first line.

    Raises:
        SourceError: there is no such file, or it cannot be read.
    """
    with _open(path, source, errors="surrogateescape") as file:
        return next(_cells(file, source), [])


def is_direct(path: Path, source: LogicalSource) -> bool:
    """Tell whether DuckDB can read the file as it is; others are rewritten in UTF-8 first."""
    return _encoding(path, source) in _DIRECT


def rewrite(path: Path, source: LogicalSource, folder: Path) -> Path:
    """Write a file of another encoding in UTF-8, piece by piece; give the new file.

    Raises:
        SourceError: it is not in the encoding that the mapping names.
    """
    made = folder / f"{len(list(folder.iterdir()))}.csv"
    with _open(path, source) as file, made.open("w", encoding="utf-8", newline="") as out:
        while text := file.read(_CHUNK):
            out.write(text)
    return made


def relation(path: Path, source: LogicalSource, header: list[str]) -> str:
    """Write the table function that reads the file; its columns are ``c0``, ``c1`` and so on."""
    columns = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(len(header)))
    mark = quote(source.quote or '"')
    nulls = ", ".join(quote(null) for null in dict.fromkeys(("", *source.nulls)))
    options = {
        "columns": f"{{{columns}}}",
        "auto_detect": "false",
        "header": "true",
        "delim": quote(delimiter_of(source)),
        "quote": mark,
        "escape": mark,
        "nullstr": f"[{nulls}]",
        "compression": "'gzip'" if path.suffix == ".gz" else "'none'",
        "store_rejects": "true",
        "rejects_limit": "0",
    }
    told = ", ".join(f"{name} = {value}" for name, value in options.items())
    return f"read_csv({quote(str(path))}, {told})"


def delimiter_of(source: LogicalSource) -> str:
    """Give what stands between the cells."""
    return source.delimiter or ("\t" if source.formulation == "tsv" else ",")


def read_again(path: Path, source: LogicalSource) -> Iterator[Record | Rejected]:
    """Read the rows with their lines, slowly, to say where the bad ones stand.

    Raises:
        SourceError: the file cannot be read.
    """
    name = path.name
    with _open(path, source, errors="surrogateescape") as file:
        reader = _cells(file, source)
        header: list[str] = next(reader, [])
        for line, cells in _numbered(reader, path):
            position = f"{name}:{line}"
            raw = delimiter_of(source).join(cells)
            row = dict(zip(header, cells, strict=False))
            if len(cells) != len(header):
                problem = f"has {len(cells)} cells, the header {len(header)}"
                yield bad_row(source.name, position, problem, raw)
            elif column := find_unencodable(row):
                problem = f"holds bytes in {column!r} that are no text in its encoding"
                yield bad_row(source.name, position, problem, raw, "bad-encoding")
            else:
                yield Record(source.name, source.name, position, row, position)


def _numbered(reader: Reader, path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        for cells in reader:
            if cells:
                yield reader.line_num, cells
    except csv.Error as error:
        raise SourceError(f"{path}:{reader.line_num}: {error}", hint="correct the line") from error


def _cells(file: IO[str], source: LogicalSource) -> Reader:
    return csv.reader(file, delimiter=delimiter_of(source), quotechar=source.quote or '"')


@contextmanager
def _open(path: Path, source: LogicalSource, errors: str = "strict") -> Iterator[IO[str]]:
    encoding = _encoding(path, source)
    encoding = "utf-8-sig" if encoding in _DIRECT else encoding
    try:
        with (
            gzip.open(path, "rt", encoding=encoding, errors=errors, newline="")
            if path.suffix == ".gz"
            else path.open(encoding=encoding, errors=errors, newline="")
        ) as file:
            yield file
    except (OSError, EOFError, UnicodeError, LookupError) as error:
        hint = "its path is taken from the mapping's folder"
        raise SourceError(f"{path}: cannot be read: {error}", hint=hint) from error


def _encoding(path: Path, source: LogicalSource) -> str:
    if source.encoding:
        return source.encoding
    try:
        with path.open("rb") as file:
            start = file.read(2)
    except OSError as error:
        hint = "its path is taken from the mapping's folder"
        raise SourceError(f"{path}: cannot be read: {error.strerror}", hint=hint) from error
    is_wide = start in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}
    return "utf-16" if is_wide else "utf-8"
