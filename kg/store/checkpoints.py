"""Checkpoints of a live store, made when somebody asks and the newest one is too old."""

from __future__ import annotations

import re
import shutil
import time
from collections import Counter
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from kg.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kg.store.embedded import EmbeddedStore

_CHECKPOINT = re.compile(r"checkpoint-\d{8}(\.tmp)?")
FRESH_SECONDS = 1.0


class Checkpoints:
    """Makes and removes the checkpoints of one store below ``folder``, on the store's own disk.

    Whatever checkpoints an earlier process left there are removed. Thread-safe.
    """

    def __init__(self, store: EmbeddedStore, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._lock = Lock()
        self._held: Counter[Path] = Counter()
        self._newest: Path | None = None
        self._newest_seq = 0
        self._made_at = 0.0
        self._number = 0
        folder.mkdir(parents=True, exist_ok=True)
        self._remove_unused()

    @contextmanager
    def newest(self, min_seq: int = 0) -> Iterator[Path]:
        """Lend a checkpoint that is at most a second old and has reached ``min_seq``.

        Raises: QueryError with code ``behind`` when the store itself has not reached it.
        """
        with self._lock:
            path = self._fresh(min_seq)
            self._held[path] += 1
        try:
            yield path
        finally:
            with self._lock:
                self._held[path] -= 1
                if path != self._newest:
                    self._remove_unused()

    def follow(self, store: EmbeddedStore) -> None:
        """Take checkpoints of another store from now on: a rebuild was swapped in."""
        with self._lock:
            self._store = store
            self._newest = None

    def close(self) -> None:
        """Remove all checkpoints that nobody holds."""
        with self._lock:
            self._newest = None
            self._remove_unused()

    def _fresh(self, min_seq: int) -> Path:
        seq = self._store.applied_seq()
        if seq < min_seq:
            message = f"The graph has reached record {seq}, not yet {min_seq}."
            raise QueryError(message, hint="Ask again in a moment.", code="behind")
        now = time.monotonic()
        is_old = seq != self._newest_seq and now - self._made_at >= FRESH_SECONDS
        if self._newest is None or is_old or self._newest_seq < min_seq:
            self._number += 1
            path = self._folder / f"checkpoint-{self._number:08d}"
            self._store.checkpoint(path)
            # The offset was read before: the checkpoint may be newer than it says, never older.
            self._newest, self._newest_seq, self._made_at = path, seq, now
            self._remove_unused()
        return self._newest

    def _remove_unused(self) -> None:
        self._held = +self._held
        for path in self._folder.iterdir():
            if _CHECKPOINT.fullmatch(path.name) and path != self._newest and not self._held[path]:
                shutil.rmtree(path, ignore_errors=True)
