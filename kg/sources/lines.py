"""Lines of a text file that is growing: counted, checked, and gone on with from a cursor."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from kg.csvrows import LONGEST_LINE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_HEAD_BYTES = 4_096
_TAIL_BYTES = 256
_SHOWN = 10_000
BOM = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """One physical line with its ending, its number (from 1) and where the next one starts.

    One that is too long ``is_cut``: only its beginning is here.
    """

    content: bytes
    number: int
    end: int
    is_cut: bool = False

    def text(self) -> str:
        """Decode it; bytes that are no UTF-8 become lone surrogates, so the rest stays legible."""
        content = self.content.removeprefix(BOM) if self.number == 1 else self.content
        return content.decode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a file was read: bytes and lines consumed, and a digest that knows the file again."""

    offset: int = 0
    lines: int = 0
    digest: str = ""

    def write(self) -> str:
        """Write it as the journal keeps it."""
        return json.dumps([self.offset, self.lines, self.digest])

    @classmethod
    def resume(cls, text: str, file: BinaryIO) -> Cursor:
        """Find the place again; the start, where the file was replaced, cut or never read."""
        try:
            offset, lines, digest = json.loads(text)
            cursor = cls(int(offset), int(lines), str(digest))
        except (ValueError, TypeError):
            return cls()
        return cursor if digest == _digest(file, cursor.offset) else cls()

    @classmethod
    def at(cls, offset: int, lines: int, file: BinaryIO) -> Cursor:
        """Make the cursor of a place that was reached."""
        return cls(offset, lines, _digest(file, offset))


def read_lines(
    file: BinaryIO,
    start: Cursor,
    *,
    is_growing: bool,
    is_whole: Callable[[bytes], bool] = lambda _: False,
) -> Iterator[Line]:
    """Give the lines after ``start``; of a growing file only those that are written to the end.

    ``is_whole`` tells a last line that needs no end of line to be taken; what comes behind it
    later has its number.
    """
    end, number = start.offset, start.lines
    if end and _byte_before(file, end) != b"\n":
        number -= 1
    file.seek(end)
    while content := file.readline(LONGEST_LINE):
        size, last = len(content), content
        while len(last) == LONGEST_LINE and not last.endswith(b"\n"):
            last = file.readline(LONGEST_LINE)
            size += len(last)
        if is_growing and not last.endswith(b"\n") and not is_whole(content):
            return
        end += size
        number += 1
        is_cut = size > len(content)
        yield Line(content[:_SHOWN] if is_cut else content, number, end, is_cut)


def _byte_before(file: BinaryIO, offset: int) -> bytes:
    file.seek(offset - 1)
    return file.read(1)


def _digest(file: BinaryIO, offset: int) -> str:
    # A file written anew may keep its head (a header, a first day): look before the place too.
    if os.fstat(file.fileno()).st_size < offset:
        return ""
    file.seek(0)
    content = file.read(min(offset, _HEAD_BYTES))
    file.seek(max(0, offset - _TAIL_BYTES))
    content += file.read(min(offset, _TAIL_BYTES))
    return blake2b(content, digest_size=12).hexdigest()
