"""The owner: the one process that writes a plant's store, in one thread, while others read it."""

from __future__ import annotations

import gc
import json
import logging
import os
import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from random import Random
from time import monotonic
from typing import TYPE_CHECKING

from kg.accepted import Acceptances
from kg.errors import TravelerError
from kg.notes import Notes
from kg.pipeline import OWNER_FILE
from kg.polling import REPORT_IT, Poller, pause_seconds
from kg.sources.feeds import open_feed
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from kg.accepted import Acceptance, Choice
    from kg.answer import Answers
    from kg.answer.bundle import SlotGap
    from kg.applied import Replayed
    from kg.arrivals import Balance
    from kg.journal import Quarantined
    from kg.notes import Written
    from kg.pipeline import Pipeline
    from kg.polling import SourceHealth
    from kg.settings import SourceSettings
    from kg.sources import Message
    from kg.sources.feeds import Feed

VALIDATE_EVERY_SECONDS = 10.0
FLUSH_EVERY_SECONDS = 10.0
CHECK_EVERY_SECONDS = 3_600.0
LOOK_EVERY_SECONDS = 5.0
"""How often the journal is looked at where nobody said that something was appended."""
GATHER_SECONDS = 0.1
"""How long more is gathered after a batch at most; ten records take hardly longer than three."""
RETRY_SECONDS = 0.5
_log = logging.getLogger("traveler.owner")


@dataclass(slots=True)
class Health:
    """How the owner is doing; ``error`` is what keeps the graph from following, empty when well.

    ``alarm`` is what somebody should know although the plant is served.
    """

    rounds: int = 0
    last_read: str = ""
    error: str = ""
    hint: str = ""
    alarm: str = ""
    checked_seq: int = 0


