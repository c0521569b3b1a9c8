"""The command lift: files to quads by a mapping, with nothing of a plant loaded."""

from __future__ import annotations

import importlib
import sys
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kg.errors import ConfigError
from kg.lift import lift_file


class Engine(StrEnum):
    """What runs the SQL of a mapping."""

    DUCKDB = "duckdb"
    SPARK = "spark"


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
        author = importlib.import_module("kg.cli.author")  # loads every adapter: only when asked
        sys.exit(not author.show_mapping(mapping, base, plant, sample, is_explained=explain))
    if engine is Engine.SPARK:
        sys.exit(_lift_by_spark(mapping, base, output, spark_master, is_sorted=in_order))
    lifted = lift_file(mapping, base, is_sorted=in_order)
    with Path(output).open("wb") if output else nullcontext(sys.stdout.buffer) as out:
        lifted.write(out)
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
