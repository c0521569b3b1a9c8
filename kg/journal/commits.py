"""Group commit: writes of many threads, each whole or not at all, in one durable transaction."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

from kg.errors import JournalError
from kg.journal.file import write_transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

_T = TypeVar("_T")
_MOST = 1_000
"""Writes of one transaction; the next thread takes the rest."""


class GroupCommit:
    """Writes by one connection for every thread that asks; a write that returned is on the disk.

    Whoever comes to the connection first also does the writes of all who wait by then: one sync
    of the disk serves them all. A write that fails leaves nothing and fails alone.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.count = 0
        """How many transactions were committed."""
        self._waiting: deque[_Write[object]] = deque()
        self._turn = threading.Lock()

    def run(self, write: Callable[[sqlite3.Connection], _T]) -> _T:
        """Do a write, in this thread or another; it is durable when this returns.

        Raises: what ``write`` raises, or SQLite's error where nothing of it could be committed.
        """
        mine = _Write(write)
        self._waiting.append(mine)  # type: ignore[arg-type]
        with self._turn:
            while not mine.is_over:
                self._write_waiting()
        return mine.outcome()

    def compact(self) -> None:
        """Write the file anew without what was deleted, and empty its log."""
        with self._turn:
            self.connection.execute("VACUUM")
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the connection once nobody writes."""
        with self._turn:
            self.connection.close()

    def _write_waiting(self) -> None:
        writes = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST))]
        try:
            with write_transaction(self.connection):
                for write in writes:
                    write.attempt(self.connection)
            self.count += 1
        except BaseException as error:
            for write in writes:
                write.error = error
            if not isinstance(error, Exception):
                raise
        finally:
            for write in writes:
                write.is_over = True


class _Write(Generic[_T]):
    """One thread's write: what to do, and what became of it."""

    def __init__(self, write: Callable[[sqlite3.Connection], _T]) -> None:
        self._write = write
        self._value: _T | None = None
        self.error: BaseException | None = None
        self.is_over = False

    def attempt(self, connection: sqlite3.Connection) -> None:
        """Do it inside the transaction under way, or undo it alone."""
        connection.execute("SAVEPOINT one_of_many")
        try:
            self._value = self._write(connection)
        except Exception as error:
            # A full disk has ended the transaction by itself, and with it all the writes.
            if not connection.in_transaction:
                raise
            connection.execute("ROLLBACK TO one_of_many")
            self.error = error
        connection.execute("RELEASE one_of_many")

    def outcome(self) -> _T:
        """Give what it returned, or raise what it raised."""
        if isinstance(self.error, Exception):
            raise self.error
        if self.error is not None:
            raise JournalError("the journal was interrupted") from self.error
        return self._value  # type: ignore[return-value]
