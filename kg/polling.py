"""Polling: every source is read on a schedule of its own, and a slow one keeps nobody waiting."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING

from kg.errors import SourceError, TravelerError
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from random import Random

    from kg.arrivals import Balance

LONGEST_PAUSE_SECONDS = 300.0
"""No source that fails is tried less often than this, or than its own schedule says."""
STOP_SECONDS = 5.0
BUSY_SECONDS = 30.0
REPORT_IT = "this is a fault of Traveler: the log has its place"
_log = logging.getLogger("traveler.polling")


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """How reading a source is going; times are ISO 8601, UTC, "" where there is none.

    ``lag_seconds`` is how long a reading is overdue, or under way beyond its schedule.
    """

    name: str
    last_read: str = ""
    last_success: str = ""
    error: str = ""
    hint: str = ""
    failures: int = 0
    next_try: str = ""
    lag_seconds: float = 0.0


def pause_seconds(every_seconds: float, failures: int, draw: float) -> float:
    """Give how long to wait for the next reading, longer with each failure in a row.

    ``draw`` between 0 and 1 spreads those that failed together over half of the time.
    """
    if not failures:
        return every_seconds
    longest = max(LONGEST_PAUSE_SECONDS, every_seconds)
    doubled = every_seconds * 2.0 ** min(failures, 32)
    return min(doubled, longest) * (0.5 + 0.5 * draw)


class Poller:
    """Reads one source again and again, in a thread of its own; ``read`` reads it once."""

    def __init__(
        self,
        name: str,
        read: Callable[[], list[Balance]],
        clock: Callable[[], datetime],
        chance: Random,
    ) -> None:
        self.name = name
        self._read = read
        self._clock = clock
        self._chance = chance
        self._reading = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._last = SourceHealth(name)
        self._due_at: float | None = None

    def start(self, every_seconds: float) -> None:
        """Read the source from now on, first after one pause."""
        self._stop.clear()
        self._plan(every_seconds)
        self._thread = threading.Thread(
            target=self._follow, args=(every_seconds,), name=f"traveler-{self.name}", daemon=True
        )
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Begin no other reading."""
        self._stop.set()

    def stop(self) -> None:
        """Begin no other reading, and wait for one under way as long as is bearable.

        One that hangs goes on alone: what it still gives cannot be written, and nobody is told.
        """
        self._stop.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)
            self._thread = None

    def poll(self) -> list[Balance]:
        """Read the source once, now.

        Raises:
            SourceError: it is being read already, and takes very long.
        """
        with self.paused():
            return self._poll()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Keep the source from being read meanwhile.

        Raises:
            SourceError: it is being read, and takes very long.
        """
        if not self._reading.acquire(timeout=BUSY_SECONDS):
            raise SourceError(
                f"source {self.name} is being read and has not come to an end",
                hint="try again later, and see /health for what it is waiting for",
                code="busy",
            )
        try:
            yield
        finally:
            self._reading.release()

    def health(self) -> SourceHealth:
        """Tell how it is going."""
        said, due = self._last, self._due_at
        if due is None:
            return said
        return replace(said, lag_seconds=round(max(0.0, monotonic() - due), 3))

    def _follow(self, every_seconds: float) -> None:
        while not self._stop.wait(max(0.0, (self._due_at or 0.0) - monotonic())):
            try:
                with self.paused():
                    self._poll()
            except TravelerError as error:
                self._note(error.message, error.hint)
            except Exception as error:  # the thread outlives what nobody foresaw, and says so
                if self._stop.is_set():
                    return
                _log.exception("reading %s failed", self.name)
                self._note(f"{type(error).__name__}: {error}", REPORT_IT)
            self._plan(every_seconds)

    def _poll(self) -> list[Balance]:
        balances = self._read()
        errors = [balance.error for balance in balances if balance.error is not None]
        self._note(*((errors[0].message, errors[0].hint) if errors else ("", "")))
        return balances

    def _note(self, error: str, hint: str) -> None:
        now = format_time(self._clock())
        self._last = replace(
            self._last,
            last_read=now,
            last_success=self._last.last_success if error else now,
            error=error,
            hint=hint,
            failures=self._last.failures + 1 if error else 0,
        )

    def _plan(self, every_seconds: float) -> None:
        """Say when the next reading is due: by the schedule, or later after a failure."""
        pause = pause_seconds(every_seconds, self._last.failures, self._chance.random())
        self._due_at = monotonic() + pause
        moment = (self._clock() + timedelta(seconds=pause)).replace(microsecond=0)
        self._last = replace(self._last, next_try=format_time(moment))
