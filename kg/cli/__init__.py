"""The command ``traveler``: each stage by hand, each ending with the next thing to try."""

from __future__ import annotations

import sys

import typer

from kg.cli import ask, author, keep, live
from kg.cli.options import stderr
from kg.errors import TravelerError

app = typer.Typer(
    name="traveler",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="The context layer of a factory: what runs where, for whom, to which spec, from which "
    "batch; how old each fact is, and what is missing.\n\n"
    "Start with **traveler demo**, then write a plant.toml of your own.",
)
for command in (
    live.demo,
    author.init,
    keep.load,
    keep.check,
    ask.context,
    ask.explain,
    ask.query,
    live.serve,
    keep.rebuild,
    keep.quarantine,
    keep.lift,
):
    app.command()(command)


def main() -> None:
    """Run the command; errors are one line, a hint, and exit code 2."""
    try:
        app()
    except TravelerError as error:
        stderr.print(f"traveler: {error.message}", style="red", markup=False, highlight=False)
        if error.hint:
            stderr.print(f"  {error.hint}", markup=False, highlight=False)
        sys.exit(error.exit_code)
