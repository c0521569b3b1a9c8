"""The command that shows how information flows through a plant, and where it goes dark."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer

from kg.answer.flow.forms import MEDIA_TYPES, FlowFormat, write_flows
from kg.answer.flow.map import map_flows
from kg.cli.options import (
    FormatOption,
    NowOption,
    PlantOption,
    QuietOption,
    choose,
    read_clock,
    refuse_clock,
    suggest,
)
from kg.cli.output import open_output
from kg.cli.remote import ask_owner
from kg.errors import StoreLocked
from kg.pipeline import Pipeline
from kg.settings import load_plant


def flows(
    plant: PlantOption = Path("plant.toml"),
    now: NowOption = "",
    form: FormatOption = "text",
    output: Annotated[
        str, typer.Option("--output", "-o", help="A file; it appears when it is whole.")
    ] = "",
    quiet: QuietOption = False,
) -> None:
    """Show by which steps information travels, how late it comes, and where it goes dark.

    Formats: text, svg (an image), dot (for Graphviz), json, turtle.
    """
    choose(form, *sorted(MEDIA_TYPES.values()))
    described = load_plant(plant)
    try:
        with Pipeline.open(described) as work:
            answers, clock = work.answers(), read_clock(now)
            found = map_flows(answers, clock, answers.check(clock))
            text = write_flows(found, cast("FlowFormat", form), described.base)
    except StoreLocked as locked:
        refuse_clock(now)
        text = ask_owner(described, locked, "/v1/flows", {"format": form})
    with open_output(output) as file:
        file.write(text.encode())
    if form == "text" and not output:
        suggest(f"traveler flows --format svg -o flows.svg --plant {plant}", is_quiet=quiet)
