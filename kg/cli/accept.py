"""The command that accepts a candidate of a gap, and takes it back."""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from kg.accepted import Acceptances, Choice
from kg.answer.render import to_json
from kg.cli.options import (
    NowOption,
    PlantOption,
    QuietOption,
    read_clock,
    refuse_clock,
    say,
    suggest,
)
from kg.cli.remote import ask_owner
from kg.errors import ConfigError, StoreLocked
from kg.pipeline import Pipeline
from kg.settings import load_plant

if TYPE_CHECKING:
    from datetime import datetime

    from kg.accepted import Acceptance


def accept(
    gap: Annotated[str, typer.Argument(help="Its id: traveler check --format json.")] = "",
    candidate: Annotated[str, typer.Argument(help="One that it offers: job/1057.")] = "",
    plant: PlantOption = Path("plant.toml"),
    is_undo: Annotated[bool, typer.Option("--undo", help="Take back what was accepted.")] = False,
    is_list: Annotated[bool, typer.Option("--list", help="List what was accepted.")] = False,
    by: Annotated[str, typer.Option(help="Who says so; default: your login name.")] = "",
    why: Annotated[str, typer.Option(help="How you know.")] = "",
    now: NowOption = "",
    is_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    quiet: QuietOption = False,
) -> None:
    """Accept a candidate that a gap offers: both ids are one thing from now on."""
    if is_list:
        _list(plant, is_json=is_json)
        return
    if not gap or (not candidate and not is_undo):
        raise ConfigError(
            "which candidate of which gap is meant?",
            hint="traveler accept GAP CANDIDATE; traveler check --format json has both",
        )
    choice = Choice(gap, candidate, by or _login_name(), why)
    decided = _decide(plant, choice, now, is_undo=is_undo)
    if is_json:
        typer.echo(to_json(decided))
        return
    told = f"{decided['alias']} is {decided['canonical']}"
    said = f"{told} no longer." if is_undo else f"{told} from now on."
    if not is_undo and not decided["is_new"]:
        said = f"{told} already, as {decided['by']} accepted at {decided['at']}."
    say(said, is_quiet=quiet)
    undo = "" if is_undo else f"   (back: traveler accept --undo {gap})"
    suggest(f"traveler context {decided['canonical']} --plant {plant}{undo}", is_quiet=quiet)


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:
        raise ConfigError("nobody is named who accepts it", hint="--by P12") from error


def _decide(path: Path, choice: Choice, now: str, *, is_undo: bool) -> dict[str, Any]:
    plant = load_plant(path)
    try:
        with Pipeline.open(plant) as work:
            clock = read_clock(now)
            decided = _decide_here(work, choice, clock, is_undo=is_undo)
            work.apply(clock)
            work.validate(clock)
            return asdict(decided)
    except StoreLocked as locked:
        refuse_clock(now)
        route = f"/v1/gaps/{quote(choice.gap)}/accept"
        body = {"by": choice.by, "why": choice.why}
        if not is_undo:
            body["candidate"] = choice.candidate
        method = "DELETE" if is_undo else "POST"
        told: dict[str, Any] = json.loads(ask_owner(plant, locked, route, {}, body, method))
        return told


def _decide_here(work: Pipeline, choice: Choice, now: datetime, *, is_undo: bool) -> Acceptance:
    decisions = Acceptances(work.plant, work.journal, work.store)
    if is_undo:
        return decisions.undo(choice.gap, choice.by, choice.why, now)
    if work.journal.checked_seq() != work.store.applied_seq():
        work.validate(now)
    return decisions.accept(work.answers().check(now).gaps, choice, now)


def _list(path: Path, *, is_json: bool) -> None:
    plant = load_plant(path)
    try:
        with Pipeline.open(plant) as work:
            found = Acceptances(plant, work.journal, work.store).standing()
            standing = [asdict(one) for one in found]
    except StoreLocked as locked:
        standing = json.loads(ask_owner(plant, locked, "/v1/accepted", {}))["accepted"]
    if is_json:
        typer.echo(to_json({"accepted": standing}))
        return
    for one in standing:
        typer.echo(f"{one['alias']} is {one['canonical']}: {one['by']}, {one['at']}, {one['why']}")
        typer.echo(f"  {one['gap']}")
    if not standing:
        typer.echo("Nothing was accepted.")
