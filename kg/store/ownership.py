"""Who may write a store that any machine can reach: one claim in it, kept alive by a heartbeat.

On one machine a lock on the plant's folder decides at once, and goes with its process. Between
machines a claim counts while its heartbeat is young, by the server's own clock.
"""

from __future__ import annotations

import fcntl
import logging
import os
import random
import socket
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import IO, TYPE_CHECKING

from kg.errors import StoreLocked, TravelerError

if TYPE_CHECKING:
    from pathlib import Path

    from kg.records import Term
    from kg.store.endpoint import Endpoint

LEASE_SECONDS = 30.0
"""How old a heartbeat may be; after a crash, another machine may take over from then on."""
BEAT_SECONDS = 8.0
ATTEMPTS = 3
_HOLDER = "<urn:traveler:store:heldBy>"
_PLACE = "<urn:traveler:store:place>"
_BEAT = "<urn:traveler:store:heartbeat>"
_log = logging.getLogger("traveler.store")


@dataclass(frozen=True, slots=True)
class _Claim:
    term: Term
    place: str
    holder: str
    age_seconds: float


class Ownership:
    """One process's right to write the store of one plant; taken once, and let go."""

    def __init__(self, endpoint: Endpoint, base: str, folder: Path) -> None:
        self._endpoint = endpoint
        self._folder = folder
        self.graph = f"<{base}graph/owner>"
        self._lock: IO[str] | None = None
        self._place = ""
        self._stop = Event()
        self._thread: Thread | None = None
        self._beaten_at = 0.0
        self._is_lost = False
        self.claim = f"<urn:uuid:{uuid.uuid4()}>"

    @property
    def condition(self) -> str:
        """The pattern that holds as long as the claim does, for an update's WHERE."""
        return f"GRAPH {self.graph} {{ {self.claim} {_HOLDER} ?holder }}"

    def take(self) -> None:
        """Take the store; Raises: StoreLocked, within seconds, while another has it."""
        if self._lock is not None:
            return
        self._lock_folder()
        try:
            self._claim()
        except BaseException:
            self._unlock_folder()
            raise
        self._stop.clear()
        self._thread = Thread(target=self._keep, name="traveler-claim", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Make sure that the claim still counts; Raises: StoreLocked."""
        if self._is_lost:
            raise self.lost()
        if time.monotonic() - self._beaten_at > LEASE_SECONDS:
            self._beat()

    def lost(self) -> StoreLocked:
        """Say that the claim no longer stands."""
        return StoreLocked(
            f"The graph at {self._endpoint.query} was taken over by another process, as this one "
            "gave no sign for too long.",
            hint="Start this traveler again once the other one has stopped.",
        )

    def release(self) -> None:
        """Let the store go; harmless when repeated."""
        if self._lock is None:
            return
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        try:
            self._withdraw(self.claim)
        except TravelerError as error:
            _log.warning("the claim on the store stays until it is old: %s", error.message)
        self._unlock_folder()

    # The folder, for this machine

    def _lock_folder(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = (self._folder / "LOCK").open("a+", encoding="utf-8")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise StoreLocked(
                f"The graph of {self._folder} is open in another process.",
                hint="Stop the other traveler (serve, watch or load), or ask it over HTTP.",
            ) from error
        # A copy of the folder is another place, and so is the same one seen from another machine.
        file = os.fstat(lock.fileno())
        self._place = f"{socket.gethostname()}:{file.st_dev}:{file.st_ino}"
        self._lock = lock

    def _unlock_folder(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    # The claim, for all machines

    def _claim(self) -> None:
        """Claim, then look who else did: of two at the same moment at least one sees the other."""
        for _ in range(ATTEMPTS):
            self._refuse(self._others())
            self._insert()
            others = self._others()
            if not others:
                return
            self._withdraw(self.claim)
            time.sleep(random.uniform(0.1, 0.6))
        self._refuse(others)

    def _others(self) -> list[_Claim]:
        """Give the claims that count; those that no longer do are taken away."""
        counting = []
        for claim in self._claims():
            # This folder's lock is ours: whoever claimed from it before is gone.
            is_gone = claim.place == self._place or claim.age_seconds > LEASE_SECONDS
            if claim.term == self.claim:
                continue
            if is_gone:
                self._withdraw(claim.term)
            else:
                counting.append(claim)
        return counting

    def _claims(self) -> list[_Claim]:
        rows = self._endpoint.rows(
            f"SELECT ?claim ?holder ?place ?beat (NOW() AS ?now) WHERE {{ GRAPH {self.graph} {{ "
            f"?claim {_HOLDER} ?holder ; {_PLACE} ?place ; {_BEAT} ?beat }} }}"
        )
        return [
            _Claim(
                row["claim"],
                _text(row["place"]),
                _text(row["holder"]),
                (_time(row["now"]) - _time(row["beat"])) / timedelta(seconds=1),
            )
            for row in rows
        ]

    def _refuse(self, others: list[_Claim]) -> None:
        for other in others:
            raise StoreLocked(
                f"The graph at {self._endpoint.query} is owned by {other.holder}, which was "
                f"heard of {max(0.0, other.age_seconds):.0f} seconds ago.",
                hint="Stop the other traveler. One that crashed on another machine is taken over "
                f"from {LEASE_SECONDS:g} seconds after its last sign.",
            )

    def _insert(self) -> None:
        holder = f"process {os.getpid()} on {socket.gethostname()}".replace('"', "")
        self._endpoint.update(
            f"INSERT {{ GRAPH {self.graph} {{ {self.claim} {_HOLDER} {_literal(holder)} ; "
            f"{_PLACE} {_literal(self._place)} ; {_BEAT} ?now }} }} WHERE {{ BIND(NOW() AS ?now) }}"
        )
        self._beaten_at = time.monotonic()

    def _withdraw(self, claim: Term) -> None:
        """Take a claim away; its heartbeat ends with it."""
        pattern = f"GRAPH {self.graph} {{ {claim} ?p ?o }}"
        self._endpoint.update(f"DELETE {{ {pattern} }} WHERE {{ {pattern} }}")

    def _keep(self) -> None:
        while not self._stop.wait(BEAT_SECONDS):
            try:
                self._beat()
            except StoreLocked as error:
                self._is_lost = True
                _log.error("%s", error.message)
                return
            except TravelerError as error:
                _log.warning("no heartbeat: %s", error.message)

    def _beat(self) -> None:
        """Renew the heartbeat of a claim that still stands; Raises: StoreLocked."""
        began = time.monotonic()
        beat = f"GRAPH {self.graph} {{ {self.claim} {_BEAT} ?beat }}"
        fresh = f"GRAPH {self.graph} {{ {self.claim} {_BEAT} ?now }}"
        self._endpoint.update(
            f"DELETE {{ {beat} }} INSERT {{ {fresh} }} "
            f"WHERE {{ {self.condition} {beat} BIND(NOW() AS ?now) }}"
        )
        if not self._endpoint.ask(f"ASK {{ {self.condition} }}"):
            raise self.lost()
        self._beaten_at = began


def _literal(text: str) -> Term:
    return f'"{text}"'


def _text(literal: Term) -> str:
    return literal.split('"')[1]


def _time(literal: Term) -> datetime:
    """Read what the server's clock says; both moments that are compared come from it."""
    return datetime.fromisoformat(_text(literal))
