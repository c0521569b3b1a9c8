"""Validate the same plant with Traveler and with other engines: ``python -m bench.validate``."""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bench.apart import start_apart
from bench.command import (
    add_folder,
    add_number,
    add_output,
    add_peers,
    add_seed,
    add_sizes,
    new_parser,
    publish,
    say,
)
from bench.engines import find_engines
from bench.machine import describe_machine, load_after
from bench.validate.event import BatchCost
from bench.validate.measure import FINDERS, Measured, measure
from bench.validate.results import tell_results

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from bench.engines import Engine

_PEERS = tuple(name for name in FINDERS if name != "traveler")
_DESCRIPTION = """\
Make plants of several sizes and validate each with Traveler; the smallest also
with pySHACL and with pyrudof, whose results must be as many as the CSV files
say. Then let followed plants take in batches of records, and measure deriving
and validating.
"""
_EPILOG = """\
examples:
  python -m bench.validate                           10,000 and 100,000 jobs
  python -m bench.validate --jobs 1000 --followed 100 --output -    a quick look

exit code: 0 measured, 1 Traveler found something else than it must, 2 it could
not run
The page goes to standard output, progress to standard error.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for, then print and write the page."""
    options = _parser().parse_args(arguments)
    sizes = sorted(set(options.jobs))
    machine = describe_machine()
    names = ("traveler", *options.peers)
    engines, absent = find_engines(names, lambda name: FINDERS[name]())
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        measured = [_measure(engines, folder, jobs, jobs == sizes[0], options) for jobs in sizes]
        batches = [_follow(folder, jobs, options) for jobs in sorted(set(options.followed))]
    machine |= load_after()
    machine["Peers"] = ", ".join(one.versions for one in engines if one.versions) or "none"
    day = datetime.now(UTC).date()
    command = _command(options, sizes)
    page = tell_results(measured, engines, absent, batches, machine, command, day)
    publish(page, options.output)
    return int(any(one.half("traveler") is None for one in measured))


def _measure(
    engines: Sequence[Engine],
    folder: Path,
    jobs: int,
    is_smallest: bool,
    options: argparse.Namespace,
) -> Measured:
    chosen = [one for one in engines if is_smallest or one.name == "traveler"]
    times = {"traveler": options.runs, "rudof": min(3, options.runs), "pyshacl": 1}
    seconds = options.timeout_seconds
    return measure(chosen, folder / str(jobs), jobs, options.seed, times, seconds)


def _follow(folder: Path, jobs: int, options: argparse.Namespace) -> BatchCost:
    """Measure a followed plant in a process of its own, whose memory nothing else has touched."""
    say(f"{jobs:,} jobs: followed")
    numbers = {"jobs": jobs, "batches": options.batches, "seed": options.seed}
    done = start_apart("bench.validate.event", folder / f"followed-{jobs}", **numbers)
    done.check_returncode()
    return BatchCost(**json.loads(done.stdout))


def _command(options: argparse.Namespace, sizes: Sequence[int]) -> str:
    words = ["python -m bench.validate --jobs", *map(str, sizes), "--runs", str(options.runs)]
    words += ["--followed", *map(str, sorted(set(options.followed)))]
    words += ["--batches", str(options.batches), "--seed", str(options.seed)]
    if set(options.peers) != set(_PEERS):
        words += ["--peers", *options.peers]
    return " ".join(words)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser("bench.validate", _DESCRIPTION, _EPILOG)
    add_sizes(parser, [10_000, 100_000])
    add_number(parser, "--runs", 1, 5, "how often Traveler validates each plant")
    add_peers(parser, _PEERS, "Traveler")
    add_number(parser, "--followed", 2, [1_000, 10_000], "how many jobs the followed plants have")
    add_number(parser, "--batches", 2, 200, "how many batches are measured")
    add_number(parser, "--timeout-seconds", 1, 600, "when a run is stopped")
    add_folder(parser, "where plants are for the time")
    add_seed(parser)
    add_output(parser, "RESULTS-validate.md")
    return parser


if __name__ == "__main__":
    sys.exit(main())
