"""The audit log: who asked for what, and what became of it, one JSON object a line.

A line is handed to the system when its answer has been sent, in one write with those of answers
that leave at the same moment, and synced to the disk within a second, by a thread of its own:
whoever kills the process loses nothing, a power failure the last second at most. It holds paths and
counts, and never a query, a body, or a secret.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pydantic_core

from kg.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

NAME = "audit.jsonl"
SYNC_SECONDS = 1.0
MEGABYTE = 1_000_000
_log = logging.getLogger("traveler.access")


class Audit:
    """Appends to ``audit.jsonl`` in a folder; a full file is put aside under the time it ended at.

    Of the files put aside the newest ``files`` are kept. Where a line cannot be written, requests
    are answered all the same: the lines that are lost are counted, and the next one that can be
    written says how many they are. Any thread may write.
    """

    def __init__(
        self, folder: Path, megabytes: float, files: int, clock: Callable[[], datetime]
    ) -> None:
        """Open the log.

        Raises:
            ConfigError: it cannot be written.
        """
        self._folder = folder
        self._most_bytes = megabytes * MEGABYTE
        self._files = files
        self._clock = clock
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._is_dirty = False
        self.lost = 0
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._open()
        except OSError as error:
            raise ConfigError(
                f"{folder}: the audit log cannot be written: {error.strerror or error}",
                hint="see [access] audit",
            ) from error
        self._thread = threading.Thread(target=self._sync, name="traveler-audit", daemon=True)
        self._thread.start()

    def write(self, *entries: Mapping[str, Any]) -> None:
        """Append a line for each."""
        with self._lock:
            waiting = deque(entries)
            while waiting:
                lines = self._take(waiting)
                try:
                    self._append(b"".join(lines))
                except OSError as error:
                    if not self.lost:
                        _log.error("the audit log cannot be written: %s", error.strerror)
                    self.lost += len(lines)
                else:
                    self.lost = 0

    def _take(self, waiting: deque[Mapping[str, Any]]) -> list[bytes]:
        """Take out the lines of one write: those for which the file has room, one at least."""
        lines: list[bytes] = []
        size = self._size
        while waiting:
            is_told = self.lost and not lines
            entry = {**waiting[0], "lost_before": self.lost} if is_told else waiting[0]
            line = _written(entry) + b"\n"
            if size and size + len(line) > self._most_bytes:
                if lines:
                    break
                size = 0  # it begins the next file
            size += len(line)
            lines.append(line)
            waiting.popleft()
        return lines

    def close(self) -> None:
        """Sync and close."""
        self._stop.set()
        self._thread.join()
        with self._lock:
            self._sync_now()
            os.close(self._file)

    def _append(self, lines: bytes) -> None:
        if self._size and self._size + len(lines) > self._most_bytes:
            self._rotate()
        written = os.write(self._file, lines)
        self._size += written
        self._is_dirty = True
        if written < len(lines):  # a disk that was full in the middle
            with suppress(OSError):
                os.ftruncate(self._file, self._size - written)
                self._size -= written
            raise OSError(None, "no room for a whole line")

    def _open(self) -> None:
        path = self._folder / NAME
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._file = os.open(path, flags, 0o600)
        self._size = os.fstat(self._file).st_size
        if self._size and not _ends_whole(path):  # a power failure left half a line
            self._size += os.write(self._file, b"\n")

    def _rotate(self) -> None:
        self._sync_now()
        moment = self._clock().strftime("%Y%m%dT%H%M%S.%fZ")
        (self._folder / NAME).replace(self._folder / f"audit-{moment}.jsonl")
        os.close(self._file)
        self._open()
        old = sorted(self._folder.glob("audit-*.jsonl"))
        for path in old[: max(0, len(old) - self._files)]:
            path.unlink(missing_ok=True)

    def _sync(self) -> None:
        while not self._stop.wait(SYNC_SECONDS):
            with self._lock:
                file = os.dup(self._file) if self._is_dirty else None
                self._is_dirty = False
            if file is not None:
                # Not while the lock is held: whoever answers must not wait for the disk.
                try:
                    os.fsync(file)
                except OSError as error:
                    _log.error("the audit log cannot be synced: %s", error.strerror)
                finally:
                    os.close(file)

    def _sync_now(self) -> None:
        with suppress(OSError):
            os.fsync(self._file)
        self._is_dirty = False


def _written(entry: Mapping[str, Any]) -> bytes:
    """Write JSON in a line; what is no Unicode stands in it as an escape."""
    try:
        return pydantic_core.to_json(entry)
    except ValueError:
        text = json.dumps(entry, ensure_ascii=True, separators=(",", ":"))
        return text.encode()


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
