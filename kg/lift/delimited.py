"""CSV and TSV: what DuckDB is told of a file, and where in it the bad rows stand."""

from __future__ import annotations

import codecs
import csv
import gzip
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from kg.errors import SourceError
from kg.lift.columns import find_unencodable
from kg.lift.duckdb import quote
from kg.lift.spool import bad_row
from kg.records import Record, Rejected

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Iterator

    from kg.lift.duckdb import BadLine
    from kg.lift.mapping import LogicalSource

_CHUNK = 1 << 20
_LONGEST = 1 << 24
_BUFFER = 1 << 23  # DuckDB takes 32 MB for each reader of each file
_NEVER = "\x01\x02"  # control characters are always escaped in N-Quads
_DIRECT = {"utf-8", "utf-8-sig", "utf8"}


def read_header(path: Path, source: LogicalSource) -> list[str]:
    """Give the names in the first line.

    Raises:
        SourceError: there is no such file, or it cannot be read.
    """
    with _open(path, source, errors="surrogateescape") as file:
        return next(_cells(file, source), [])


def is_direct(path: Path, source: LogicalSource) -> bool:
    """Tell whether DuckDB can read the file as it is; others are rewritten first.

    It reads UTF-8, and lines that all end alike.
    """
    return _encoding(path, source) in _DIRECT and _has_one_line_end(path)


def _has_one_line_end(path: Path) -> bool:
    returns = feeds = pairs = 0
    last = b""
    with _open_bytes(path) as file:
        while chunk := file.read(_CHUNK):
            found = chunk.count(b"\r")
            if found or returns:
                pairs += chunk.count(b"\r\n") + (last == b"\r" and chunk[:1] == b"\n")
            returns += found
            feeds += chunk.count(b"\n")
            last = chunk[-1:]
    return not returns or not feeds or returns == feeds == pairs


@contextmanager
def _open_bytes(path: Path) -> Iterator[IO[bytes]]:
    try:
        with path.open("rb") as packed:
            yield gzip.GzipFile(fileobj=packed) if path.suffix == ".gz" else packed  # type: ignore[misc]
    except (OSError, EOFError) as error:
        hint = "its path is taken from the mapping's folder"
        raise SourceError(f"{path}: cannot be read: {error}", hint=hint) from error


def rewrite(path: Path, source: LogicalSource, folder: Path) -> Path:
    """Write a file in UTF-8 with one kind of line end, piece by piece; give the new file.

    Raises:
        SourceError: it is not in the encoding that the mapping names.
    """
    made = folder / f"{len(list(folder.iterdir()))}.csv"
    with (
        _open(path, source, "surrogateescape", newline=None) as file,
        made.open("w", encoding="utf-8", errors="surrogateescape", newline="") as out,
    ):
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
        "buffer_size": str(_BUFFER),
        "max_line_size": "2000000",
    }
    told = ", ".join(f"{name} = {value}" for name, value in options.items())
    return f"read_csv({quote(str(path))}, {told})"


def lines_of_file(path: Path) -> str:
    """Write the table function that gives a file's lines, as they are, in a column ``line``."""
    return (
        f"read_csv({quote(str(path))}, columns = {{'line': 'VARCHAR'}}, auto_detect = false, "
        f"header = false, delim = '{_NEVER[0]}', quote = '', escape = '', nullstr = '{_NEVER[1]}', "
        f"buffer_size = {_LONGEST}, max_line_size = {_LONGEST})"
    )


def delimiter_of(source: LogicalSource) -> str:
    """Give what stands between the cells."""
    return source.delimiter or ("\t" if source.formulation == "tsv" else ",")


def read_again(path: Path, source: LogicalSource) -> Iterator[Record | Rejected]:
    """Read the rows with their lines, slowly and by Python, to say where bad ones stand.

    Raises:
        SourceError: the file cannot be read.
    """
    csv.field_size_limit(_LONGEST)
    with _open(path, source, errors="surrogateescape") as file:
        reader = _cells(file, source)
        header: list[str] = next(reader, [])
        for cells in filter(None, reader):
            position = f"{path.name}:{reader.line_num}"
            raw = delimiter_of(source).join(cells)
            row = dict(zip(header, cells, strict=False))
            if len(cells) != len(header):
                problem = f"has {len(cells)} cells, the header {len(header)}"
                yield bad_row(source.name, position, problem, raw)
            elif find_unencodable(row):
                problem = "holds bytes that are no text in its encoding"
                yield bad_row(source.name, position, problem, raw, "bad-encoding")
            else:
                yield Record(source.name, source.name, position, row, position)


def refuse_line(source: LogicalSource, columns: int, bad: BadLine) -> Rejected:
    """Say what is wrong with a line that DuckDB left out."""
    position = f"{Path(source.name).name}:{bad.line}"
    if bad.problem == "INVALID ENCODING":
        problem = "holds bytes that are no text in its encoding"
        return bad_row(source.name, position, problem, bad.raw, "bad-encoding")
    problem = {
        "MISSING COLUMNS": f"has fewer cells than the header, which has {columns}",
        "TOO MANY COLUMNS": f"has more cells than the header, which has {columns}",
        "UNQUOTED VALUE": "has a quote that is not closed before the next cell, or never",
        "LINE SIZE OVER MAXIMUM": "is longer than 2 MB",
    }.get(bad.problem, f"is no row: {bad.problem.lower()}")
    return bad_row(source.name, position, problem, bad.raw)


def _cells(file: IO[str], source: LogicalSource) -> Reader:
    return csv.reader(file, delimiter=delimiter_of(source), quotechar=source.quote or '"')


@contextmanager
def _open(
    path: Path, source: LogicalSource, errors: str = "strict", newline: str | None = ""
) -> Iterator[IO[str]]:
    encoding = _encoding(path, source)
    encoding = "utf-8-sig" if encoding in _DIRECT else encoding
    try:
        with (
            gzip.open(path, "rt", encoding=encoding, errors=errors, newline=newline)
            if path.suffix == ".gz"
            else path.open(encoding=encoding, errors=errors, newline=newline)
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
