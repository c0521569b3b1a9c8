"""SQLite: a file and its neighbours are read without a trace."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kg.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def connect(path: Path, where: str) -> sqlite3.Connection:
    """Open without a trace: a reader of a WAL database would make or touch its -shm otherwise.

    Raises:
        SourceError: what the file holds stands partly in a log that cannot be read.
    """
    wal = path.with_name(path.name + "-wal")
    if not _is_at_rest(path):
        # readonly_shm: go by the log's index that is there, or by a private one in memory.
        options = "mode=ro&readonly_shm=1"
    elif wal.is_file() and wal.stat().st_size:
        raise SourceError(
            f"{where}: {wal.name} holds changes that {path.name} has not yet, and its"
            " index is missing",
            hint="open and close the database once with the system that owns it, or copy its -shm",
        )
    else:
        options = "mode=ro&immutable=1"
    uri = f"{path.resolve().as_uri()}?{options}"
    connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
    # One text that is no UTF-8 must cost one row, not the table.
    connection.text_factory = lambda content: content.decode("utf-8", "surrogateescape")
    return connection


@contextmanager
def unwritten(path: Path, where: str) -> Iterator[None]:
    """Watch a file at rest, which is read without locks: a writer would tear its rows apart.

    Raises:
        SourceError: it was written meanwhile.
    """
    before = _stamp(path)
    yield
    stat = path.stat() if before else None
    if stat and (stat.st_size, stat.st_mtime_ns) != before:
        raise SourceError(
            f"{where}: {path.name} was written while it was read",
            hint="read it again: nothing is lost",
        )


def _is_at_rest(path: Path) -> bool:
    """Say whether nobody has a WAL database open: its log or the log's index is not there."""
    with path.open("rb") as file:
        header = file.read(20)
    is_wal = header[18:20] == b"\x02\x02"
    return is_wal and not all(
        path.with_name(path.name + ending).is_file() for ending in ("-wal", "-shm")
    )


def _stamp(path: Path) -> tuple[int, int] | None:
    """Give what changes when a file at rest is written; None where reads are isolated."""
    if not _is_at_rest(path):
        return None
    return path.stat().st_size, path.stat().st_mtime_ns
