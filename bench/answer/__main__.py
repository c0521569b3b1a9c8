"""Measure answers a second beside SPARQL servers: ``python -m bench.answer --help``."""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bench.answer.measure import Course, measure
from bench.answer.peers import PEERS
from bench.answer.plant import load
from bench.answer.results import tell_results
from bench.command import (
    add_number,
    add_output,
    add_peers,
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
context of every machine and open job, with a key and the audit log; then let
oxigraph serve, Virtuoso and rdflib answer the bare query for the same things.
"""
_EPILOG = """\
examples:
  python -m bench.answer                          10,000 and 100,000 jobs
  python -m bench.answer --jobs 300 --seconds 3 --output -     a quick look
  python -m bench.answer --jobs 1000000 --folder PLANTS --load-only
  python -m bench.answer --jobs 10000 1000000 --folder PLANTS  once, with time

exit code: 0 measured, 1 an answer was wrong, 2 it could not run
The page goes to standard output, progress to standard error.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every size that is asked for, then print and write the page."""
    options = _parser().parse_args(arguments)
    if not has_place(options.output):
        return 2
    sizes, clients = sorted(set(options.jobs)), sorted(set(options.clients))
    course = Course(clients, options.seconds, options.once, options.seed, options.peers)
    machine = describe_machine()
    measured = []
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        for jobs in sizes:
            place, own = (options.folder or Path(name)) / f"{jobs}", Path(name) / f"of-{jobs}"
            if options.load_only:
                load(place, jobs, options.seed)
                continue
            own.mkdir()
            try:
                measured.append(measure(own, place, jobs, course))
            except ServerError as error:
                print(f"error: {error}", file=sys.stderr)
                return 2
    if options.load_only:
        return 0
    machine |= load_after()
    machine["Peers"] = ", ".join(PEERS[peer].version() for peer in course.peers) or "none"
    words = ["python -m bench.answer --jobs", *map(str, sizes), "--clients", *map(str, clients)]
    words += ["--seconds", str(options.seconds), "--once", str(options.once)]
    page = tell_results(measured, machine, " ".join(words), datetime.now(UTC).date())
    publish(page, options.output)
    return int(not all(one.is_right for one in measured))


def _parser() -> argparse.ArgumentParser:
    parser = new_parser("bench.answer", _DESCRIPTION, _EPILOG)
    add_sizes(parser, [10_000, 100_000])
    add_number(parser, "--clients", 1, [8, 64], "how many ask at once, one round for each number")
    add_number(parser, "--seconds", 1, 30, "how long a round is")
    add_number(parser, "--once", 1, 60, "for how many seconds each question is asked once")
    add_peers(parser, list(PEERS), "Traveler")
    parser.add_argument("--folder", type=Path, help="keep the plants here, and use what is there")
    parser.add_argument("--load-only", action="store_true", help="make the plants, ask nothing")
    add_seed(parser)
    add_output(parser, "RESULTS-answer.md")
    return parser


if __name__ == "__main__":
    sys.exit(main())
