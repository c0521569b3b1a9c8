"""CSV and TSV (RFC 4180), read so that one bad line costs one row."""

from __future__ import annotations

import csv
from collections import deque
from typing import TYPE_CHECKING

from kg.errors import SourceError
from kg.sources.cells import is_encodable
from kg.sources.reading import Row, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.sources.lines import Line

# A quote that is never closed would swallow the rest of the file as one cell.
_MOST_LINES = 200


class _OpenQuote(Exception):
    """Unwinds csv's reader out of a cell that has no end."""


class _Feed:
    """Hands lines to csv's reader one row at a time, and can take them back."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._returned: deque[Line] = deque()
        self.taken: list[Line] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else next(self._lines, None)
        if line is None and not self.taken:
            raise StopIteration
        if line is None or len(self.taken) >= _MOST_LINES:
            if line is not None:
                self._returned.appendleft(line)
            raise _OpenQuote
        self.taken.append(line)
        return line.text()

    def keep_first(self) -> Line:
        """Take back all lines of the row but its first."""
        first, *rest = self.taken
        self._returned.extendleft(reversed(rest))
        self.taken = []
        return first


class DelimitedRows:
    """The rows of one CSV file; ``end`` and ``lines`` say how far they are consumed."""

    def __init__(self, name: str, header: Line | None, delimiter: str | None) -> None:
        self._name = name
        text = header.text() if header else ""
        if not text.strip() or not is_encodable(text) or "\0" in text:
            raise SourceError(
                f"{name} has no header row in UTF-8",
                hint="save it as CSV UTF-8 with the column names in its first line",
            )
        # Spreadsheets of half of Europe write ';' where ',' is the decimal mark.
        is_semicolon = text.count(";") > text.count(",")
        self._delimiter = delimiter or (";" if is_semicolon else ",")
        try:
            header_cells = next(self._parser(iter([text])))
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
        feed = _Feed(lines)
        parser = self._parser(feed)
        while True:
            feed.taken = []
            try:
                cells = next(parser, None)
            except _OpenQuote:
                if is_growing and len(feed.taken) < _MOST_LINES:
                    return
                yield self._refuse_first(feed, "a quote is opened and never closed")
                continue
            except csv.Error as error:
                yield self._refuse_first(feed, str(error))
                continue
            if cells is None:
                return
            self.end, self.lines = feed.taken[-1].end, feed.taken[-1].number
            if cells:
                yield self._row(cells, feed.taken)

    def _parser(self, lines: Iterator[str]) -> Iterator[list[str]]:
        return csv.reader(lines, delimiter=self._delimiter)

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

    def _refuse_first(self, feed: _Feed, reason: str) -> Unreadable:
        first = feed.keep_first()
        self.end, self.lines = first.end, first.number
        return Unreadable(
            *(f"{self._name}:{first.number}", "bad-row", reason),
            hint="close the quote, or double a quote that belongs to the text",
            raw=first.text().rstrip("\r\n"),
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
