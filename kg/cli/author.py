"""Commands that write mappings: init, and what lift shows of one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from kg.cli.options import QuietOption, say, short_path, suggest
from kg.cli.putaside import rejected_text
from kg.draft import (
    NewPlant,
    check_there,
    draft_text,
    locate,
    mapping_text,
    propose_mapping,
    write_draft,
)
from kg.draft.meanings import KINDS
from kg.draft.sample import explain_mapping, place_mapping, sample_mapping
from kg.draft.words import setting_name
from kg.errors import ConfigError
from kg.owner import owner_url
from kg.settings import load_plant

if TYPE_CHECKING:
    from kg.draft import Place, Written

USUAL_URL = "http://127.0.0.1:8000"
"""Where ``traveler serve`` answers unless it is told otherwise."""


def init(
    folder: Annotated[Path, typer.Argument(help="The plant's folder; made if it is not there.")],
    given: Annotated[
        str,
        typer.Option("--from", help="A .csv, .tsv, .json or .jsonl, or a URL: sqlite:///x#table."),
    ],
    plant: Annotated[
        Path | None, typer.Option("--plant", help="Another plant.toml than the folder's own.")
    ] = None,
    name: Annotated[str, typer.Option(help="The source's name; default: the file's.")] = "",
    class_name: Annotated[
        str, typer.Option("--class", help="What a row is: Job, Machine, Customer …")
    ] = "",
    key: Annotated[str, typer.Option(help="The columns that tell rows apart: a,b.")] = "",
    base: Annotated[str, typer.Option(help="A new plant's base IRI.")] = "",
    zone: Annotated[str, typer.Option(help="A new plant's time zone.")] = "UTC",
    dry: Annotated[bool, typer.Option("--dry-run", help="Print the draft; write nothing.")] = False,
    quiet: QuietOption = False,
) -> None:
    """Draft a mapping from a table or a file: a new plant, or one more source of one."""
    if class_name and class_name not in KINDS:
        raise ConfigError(f"no class {class_name!r} for a table", hint=f"{', '.join(KINDS)}")
    file = _plant_file(folder, plant)
    described = load_plant(file) if file.exists() else None
    home = file.parent
    place = locate(given, name, described, home)
    check_there(given)
    wanted = tuple(part.strip() for part in key.split(",") if part.strip())
    if not dry:
        place.check_free()
    proposal = propose_mapping(place, described, class_name, wanted)
    if dry:
        say(draft_text(proposal) + "\n", is_quiet=quiet)
        typer.echo(mapping_text(proposal), nl=False)
        return
    new = None if described else _new_plant(home, base, zone)
    mappings = home if folder.resolve() == home.resolve() else folder
    where = mappings / "mappings" / place.name if place.is_new else place.settings.folder
    written = write_draft(place, proposal, where, file, new)
    if not place.secret:
        load_plant(file)
    say(draft_text(proposal), is_quiet=quiet)
    say(
        f"\nWritten: {written.mapping}\n         {written.source}\n         {written.plant}",
        is_quiet=quiet,
    )
    url = owner_url(described.store_path) if described is not None else None
    suggest("\nthen: ".join(_next_steps(place, written, url)), is_quiet=quiet)


def _next_steps(place: Place, written: Written, url: str | None) -> list[str]:
    """Say what to do with a draft; ``url`` is where the plant is served already."""
    steps = [f"export {place.secret}=…"] if place.secret else []
    steps.append(f"traveler lift {written.mapping} --sample 5")
    # While it is served nobody else reads its sources: the server does when it starts again.
    steps.append(f"stop what serves {url}" if url else f"traveler load --plant {written.plant}")
    page = f"{(url or USUAL_URL).rstrip('/')}/#/start?source={place.name}&table={place.table}"
    return [*steps, f"traveler serve --plant {written.plant}", f"open '{page}'"]


def show_mapping(
    mapping: Path, base: str, plant: Path | None, rows: int, *, is_explained: bool
) -> bool:
    """Print the SQL of a mapping, or the quads of the first rows; False where some were bad."""
    placed = place_mapping(mapping, base, plant)
    if is_explained:
        typer.echo(explain_mapping(placed))
        suggest(f"traveler lift {mapping} --sample 5", is_quiet=False)
        return True
    sampled = sample_mapping(placed, rows, datetime.now(UTC))
    for line in sampled.lines:
        typer.echo(line)
    if sampled.rejected:
        typer.echo(rejected_text(sampled.rejected, len(sampled.rejected)), err=True)
    elif not sampled.lines:
        typer.echo("No quads: no row had a value for every term of a fact.", err=True)
    following = f"traveler lift {mapping} -o {mapping.stem}.nq"
    if placed.plant is not None:
        following = f"traveler load --plant {short_path(placed.plant)}"
    suggest(following, is_quiet=False)
    return not sampled.rejected


def _plant_file(folder: Path, plant: Path | None) -> Path:
    if plant is None:
        return folder / "plant.toml"
    file = plant / "plant.toml" if plant.is_dir() else plant
    if not file.exists():
        raise ConfigError(f"there is no {file}", hint="leave --plant out to make a new plant")
    if not folder.resolve().is_relative_to(file.resolve().parent):
        raise ConfigError(
            f"{folder} is not below the folder of {file}",
            hint="mappings stand below plant.toml, so that both move together",
        )
    return file


def _new_plant(folder: Path, base: str, zone: str) -> NewPlant:
    title = folder.resolve().name
    host = setting_name(title).lower().replace("_", "-")
    return NewPlant(title, base or f"https://{host}.example/", zone)
