"""The part of a backup that says who may ask: keys and audit log, copied and put back.

Only ``kg.backup`` uses it. Keys are in it as digests, sessions of browsers not at all: whoever gets
hold of a backup can sign in by none.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from kg.errors import BackupError

if TYPE_CHECKING:
    from pathlib import Path

    from kg.settings import Plant

KEYS = "keys.sqlite"
AUDIT = "audit"
_REVOKED = "SELECT revoked_at, prefix FROM key WHERE revoked_at IS NOT NULL"
_REVOKE = "UPDATE key SET revoked_at = coalesce(revoked_at, ?) WHERE prefix = ?"


def copy_access(plant: Plant, half: Path) -> None:
    """Copy keys and audit log into a backup, while both are written; modes 0600 and 0700.

    Keys are of one moment (SQLite's online backup). A file of the log is copied up to the last
    whole line that it had.

    Raises:
        BackupError: the keys are no such file.
    """
    if plant.access is None:
        return
    keys, audit = plant.folder / plant.access.keys, plant.folder / plant.access.audit
    if keys.is_file():
        _copy_keys(keys, half / KEYS)
    if audit.is_dir():
        (half / AUDIT).mkdir(mode=0o700)
        for path in sorted(audit.glob("audit*.jsonl")):
            with suppress(FileNotFoundError):  # the oldest is dropped when another is put aside
                _copy_lines(path, half / AUDIT / path.name)


def _copy_keys(path: Path, target: Path) -> None:
    _make(target)
    try:
        with (
            closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(target, isolation_level=None)) as copy,
        ):
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
            copy.execute("PRAGMA secure_delete = ON")
            copy.execute("DELETE FROM session")
    except sqlite3.Error as error:
        raise BackupError(
            f"the keys {path} cannot be copied: {error}",
            hint="mend the file, or leave keys out by --without-keys",
        ) from error


def _copy_lines(path: Path, target: Path) -> None:
    data = path.read_bytes()
    _make(target)
    target.write_bytes(data[: data.rfind(b"\n") + 1])


def restored_access(plant: Plant, folder: Path) -> list[tuple[Path, Path]]:
    """Copy what a backup has of keys and log beside where they belong; gives from and to.

    Where the backup has none, or the plant asks nobody who he is, nothing is touched. A key that
    was revoked since stays so.
    """
    if plant.access is None:
        return []
    places = ((KEYS, plant.access.keys), (AUDIT, plant.access.audit))
    pairs = [(folder / name, plant.folder / place) for name, place in places]
    found = [(_beside(source, target), target) for source, target in pairs if source.exists()]
    for fresh, target in found:
        if fresh.is_file() and target.is_file():
            _keep_revoked(fresh, target)
    return found


def _keep_revoked(fresh: Path, present: Path) -> None:
    """Take back in a copy what was taken back in the keys that it takes the place of."""
    try:
        with closing(sqlite3.connect(f"{present.absolute().as_uri()}?mode=ro", uri=True)) as keys:
            revoked = keys.execute(_REVOKED).fetchall()
    except sqlite3.Error:
        return  # what cannot be read is why somebody restores
    with closing(sqlite3.connect(fresh)) as copy, copy:
        copy.executemany(_REVOKE, revoked)


def _beside(source: Path, target: Path) -> Path:
    fresh = target.with_name(f"{target.name}.restoring")
    target.parent.mkdir(parents=True, exist_ok=True)
    if fresh.is_dir():
        shutil.rmtree(fresh)
    fresh.unlink(missing_ok=True)
    if source.is_dir():
        fresh.mkdir(mode=0o700)
        for path in sorted(source.iterdir()):
            _make(fresh / path.name)
            shutil.copyfile(path, fresh / path.name)
    else:
        _make(fresh)
        shutil.copyfile(source, fresh)
    return fresh


def _make(path: Path) -> None:
    """Make a file that only its user reads, before anything is written into it."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
