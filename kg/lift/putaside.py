"""Rows that were put aside: kept in order, and beyond the first ones on disk."""

from __future__ import annotations

import json
import os
import tempfile
import weakref
from dataclasses import asdict
from typing import IO, TYPE_CHECKING, Protocol

from kg.records import Rejected

if TYPE_CHECKING:
    from collections.abc import Iterator

KEPT = 1_000


class PutAside(Protocol):
    """Where rows are put aside: a list will do."""

    def append(self, row: Rejected, /) -> None:
        """Put a row aside."""

    def __iter__(self) -> Iterator[Rejected]: ...

    def __len__(self) -> int: ...


class RejectedRows:
    """Rows in the order in which they were put aside; of millions only the first are in memory."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._first: list[Rejected] = []
        self._file: IO[str] | None = None
        self._count = 0

    def append(self, row: Rejected) -> None:
        """Put a row aside."""
        self._count += 1
        if len(self._first) < self._kept:
            self._first.append(row)
            return
        if self._file is None:
            self._file = tempfile.TemporaryFile("w+", encoding="utf-8", prefix="traveler-")  # noqa: SIM115
            weakref.finalize(self, self._file.close)
        self._file.write(json.dumps(asdict(row)) + "\n")

    def __iter__(self) -> Iterator[Rejected]:
        yield from self._first
        if self._file is None:
            return
        self._file.seek(0)
        for line in self._file:
            yield Rejected(**json.loads(line))
        self._file.seek(0, os.SEEK_END)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: int) -> Rejected:
        for place, row in enumerate(self):
            if place == number:
                return row
        raise IndexError(number)
