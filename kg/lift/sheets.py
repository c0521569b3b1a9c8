"""Spreadsheets (xlsx) -> rows; the first row names the columns."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from kg.errors import SourceError
from kg.lift.spool import Rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ROWS = 1_000


def read_header(path: Path, sheet: str) -> list[str]:
    """Give the names in the first row.

    Raises:
        SourceError: there is no such file or sheet, or it is no spreadsheet.
    """
    return _names(next(_rows(path, sheet), ()))


def read_sheet(path: Path, sheet: str, references: list[str]) -> Iterator[Rows]:
    """Read the rows under the header; cells have the types that the sheet gives them.

    Raises:
        SourceError: as `read_header`.
    """
    rows = _rows(path, sheet)
    header = _names(next(rows, ()))
    places = [header.index(name) for name in references]
    numbered = ((n, cells) for n, cells in enumerate(rows, 2) if any(c is not None for c in cells))
    while some := list(islice(numbered, _ROWS)):
        columns = [[_value(cells, place) for _, cells in some] for place in places]
        yield Rows([f"{path.name}#{number}" for number, _ in some], list(columns))


def _names(cells: tuple[object, ...]) -> list[str]:
    return [str(value) if value is not None else "" for value in cells]


def _value(cells: tuple[object, ...], place: int) -> object:
    """Give a cell's value; a row may be shorter than the header, and empty text is none."""
    value = cells[place] if place < len(cells) else None
    return None if value == "" else value


def _rows(path: Path, sheet: str) -> Iterator[tuple[object, ...]]:
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (OSError, BadZipFile, InvalidFileException, KeyError) as error:
        hint = "it must be an .xlsx file, beside the mapping"
        raise SourceError(f"{path}: cannot be read: {error}", hint=hint) from error
    try:
        if sheet and sheet not in book.sheetnames:
            known = ", ".join(book.sheetnames)
            raise SourceError(f"{path}: has no sheet {sheet!r}", hint=f"it has {known}")
        chosen = book[sheet] if sheet else book.worksheets[0]
        yield from chosen.iter_rows(values_only=True)
    finally:
        book.close()
