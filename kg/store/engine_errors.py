"""The embedded engine's errors, in our words."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from traceback import clear_frames
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg.errors import QueryError, StoreError, StoreFull, StoreLocked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ENGINE_ERRORS = (SyntaxError, OSError, RuntimeError)
"""What the engine raises when it reads and writes."""
FREE_SPACE = "Free some space: it goes on by itself."
_FULL = "No space left"
_DAMAGED = re.compile(r"corruption|checksum mismatch", re.IGNORECASE)
_READERS_SECONDS = 10.0
# "lock hold by current process …" or "While lock file: …: Resource temporarily unavailable";
# a lock file that may not be written ("Permission denied") is another trouble.
_LOCKED = re.compile(
    r"lock hold by|while lock file.*(temporarily unavailable|no locks)", re.IGNORECASE
)


def open_again(path: Path) -> ox.Store:
    """Open a store whose last readers may still be at it; Raises: StoreFull, StoreError."""
    until = time.monotonic() + _READERS_SECONDS
    while True:
        try:
            return ox.Store(path)
        except (OSError, RuntimeError) as error:
            if _FULL in str(error):
                raise StoreFull(f"{path} cannot be opened: {error}", hint=FREE_SPACE) from error
            if not _LOCKED.search(str(error)) or time.monotonic() > until:
                raise open_error(path, error) from error
        time.sleep(0.02)


def open_error(path: Path, error: Exception) -> StoreError:
    """Say why a store cannot be opened: ``StoreLocked`` where another has it."""
    if _LOCKED.search(str(error)):
        return StoreLocked(
            f"The store {path} is open in another process.",
            hint="Stop the other traveler (serve, watch or load), or ask it over HTTP.",
        )
    if _DAMAGED.search(str(error)):
        return _damaged(f"The store {path} cannot be opened: {error}")
    return StoreError(
        f"The store {path} cannot be opened: {error}",
        hint="Check the folder's permissions and free disk space; the journal can rebuild the "
        "graph at any time: traveler rebuild.",
    )


def _damaged(message: str) -> StoreError:
    return StoreError(
        message,
        hint="Check the disk. The journal has all that the graph is made of: traveler rebuild.",
        code="store-damaged",
    )


@contextmanager
def engine_errors(what: str) -> Iterator[None]:
    """Turn the engine's errors of reading and writing into ours."""
    try:
        yield
    except ENGINE_ERRORS as error:
        raise engine_error(what, error) from error


def engine_error(what: str, error: Exception) -> StoreError:
    """Say in our words what the engine says, one of ``ENGINE_ERRORS``."""
    if isinstance(error, SyntaxError):
        return StoreError(f"{what}: {error}", code="bad-term")
    if _FULL in str(error):
        return StoreFull(f"{what}: the disk is full.", hint=FREE_SPACE)
    if _DAMAGED.search(str(error)):
        return _damaged(f"{what}: {error}")
    return StoreError(
        f"{what}: {error}", hint="Check free disk space and the folder's permissions."
    )


@contextmanager
def query_errors() -> Iterator[None]:
    """Turn the engine's errors of a query into ``QueryError``; see ``let_go``."""
    try:
        yield
    except QueryError as error:
        let_go(error)
        raise
    except SyntaxError as error:
        raise QueryError(f"The query is not valid: {error}", code="query-syntax") from error
    except (OSError, RuntimeError, ValueError) as error:
        let_go(error)
        raise QueryError(f"The query failed: {error}", code="query-failed") from error


def let_go(error: BaseException) -> None:
    """Empty the functions that an error has left of what they held.

    What the engine gives to iterate over must be dropped by the thread that asked, or it is never
    freed; an error holds all that was held on its way, and any thread may drop an error.
    """
    clear_frames(error.__traceback__)