class Owner:
    """Follows a plant: one thread folds what the journal holds, whoever appended it.

    Each source is read in a thread of its own, and one more validates and flushes. ``clock`` gives
    the time that answers are as of; ``before_round`` is called with it before a source is read
    (the demo plant goes on there), and no two are read at once then. ``seed`` makes the pauses
    after failures the same again.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        clock: Callable[[], datetime],
        before_round: Callable[[datetime], None] | None = None,
        seed: int | None = None,
    ) -> None:
        self.pipeline = pipeline
        self.clock = clock
        self.health = Health(checked_seq=pipeline.journal.checked_seq())
        if pipeline.lost_records:
            self.health.alarm = (
                f"the graph had lost {pipeline.lost_records} records that were on the disk, and"
                " was folded again from the journal: check the disk"
            )
        self._before_round = before_round
        self._going_on = threading.Lock()
        self._stop = threading.Event()
        self._appended = threading.Event()
        # One batch or replay at a time: what writes the store is one thread's.
        self._working = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._validated_at = self._flushed_at = self._noted_at = monotonic()
        self._flushed_seq = pipeline.store.applied_seq()
        self.feeds: dict[str, Feed] = {}
        for source in pipeline.plant.sources:
            take = partial(self.take, source.name)
            if (feed := open_feed(source, take, clock)) is not None:
                self.feeds[source.name] = feed
        chance = Random(seed)
        self._pollers = {
            source.name: Poller(source.name, partial(self._read, source), clock, chance)
            for source in pipeline.plant.sources
            if source.name not in self.feeds
        }

    def answers(self) -> Answers:
        """Give the answers from the store as it stands."""
        return self.pipeline.answers()

    def sources(self) -> list[SourceHealth]:
        """Tell how reading each source is going."""
        return [poller.health() for poller in self._pollers.values()]

    def wake(self) -> None:
        """Say that something was appended to the journal; any thread may, and it costs nothing."""
        self._appended.set()

    def start(self, every_seconds: float) -> None:
        """Follow the plant from now on; sources without a schedule are read every so often."""
        self.pipeline.space.hold()
        self._stop.clear()
        for name, work in (("applier", self._follow), ("keeper", self._keep)):
            thread = threading.Thread(target=work, name=f"traveler-{name}", daemon=True)
            self._threads.append(thread)
            thread.start()
        for source in self.pipeline.plant.sources:
            if source.name in self._pollers:
                self._pollers[source.name].start(source.every_seconds or every_seconds)
        for feed in self.feeds.values():
            feed.start()

    def stop(self) -> None:
        """End after the batch under way; no source is waited for that does not answer."""
        for feed in self.feeds.values():
            feed.stop()
        self._stop.set()
        self._appended.set()
        for poller in self._pollers.values():
            poller.ask_to_stop()
        for poller in self._pollers.values():
            poller.stop()
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        # What stays frozen is not let go of at exit either, and engines complain of that.
        gc.unfreeze()

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

    # ---- the threads

    def _follow(self) -> None:
        """Fold what was appended as soon as it was; after a failure try again, ever less often."""
        self._attempt("preparing", self._prepare)
        self._attempt("validating", self._follow_gaps)
        failures = 0
        while not self._stop.is_set():
            self._appended.wait(LOOK_EVERY_SECONDS)
            self._appended.clear()
            began = monotonic()
            if self._attempt("folding", self._apply):
                failures = 0
                self._attempt("validating", self._follow_gaps)
                # Where that takes long others want the processor, and fewer batches leave it them.
                self._stop.wait(min(monotonic() - began, GATHER_SECONDS))
            else:
                failures += 1
                self._stop.wait(pause_seconds(RETRY_SECONDS, failures, 1.0))
                self.wake()

    def _keep(self) -> None:
        """Validate and flush from time to time, beside the folding and not in its way."""
        while not self._stop.wait(0.5):
            self._attempt("validating", self._validate_when_due)
            self._attempt("flushing", self._flush_when_due)
            self._attempt("looking after the sources", self._tell_sources)
            self._attempt("noting coverage", self._check_when_due)

    def _attempt(self, what: str, work: Callable[[], None]) -> bool:
        """Do work that a thread outlives, whatever becomes of it; tell whether it went well."""
        try:
            work()
        except TravelerError as error:
            self._note(what, error.message, error.hint)
        except Exception as error:
            _log.exception("%s failed", what)
            self._note(what, f"{type(error).__name__}: {error}", REPORT_IT)
        else:
            if self.health.error.startswith(f"{what} "):
                self.health.error = self.health.hint = ""
            return True
        return False

    def _note(self, what: str, message: str, hint: str) -> None:
        self.health.error, self.health.hint = f"{what} failed: {message}", hint

    def _prepare(self) -> None:
        with self._working:
            self.pipeline.prepare()
            self.pipeline.names.of(self.pipeline.store)
        gc.freeze()

    def _apply(self) -> None:
        with self._working:
            applied = self.pipeline.apply(self.clock())
        if applied.is_rebuild:
            # What folding knows stays: to look for garbage in it halts every thread each time.
            gc.freeze()

    def _follow_gaps(self) -> None:
        with self._working:
            self.pipeline.follow_gaps(self.clock())
            self.health.checked_seq = self.pipeline.journal.checked_seq()

    def _read(self, source: SourceSettings) -> list[Balance]:
        if self._before_round is None:
            balances = self.pipeline.read_source(source, self.clock())
        else:
            with self._going_on:
                now = self.clock()
                self._before_round(now)
                balances = self.pipeline.read_source(source, now)
        self.health.rounds += 1
        self.health.last_read = format_time(self.clock())
        self.wake()
        return balances

    # ---- by hand

    def replay(self, rows: Sequence[Quarantined]) -> Replayed:
        """Read and lift again what waits in quarantine, between two batches.

        Raises:
            SourceError: a source of one of them is being read, and takes very long.
        """
        names = {row.rejected.source for row in rows if row.rejected.stage == "read"}
        with self._paused(names), self._working:
            now = self.clock()
            replayed = self.pipeline.replay(rows, now)
        self._follow_gaps()
        return replayed

    def accept(self, gaps: Sequence[SlotGap], choice: Choice) -> Acceptance:
        """Accept a candidate of a gap, fold it in and look for gaps again; see ``Acceptances``."""
        return self._decide(lambda decisions, now: decisions.accept(gaps, choice, now))

    def undo(self, gap: str, by: str, why: str) -> Acceptance:
        """Take back what was accepted for a gap, and look for gaps again; see ``Acceptances``."""
        return self._decide(lambda decisions, now: decisions.undo(gap, by, why, now))

    def _decide(self, decide: Callable[[Acceptances, datetime], Acceptance]) -> Acceptance:
        with self._working:
            now = self.clock()
            decisions = Acceptances(self.pipeline.plant, self.pipeline.journal, self.pipeline.store)
            decided = decide(decisions, now)
            self.pipeline.apply(now)
        self._follow_gaps()
        return decided

    def say(self, write: Callable[[Notes, datetime], Written]) -> Written:
        """Write down what somebody says, and fold it in; see ``Notes``."""
        with self._working:
            now = self.clock()
            written = write(Notes(self.answers()), now)
            self.pipeline.apply(now)
        self._follow_gaps()
        return written

    def _paused(self, names: set[str]) -> ExitStack:
        with ExitStack() as stack:
            for name in sorted(names & self._pollers.keys()):
                stack.enter_context(self._pollers[name].paused())
            return stack.pop_all()

    def round(self) -> None:
        """Read the sources once, fold in what is new, and validate when it is time to.

        Raises:
            SourceError: a source could not be read; the others were, and are folded in.
        """
        try:
            balances = [balance for poller in self._pollers.values() for balance in poller.poll()]
        finally:
            # Also where nothing is taken in, as on a full disk: what was is folded.
            self._apply()
        self._follow_gaps()
        self._tell_sources()
        self._validate_when_due()
        for balance in balances:
            if balance.error is not None:
                raise balance.error

    def _validate_when_due(self) -> None:
        """Look from time to time at what changes do not lead to, and batches do not look at."""
        if not self.pipeline.shapes.timed:
            return
        if monotonic() - self._validated_at >= VALIDATE_EVERY_SECONDS:
            with self._working:
                self.pipeline.validate(self.clock())
            self._validated_at = monotonic()

    def _check_when_due(self) -> None:
        """Check now and then, whoever asks or not: what differs is noted, and coverage is seen."""
        if monotonic() - self._noted_at >= CHECK_EVERY_SECONDS:
            self._noted_at = monotonic()
            self.answers().check(self.clock())

    def _tell_sources(self) -> None:
        """Let the changes know how each source does, to tell what became of it."""
        errors = {source.name: source.error for source in self.sources()}
        errors |= {name: feed.health.error for name, feed in self.feeds.items()}
        self.pipeline.changes.tell_sources(
            self.answers().sources(self.clock()),
            {name: error for name, error in errors.items() if error},
            self.pipeline.store.applied_seq(),
        )

    def _flush_when_due(self) -> None:
        if monotonic() - self._flushed_at < FLUSH_EVERY_SECONDS:
            return
        self._flushed_at = monotonic()
        seq = self.pipeline.store.applied_seq()
        if seq != self._flushed_seq:
            self.pipeline.flush()
            self._flushed_seq = seq


def announce(folder: Path, url: str, token: str = "") -> None:
    """Leave word in the store's folder where its owner answers, and by what its user is known.

    Only that user can read it.
    """
    path = folder / OWNER_FILE
    path.unlink(missing_ok=True)  # one that others may read keeps its mode when it is written
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123
        json.dump({"url": url, "pid": os.getpid(), "token": token}, file)


def withdraw(folder: Path) -> None:
    """Take the word back."""
    with suppress(FileNotFoundError):
        (folder / OWNER_FILE).unlink()


def owner_url(folder: Path) -> str | None:
    """Give where the store's owner answers, if one left word."""
    return _word(folder, "url") or None


def owner_token(folder: Path) -> str:
    """Give by what its own user is known to the store's owner; "" where nobody need be."""
    return _word(folder, "token")


def _word(folder: Path, name: str) -> str:
    try:
        return str(json.loads((folder / OWNER_FILE).read_text(encoding="utf-8"))[name])
    except (OSError, ValueError, KeyError):
        return ""
