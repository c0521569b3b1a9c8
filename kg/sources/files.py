"""Files in a folder: CSV and TSV, JSON lines, and JSON arrays, by the ending of their name."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from pathlib import Path
from time import sleep, time
from typing import TYPE_CHECKING, BinaryIO

from kg.csvrows import LONGEST_LINE
from kg.errors import SourceError
from kg.settings import TableSettings
from kg.sources.admission import Admission
from kg.sources.cells import is_encodable
from kg.sources.delimited import DelimitedRows, refuse_encoding
from kg.sources.lines import BOM, Cursor, Line, read_lines
from kg.sources.objects import object_row, refuse_json
from kg.sources.reading import Reading, Row, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kg.settings import SourceSettings
    from kg.sources.reading import Item

FRESH_SECONDS = 3.0
"""How long after it was written a file may be written again with nothing to tell the two apart."""
_ENDINGS = (".csv", ".tsv", ".jsonl", ".json")


def read_tables(source: SourceSettings, cursors: Mapping[str, str]) -> Iterator[Reading]:
    """Give a reading for each table of a source of files.

    Raises:
        SourceError: a file is missing, has another ending, or lacks a configured column.
    """
    for table in source.tables:
        reading = Reading(table, iter(()), signature=_sign(source, table))
        reading.items = _read_file(source, reading, cursors.get(table.name, ""))
        yield reading


def reread_rows(
    source: SourceSettings, table: TableSettings, raws: Sequence[tuple[str, str]]
) -> Iterator[Item]:
    """Read single rows of a growing file again, from what they were; gives one item for each.

    Raises:
        SourceError: the file is gone, and with it the header that names the cells of a CSV row.
    """
    admission = Admission(source, table)
    path = Path(source.path) / _file_of(table)
    if path.suffix.lower() == ".jsonl":
        objects = (_read_object(place, _line_of(place, raw)) for place, raw in raws)
        yield from admission.admit(objects, Reading(table, iter(())))
        return
    rows = _reread_delimited(source, table, path, raws)
    yield from admission.admit(rows, Reading(table, iter(())))


def _reread_delimited(
    source: SourceSettings, table: TableSettings, path: Path, raws: Sequence[tuple[str, str]]
) -> Iterator[Row | Unreadable]:
    lines = [_line_of(place, raw) for place, raw in raws]
    wanted = {line.number for line in lines}
    with _opened(source, table, path) as file:
        header = next(read_lines(file, Cursor(), is_growing=True), None)
        found = read_lines(file, Cursor(), is_growing=False)
        held = {line.number: line.text().rstrip("\r\n") for line in found if line.number in wanted}
    parser = DelimitedRows(path.name, header, _delimiter_of(path.name))
    Admission(source, table).check_columns(parser.columns, path.name)
    for line, (place, raw) in zip(lines, raws, strict=True):
        # Another file took its place: that one's header says nothing of this row's cells.
        if held.get(line.number) != raw.partition("\n")[0].rstrip("\r"):
            message = f"stands no longer in {path.name}, whose header would say what its cells are"
            yield Unreadable(place, "gone-row", message, "discard it, or put the file back", raw)
        else:
            yield from parser.read(iter([line]), is_growing=False)


def _line_of(place: str, raw: str) -> Line:
    return Line(raw.encode(errors="surrogateescape"), int(place.rpartition(":")[2]), 0)


def _delimiter_of(name: str) -> str | None:
    return "\t" if name.lower().endswith(".tsv") else None


def peek_rows(source: SourceSettings, name: str) -> Iterator[Row | Unreadable]:
    """Give a file's rows as they stand, before anybody has said what its key is.

    Raises:
        SourceError: it is missing, has another ending, or cannot be read.
    """
    # Nothing is known of the table but its file; what settings demand beside that is not used.
    table = TableSettings(name=source.name, mapping="none", key=("none",), file=name)
    path = Path(source.path) / name
    ending = path.suffix.lower()
    with _opened(source, table, path) as file:
        if ending == ".json":
            yield from _read_array(path.name, file)
        elif ending == ".jsonl":
            for line in read_lines(file, Cursor(), is_growing=False):
                if line.content.strip():
                    yield _read_object(f"{path.name}:{line.number}", line)
        else:
            lines = read_lines(file, Cursor(), is_growing=False)
            rows = DelimitedRows(path.name, next(lines, None), _delimiter_of(name))
            yield from rows.read(lines, is_growing=False)


def is_growing(table: TableSettings) -> bool:
    """Tell whether a file is gone on with: what stands before the cursor is not read again."""
    is_text = Path(_file_of(table)).suffix.lower() != ".json"
    return table.arrives != "snapshot" and is_text


def _file_of(table: TableSettings) -> str:
    return table.file or f"{table.name}.csv"


def _read_file(source: SourceSettings, reading: Reading, cursor: str) -> Iterator[Item]:
    table = reading.table
    path = Path(source.path) / _file_of(table)
    ending = path.suffix.lower()
    if ending not in _ENDINGS:
        raise SourceError(
            f"source {source.name}, table {table.name}: cannot tell what {path.name} is",
            hint=f"its name must end in one of {', '.join(_ENDINGS)}",
        )
    admission = Admission(source, table)
    reading.waits = _missing_mark(table, path)
    if reading.waits:
        return
    with _opened(source, table, path) as file:
        before = os.fstat(file.fileno())
        if ending == ".json":
            rows = admission.check_objects(_read_array(path.name, file), path.name)
        else:
            text = _TextFile(path.name, file, reading, cursor)
            rows = (
                text.read_delimited(admission)
                if ending != ".jsonl"
                else text.read_objects(admission)
            )
        yield from admission.admit(rows, reading)
        after = os.fstat(file.fileno())
    # An export that is still being written, or was not begun, is no snapshot to delete by.
    reading.is_whole = reading.is_whole and _is_same(before, after) and before.st_size > 0
    reading.is_settled = lambda: _has_settled(
        path, before, 0 if table.done else table.settle_seconds
    )


def _sign(source: SourceSettings, table: TableSettings) -> str:
    """Tell a snapshot's file from any that is written later; one just written is not told yet.

    Two files that are written within one tick of the disk's clock have the same time.
    """
    try:
        found = (Path(source.path) / _file_of(table)).stat()
    except OSError:
        return ""
    if table.arrives != "snapshot" or table.done or time() - found.st_mtime < FRESH_SECONDS:
        return ""
    return f"{found.st_dev}:{found.st_ino}:{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}"


def _missing_mark(table: TableSettings, path: Path) -> str:
    """Say that an export has not been marked as done since it was written; "" if it has been."""
    mark = path.parent / table.done
    if not table.done:
        return ""
    if not mark.is_file():
        return f"{table.done} is not there yet"
    if path.is_file() and path.stat().st_mtime_ns > mark.stat().st_mtime_ns:
        return f"{path.name} was written after {table.done}"
    return ""


def _has_settled(path: Path, before: os.stat_result, seconds: float) -> bool:
    """Tell, after a while, whether a file is still what was read."""
    sleep(seconds)
    try:
        return _is_same(before, path.stat())
    except OSError:
        return False


def _is_same(before: os.stat_result, after: os.stat_result) -> bool:
    return (before.st_ino, before.st_size, before.st_mtime_ns) == (
        after.st_ino,
        after.st_size,
        after.st_mtime_ns,
    )


class _TextFile:
    """A file of lines; a growing one goes on from its cursor and leaves a new one."""

    def __init__(self, name: str, file: BinaryIO, reading: Reading, cursor: str) -> None:
        self._name = name
        self._file = file
        self._reading = reading
        self._is_growing = is_growing(reading.table)
        reading.is_from_start = not self._is_growing
        self._start = Cursor.resume(cursor, file) if self._is_growing else Cursor()

    def read_delimited(self, admission: Admission) -> Iterator[Row | Unreadable]:
        """Give the rows of a CSV or TSV file whose header has all configured columns."""
        header = next(read_lines(self._file, Cursor(), is_growing=self._is_growing), None)
        if header is None and self._is_growing:
            self._reading.waits = f"{self._name}: its first line is not written to its end"
            return
        rows = DelimitedRows(self._name, header, _delimiter_of(self._name))
        admission.check_columns(rows.columns, self._name)
        start = self._start if self._start.offset else Cursor(rows.end, rows.lines)
        rows.end, rows.lines = start.offset, start.lines
        lines = read_lines(self._file, start, is_growing=self._is_growing)
        yield from rows.read(lines, is_growing=self._is_growing)
        self._finish(rows.end, rows.lines)

    def read_objects(self, admission: Admission) -> Iterator[Row | Unreadable]:
        """Give a JSON-lines file's objects; their columns are checked when read from the start."""
        rows = self._objects()
        return rows if self._start.offset else admission.check_objects(rows, self._name)

    def _objects(self) -> Iterator[Row | Unreadable]:
        end, number = self._start.offset, self._start.lines
        growing = self._is_growing
        for line in read_lines(
            self._file, self._start, is_growing=growing, is_whole=_is_whole_object
        ):
            end, number = line.end, line.number
            if line.content.strip():
                yield _read_object(f"{self._name}:{number}", line)
        self._finish(end, number)

    def _finish(self, end: int, lines: int) -> None:
        if not self._is_growing:
            return
        self._reading.cursor = Cursor.at(end, lines, self._file).write()
        if os.fstat(self._file.fileno()).st_size > end:
            self._reading.waits = f"{self._name}:{lines + 1} is not written to its end"


