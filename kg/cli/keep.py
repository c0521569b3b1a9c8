"""Commands that keep a plant: load, rebuild, check, quarantine, and lift beside it."""

from __future__ import annotations

import importlib
import json
import sys
from contextlib import nullcontext
from enum import StrEnum
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
from kg.errors import ConfigError, StoreLocked
from kg.lift import lift_file
from kg.pipeline import Pipeline
from kg.settings import load_plant


class Engine(StrEnum):
    """What runs the SQL of a mapping."""

    DUCKDB = "duckdb"
    SPARK = "spark"


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
    output: Annotated[str, typer.Option("-o", "--output", help="Default: print.")] = "",
    base: Annotated[str, typer.Option(help="What relative IRIs resolve against.")] = (
        "http://example.com/base/"
    ),
    in_order: Annotated[bool, typer.Option("--sorted", help="Sorted: the same bytes.")] = False,
    sample: Annotated[int, typer.Option(min=0, help="Only the quads of the first rows.")] = 0,
    explain: Annotated[bool, typer.Option("--explain", help="Only the SQL of each map.")] = False,
    plant: Annotated[
        Path | None, typer.Option("--plant", help="For a plant's mapping; default: above it.")
    ] = None,
    engine: Annotated[Engine, typer.Option(help="spark: -o is a folder of parts.")] = Engine.DUCKDB,
    spark_master: Annotated[
        str, typer.Option(help="local[N], spark://…, yarn, k8s://… or sc://…; default: all cores.")
    ] = "",
) -> None:
    """Lift files into N-Quads by a mapping, without a plant or a store."""
    if explain or sample:
        sys.exit(not show_mapping(mapping, base, plant, sample, is_explained=explain))
    if engine is Engine.SPARK:
        sys.exit(_lift_by_spark(mapping, base, output, spark_master, is_sorted=in_order))
    lifted = lift_file(mapping, base, is_sorted=in_order)
    with Path(output).open("w", encoding="utf-8") if output else nullcontext(sys.stdout) as out:
        out.writelines(f"{line}\n" for line in lifted.lines)
    for row in lifted.rejected:
        typer.echo(f"{row.position}: {row.code}: {row.message}", err=True)
    if lifted.rejected:
        sys.exit(1)


def _lift_by_spark(mapping: Path, base: str, output: str, master: str, *, is_sorted: bool) -> bool:
    """Lift into a folder; tell whether rows were put aside."""
    if not output:
        raise ConfigError("--engine spark writes no single file", hint="name a new folder by -o")
    try:
        spark = importlib.import_module("kg.lift.spark")
    except ImportError as error:
        hint = "pip install 'traveler-kg[spark]'"
        raise ConfigError(f"Spark is not installed: {error}", hint=hint) from error
    lifted = spark.lift_with_spark(mapping, base, output, master=master, is_sorted=is_sorted)
    for row in lifted.rejected:
        typer.echo(f"{row.position}: {row.code}: {row.message}", err=True)
    if lifted.rejected_count > len(lifted.rejected):
        typer.echo(f"… {lifted.rejected_count} rows in all were not lifted", err=True)
    return bool(lifted.rejected_count)


def quarantine(plant: PlantOption = Path("plant.toml")) -> None:
    """List the rows that could not become records or facts, and what to do about each."""
    with Pipeline.open(load_plant(plant)) as work:
        typer.echo(report.quarantine_text(work.journal.quarantined()))
