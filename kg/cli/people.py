"""Commands about people: who is behind a code, and how one is forgotten."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from kg.answer.render import to_json
from kg.cli.options import NowOption, PlantOption, QuietOption, read_clock, say, show_progress
from kg.pipeline import Pipeline
from kg.settings import load_plant
from kg.store.engines import open_generations


def people(
    plant: PlantOption = Path("plant.toml"),
    is_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say who is behind a code; names stand neither in the graph nor in an answer."""
    with Pipeline.open(load_plant(plant)) as work:
        names = work.people().names()
    if is_json:
        typer.echo(to_json({"people": names}))
        return
    lines = [f"{code}  {name}" for code, name in names.items()]
    typer.echo("\n".join(lines) or "No names are known.")


def forget(
    person: Annotated[str, typer.Argument(help="Whom: person/P12.")],
    plant: PlantOption = Path("plant.toml"),
    now: NowOption = "",
    quiet: QuietOption = False,
) -> None:
    """Erase a person's name, redact the notes that speak of the person, and rebuild the graph."""
    described = load_plant(plant)
    with (
        show_progress(is_quiet=quiet) as progress,
        Pipeline.open(described, progress) as work,
    ):
        clock = read_clock(now)
        done = work.forget(person, clock)
        work.validate(clock)
    # Only once it is closed the graph of before can go, with whatever was copied from it.
    generations = open_generations(described)
    kept = generations.current()
    if kept is not None:
        kept.close()
    generations.close()
    shutil.rmtree(described.store_path / "checkpoints", ignore_errors=True)
    say(
        f"{person}: {done.names} name(s) erased, {done.notes} note(s) redacted,"
        f" {done.others} other version(s) cleared of the name; the graph is rebuilt",
        is_quiet=quiet,
    )
    say("Backups and the sources themselves are not touched.", is_quiet=quiet)
