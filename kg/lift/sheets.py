"""Spreadsheets (xlsx) -> rows of cells, with the types that the sheet gives them."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import openpyxl
from openpyxl.cell.cell import ERROR_CODES

from kg.errors import SourceError
from kg.lift.spool import Rows, bad_row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kg.records import Rejected

Cells = tuple[object, ...]
_ROWS = 1_000
_MOST_ROWS, _MOST_COLUMNS = 1_048_576, 16_384
_GREATEST_RATIO, _SMALL_BYTES = 100, 1 << 26
"""A sheet of numbers is packed to a tenth; beyond this it is a bomb."""
_OLD_FORMAT = b"\xd0\xcf\x11\xe0"
_ERRORS = frozenset(ERROR_CODES)


def read_header(path: Path, sheet: str) -> list[str]:
    """Give the names in the first row.

    Raises:
        SourceError: there is no such file or sheet, or it is no spreadsheet.
    """
    with _opened(path, sheet) as chosen:
        cells = next(_rows(chosen, 1, _MOST_COLUMNS), ())
    names = [str(value) if value is not None else "" for value in cells]
    while names and not names[-1]:
        names.pop()
    if not names:
        hint = "the first row must name the columns"
        raise SourceError(f"{path}: sheet {sheet or 1} has no header", hint=hint)
    return names


def read_sheet(path: Path, sheet: str, references: list[str]) -> Iterator[Rows | Rejected]:
    """Read the rows under the header; cells have the types that the sheet gives them.

    Raises:
        SourceError: as `read_header`.
    """
    header = read_header(path, sheet)
    places = [header.index(name) for name in references]
    with _opened(path, sheet) as chosen:
        numbered = _numbered(path, _rows(chosen, 2, len(header)))
        while some := list(islice(numbered, _ROWS)):
            columns = [[_value(cells, place) for _, cells in some] for place in places]
            rows = Rows([f"{path.name}#{number}" for number, _ in some], columns)
            yield from _without_errors(path.name, references, rows)


def _numbered(path: Path, rows: Iterator[Cells]) -> Iterator[tuple[int, Cells]]:
    """Number the rows that hold something, as the sheet does."""
    for number, cells in enumerate(rows, 2):
        if number > _MOST_ROWS:
            raise SourceError(f"{path}: has more rows than a sheet can have")
        if any(value is not None for value in cells):
            yield number, cells


def _value(cells: Cells, place: int) -> object:
    """Give a cell's value; a row may be shorter than the header, and empty text is none."""
    value = cells[place] if place < len(cells) else None
    return None if value == "" else value


def _without_errors(source: str, references: list[str], rows: Rows) -> Iterator[Rows | Rejected]:
    """Put aside the rows that hold an error of the sheet's own, such as ``#REF!``."""
    bad: dict[int, Rejected] = {}
    for name, column in zip(references, rows.columns, strict=True):
        for number, value in enumerate(column):
            if isinstance(value, str) and value in _ERRORS:
                held = [given[number] for given in rows.columns]
                problem = f"holds the error {value} in column {name!r}"
                raw = repr(dict(zip(references, held, strict=True)))
                bad.setdefault(number, bad_row(source, rows.positions[number], problem, raw))
    yield rows.only([n for n in range(len(rows.positions)) if n not in bad]) if bad else rows
    yield from bad.values()


@contextmanager
def _opened(path: Path, sheet: str) -> Iterator[Any]:
    try:
        _check_size(path)
        with path.open("rb") as file:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # it warns of styles and drawings that it drops
                book = openpyxl.load_workbook(file, read_only=True, data_only=True)
            try:
                yield _chosen(path, book, sheet)
            finally:
                book.close()
    except SourceError:
        raise
    except Exception as error:  # openpyxl raises whatever it meets
        hint = "it must be a whole .xlsx file: open it, and save it again"
        raise SourceError(f"{path}: cannot be read: {error}", hint=hint) from error


def _check_size(path: Path) -> None:
    """Refuse a file of another kind, and one that is small and unpacks to more than fits."""
    with path.open("rb") as file:
        if file.read(4) == _OLD_FORMAT:
            hint = "save it as .xlsx, without a password"
            raise SourceError(f"{path}: is an old or an encrypted spreadsheet", hint=hint)
    with ZipFile(path) as archive:
        for part in archive.infolist():
            is_packed = part.file_size > _GREATEST_RATIO * max(part.compress_size, 1)
            if is_packed and part.file_size > _SMALL_BYTES:
                size = f"{part.file_size:,} bytes, packed in {part.compress_size:,}"
                hint = "if it is sound, save it again, or export the sheet as CSV"
                raise SourceError(f"{path}: {part.filename} has {size}", hint=hint)


def _chosen(path: Path, book: Any, sheet: str) -> Any:
    if sheet and sheet not in book.sheetnames:
        known = ", ".join(book.sheetnames)
        raise SourceError(f"{path}: has no sheet {sheet!r}", hint=f"it has {known}")
    chosen = book[sheet] if sheet else book.worksheets[0]
    # Many programs write a size that is none: rows beyond it would be left out in silence.
    chosen.reset_dimensions()
    return chosen


def _rows(chosen: Any, first: int, width: int) -> Iterator[Cells]:
    rows = chosen.iter_rows(min_row=first, max_col=width, values_only=True)
    while True:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of dates beyond the calendar, which are error cells
            some = list(islice(rows, _ROWS))
        if not some:
            return
        yield from some
