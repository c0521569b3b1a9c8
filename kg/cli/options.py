"""What the commands share: options, the clock, progress, and how they speak."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from kg.errors import ConfigError
from kg.times import machine_clock, parse_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PlantOption = Annotated[
    Path, typer.Option("--plant", envvar="TRAVELER_PLANT", help="The plant's file or its folder.")
]
NowOption = Annotated[
    str, typer.Option("--now", help="The clock, ISO 8601; default: this machine's.")
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no next steps.")]
FormatOption = Annotated[str, typer.Option("--format", "-f", help="How to print the answer.")]
stderr = Console(stderr=True)


def read_clock(now: str) -> datetime:
    """Read ``--now``; empty is this machine's clock, of which answers say whole seconds.

    Raises:
        ConfigError: it is no ISO 8601 time.
    """
    if not now:
        return machine_clock().replace(microsecond=0)
    try:
        return parse_time(now, "iso", UTC)  # type: ignore[arg-type]
    except ValueError as error:
        raise ConfigError(f"--now {now!r} is no time", hint="2026-11-23T08:00:00Z") from error


def refuse_clock(*clocks: str) -> None:
    """Refuse a clock of one's own for a plant that is being served: its owner has the clock.

    Raises:
        ConfigError: one was given.
    """
    if any(clocks):
        raise ConfigError(
            "the plant is being served, and answers by its owner's clock",
            hint="leave out --now and --at, or stop serving it",
        )


@contextmanager
def show_progress(*, is_quiet: bool) -> Iterator[Callable[[str, str], None]]:
    """Show what a stage is at, on a terminal that somebody looks at."""
    if is_quiet or not stderr.is_terminal:
        yield lambda _stage, _what: None
        return
    with stderr.status("starting") as status:
        yield lambda stage, what: status.update(f"{stage}: {what}")


def say(text: str, *, is_quiet: bool = False) -> None:
    """Print for people."""
    if not is_quiet:
        typer.echo(text)


def suggest(text: str, *, is_quiet: bool) -> None:
    """Print the next command to try, apart from the output."""
    if not is_quiet:
        typer.echo(f"\nNext: {text}", err=True)


def short_path(path: Path) -> Path:
    """Write a path as it is shortest from here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def choose(given: str, *allowed: str) -> str:
    """Give a format that is allowed.

    Raises:
        ConfigError: it is not.
    """
    if given not in allowed:
        raise ConfigError(f"--format {given!r} is unknown", hint=f"one of {', '.join(allowed)}")
    return given
