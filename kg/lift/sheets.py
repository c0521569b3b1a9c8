"""Spreadsheets (xlsx) -> items, row by row; the first row names the columns."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from kg.errors import SourceError
from kg.lift.natural import to_natural
from kg.lift.spool import Item

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def read_header(path: Path, sheet: str) -> list[str]:
    """Give the names in the first row.

    Raises:
        SourceError: there is no such file or sheet, or it is no spreadsheet.
    """
    return [str(value) if value is not None else "" for value in next(_rows(path, sheet), ())]


def read_sheet(path: Path, sheet: str, references: list[str]) -> Iterator[Item]:
    """Read the rows under the header; cells have the types that the sheet gives them.

    Raises:
        SourceError: as `read_header`.
    """
    header = read_header(path, sheet)
    places = [header.index(name) for name in references]
    for number, values in enumerate(islice(_rows(path, sheet), 1, None), 2):
        if any(value is not None for value in values):
            cells = [to_natural(values[at]) if at < len(values) else None for at in places]
            yield Item(f"{path.name}#{number}", [None if c == ("", None) else c for c in cells])


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
