"""Commands that keep a plant's memory safe: backup and restore."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kg.backup import (
    Checkpoint,
    back_up,
    check_backup,
    checkpoint_place,
    checkpoint_unowned,
)
from kg.backup import restore as put_back
from kg.cli.options import NowOption, PlantOption, QuietOption, read_clock, say, suggest
from kg.cli.remote import ask_owner
from kg.errors import StoreLocked
from kg.pipeline import Pipeline
from kg.settings import load_plant

if TYPE_CHECKING:
    from kg.manifest import Manifest
    from kg.settings import Plant


def backup(
    folder: Annotated[Path, typer.Argument(help="The backup's folder; a new one.")],
    plant: PlantOption = Path("plant.toml"),
    is_check: Annotated[
        bool, typer.Option("--check", help="Compare a backup with its manifest; make none.")
    ] = False,
    is_without_keys: Annotated[
        bool, typer.Option("--without-keys", help="Leave keys and audit log out.")
    ] = False,
    now: NowOption = "",
    quiet: QuietOption = False,
) -> None:
    """Copy journal, graph, keys and audit log into a folder, also while the plant is served.

    The folder appears when it is whole. It holds people's names and notes, as the journal does;
    plant.toml, the mappings and the sources are not in it. Of keys it holds digests.
    """
    if is_check:
        say(f"{folder} is whole: {_told(check_backup(folder))}", is_quiet=quiet)
        return
    described = load_plant(plant)
    made = back_up(
        *(described, folder, read_clock(now), lambda: _checkpoint(described)),
        is_with_keys=not is_without_keys,
    )
    say(f"{folder}: {_told(made)}", is_quiet=quiet)
    suggest(f"traveler backup --check {folder}", is_quiet=quiet)


def restore(
    folder: Annotated[Path, typer.Argument(help="The backup's folder.")],
    plant: PlantOption = Path("plant.toml"),
    is_forced: Annotated[
        bool, typer.Option("--force", help="Also where the plant holds something: it is kept.")
    ] = False,
    now: NowOption = "",
    quiet: QuietOption = False,
) -> None:
    """Put a backup in the place of a plant's journal, graph, keys and audit log.

    Nobody may own the plant meanwhile.
    """
    described = load_plant(plant)
    clock = read_clock(now)
    manifest, aside = put_back(described, folder, clock, is_forced=is_forced)
    for kept in aside:
        say(f"what was there is kept as {kept}", is_quiet=quiet)
    if described.store.endpoint:
        with Pipeline.open(described, is_rebuild=True) as work:
            work.rebuild(clock)
            work.validate(clock)
    say(f"restored: {_told(manifest)}", is_quiet=quiet)
    suggest(f"traveler load --plant {plant}", is_quiet=quiet)


def _checkpoint(plant: Plant) -> Checkpoint | None:
    try:
        return checkpoint_unowned(plant)
    except StoreLocked as locked:
        told = json.loads(ask_owner(plant, locked, "/v1/checkpoint", {}, {}))
        return Checkpoint(checkpoint_place(plant), told["recipe"]) if told["has_graph"] else None


def _told(manifest: Manifest) -> str:
    size = sum(size for size, _ in manifest.files.values())
    graph = "no graph: it is folded from the journal"
    if manifest.applied_seq is not None:
        graph = f"graph up to record {manifest.applied_seq}"
    return (
        f"{manifest.plant} as of {manifest.made_at}, journal up to record {manifest.last_seq},"
        f" {graph}; {len(manifest.files)} file(s), {size / 1e6:.1f} MB"
    )
