"""Commands for what could not become records or facts: list, replay, discard."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kg import report
from kg.answer.render import to_json
from kg.cli.options import (
    NowOption,
    PlantOption,
    QuietOption,
    read_clock,
    refuse_clock,
    say,
    show_progress,
    suggest,
)
from kg.cli.remote import ask_owner
from kg.errors import ConfigError, StoreLocked, TravelerError, UnknownEntity
from kg.pipeline import Pipeline
from kg.settings import load_plant

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.settings import Plant

ROUTE = "/v1/quarantine"
SourceOption = Annotated[str, typer.Option(help="Only rows of this source.")]
CodeOption = Annotated[str, typer.Option(help="Only rows that are bad for this reason.")]
NumbersArgument = Annotated[
    list[int] | None, typer.Argument(metavar="[NUMBER]...", help="Rows, by number.")
]

quarantine = typer.Typer(no_args_is_help=False, help="See what could not be read or lifted.")


@quarantine.callback(invoke_without_command=True)
def show_when_nothing_is_asked(
    context: typer.Context, plant: PlantOption = Path("plant.toml")
) -> None:
    """See the rows that could not become records or facts, and let them in, or discard them."""
    if context.invoked_subcommand is None:
        list_rows(plant)
    else:
        # A plant that is named before the word is meant for what follows it.
        context.default_map = {context.invoked_subcommand: {"plant": str(plant)}}


@quarantine.command("list")
def list_rows(
    plant: PlantOption = Path("plant.toml"),
    source: SourceOption = "",
    code: CodeOption = "",
    is_discarded: Annotated[
        bool, typer.Option("--discarded", help="What was discarded, instead of what waits.")
    ] = False,
    is_whole: Annotated[
        bool, typer.Option("--all", help="Name every row, also of many that are alike.")
    ] = False,
    is_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List the rows that could not become records or facts, and what to do about each."""
    described = load_plant(plant)
    try:
        with Pipeline.open(described) as work:
            rows = work.journal.discarded() if is_discarded else work.journal.waiting()
            rows = [row for row in rows if _is_meant(work.described(row), source, code)]
            if is_json:
                typer.echo(to_json({"rows": [work.described(row) for row in rows]}))
            else:
                is_part = bool(source or code or is_discarded)
                told = report.quarantine_text(
                    rows, work.mappings, is_whole=is_whole, is_part=is_part
                )
                typer.echo(told)
    except StoreLocked as locked:
        asked = {"format": "json" if is_json else "text", "source": source, "code": code}
        asked |= {"discarded": str(is_discarded).lower(), "all": str(is_whole).lower()}
        given = {name: value for name, value in asked.items() if value}
        typer.echo(ask_owner(described, locked, ROUTE, given).rstrip("\n"))


@quarantine.command()
def replay(
    numbers: NumbersArgument = None,
    plant: PlantOption = Path("plant.toml"),
    source: SourceOption = "",
    code: CodeOption = "",
    now: NowOption = "",
    quiet: QuietOption = False,
) -> None:
    """Read and lift again what waits, by today's mappings and settings; all of it, or some."""
    described = load_plant(plant)
    try:
        with (
            show_progress(is_quiet=quiet) as progress,
            Pipeline.open(described, progress) as work,
        ):
            clock = read_clock(now)
            waiting = work.journal.waiting()
            chosen = _choose(map(work.described, waiting), numbers, source, code)
            replayed = work.replay([row for row in waiting if row.id in chosen], clock)
            work.validate(clock)
    except StoreLocked as locked:
        refuse_clock(now)
        owner = _Owner(described, locked)
        for number in _choose(owner.waiting(), numbers, source, code):
            say(f"#{number} {owner.replay(number)}", is_quiet=quiet)
        return
    say(report.replayed_text(replayed), is_quiet=quiet)
    for error in replayed.errors:
        raise error
    suggest(f"traveler quarantine list --plant {plant}", is_quiet=quiet)


@quarantine.command()
def discard(
    reason: Annotated[str, typer.Option(help="Why nobody needs these rows.")],
    numbers: NumbersArgument = None,
    plant: PlantOption = Path("plant.toml"),
    source: SourceOption = "",
    code: CodeOption = "",
    now: NowOption = "",
    quiet: QuietOption = False,
) -> None:
    """Take rows out of quarantine for good; they stay in history, and are not shown again."""
    if not (numbers or source or code):
        raise ConfigError(
            "which rows are meant?", hint="name them by number, or with --source or --code"
        )
    described = load_plant(plant)
    try:
        with Pipeline.open(described) as work:
            clock = read_clock(now)
            rows = map(work.described, work.journal.waiting())
            count = work.journal.discard(_choose(rows, numbers, source, code), reason, clock)
    except StoreLocked as locked:
        refuse_clock(now)
        owner = _Owner(described, locked)
        chosen = _choose(owner.waiting(), numbers, source, code)
        count = sum(owner.discard(number, reason) for number in chosen)
    say(f"{count} row(s) discarded", is_quiet=quiet)
    suggest(f"traveler quarantine list --discarded --plant {plant}", is_quiet=quiet)


class _Owner:
    """Quarantine over HTTP, while another process serves the plant."""

    def __init__(self, plant: Plant, locked: StoreLocked) -> None:
        self._plant = plant
        self._locked = locked

    def waiting(self) -> list[dict[str, Any]]:
        """Give what waits."""
        told = ask_owner(self._plant, self._locked, ROUTE, {"format": "json"})
        rows: list[dict[str, Any]] = json.loads(told)["rows"]
        return rows

    def replay(self, number: int) -> str:
        """Try a row again; says what became of it."""
        try:
            has_left = self._tell(number, "replay", {})["has_left"]
        except TravelerError as error:
            if error.code != UnknownEntity.code:
                raise
            has_left = True  # with another row, whose table was read again
        return "left quarantine" if has_left else "waits still"

    def discard(self, number: int, reason: str) -> int:
        """Discard a row; counts those of the same bytes too."""
        return int(self._tell(number, "discard", {"reason": reason})["discarded"])

    def _tell(self, number: int, what: str, body: dict[str, str]) -> Any:
        told = ask_owner(self._plant, self._locked, f"{ROUTE}/{number}/{what}", {}, body)
        return json.loads(told)


def _choose(
    rows: Iterable[dict[str, Any]], numbers: list[int] | None, source: str, code: str
) -> list[int]:
    """Give the numbers of the rows that are meant.

    Raises:
        UnknownEntity: a number is none that waits.
    """
    known = {row["id"]: row for row in rows}
    if lost := [number for number in numbers or () if number not in known]:
        raise UnknownEntity(
            f"no row {lost[0]} waits in quarantine", hint="traveler quarantine list"
        )
    return [
        number
        for number, row in known.items()
        if (not numbers or number in numbers) and _is_meant(row, source, code)
    ]


def _is_meant(row: dict[str, Any], source: str, code: str) -> bool:
    return source in {"", row["source"]} and code in {"", row["code"]}
