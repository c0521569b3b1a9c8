"""The folder that holds the store's generations: a rebuild writes a new one, then swaps it in."""

from __future__ import annotations

import json
import os
import re
import shutil
from typing import TYPE_CHECKING

from kg.errors import StoreError, StoreLocked
from kg.store.embedded import EmbeddedStore

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from kg.store.protocol import Store
    from kg.store.terms import Quad

CURRENT = "CURRENT"
RECIPE_FILE = "RECIPE"
"""Beside CURRENT: what the current generation was made by."""
_DISCARDED = ".discarded"
_GENERATION = re.compile(r"gen-(\d{6,})")


class FolderGenerations:
    """The generations of an embedded store, below one folder."""

    def __init__(self, folder: Path, base: str) -> None:
        self._folder = folder
        self._base = base

    def current(self) -> EmbeddedStore | None:
        """Open the current one and discard the others; see ``open_current``."""
        return open_current(self._folder, self._base)

    def write(self, quads: Iterable[Quad], seq: int, recipe: str) -> EmbeddedStore:
        """Write a new one in a folder of its own and make it current.

        Readers may still hold the one before: its folder goes when the plant is next opened.
        """
        folder = begin(self._folder)
        store = EmbeddedStore.open(folder, self._base)
        try:
            store.bulk_load(f"{s} {p} {o} {g} ." for s, p, o, g in quads)
            store.set_seq(seq)
            store.flush()
            publish(self._folder, folder)
        except BaseException:
            # On a full disk the half-built one would be in the way of the one that answers.
            store.close()
            shutil.rmtree(folder, ignore_errors=True)
            raise
        _note_recipe(self._folder, folder, recipe)
        return store

    def close(self) -> None:
        """Do nothing: a folder is let go with the store that is open in it."""

    def made_by(self, recipe: str) -> bool:
        """Tell whether the current one was made by a recipe."""
        current = current_generation(self._folder)
        return current is not None and _noted_recipe(self._folder, current) == recipe

    def outdate(self) -> None:
        """Let the current one count as made by another recipe."""
        (self._folder / RECIPE_FILE).unlink(missing_ok=True)


def open_current(folder: Path, base: str) -> EmbeddedStore | None:
    """Open the generation that CURRENT names and discard the others; None before the first load.

    Raises: StoreLocked while another process owns it; StoreError when CURRENT names nothing.
    """
    current = current_generation(folder)
    store = None if current is None else EmbeddedStore.open(current, base)
    discard_others(folder)
    return store


def current_generation(folder: Path) -> Path | None:
    """Give the folder that CURRENT names, or None when nothing was published yet.

    Raises: StoreError when CURRENT is damaged or its generation is gone.
    """
    try:
        name = (folder / CURRENT).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(folder, f"cannot be read: {error}") from error
    if _GENERATION.fullmatch(name) is None:
        raise _damaged(folder, f"names no generation: {name[:80]!r}")
    if not (folder / name).is_dir():
        raise _damaged(folder, f"names {name}, which does not exist")
    return folder / name


def write_store(folder: Path, base: str, lines: Iterable[str]) -> None:
    """Load N-Quads lines into a store of its own, whose folder appears when it is whole.

    What ``lines`` raises passes through.
    Raises: StoreError where something stands already, or for a line that is no N-Quads.
    """
    if folder.exists():
        raise StoreError(f"{folder} is there already", hint="name a new folder")
    half = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        with EmbeddedStore.open(half, base) as store:
            store.bulk_load(lines)
            store.flush()
        half.rename(folder)
    finally:
        shutil.rmtree(half, ignore_errors=True)


def adopt(folder: Path, files: Path, recipe: str) -> None:
    """Copy a checkpoint's files into a folder as its current generation, made by ``recipe``.

    With "" for the recipe it counts as made by another one than today's, whatever that is.
    """
    generation = begin(folder)
    for path in files.iterdir():
        shutil.copyfile(path, generation / path.name)
    publish(folder, generation)
    if recipe:
        _note_recipe(folder, generation, recipe)


def recipe_of(folder: Path, store: Store) -> str:
    """Give what an open generation of a folder was made by; "" where that is not known."""
    path = store.path if isinstance(store, EmbeddedStore) else None
    return (_noted_recipe(folder, path) or "") if path is not None else ""


def begin(folder: Path) -> Path:
    """Make an empty folder for a new generation; it counts for nothing until it is published."""
    folder.mkdir(parents=True, exist_ok=True)
    number = max((_number(path) for path in _generations(folder)), default=0) + 1
    generation = folder / f"gen-{number:06d}"
    generation.mkdir()
    return generation


def publish(folder: Path, generation: Path) -> None:
    """Make a flushed generation the current one, for good, in one atomic step.

    The one before stays on disk while it is open: ``discard_others`` removes it afterwards.
    Raises: StoreError for a folder that ``begin`` did not make, or when the disk refuses.
    """
    is_ours = generation.parent == folder and _GENERATION.fullmatch(generation.name)
    if not is_ours or not generation.is_dir():
        raise StoreError(f"{generation} is no generation of {folder}.", hint="Use begin().")
    fresh = folder / f"{CURRENT}.new"
    try:
        _sync_folder(generation)
        with fresh.open("w", encoding="utf-8") as file:
            file.write(f"{generation.name}\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(folder / CURRENT)
        _sync_folder(folder)
    except OSError as error:
        message = f"{generation.name} cannot be made current in {folder}: {error}"
        raise StoreError(message, hint="Check free disk space and permissions.") from error


def discard_others(folder: Path) -> list[Path]:
    """Remove old and half-built generations that nobody has open; give those removed.

    Only ``gen-NNNNNN`` folders that are empty or hold a store are touched, never the current one.
    """
    current = current_generation(folder)
    removed = []
    for generation in _generations(folder):
        if generation != current and _is_ours(generation) and not _is_open(generation):
            # Renamed first: a removal that is cut short leaves a name that is surely ours.
            generation.rename(generation.with_suffix(_DISCARDED))
            removed.append(generation)
    if folder.is_dir():
        for leftover in folder.glob(f"gen-*{_DISCARDED}"):
            shutil.rmtree(leftover, ignore_errors=True)
    return removed


def _note_recipe(folder: Path, generation: Path, recipe: str) -> None:
    note = {"generation": generation.name, "digest": recipe}
    (folder / RECIPE_FILE).write_text(json.dumps(note), encoding="utf-8")


def _noted_recipe(folder: Path, generation: Path) -> str | None:
    """Give what a generation was made by; None where there is no word, or one of another."""
    try:
        note = json.loads((folder / RECIPE_FILE).read_text(encoding="utf-8"))
        return str(note["digest"]) if note["generation"] == generation.name else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_ours(generation: Path) -> bool:
    return (generation / "LOCK").exists() or not any(generation.iterdir())


def _is_open(generation: Path) -> bool:
    # A rebuild by another process holds its half-built store open. Opening is the only safe
    # question: probing the lock file ourselves would drop a lock that this process holds.
    if not (generation / "LOCK").exists():
        return False
    try:
        EmbeddedStore.open(generation, "").close()
    except StoreLocked:
        return True
    except StoreError:
        return False
    return False


def _generations(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if _GENERATION.fullmatch(path.name) and path.is_dir() and not path.is_symlink()
    )


def _number(generation: Path) -> int:
    return int(generation.name.removeprefix("gen-"))


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _damaged(folder: Path, what: str) -> StoreError:
    return StoreError(
        f"{folder / CURRENT} {what}.",
        hint="Delete that file and rebuild the graph from the journal: traveler rebuild.",
        code="store-damaged",
    )
