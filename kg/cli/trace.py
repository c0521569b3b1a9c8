"""The commands that trace: where a thing went or came from, and whom a bad batch reached."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from kg.answer.render import to_json
from kg.answer.tracing.recall import recall_csv, tell_recall
from kg.answer.tracing.trace import MOST_THINGS
from kg.answer.tracing.traced import tell_trace
from kg.answer.tracing.tracetext import recall_text, trace_text
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
from kg.cli.remote import ask_owner
from kg.cli.worded import AtOption, BelievedOption  # noqa: TC001 - read at run time
from kg.errors import ConfigError, StoreLocked
from kg.pipeline import Pipeline
from kg.settings import load_plant

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kg.answer import Answers
    from kg.answer.tracing.steps import Direction

ThingArgument = Annotated[
    str, typer.Argument(help="Any source's id or a label: batch/4790, 1043, a serial number.")
]
MostOption = Annotated[
    int, typer.Option("--most-things", min=1, help="What leads to more is an error.")
]


def trace(
    thing: ThingArgument,
    plant: PlantOption = Path("plant.toml"),
    direction: Annotated[
        str, typer.Option("--direction", "-d", help="forward to customers, backward to suppliers.")
    ] = "forward",
    is_with_worst: Annotated[
        bool, typer.Option("--worst-case", help="Also what leaking breaks would reach.")
    ] = False,
    most_things: MostOption = MOST_THINGS,
    at: AtOption = "",
    believed_at: BelievedOption = "",
    now: NowOption = "",
    form: FormatOption = "text",
    quiet: QuietOption = False,
) -> None:
    """Trace a thing forward to all that it went into, or backward to all that is in it."""
    choose(form, "text", "json")
    if direction not in {"forward", "backward"}:
        raise ConfigError(
            f"--direction {direction!r} is none", hint="forward to customers, backward to suppliers"
        )

    def tell(answers: Answers, clock: datetime) -> dict[str, Any]:
        return tell_trace(
            *(answers, thing, cast("Direction", direction), clock),
            most_things=most_things,
            is_with_worst=is_with_worst,
        )

    way = {"direction": direction, "worst_case": str(is_with_worst).lower()}
    query = {"q": thing, "most_things": str(most_things), **way}
    told = _told(plant, now, (at, believed_at), tell, ("/v1/trace", query))
    typer.echo(trace_text(told) if form == "text" else to_json(told))
    if form == "text":
        suggest(_next(told, plant), is_quiet=quiet)


def _told(
    plant: Path,
    now: str,
    times: tuple[str, str],
    tell: Callable[[Answers, datetime], dict[str, Any]],
    remote: tuple[str, dict[str, str]],
) -> dict[str, Any]:
    """Tell it from the plant as of some times; ask its owner for the same while it is served."""
    described = load_plant(plant)
    try:
        with Pipeline.open(described) as work:
            return work.history.ask_at(times, read_clock(now), work.latest, tell)
    except StoreLocked as locked:
        refuse_clock(now)
        path, query = remote
        query |= {"at": times[0] or "now", "believed_at": times[1]}
        found: dict[str, Any] = json.loads(ask_owner(described, locked, path, query))
        return found


def _next(told: dict[str, Any], plant: Path) -> str:
    entity = told["entity"]["id"]
    if told["direction"] == "forward":
        return f"traveler recall {entity} --plant {plant}"
    return f"traveler context {entity} --plant {plant}"


def recall(
    thing: ThingArgument,
    plant: PlantOption = Path("plant.toml"),
    most_things: MostOption = MOST_THINGS,
    at: AtOption = "",
    believed_at: BelievedOption = "",
    now: NowOption = "",
    form: FormatOption = "text",
    quiet: QuietOption = False,
) -> None:
    """List whom a bad batch, job or piece reached: customers, orders, shipments and serials."""
    choose(form, "text", "json", "csv")

    def tell(answers: Answers, clock: datetime) -> dict[str, Any]:
        return tell_recall(answers, thing, clock, most_things=most_things)

    query = {"q": thing, "most_things": str(most_things)}
    told = _told(plant, now, (at, believed_at), tell, ("/v1/recall", query))
    if form == "csv":
        typer.echo(recall_csv(told), nl=False)
        return
    typer.echo(recall_text(told) if form == "text" else to_json(told))
    if form == "text":
        entity = told["entity"]["id"]
        suggest(f"traveler recall {entity} --format csv --plant {plant}", is_quiet=quiet)
