"""Commands that keep a plant: load, rebuild, check, quarantine, and lift beside it."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from kg import report
from kg.answer.render import to_json
from kg.cli.author import show_mapping
from kg.cli.options import (
    FormatOption,
    NowOption,
    PlantOption,
    QuietOption,
    choose,
    read_clock,
    say,
    show_progress,
    suggest,
)
from kg.cli.remote import ask_owner
from kg.errors import StoreLocked
from kg.lift import lift_file
from kg.pipeline import Pipeline
from kg.settings import load_plant


def load(
    plant: PlantOption = Path("plant.toml"), now: NowOption = "", quiet: QuietOption = False
) -> None:
    """Read every source once into the journal, and fold what is new into the graph."""
    clock = read_clock(now)
    with (
        show_progress(is_quiet=quiet) as progress,
        Pipeline.open(load_plant(plant), progress) as work,
    ):
        balances = work.read(clock)
        applied = work.apply(clock)
        gaps = work.validate(clock)
    say(report.balance_text(balances, applied.rejected), is_quiet=quiet)
    say(report.applied_text(applied) + f"; {gaps} gap(s) found", is_quiet=quiet)
    suggest(f"traveler check --plant {plant}", is_quiet=quiet)


def rebuild(
    plant: PlantOption = Path("plant.toml"), now: NowOption = "", quiet: QuietOption = False
) -> None:
    """Refold the whole journal into a new graph; needed after a mapping or the ontology changed."""
    clock = read_clock(now)
    with (
        show_progress(is_quiet=quiet) as progress,
        Pipeline.open(load_plant(plant), progress) as work,
    ):
        applied = work.rebuild(clock)
        gaps = work.validate(clock)
    say(report.applied_text(applied) + f"; {gaps} gap(s) found", is_quiet=quiet)
    suggest(f"traveler check --plant {plant}", is_quiet=quiet)


def check(
    plant: PlantOption = Path("plant.toml"),
    now: NowOption = "",
    form: FormatOption = "text",
    quiet: QuietOption = False,
) -> None:
    """Count how much is linked, and list what is missing, conflicting or invalid.

    Exit code 0: nothing is (what no source covers is nothing); 1: something is; 2: could not run.
    """
    choose(form, "text", "json")
    described = load_plant(plant)
    try:
        with Pipeline.open(described) as work:
            found = work.answers().check(read_clock(now))
    except StoreLocked as locked:
        typer.echo(ask_owner(described, locked, "/v1/gaps", {"format": form}))
        gaps = json.loads(ask_owner(described, locked, "/v1/gaps", {"format": "json"}))["gaps"]
        sys.exit(int(any(gap["state"] != "unknown" for gap in gaps)))
    typer.echo(to_json(found.to_dict()) if form == "json" else report.check_text(found))
    if form == "text":
        suggest(f"traveler context MACHINE --plant {plant}", is_quiet=quiet)
    sys.exit(found.exit_code())


def lift(
    mapping: Annotated[Path, typer.Argument(help="A mapping in YARRRML (.yml) or RML (.ttl).")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Default: print.")] = None,
    base: Annotated[str, typer.Option(help="What relative IRIs resolve against.")] = (
        "http://example.com/base/"
    ),
    in_order: Annotated[bool, typer.Option("--sorted", help="Sorted: the same bytes.")] = False,
    sample: Annotated[int, typer.Option(min=0, help="Only the quads of the first rows.")] = 0,
    explain: Annotated[bool, typer.Option("--explain", help="Only the SQL of each map.")] = False,
    plant: Annotated[
        Path | None, typer.Option("--plant", help="For a plant's mapping; default: above it.")
    ] = None,
) -> None:
    """Lift files into N-Quads by a mapping, without a plant or a store."""
    if explain or sample:
        sys.exit(not show_mapping(mapping, base, plant, sample, is_explained=explain))
    lifted = lift_file(mapping, base, is_sorted=in_order)
    with nullcontext(sys.stdout) if output is None else output.open("w", encoding="utf-8") as out:
        out.writelines(f"{line}\n" for line in lifted.lines)
    for row in lifted.rejected:
        typer.echo(f"{row.position}: {row.code}: {row.message}", err=True)
    if lifted.rejected:
        sys.exit(1)


def quarantine(plant: PlantOption = Path("plant.toml")) -> None:
    """List the rows that could not become records or facts, and what to do about each."""
    with Pipeline.open(load_plant(plant)) as work:
        typer.echo(report.quarantine_text(work.journal.quarantined()))
