"""Room: what says whether a journal may take anything in."""

from __future__ import annotations

from typing import Protocol


class Room(Protocol):
    """Watches what a journal is written to."""

    def require(self) -> None:
        """Let nothing be taken in while there is too little room; Raises: DiskFull."""
        ...

    def ran_out(self) -> None:
        """Learn that a write failed for want of room."""
        ...


class Unwatched:
    """Takes everything in until the disk itself refuses."""

    def require(self) -> None:
        """Do nothing."""

    def ran_out(self) -> None:
        """Do nothing."""
