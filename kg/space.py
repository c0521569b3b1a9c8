"""Space: what a plant leaves free on its disks, and the ballast that goes when they are full.

Below the watermark nothing is taken in, so that what was acknowledged can still be folded. On a
disk that is full all the same, the ballast makes the room that engines need to get up again.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from kg.errors import DiskFull

if TYPE_CHECKING:
    from pathlib import Path

    from kg.settings import Plant

MEGABYTE = 1_000_000
BALLAST = "BALLAST"
FULL_SHARE = 0.25
"""Of the watermark: with less free than that the disk counts as full, and the ballast goes."""
BACK_SHARE = 1.1
"""Of the watermark: with more free than that, the ballast not counted, everything goes on."""


@dataclass(frozen=True, slots=True)
class DiskState:
    """How a disk stands: bytes free and held as ballast, and whether nothing is taken in."""

    folder: Path
    free_bytes: int
    ballast_bytes: int
    is_low: bool


class Space:
    """The room on the disks of one plant; any thread may ask.

    Looking is what changes a state: whoever is about to write looks, so nothing needs to wake up.
    """

    def __init__(self, folders: list[Path], stop_bytes: int, ballast_bytes: int) -> None:
        self._disks = [_Disk(folder, stop_bytes, ballast_bytes) for folder in _apart(folders)]
        self._lock = Lock()

    @classmethod
    def of(cls, plant: Plant) -> Space:
        """Watch the disks of a plant's graph and journal, which have their folders by now."""
        store = plant.store
        folders = [plant.store_path, plant.journal_path.parent]
        stop, ballast = store.free_mb_stop * MEGABYTE, store.ballast_mb * MEGABYTE
        return cls(folders, int(stop), int(ballast))

    def require(self) -> None:
        """Let nothing be taken in while there is too little room.

        Raises:
            DiskFull: there is.
        """
        for state in self.look():
            if state.is_low:
                raise DiskFull(
                    f"the disk of {state.folder} has {state.free_bytes / MEGABYTE:.0f} MB free,"
                    " which is too little to take anything in",
                    hint="free some space: it goes on by itself; answers do meanwhile. How much is"
                    " kept free is free_mb_stop below [store]",
                )

    def ran_out(self) -> None:
        """Give up the ballast: an engine met a full disk."""
        with self._lock:
            for disk in self._disks:
                disk.give_up()

    def look(self) -> list[DiskState]:
        """See how the disks stand now; a full one loses its ballast, one with room gets it back."""
        with self._lock:
            return [disk.look() for disk in self._disks]

    def hold(self) -> None:
        """Hold a ballast from now on, wherever there is room for it."""
        with self._lock:
            for disk in self._disks:
                disk.holds = True
                disk.look()


class _Disk:
    def __init__(self, folder: Path, stop_bytes: int, ballast_bytes: int) -> None:
        self.folder = folder
        self.holds = False
        self._stop = stop_bytes
        self._ballast = ballast_bytes
        self._path = folder / BALLAST
        self._is_low = False

    def look(self) -> DiskState:
        free = free_bytes(self.folder)
        held = self._held()
        if free < self._stop * FULL_SHARE and held:
            self.give_up()
            free, held = free_bytes(self.folder), 0
        missing = self._ballast - held if self.holds else 0
        if free < self._stop:
            self._is_low = True
        elif free >= self._stop * BACK_SHARE + missing:
            self._is_low = False
            if missing > 0:
                self._take()
                free, held = free_bytes(self.folder), self._held()
        return DiskState(self.folder, free, held, self._is_low)

    def give_up(self) -> None:
        self._is_low = self._stop > 0
        self._path.unlink(missing_ok=True)

    def _take(self) -> None:
        """Make the ballast, of real blocks; what cannot be had is given back."""
        try:
            with self._path.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self._ballast)
        except OSError:
            self._path.unlink(missing_ok=True)

    def _held(self) -> int:
        with suppress(FileNotFoundError):
            return self._path.stat().st_size
        return 0


def free_bytes(folder: Path) -> int:
    """Give what is free on a folder's disk for this process's user."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def _apart(folders: list[Path]) -> list[Path]:
    """Keep one folder of each disk."""
    return list({folder.stat().st_dev: folder for folder in reversed(folders)}.values())
