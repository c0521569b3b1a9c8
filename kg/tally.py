"""Tally: what one process counted of a plant's records, and how long its stages took."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

BUCKETS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)
LATEST = 10_000
"""Of how many of a source's newest records it is known how soon the graph followed."""


@dataclass(slots=True)
class Durations:
    """How long something took, each time: a histogram of ``BUCKETS_SECONDS``, and their sum."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS_SECONDS) + 1))
    sum_seconds: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(BUCKETS_SECONDS, seconds)] += 1
        self.sum_seconds += seconds


class Tally:
    """Counts of one process: records by source, and how long each stage of a batch took."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.appended: Counter[str] = Counter()
        self.quarantined: Counter[str] = Counter()
        self.applied: Counter[str] = Counter()
        self.stages: dict[str, Durations] = defaultdict(Durations)
        self._lags: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=LATEST))

    def take(self, source: str, new: int, quarantined: int) -> None:
        """Count what a source gave: new versions, and rows that could not be read."""
        with self._lock:
            self.appended[source] += new
            self.quarantined[source] += quarantined

    def apply(self, sources: Counter[str]) -> None:
        """Count records that were folded in, by source."""
        with self._lock:
            self.applied.update(sources)

    def time(self, stage: str, seconds: float) -> None:
        """Count how long a stage took."""
        with self._lock:
            self.stages[stage].add(seconds)

    def see(self, records: Iterable[tuple[str, str]], now: datetime) -> None:
        """Count how long after its receipt each record came to be seen in the graph, at ``now``.

        A record is its source, and when it was recorded (ISO 8601, UTC).
        """
        with self._lock:
            for source, recorded in records:
                lag = (now - datetime.fromisoformat(recorded)).total_seconds()
                self._lags[source].append(max(lag, 0.0))

    def lags(self, source: str) -> list[float]:
        """Give how many seconds after their receipt a source's newest records were seen."""
        with self._lock:
            return list(self._lags.get(source, ()))
