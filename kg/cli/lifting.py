"""The command lift: files to quads by a mapping, with nothing of a plant loaded."""

from __future__ import annotations

import importlib
import sys
from contextlib import nullcontext
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from kg.lift import lift_file


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
        author = importlib.import_module("kg.cli.author")  # loads every adapter: only when asked
        sys.exit(not author.show_mapping(mapping, base, plant, sample, is_explained=explain))
    lifted = lift_file(mapping, base, is_sorted=in_order)
    with nullcontext(sys.stdout.buffer) if output is None else output.open("wb") as out:
        lifted.write(out)
    for row in lifted.rejected:
        typer.echo(f"{row.position}: {row.code}: {row.message}", err=True)
    if lifted.rejected:
        sys.exit(1)
