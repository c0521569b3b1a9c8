"""CSV and TSV (RFC 4180), read so that one bad line costs one row."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from kg.csvrows import read_rows
from kg.errors import SourceError
from kg.sources.cells import is_encodable
from kg.sources.reading import Row, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.sources.lines import Line


class DelimitedRows:
    """The rows of one CSV file; ``end`` and ``lines`` say how far they are consumed."""

    def __init__(self, name: str, header: Line | None, delimiter: str | None) -> None:
        self._name = name
        text = header.text() if header else ""
        is_cut = header is not None and header.is_cut
        if not text.strip() or not is_encodable(text) or "\0" in text or is_cut:
            raise SourceError(
                f"{name} has no header row in UTF-8",
                hint="save it as CSV UTF-8 with the column names in its first line",
            )
        # Spreadsheets of half of Europe write ';' where ',' is the decimal mark.
        is_semicolon = text.count(";") > text.count(",")
        self._delimiter = delimiter or (";" if is_semicolon else ",")
        try:
            header_cells = next(csv.reader([text], delimiter=self._delimiter, strict=True))
        except csv.Error as error:
            raise SourceError(
                f"{name}: its header cannot be read: {error}",
                hint="save it as CSV UTF-8 with line ends of Windows or Unix",
            ) from error
        self.columns = [cell.strip() for cell in header_cells]
        named = [column for column in self.columns if column]
        if twice := {column for column in named if named.count(column) > 1}:
            raise SourceError(
                f"{name} has the column {min(twice)!r} twice", hint="give each a name of its own"
            )
        self.end = header.end if header else 0
        self.lines = header.number if header else 0

    def read(self, lines: Iterator[Line], *, is_growing: bool) -> Iterator[Row | Unreadable]:
        """Give the rows of ``lines``; an open quote at the end of a growing file is left there."""
        rows = read_rows(lines, self._delimiter, width=len(self.columns), is_growing=is_growing)
        for row in rows:
            self.end, self.lines = row.lines[-1].end, row.lines[-1].number
            if row.problem:
                yield self._refuse(row.lines[0], row.problem)
            elif row.cells:
                yield self._row(row.cells, row.lines)

    def _row(self, cells: list[str], taken: list[Line]) -> Row | Unreadable:
        place = f"{self._name}:{taken[0].number}"
        raw = "".join(line.text() for line in taken).rstrip("\r\n")
        if not is_encodable(raw):
            return refuse_encoding(place, raw)
        if len(cells) != len(self.columns):
            return Unreadable(
                *(place, "bad-row"),
                message=f"{len(cells)} cells under {len(self.columns)} columns",
                hint="quote cells that hold the delimiter or a line break",
                raw=raw,
            )
        named = zip(self.columns, cells, strict=True)
        return Row({column: cell for column, cell in named if column}, place, raw)

    def _refuse(self, line: Line, problem: str) -> Unreadable:
        return Unreadable(
            *(f"{self._name}:{line.number}", "bad-row", problem),
            hint="close the quote, or double a quote that belongs to the text",
            raw=line.text().rstrip("\r\n"),
        )


def refuse_encoding(place: str, raw: str) -> Unreadable:
    """Refuse a line that holds bytes which are no UTF-8."""
    shown = raw.encode(errors="surrogateescape").decode(errors="backslashreplace")
    return Unreadable(
        *(place, "bad-encoding"),
        message=f"is not UTF-8: {shown[:80]!r}",
        hint="export the file as UTF-8",
        raw=raw,
    )
