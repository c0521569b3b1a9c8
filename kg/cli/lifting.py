"""The command lift: files to quads by a mapping, with nothing of a plant loaded."""

from __future__ import annotations

import importlib
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kg.cli.options import suggest
from kg.cli.output import open_output, stopped_in_order
from kg.cli.putaside import rejected_lines, rejected_text
from kg.errors import ConfigError
from kg.lift import lift_file

if TYPE_CHECKING:
    from kg.lift.putaside import PutAside


class Engine(StrEnum):
    """What runs the SQL of a mapping."""

    DUCKDB = "duckdb"
    SPARK = "spark"


def lift(
    mapping: Annotated[Path, typer.Argument(help="A mapping in YARRRML (.yml) or RML (.ttl).")],
    output: Annotated[
        str,
        typer.Option(
            "-o", "--output", help="A file; FILE.parquet: columns of terms. Default: print."
        ),
    ] = "",
    store: Annotated[
        Path | None, typer.Option(help="Load an Oxigraph store in this new folder instead.")
    ] = None,
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
    rejected: Annotated[
        str, typer.Option(help="Write the rows not lifted here, as lines of JSON.")
    ] = "",
) -> None:
    """Lift files into N-Quads by a mapping, without a plant or a store.

    A file appears when it is whole, and not before. Exit code 0: every row was lifted; 1: some
    rows were put aside, and stderr says which; 2: it could not be done, and nothing was written;
    130 or 143: it was stopped; 141: the reader of its output has left.
    """
    if explain or sample:
        author = importlib.import_module("kg.cli.author")  # loads every adapter: only when asked
        sys.exit(not author.show_mapping(mapping, base, plant, sample, is_explained=explain))
    with stopped_in_order():
        if engine is Engine.SPARK:
            rows, count = _lift_by_spark(mapping, base, output, spark_master, is_sorted=in_order)
        else:
            rows = _lift(mapping, base, output, store, is_sorted=in_order)
            count = len(rows)
        if rejected:
            with open_output(rejected) as out:
                out.write_all(rejected_lines(rows))
    if not count:
        return
    typer.echo(rejected_text(rows, count), err=True)
    if not rejected:
        suggest(f"traveler lift {mapping} -o … --rejected rejected.jsonl", is_quiet=False)
    sys.exit(1)


def _lift(
    mapping: Path, base: str, output: str, store: Path | None, *, is_sorted: bool
) -> PutAside:
    """Lift into a store or a file, or print; give the rows that were put aside."""
    lifted = lift_file(mapping, base, is_sorted=is_sorted)
    if store is not None:
        importlib.import_module("kg.store").write_store(store, base, lifted.lines)
        return lifted.rejected
    with open_output(output) as out:
        if Path(output).suffix == ".parquet":
            lifted.write_parquet(out)
        else:
            lifted.write(out)
        out.flush()
    if out.is_empty and not lifted.rejected:
        typer.echo("No quads: no row had a value for every term of a fact.", err=True)
        suggest(f"traveler lift {mapping} --explain", is_quiet=False)
    return lifted.rejected


def _lift_by_spark(
    mapping: Path, base: str, output: str, master: str, *, is_sorted: bool
) -> tuple[PutAside, int]:
    """Lift into a folder; give the first rows that were put aside, and how many there are."""
    if not output:
        raise ConfigError("--engine spark writes no single file", hint="name a new folder by -o")
    try:
        spark = importlib.import_module("kg.lift.spark")
    except ImportError as error:
        hint = "pip install 'traveler-kg[spark]'"
        raise ConfigError(f"Spark is not installed: {error}", hint=hint) from error
    lifted = spark.lift_with_spark(mapping, base, output, master=master, is_sorted=is_sorted)
    return lifted.rejected, lifted.rejected_count
