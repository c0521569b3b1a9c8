"""The command by which people write notes, confirm those of others, and list them."""

from __future__ import annotations

import json
import textwrap
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from kg.answer.noted import STATES, Wanted, newest_notes, read_note
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
from kg.errors import ConfigError, StoreLocked, UnknownEntity, printable
from kg.notes import Notes, Saying
from kg.pipeline import Pipeline
from kg.settings import load_plant

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kg.notes import Written

WIDTH = 80
MOST = 500
_CONTRADICTS = "The note or the fact of an answer that is wrong."
_UNTIL = "Until when it holds: a time, or a date for its whole day."


def note(
    about: Annotated[str, typer.Argument(help="The thing, by any of its names: SAW-01.")] = "",
    text: Annotated[str, typer.Argument(help="What you know of it.")] = "",
    plant: PlantOption = Path("plant.toml"),
    by: Annotated[str, typer.Option(help="Your code as a person: P12.")] = "",
    until: Annotated[str, typer.Option(help=_UNTIL)] = "",
    stated: Annotated[str, typer.Option(help="When it was said or written down, if not now.")] = "",
    contradicts: Annotated[str, typer.Option(help=_CONTRADICTS)] = "",
    confirm: Annotated[str, typer.Option(help="The note that you have seen to hold.")] = "",
    is_undo: Annotated[bool, typer.Option("--undo", help="Take a confirmation back.")] = False,
    is_list: Annotated[bool, typer.Option("--list", help="List notes, of ABOUT or all.")] = False,
    state: Annotated[str, typer.Option(help=f"Of the list: {', '.join(STATES)}.")] = "",
    now: NowOption = "",
    is_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    quiet: QuietOption = False,
) -> None:
    """Write down what you know of a thing; confirm what others wrote; list what there is."""
    if is_list:
        _list(plant, about, state, now, is_json=is_json)
        return
    if confirm:
        told = _confirm(plant, confirm, by, now, is_undo=is_undo)
    else:
        if not text:
            raise ConfigError(
                "what is to be noted of which thing?",
                hint='traveler note SAW-01 "Blade wanders" --by P12, or --confirm NOTE, or --list',
            )
        told = _write(plant, Saying(text, by, about, stated, until, contradicts), now)
    if is_json:
        typer.echo(to_json(told))
        return
    say(_written(told), is_quiet=quiet)
    if not told["is_new"] and not confirm:
        say("It was written before.", is_quiet=quiet)
    suggest(f"traveler context {told['about']} --include-notes --plant {plant}", is_quiet=quiet)


def _write(path: Path, saying: Saying, now: str) -> dict[str, Any]:
    body = {name: value for name, value in asdict(saying).items() if value}
    return _do(path, now, lambda notes, at: notes.write(saying, at), ("POST", "/v1/notes", body))


def _confirm(path: Path, note_: str, by: str, now: str, *, is_undo: bool) -> dict[str, Any]:
    def write(notes: Notes, at: datetime) -> Written:
        return notes.withdraw(note_, by, at) if is_undo else notes.confirm(note_, by, at)

    route = f"/v1/notes/{quote(note_)}/confirm"
    return _do(path, now, write, ("DELETE" if is_undo else "POST", route, {"by": by}))


def _do(
    path: Path,
    now: str,
    write: Callable[[Notes, datetime], Written],
    request: tuple[str, str, dict[str, str]],
) -> dict[str, Any]:
    """Write here, or have it done by whoever serves the plant; gives the note as it stands."""
    plant = load_plant(path)
    try:
        with Pipeline.open(plant) as work:
            clock = read_clock(now)
            work.apply(clock)
            written = write(Notes(work.answers()), clock)
            work.apply(clock)
            work.validate(clock)
            answers = work.answers()
            found = read_note(answers.store, answers.evidence(clock), written.note, clock)
            if found is None:
                raise UnknownEntity(
                    f"{written.note} says nothing of anything", hint="traveler note --list"
                )
            return asdict(found) | {"is_new": written.is_new}
    except StoreLocked as locked:
        refuse_clock(now)
        method, route, body = request
        told: dict[str, Any] = json.loads(ask_owner(plant, locked, route, {}, body, method))
        return told


def _list(path: Path, about: str, state: str, now: str, *, is_json: bool) -> None:
    if state and state not in STATES:
        raise ConfigError(f"--state {state!r} is unknown", hint=f"one of {', '.join(STATES)}")
    plant = load_plant(path)
    try:
        with Pipeline.open(plant) as work:
            found = _newest(work, about, state, read_clock(now))
    except StoreLocked as locked:
        refuse_clock(now)
        query = {"about": about, "limit": str(MOST)} | ({"state": state} if state else {})
        found = json.loads(ask_owner(plant, locked, "/v1/notes", query))
    if is_json:
        typer.echo(to_json({"notes": found["notes"]}))
        return
    typer.echo("\n".join(map(_written, found["notes"])) or "Nobody has said anything.")
    if found["next"]:
        typer.echo(f"These are the newest {MOST}; there are more: name a thing or a state.")


def _newest(work: Pipeline, about: str, state: str, now: datetime) -> dict[str, Any]:
    answers = work.answers()
    thing = answers.finder.find(about).term if about else None
    wanted = Wanted(thing, next((one for one in STATES if one == state), None), limit=MOST)
    notes, after = newest_notes(answers.store, answers.evidence(now), wanted, now)
    return {"notes": [asdict(one) for one in notes], "next": after}


def _written(told: dict[str, Any]) -> str:
    """Write a note for people: what it says, who said it and when, and who else speaks of it."""
    head = "  ".join(printable(told[name]) for name in ("id", "about"))
    until = f", until {told['expires_at']}" if told["expires_at"] else ""
    said = f"{told['stated_by'] or 'somebody'}, {told['stated_at'] or 'undated'}{until}"
    rest = [
        *(f"confirmed by {one['by']}, {one['at']}" for one in told["confirmed_by"]),
        *([f"contradicts {told['contradicts']}"] if told["contradicts"] else []),
        *(f"contradicted by {one}" for one in told["contradicted_by"]),
    ]
    lines = [*told["text"].splitlines(), said, *rest]
    return "\n".join(
        [f"{head}  {told['state'].upper()}", *(_indented(printable(line)) for line in lines)]
    )


def _indented(line: str) -> str:
    return textwrap.fill(
        line, WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False
    )
