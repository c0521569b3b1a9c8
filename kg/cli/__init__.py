"""The command ``traveler``: each stage by hand, each ending with the next thing to try."""

from __future__ import annotations

import gc
import importlib
import sys
import textwrap

import typer

from kg.cli.options import stderr
from kg.errors import TravelerError, printable

COMMANDS = {
    "demo": "live",
    "init": "author",
    "load": "keep",
    "check": "keep",
    "accept": "accept",
    "note": "note",
    "context": "ask",
    "explain": "ask",
    "query": "ask",
    "trace": "trace",
    "recall": "trace",
    "epcis": "epcis",
    "ask": "question",
    "flows": "flows",
    "serve": "live",
    "mcp": "mcp",
    "rebuild": "keep",
    "prune": "keep",
    "backup": "backups",
    "restore": "backups",
    "quarantine": "quarantine",
    "keys": "keys",
    "people": "people",
    "forget": "people",
    "lift": "lifting",
    "validate": "validate",
}
"""Which module of this package has a command: only the one that is asked for is loaded."""

GARBAGE_THRESHOLD = 50_000
"""New objects after which Python looks for unreachable ones; it starts with 700."""


def main() -> None:
    """Run the command; errors are one line, a hint, and exit code 2."""
    asked = next((word for word in sys.argv[1:] if word in COMMANDS), None)
    # What is loaded stays: to look for garbage in it takes a tenth of a short command's time.
    gc.set_threshold(GARBAGE_THRESHOLD)
    try:
        make_app([asked] if asked else list(COMMANDS))()
    except TravelerError as error:
        _tell(error.message, "traveler: ", style="red")
        if error.hint:
            _tell(error.hint, "  ", "  ")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:  # while it was still being loaded
        sys.exit(130)


def _tell(text: str, first: str, rest: str = "", style: str = "") -> None:
    """Print text as it stands: ``[red]`` and ``:x:`` in it are text of data.

    Lines end between words; a path that is longer than a line stays whole, to be copied.
    """
    told = textwrap.fill(
        printable(text),
        stderr.width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    stderr.print(told, style=style, markup=False, highlight=False, emoji=False, soft_wrap=True)


def make_app(commands: list[str]) -> typer.Typer:
    """Make the command line of some commands, loading what they need and no more."""
    app = typer.Typer(
        name="traveler",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
    )
    app.callback()(traveler)
    for name in commands:
        command = getattr(importlib.import_module(f"kg.cli.{COMMANDS[name]}"), name)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app


def traveler() -> None:
    """Ask a factory: what runs where, for whom, to which spec, from which batch; what is missing.

    Start with **traveler demo**, then draft a plant of your own with **traveler init**.
    """
