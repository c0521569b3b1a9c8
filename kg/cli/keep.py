"""Commands that keep a plant: load, rebuild, check, prune."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from kg import report
from kg.answer.gaps.history import told_history
from kg.answer.render import to_json
from kg.cli.options import (
    FormatOption,
    NowOption,
    PlantOption,
    QuietOption,
    choose,
    read_clock,
    refuse_clock,
    say,
    show_progress,
    suggest,
)
from kg.cli.remote import ask_owner
from kg.errors import ConfigError, StoreLocked
from kg.pipeline import Pipeline
from kg.report import GapFormat
from kg.settings import load_plant
from kg.times import format_time

if TYPE_CHECKING:
    from kg.answer.gaps.coverage import Check
    from kg.settings import Plant

AllowDropOption = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-drop",
        metavar="SOURCE.TABLE",
        help="Take back the rows of a table that are gone now, however many they are.",
    ),
]


HistoryOption = Annotated[
    bool, typer.Option("--history", help="How coverage and gaps changed, instead of the gaps.")
]


def load(
    plant: PlantOption = Path("plant.toml"),
    now: NowOption = "",
    allow_drop: AllowDropOption = None,
    quiet: QuietOption = False,
) -> None:
    """Read every source once into the journal, and fold what is new into the graph."""
    clock = read_clock(now)
    described = load_plant(plant)
    confirmed = _check_tables(described, allow_drop or [])
    with (
        show_progress(is_quiet=quiet) as progress,
        Pipeline.open(described, progress) as work,
    ):
        balances = work.read(clock, confirmed)
        applied = work.apply(clock)
        gaps = work.validate(clock)
        doubtful = work.doubtful_times()
    say(report.balance_text(balances, applied.rejected, doubtful), is_quiet=quiet)
    say(report.applied_text(applied, gaps), is_quiet=quiet)
    for balance in balances:
        if balance.error is not None:
            raise balance.error
    has_bad = applied.rejected or any(balance.quarantined for balance in balances)
    first = f"traveler quarantine --plant {plant}\nthen: " if has_bad else ""
    suggest(f"{first}traveler check --plant {plant}", is_quiet=quiet)


def _check_tables(plant: Plant, names: list[str]) -> list[str]:
    known = [f"{source.name}.{table.name}" for source in plant.sources for table in source.tables]
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, 3) or known
            raise ConfigError(
                f"--allow-drop {name}: the plant has no such table",
                hint=f"write it as SOURCE.TABLE; there is {', '.join(near)}",
            )
    return names


def rebuild(
    plant: PlantOption = Path("plant.toml"), now: NowOption = "", quiet: QuietOption = False
) -> None:
    """Refold the whole journal into a new graph; needed after a mapping or the ontology changed."""
    clock = read_clock(now)
    with (
        show_progress(is_quiet=quiet) as progress,
        Pipeline.open(load_plant(plant), progress, is_rebuild=True) as work,
    ):
        applied = work.rebuild(clock)
        gaps = work.validate(clock)
    say(report.applied_text(applied, gaps), is_quiet=quiet)
    suggest(f"traveler check --plant {plant}", is_quiet=quiet)


def check(
    plant: PlantOption = Path("plant.toml"),
    now: NowOption = "",
    form: FormatOption = "text",
    history: HistoryOption = False,
    quiet: QuietOption = False,
) -> None:
    """Count how much is linked, and list what is missing, conflicting or invalid.

    What to mend first stands first. Forms: text, json, csv, html, turtle.

    Exit code 0: nothing is (what no source covers is nothing); 1: something is; 2: could not run.
    """
    written: GapFormat = choose(form, *get_args(GapFormat))  # type: ignore[assignment]
    described = load_plant(plant)
    if history:
        refuse_clock(now)
        _show_history(described, choose(form, "text", "json"))
        return
    try:
        with Pipeline.open(described) as work:
            clock = read_clock(now)
            if work.journal.checked_seq() != work.store.applied_seq():
                work.validate(clock)
            found = work.answers().check(clock)
    except StoreLocked as locked:
        refuse_clock(now)
        typer.echo(ask_owner(described, locked, "/v1/gaps", {"format": form}), nl=False)
        told = json.loads(ask_owner(described, locked, "/v1/gaps", {"format": "json"}))
        is_lacking = any(gap["state"] != "unknown" for gap in told["gaps"])
        sys.exit(int(is_lacking or bool(told["quarantine"])))
    text, _ = report.write_check(found, written, described)
    typer.echo(text, nl=not text.endswith("\n"))
    if form == "text":
        suggest(_after_check(found, plant), is_quiet=quiet)
    sys.exit(found.exit_code())


def _show_history(plant: Plant, form: str) -> None:
    """Show how the plant's coverage grew; what shows it is in the journal, whoever serves it."""
    try:
        with Pipeline.open(plant) as work:
            told = told_history(work.journal.checks)
    except StoreLocked as locked:
        typer.echo(ask_owner(plant, locked, "/v1/gaps/history", {"format": form}).rstrip("\n"))
        return
    typer.echo(to_json(told) if form == "json" else report.history_text(told))


def _after_check(found: Check, plant: Path) -> str:
    """Give the command that shows the first gap, or that brings what can have one.

    Where a gap offers who an id may be, also the command that says so.
    """
    if found.gaps:
        shown = f"traveler context {quote(found.gaps[0].entity)} --plant {plant}"
        offering = next((gap for gap in found.gaps if gap.candidates), None)
        if offering is None:
            return shown
        named = f"{quote(offering.id)} {quote(offering.candidates[0].entity)}"
        return f"{shown}\nor, who knows it: traveler accept {named} --plant {plant}"
    if any(row.of for row in found.coverage):
        return f"traveler context MACHINE --plant {plant}"
    folder = plant if plant.is_dir() else plant.parent
    return f"traveler init {folder} --from FILE-OR-URL   (no machine and no job is known yet)"


def prune(
    plant: PlantOption = Path("plant.toml"), now: NowOption = "", quiet: QuietOption = False
) -> None:
    """Drop what records said before the plant's horizon and say no longer; not one fact changes."""
    described = load_plant(plant)
    if described.horizon_days is None:
        raise ConfigError(
            f"{plant} sets no horizon: history is kept from the start",
            hint="say how far back answers shall reach: horizon_days = 400 below [plant]",
        )
    horizon = read_clock(now) - timedelta(days=described.horizon_days)
    with Pipeline.open(described) as work:
        before = described.journal_path.stat().st_size
        count = work.journal.prune(horizon)
        work.journal.compact()
        after = described.journal_path.stat().st_size
    size = f"{before / 1e6:.1f} → {after / 1e6:.1f} MB"
    say(f"{count} older version(s) before {format_time(horizon)} pruned, {size}", is_quiet=quiet)
