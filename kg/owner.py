"""The owner: the one process and thread that writes a plant's store while others read it."""

from __future__ import annotations

import json
import logging
import os
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from kg.errors import TravelerError
from kg.pipeline import OWNER_FILE
from kg.sources.feeds import open_feed
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from kg.answer import Answers
    from kg.applied import Replayed
    from kg.intake import Balance
    from kg.journal import Quarantined
    from kg.pipeline import Pipeline
    from kg.sources import Message
    from kg.sources.feeds import Feed

VALIDATE_EVERY_SECONDS = 10.0
REPORT_IT = "this is a fault of Traveler: the log has its place"
_log = logging.getLogger("traveler.owner")


@dataclass(slots=True)
class Health:
    """How the owner's loop is doing; ``error`` is the last round's trouble, empty when well."""

    rounds: int = 0
    last_read: str = ""
    error: str = ""
    hint: str = ""
    checked_seq: int = 0
    troubles: list[str] = field(default_factory=list)


class Owner:
    """Follows a plant's sources in one thread and hands out answers to the others.

    ``clock`` gives the time that answers are as of; ``before_round`` is called with it before
    each reading (the demo plant goes on there).
    """

    def __init__(
        self,
        pipeline: Pipeline,
        clock: Callable[[], datetime],
        before_round: Callable[[datetime], None] | None = None,
    ) -> None:
        self.pipeline = pipeline
        self.clock = clock
        self.health = Health(checked_seq=pipeline.journal.checked_seq())
        self._before_round = before_round
        self._stop = threading.Event()
        # One round or replay at a time: the pipeline's stages are one thread's.
        self._working = threading.Lock()
        self._thread: threading.Thread | None = None
        self._validated_at = monotonic()
        self._has_arrived = threading.Event()
        self.feeds: dict[str, Feed] = {}
        for source in pipeline.plant.sources:
            if (feed := open_feed(source, partial(self.take, source.name))) is not None:
                self.feeds[source.name] = feed

    def answers(self) -> Answers:
        """Give the answers from the store as it stands."""
        return self.pipeline.answers()

    def start(self, every_seconds: float) -> None:
        """Follow the sources from now on, one round every so many seconds."""
        self.pipeline.space.hold()
        self._thread = threading.Thread(
            target=self._follow, args=(every_seconds,), name="traveler-owner", daemon=True
        )
        self._thread.start()
        for feed in self.feeds.values():
            feed.start()

    def stop(self) -> None:
        """End the loop after the round under way, and the feeds before it."""
        for feed in self.feeds.values():
            feed.stop()
        self._stop.set()
        self.wake()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def take(self, source: str, table: str, messages: Sequence[Message]) -> Balance:
        """Take in messages of a table; durable when this returns. Any thread may call.

        Raises:
            ConfigError: there is no such source or table.
            JournalError: nothing was taken, as it cannot be written.
        """
        now = self.clock()
        balance = self.pipeline.take(source, table, messages, now)
        if source in self.feeds:
            self.feeds[source].health.count(balance, now)
        self.wake()
        return balance

    def wake(self) -> None:
        """Say that the journal has grown: the graph follows at once. Any thread may call."""
        self._has_arrived.set()

    def _follow(self, every_seconds: float) -> None:
        due = monotonic() + every_seconds
        while not self._stop.is_set():
            self._has_arrived.wait(max(0.0, due - monotonic()))
            self._has_arrived.clear()
            if self._stop.is_set():
                break
            try:
                if monotonic() < due:
                    self._apply()
                else:
                    due = monotonic() + every_seconds
                    self.round()
            except TravelerError as error:
                self.health.error, self.health.hint = error.message, error.hint
            except Exception as error:  # the loop outlives what nobody foresaw, and says so
                _log.exception("a round of reading failed")
                self.health.error, self.health.hint = f"{type(error).__name__}: {error}", REPORT_IT
            else:
                self.health.error = self.health.hint = ""

    def replay(self, rows: Sequence[Quarantined]) -> Replayed:
        """Read and lift again what waits in quarantine, between two rounds."""
        with self._working:
            now = self.clock()
            replayed = self.pipeline.replay(rows, now)
            self._validate(now)
        return replayed

    def _apply(self) -> None:
        with self._working:
            self.pipeline.apply(self.clock())

    def round(self) -> None:
        """Read the sources once, fold in what is new, and validate when it is time to."""
        with self._working:
            self._round()

    def _round(self) -> None:
        now = self.clock()
        if self._before_round is not None:
            self._before_round(now)
        try:
            balances = self.pipeline.read(now)
        finally:
            # Also where nothing is taken in, as on a full disk: what was is folded.
            self.pipeline.apply(now)
        self._tell_sources(balances, now)
        self.health.rounds += 1
        self.health.last_read = format_time(now)
        is_behind = self.pipeline.store.applied_seq() != self.health.checked_seq
        if is_behind and monotonic() - self._validated_at >= VALIDATE_EVERY_SECONDS:
            self._validate(now)
        for balance in balances:
            if balance.error is not None:
                raise balance.error

    def _tell_sources(self, balances: Sequence[Balance], now: datetime) -> None:
        errors = {b.source: b.error.message for b in balances if b.error is not None}
        seq = self.pipeline.store.applied_seq()
        self.pipeline.changes.tell_sources(self.answers().sources(now), errors, seq)

    def _validate(self, now: datetime) -> None:
        self.pipeline.validate(now)
        self.health.checked_seq = self.pipeline.journal.checked_seq()
        self._validated_at = monotonic()


def announce(folder: Path, url: str) -> None:
    """Leave word in the store's folder where its owner answers."""
    (folder / OWNER_FILE).write_text(json.dumps({"url": url, "pid": os.getpid()}), encoding="utf-8")


def withdraw(folder: Path) -> None:
    """Take the word back."""
    with suppress(FileNotFoundError):
        (folder / OWNER_FILE).unlink()


def owner_url(folder: Path) -> str | None:
    """Give where the store's owner answers, if one left word."""
    try:
        url = json.loads((folder / OWNER_FILE).read_text(encoding="utf-8"))["url"]
    except (OSError, ValueError, KeyError):
        return None
    return str(url)
