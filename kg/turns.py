"""Turns: two kinds of work that share a processor are done one after the other.

Both take many small steps, each of which lets other threads run: side by side, each would wait for
the other at every step.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from threading import Condition
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    Kind = Literal["folding", "answering"]

PATIENCE_SECONDS = 0.25


class Turns:
    """Lets one work at a time; while both kinds wait, they alternate. Any thread may ask.

    It is a courtesy and guards nothing: whoever has waited for ``patience_seconds`` goes ahead.
    """

    def __init__(self, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._patience_seconds = patience_seconds
        self._changed = Condition()
        self._waiting: Counter[Kind] = Counter()
        self._last: Kind = "answering"
        self._under_way = 0

    def is_wanted(self, kind: Kind) -> bool:
        """Tell whether somebody waits to do work of a kind."""
        return self._waiting[kind] > 0

    @contextmanager
    def take(self, kind: Kind) -> Iterator[None]:
        """Work of a kind, once it is its turn."""
        with self._changed:
            self._waiting[kind] += 1
            self._changed.wait_for(lambda: self._is_turn_of(kind), self._patience_seconds)
            self._waiting[kind] -= 1
            self._under_way += 1
            self._last = kind
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def _is_turn_of(self, kind: Kind) -> bool:
        others = self._waiting.total() - self._waiting[kind]
        return not self._under_way and (kind != self._last or not others)
