"""CSV and TSV: what DuckDB is told of a file, and where in it the bad rows stand."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING

from kg.csvrows import CsvRow, read_rows
from kg.errors import SourceError
from kg.lift.columns import has_lone_surrogate
from kg.lift.duckdb import quote
from kg.lift.opening import TextLine, is_packed, is_utf8, lines_of, open_bytes, open_text
from kg.lift.spool import bad_row
from kg.records import Record, Rejected

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from kg.lift.duckdb import BadLine
    from kg.lift.mapping import LogicalSource
    from kg.lift.putaside import PutAside

_CHUNK = 1 << 20
_LONGEST = 1 << 24
_BUFFER = 1 << 23  # DuckDB takes 32 MB for each reader of each file
_NEVER = "\x01\x02"  # control characters are always escaped in N-Quads


def read_header(path: Path, source: LogicalSource) -> list[str]:
    """Give the names in the first line.

    Raises:
        SourceError: there is no such file, it cannot be read, or its first line names nothing.
    """
    with open_text(path, source.encoding) as file:
        header = next(rows_of(file, source), None)
    problem = header.problem if header is not None else "it is empty"
    if header is not None and not problem:
        problem = "" if any(header.cells) else "its first line is empty"
        problem = "its first line is no text" if "\0" in "".join(header.cells) else problem
    if problem or header is None:
        hint = "the first line must name the columns"
        raise SourceError(f"{path}: has no header: {problem}", hint=hint)
    return header.cells


def is_direct(path: Path, source: LogicalSource) -> bool:
    """Tell whether DuckDB can read the file as it is; others are rewritten first.

    It reads UTF-8, in lines that all end alike, of which none is longer than a buffer. A quote
    that is never closed would make it skip what follows, and it counts rows where we count lines.
    """
    return is_utf8(path, source.encoding) and _has_plain_lines(path, source)


def _has_plain_lines(path: Path, source: LogicalSource) -> bool:
    returns = feeds = pairs = 0
    mark, delimiter = (source.quote or '"').encode(), delimiter_of(source).encode()
    rest = b""
    with open_bytes(path) as file:
        while chunk := file.read(_CHUNK):
            text = rest + chunk
            end = text.rfind(b"\n") + 1
            if len(text) - end > _CHUNK or _has_odd_quote(text[:end], mark, delimiter):
                return False
            found = chunk.count(b"\r")
            if found or returns:
                pairs += chunk.count(b"\r\n") + (rest[-1:] == b"\r" and chunk[:1] == b"\n")
            returns += found
            feeds += chunk.count(b"\n")
            rest = text[end:]
    has_one_end = not returns or not feeds or returns == feeds == pairs
    return has_one_end and not _has_odd_quote(rest, mark, delimiter)


def _has_odd_quote(text: bytes, mark: bytes, delimiter: bytes) -> bool:
    """Tell whether a quote may be open at the end of some line, at the cost of false alarms.

    Where none is, every quoted cell begins and ends beside a delimiter or an end of line.
    """
    if mark not in text:
        return False
    begins = text.startswith(mark) + text.count(delimiter + mark) + text.count(b"\n" + mark)
    ends = text.endswith(mark) + text.count(mark + delimiter)
    ends += text.count(mark + b"\n") + text.count(mark + b"\r")
    return begins != ends or any(line.count(mark) % 2 for line in text.split(b"\n"))


def rows_of(file: IO[str], source: LogicalSource, width: int = 0) -> Iterator[CsvRow[TextLine]]:
    """Part the text into rows of cells."""
    return read_rows(lines_of(file), delimiter_of(source), source.quote or '"', width)


def rewrite(path: Path, source: LogicalSource, folder: Path) -> Path:
    """Write a file in UTF-8 with one kind of line end, piece by piece; give the new file.

    Raises:
        SourceError: it is not in the encoding that the mapping names.
    """
    made = folder / f"{len(list(folder.iterdir()))}.csv"
    with (
        open_text(path, source.encoding, newline=None) as file,
        made.open("w", encoding="utf-8", errors="surrogateescape", newline="") as out,
    ):
        while text := file.read(_CHUNK):
            out.write(text)
    return made


def mend(path: Path, source: LogicalSource, width: int, folder: Path, rejected: PutAside) -> Path:
    """Write a file as DuckDB reads it, without its bad rows; give the new file.

    Raises:
        SourceError: it cannot be read.
    """
    made = folder / f"{len(list(folder.iterdir()))}.csv"
    with (
        open_text(path, source.encoding) as file,
        made.open("w", encoding="utf-8", newline="") as out,
    ):
        rows = rows_of(file, source, width)
        next(rows, None)
        out.write(delimiter_of(source).join(f"c{number}" for number in range(width)) + "\n")
        for row in rows:
            bad = refuse_row(path, source, row, width)
            if bad is not None:
                rejected.append(bad)
            elif row.cells:
                text = "".join(line.content for line in row.lines)
                out.write(text.rstrip("\r\n") + "\n")
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
        "compression": "'gzip'" if is_packed(path) else "'none'",
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


def read_again(
    path: Path, source: LogicalSource, references: Collection[str]
) -> Iterator[Record | Rejected]:
    """Read the rows with their lines, slowly and by Python, to say where bad ones stand.

    Raises:
        SourceError: the file cannot be read.
    """
    header = read_header(path, source)
    with open_text(path, source.encoding) as file:
        rows = rows_of(file, source, len(header))
        next(rows, None)
        for row in rows:
            named = zip(header, row.cells, strict=False)
            cells = {name: cell for name, cell in named if name in references}
            bad = refuse_row(path, source, row, len(header), cells.values())
            if bad is not None:
                yield bad
            elif row.cells:
                position = f"{path.name}:{row.lines[0].number}"
                values = {name: None if v in source.nulls else v for name, v in cells.items()}
                yield Record(source.name, source.name, position, values, position)


def refuse_row(
    path: Path,
    source: LogicalSource,
    row: CsvRow[TextLine],
    width: int,
    read: Iterable[str] | None = None,
) -> Rejected | None:
    """Say what is wrong with a row, of whose cells some are ``read``; None if nothing is."""
    problem, code = row.problem, "bad-row"
    if not problem and row.cells and len(row.cells) != width:
        problem = f"has {len(row.cells)} of {width} cells"
    elif not problem and any(map(has_lone_surrogate, row.cells if read is None else read)):
        problem, code = "holds bytes that are no text in its encoding", "bad-encoding"
    if not problem:
        return None
    raw = "".join(line.content for line in row.lines)
    return bad_row(source.name, f"{path.name}:{row.lines[0].number}", problem, raw, code)


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
