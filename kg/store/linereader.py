"""Lines for the engine's bulk loader, which reads a binary file."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LINES_PER_READ = 2_000


class LineReader:
    """Lets the engine pull text lines as a binary file, without holding them all."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._chunk = b""
        self._at = 0

    def read(self, size: int = -1) -> bytes:
        """Give at most ``size`` bytes; nothing at the end."""
        if self._at >= len(self._chunk):
            # An empty line is legal N-Quads, so lines may or may not carry their break.
            block = islice(self._lines, _LINES_PER_READ)
            self._chunk = "".join(f"{line}\n" for line in block).encode()
            self._at = 0
        end = len(self._chunk) if size < 0 else self._at + size
        piece = self._chunk[self._at : end]
        self._at += len(piece)
        return piece
