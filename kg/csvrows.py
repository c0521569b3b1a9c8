"""Rows of delimited text (RFC 4180), read so that one bad line costs one row."""

from __future__ import annotations

import csv
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LONGEST_LINE = 2_000_000
"""Beyond this a line is refused, and is not held in memory."""
_MOST_LINES = 200
"""A quote that is never closed would swallow the rest of the file as one cell."""
_OPEN = "a quote is opened and never closed"
_CUT = f"it is longer than {LONGEST_LINE:,} bytes"

csv.field_size_limit(LONGEST_LINE)


class SomeLine(Protocol):
    """A line of a file; ``is_cut`` where it is too long and only its beginning is here."""

    @property
    def number(self) -> int:
        """Its number in the file, from 1."""

    @property
    def is_cut(self) -> bool:
        """Whether its end is missing."""

    def text(self) -> str:
        """Give its text with its end of line."""


L = TypeVar("L", bound=SomeLine)


@dataclass(frozen=True, slots=True)
class CsvRow(Generic[L]):
    """The cells of a row, with the lines it stands on; or one line, and the ``problem`` with it."""

    cells: list[str]
    lines: list[L]
    problem: str = ""


def read_rows(
    lines: Iterable[L],
    delimiter: str,
    quote: str = '"',
    width: int = 0,
    *,
    is_growing: bool = False,
) -> Iterator[CsvRow[L]]:
    """Part lines into rows; the lines behind a bad one are read as if it were not there.

    ``width`` is how many cells a row has, as far as that is known: a row of several lines and
    another width has a quote that was not meant to be one. In a growing file an open quote at the
    end is left there.
    """
    feed = _Feed(iter(lines))
    parser = csv.reader(feed, delimiter=delimiter, quotechar=quote, strict=True)
    while True:
        feed.taken = []
        cells: list[str] | None = []
        problem = ""
        try:
            cells = next(parser, None)
        except _Broken as broken:
            if is_growing and broken.is_at_end:
                return
            problem = str(broken)
        except csv.Error as error:
            problem = _explain(str(error), len(feed.taken))
        if cells is None:
            return
        if problem or (width and len(feed.taken) > 1 and len(cells) != width):
            problem = problem or f"a quote runs over lines and makes {len(cells)} cells of {width}"
            yield CsvRow([], [feed.keep_first()], problem)
        else:
            yield CsvRow(cells, feed.taken)


def _explain(problem: str, lines: int) -> str:
    if "new-line character" in problem:
        return "a line break of an old Macintosh stands in it, outside of quotes"
    if "expected after" not in problem:
        return problem
    if lines > 1:
        return "a quote is opened and not closed on its line"
    return "a quote is closed before the end of its cell"


class _Broken(Exception):
    """Unwinds csv's reader out of a cell or a line that has no end; says why."""

    def __init__(self, problem: str, *, is_at_end: bool = False) -> None:
        super().__init__(problem)
        self.is_at_end = is_at_end


class _Feed(Generic[L]):
    """Hands lines to csv's reader one row at a time, and can take them back."""

    def __init__(self, lines: Iterator[L]) -> None:
        self._lines = lines
        self._returned: deque[L] = deque()
        self.taken: list[L] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else next(self._lines, None)
        if line is None and not self.taken:
            raise StopIteration
        if line is None or len(self.taken) >= _MOST_LINES:
            if line is not None:
                self._returned.appendleft(line)
            raise _Broken(_OPEN, is_at_end=line is None and len(self.taken) < _MOST_LINES)
        self.taken.append(line)
        if line.is_cut:
            raise _Broken(_OPEN if len(self.taken) > 1 else _CUT)
        return line.text()

    def keep_first(self) -> L:
        """Take back all lines of the row but its first."""
        first, *rest = self.taken
        self._returned.extendleft(reversed(rest))
        self.taken = []
        return first
