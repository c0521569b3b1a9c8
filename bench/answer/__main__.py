"""Measure answers a second beside ``oxigraph serve``: ``python -m bench.answer --help``."""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from bench.answer.measure import measure
from bench.answer.results import tell_results
from bench.command import (
    add_folder,
    add_number,
    add_output,
    add_seed,
    add_sizes,
    has_place,
    new_parser,
    publish,
)
from bench.live.served import ServerError
from bench.machine import describe_machine, load_after

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

_DESCRIPTION = """\
Serve plants of several sizes, let their machines publish, and ask for the
context of every machine and open job; then let oxigraph serve answer the bare
query for the same things.
"""
_EPILOG = """\
examples:
  python -m bench.answer                          10,000 and 100,000 jobs
  python -m bench.answer --jobs 300 --seconds 3 --output -     a quick look

exit code: 0 measured, 1 an answer was wrong, 2 it could not run
The page goes to standard output, progress to standard error.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every size that is asked for, then print and write the page."""
    options = _parser().parse_args(arguments)
    if not has_place(options.output):
        return 2
    sizes, clients = sorted(set(options.jobs)), sorted(set(options.clients))
    machine = describe_machine()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        measured = []
        for jobs in sizes:
            place = Path(name) / str(jobs)
            place.mkdir()
            try:
                measured.append(measure(place, jobs, clients, options.seconds, options.seed))
            except ServerError as error:
                print(f"error: {error}", file=sys.stderr)
                return 2
    machine |= load_after()
    machine["Peer"] = f"oxigraph {version('oxigraph')}"
    words = ["python -m bench.answer --jobs", *map(str, sizes), "--clients", *map(str, clients)]
    words += ["--seconds", str(options.seconds)]
    page = tell_results(measured, machine, " ".join(words), datetime.now(UTC).date())
    publish(page, options.output)
    return int(any(asked.wrong for one in measured for asked in [one.first, *one.rounds]))


def _parser() -> argparse.ArgumentParser:
    parser = new_parser("bench.answer", _DESCRIPTION, _EPILOG)
    add_sizes(parser, [10_000, 100_000])
    add_number(parser, "--clients", 1, [8, 64], "how many ask at once, one round for each number")
    add_number(parser, "--seconds", 1, 30, "how long a round is")
    add_folder(parser, "where plants are for the time: on a disk")
    add_seed(parser)
    add_output(parser, "RESULTS-answer.md")
    return parser


if __name__ == "__main__":
    sys.exit(main())
