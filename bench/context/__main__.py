"""Measure whether cards suffice: ``python -m bench.context --help``."""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bench.command import (
    add_folder,
    add_number,
    add_output,
    add_seed,
    has_place,
    new_parser,
    publish,
)
from bench.context.results import tell_results
from bench.context.run import measure
from bench.machine import describe_machine, load_after

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

_DESCRIPTION = """\
Ask a made-up shop, a real ERP's database and the demo plant the questions of
templates, and see by the text of the cards alone whether they hold what a good
answer needs; beside it rows of the source tables and the graph around a thing,
cut at the same number of tokens. No model is asked.
"""
_EPILOG = """\
examples:
  python -m bench.context                           a shop of 10,000 jobs
  python -m bench.context --quick --output -        the demo plant alone, in a minute

exit code: 0 measured, 1 a line was forged, a budget overrun, runs were mixed, or a
control came out wrong
The page goes to standard output, progress to standard error.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, then print and write the page."""
    options = _parser().parse_args(arguments)
    if not has_place(options.output):
        return 2
    machine = describe_machine()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        measured = measure(
            Path(name), options.jobs, options.each, options.seed, is_quick=options.quick
        )
    words = ["python -m bench.context", "--jobs", str(options.jobs), "--each", str(options.each)]
    words += ["--quick"] if options.quick else []
    command = " ".join([*words, "--seed", str(options.seed)])
    page = tell_results(measured, machine | load_after(), command, datetime.now(UTC).date())
    publish(page, options.output)
    return int(not measured.is_right)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser("bench.context", _DESCRIPTION, _EPILOG)
    add_number(parser, "--jobs", 600, 10_000, "jobs of the made-up shop")
    add_number(parser, "--each", 1, 3, "things that each template is asked about, at most")
    parser.add_argument("--quick", action="store_true", help="the demo plant alone, few controls")
    add_folder(parser, "where plants are for the time: on a disk")
    add_seed(parser)
    add_output(parser, "RESULTS-context.md")
    return parser


if __name__ == "__main__":
    sys.exit(main())
