"""Buckets: how often somebody may ask (token buckets), by a clock that is given."""

from __future__ import annotations

import math
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 10_000
"""Buckets that are kept before the full ones, which say nothing, are dropped."""


class Buckets:
    """A bucket of ``burst`` requests for each name, refilled by so many a minute.

    ``clock`` gives seconds that never go back.
    """

    def __init__(self, per_minute: float, burst: int, clock: Callable[[], float]) -> None:
        self._rate = per_minute / 60.0
        self._burst = float(burst)
        self._clock = clock
        self._levels: dict[str, tuple[float, float]] = {}
        self._lock = Lock()

    def take(self, name: str) -> int:
        """Take one request out; gives 0, or the whole seconds after which there is one again."""
        with self._lock:
            now = self._clock()
            level = self._level(name, now)
            if level < 1.0:
                self._levels[name] = (level, now)
                return max(1, math.ceil((1.0 - level) / self._rate))
            if name not in self._levels and len(self._levels) >= MOST:
                self._drop_full(now)
            self._levels[name] = (level - 1.0, now)
            return 0

    def _level(self, name: str, now: float) -> float:
        level, since = self._levels.get(name, (self._burst, now))
        return min(self._burst, level + (now - since) * self._rate)

    def _drop_full(self, now: float) -> None:
        full = [name for name in self._levels if self._level(name, now) >= self._burst]
        # Where nobody's is full, the oldest are as good as full: dicts keep their order.
        for name in full or list(self._levels)[: MOST // 10]:
            del self._levels[name]
