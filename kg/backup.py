"""Backup and restore: a plant's journal as of one moment, its graph of no later one, its keys."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from kg import offset
from kg.access.copies import AUDIT, KEYS, copy_access, restored_access
from kg.errors import BackupError, ConfigError, StoreError, StoreLocked
from kg.journal import copy_journal
from kg.manifest import MANIFEST, Manifest, describe_files
from kg.space import BALLAST
from kg.store import EmbeddedStore, adopt, recipe_of
from kg.store.engines import copy_store, open_generations
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from kg.settings import Plant
    from kg.store import Store

JOURNAL = "journal.sqlite"
GRAPH = "store"
_CHECKPOINT = "backup-checkpoint"
_LOCK = "BACKUP"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A copy of a graph's files by hard links; ``recipe`` is what it was made by, "" unknown."""

    folder: Path
    recipe: str


def checkpoint_place(plant: Plant) -> Path:
    """Give where the checkpoint for a backup stands: on the graph's own disk."""
    return plant.store_path / _CHECKPOINT


def make_checkpoint(plant: Plant, store: Store) -> Checkpoint | None:
    """Copy the graph as it stands while it is written, in the place of an earlier checkpoint.

    None for a graph in a SPARQL server: it is folded again from the journal.
    """
    folder = checkpoint_place(plant)
    shutil.rmtree(folder, ignore_errors=True)
    if not copy_store(store, folder):
        return None
    return Checkpoint(folder, recipe_of(plant.store_path, store))


def checkpoint_unowned(plant: Plant) -> Checkpoint | None:
    """Copy the graph of a plant that nobody owns; Raises: StoreLocked where somebody does."""
    if plant.store.endpoint:
        return None
    generations = open_generations(plant)
    try:
        store = generations.current()
        if store is None:
            return None
        with store:
            return make_checkpoint(plant, store)
    finally:
        generations.close()


def back_up(
    plant: Plant,
    folder: Path,
    now: datetime,
    checkpoint: Callable[[], Checkpoint | None],
    *,
    is_with_keys: bool = True,
) -> Manifest:
    """Write a backup into a new folder, which appears when it is whole and on the disk.

    The graph is copied first: what it was folded from is in the journal's copy, made after it. Keys
    and audit log are in it too, where the plant has them and they are not left out.

    Raises:
        BackupError: the folder is there already, or the backup cannot be written.
        JournalError: there is no journal, or it is damaged.
    """
    if folder.exists():
        raise BackupError(f"{folder} is there already", hint="name a new folder")
    half = folder.with_name(f"{folder.name}.tmp")
    with _one_at_a_time(plant), _disk_errors(f"the backup {folder} cannot be written"):
        _clear_half(half)
        try:
            half.mkdir(mode=0o700, parents=True)
            if is_with_keys:
                copy_access(plant, half)
            manifest = _fill(half, plant, now, checkpoint())
            _sync_tree(half)
            half.rename(folder)
            _sync(folder.parent)
        finally:
            shutil.rmtree(half, ignore_errors=True)
            shutil.rmtree(checkpoint_place(plant), ignore_errors=True)
    return manifest


def check_backup(folder: Path) -> Manifest:
    """Compare a backup with its manifest; Raises: BackupError, naming what differs."""
    manifest = Manifest.read(folder)
    with _disk_errors(f"the backup {folder} cannot be read"):
        manifest.check(folder)
    return manifest


def restore(
    plant: Plant, folder: Path, now: datetime, *, is_forced: bool
) -> tuple[Manifest, list[Path]]:
    """Put a backup in the place of a plant's journal and graph, its keys and its audit log.

    Of keys and log those stay that the backup has none of.

    Gives what was restored, and where the old ones are kept.

    Raises:
        BackupError: the backup is damaged, or the plant holds something and it is not forced.
        ConfigError: it is the backup of another plant.
        StoreLocked: the plant is being served, loaded or rebuilt.
    """
    manifest = check_backup(folder)
    if manifest.base != plant.base:
        raise ConfigError(
            f"{folder} is a backup of {manifest.plant} ({manifest.base}), not of {plant.base}",
            hint="name the plant that it is of: --plant PATH",
        )
    with _taken(plant):
        _refuse_to_replace(plant, is_forced=is_forced)
        with _disk_errors(f"{folder} cannot be restored"):
            return manifest, _replace(plant, folder, manifest, f"{now:%Y%m%dT%H%M%SZ}")