def _is_whole_object(line: bytes) -> bool:
    """Tell an object that nothing more can belong to, from one that is still being written."""
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _read_object(place: str, line: Line) -> Row | Unreadable:
    raw = line.text().strip()
    if line.is_cut:
        return refuse_json(place, f"is longer than {LONGEST_LINE:,} bytes", raw)
    if not is_encodable(raw):
        return refuse_encoding(place, raw)
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        return refuse_json(place, f"is no JSON: {error}", raw)
    return object_row(place, document, raw)


def _read_array(name: str, file: BinaryIO) -> Iterator[Row | Unreadable]:
    try:
        document = json.loads(file.read().removeprefix(BOM).decode())
    except (ValueError, RecursionError) as error:
        raise SourceError(
            f"{name} is no JSON: {error}", hint="export it again as an array of objects in UTF-8"
        ) from error
    if not isinstance(document, list):
        raise SourceError(
            f"{name} holds no JSON array", hint="give an array of objects, or one object a line"
        )
    for number, item in enumerate(document, start=1):
        yield object_row(f"{name}#{number}", item, json.dumps(item))


@contextmanager
def _opened(source: SourceSettings, table: TableSettings, path: Path) -> Iterator[BinaryIO]:
    try:
        if path.exists() and not path.is_file():
            kind = "a folder" if path.is_dir() else "a pipe or a device, not a plain file"
            raise SourceError(
                f"source {source.name}, table {table.name}: {path} is {kind}",
                hint="name a plain file in source.toml",
            )
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise SourceError(
            f"source {source.name}, table {table.name}: {path}: {error.strerror or error}",
            hint="check path in plant.toml, file in source.toml, and that it may be read",
        ) from error