def _fill(half: Path, plant: Plant, now: datetime, graph: Checkpoint | None) -> Manifest:
    applied = None
    if graph is not None:
        _copy_files(graph.folder, half / GRAPH)
    snapshot = copy_journal(plant.journal_path, half / JOURNAL)
    if graph is not None:
        with EmbeddedStore.open_checkpoint(half / GRAPH, plant.base) as store:
            applied, source = store.applied_seq(), offset.folded_from(store)
        if applied > snapshot.last_seq or source not in {"", snapshot.journal}:
            raise BackupError(
                f"the graph is of record {applied} of another journal, and {plant.journal_path}"
                f" ends at record {snapshot.last_seq}",
                hint="fold a new graph first: traveler rebuild",
            )
    manifest = Manifest(
        plant=plant.name,
        base=plant.base,
        traveler=version("traveler-kg"),
        made_at=format_time(now),
        journal=snapshot.journal,
        last_seq=snapshot.last_seq,
        applied_seq=applied,
        recipe=graph.recipe if graph is not None else "",
        files=describe_files(half),
    )
    manifest.write(half)
    return manifest


def _replace(plant: Plant, folder: Path, manifest: Manifest, stamp: str) -> list[Path]:
    """Swap journal and graph; whenever it is cut short, the journal left answers for its graph.

    The graph goes first: without its journal it refuses to open, while a journal without its graph
    is only folded again.
    """
    fresh_store = plant.store_path.with_name(f"{plant.store_path.name}.restoring")
    fresh_journal = plant.journal_path.with_name(f"{plant.journal_path.name}.restoring")
    shutil.rmtree(fresh_store, ignore_errors=True)
    fresh_journal.unlink(missing_ok=True)
    fresh_journal.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(folder / JOURNAL, fresh_journal)
    fresh_store.mkdir(parents=True)
    if manifest.applied_seq is not None and not plant.store.endpoint:
        adopt(fresh_store, folder / GRAPH, manifest.recipe)
    _sync_tree(fresh_store)
    _sync(fresh_journal)
    access = restored_access(plant, folder)
    for fresh, _ in access:
        _sync_tree(fresh)
    (plant.store_path / BALLAST).unlink(missing_ok=True)
    kept = _set_aside(plant.store_path, stamp)
    fresh_store.rename(plant.store_path)
    kept += _set_aside(plant.journal_path, stamp)
    fresh_journal.rename(plant.journal_path)
    for fresh, target in access:
        kept += _set_aside(target, stamp)
        fresh.rename(target)
        _sync(target.parent)
    _sync(plant.store_path.parent)
    _sync(plant.journal_path.parent)
    return kept


def _set_aside(path: Path, stamp: str) -> list[Path]:
    kept = path.with_name(f"{path.name}.before-{stamp}")
    # What SQLite keeps beside its file belongs to it, and to no other of that name.
    for ending in ("-wal", "-shm", ""):
        beside = path.with_name(path.name + ending)
        if beside.exists():
            beside.rename(kept.with_name(kept.name + ending))
    return [kept] if kept.exists() else []


def _refuse_to_replace(plant: Plant, *, is_forced: bool) -> None:
    is_empty = not plant.journal_path.exists() and not (plant.store_path / "CURRENT").exists()
    if not is_empty and not is_forced:
        raise BackupError(
            f"the plant {plant.name} is not empty: {plant.journal_path} is there",
            hint="--force puts the backup in its place, and keeps what was there beside it",
        )


@contextmanager
def _taken(plant: Plant) -> Iterator[None]:
    """Own the graph meanwhile, so that nobody opens it; one that cannot be opened is replaced."""
    generations = open_generations(plant)
    store: Store | None = None
    try:
        try:
            store = generations.current()
            if store is not None and plant.store.endpoint:
                # Whatever it is of: after this it is folded from the journal that was restored.
                generations.outdate()
        except StoreLocked:
            raise
        except StoreError:
            if plant.store.endpoint:
                raise
        yield
    finally:
        if store is not None:
            store.close()
        generations.close()


@contextmanager
def _one_at_a_time(plant: Plant) -> Iterator[None]:
    plant.store_path.mkdir(parents=True, exist_ok=True)
    with (plant.store_path / _LOCK).open("a", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BackupError(
                "another backup of this plant is being made", hint="wait until it is done"
            ) from error
        yield


@contextmanager
def _disk_errors(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BackupError(
            f"{what}: {error}", hint="check free disk space and the folder's rights"
        ) from error


def _clear_half(half: Path) -> None:
    """Remove what a backup that was cut short left; anything else is somebody's."""
    if not half.exists():
        return
    ours = {MANIFEST, JOURNAL, f"{JOURNAL}-journal", GRAPH, KEYS, f"{KEYS}-journal", AUDIT}
    if not half.is_dir() or {path.name for path in half.iterdir()} - ours:
        raise BackupError(f"{half} is in the way", hint="move it, or name another folder")
    shutil.rmtree(half)


def _copy_files(source: Path, target: Path) -> None:
    """Copy files, not links: a byte that turns on the disk must not turn in the backup too."""
    target.mkdir()
    for path in sorted(source.iterdir()):
        shutil.copyfile(path, target / path.name)


def _sync_tree(folder: Path) -> None:
    for path in (*folder.rglob("*"), folder):
        _sync(path)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
