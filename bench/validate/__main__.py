"""Validate the same plant with Traveler and with other engines: ``python -m bench.validate``."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bench.lift.__main__ import at_least
from bench.lift.environments import MissingPeerError
from bench.machine import describe_machine
from bench.validate.event import BatchCost
from bench.validate.measure import FINDERS, Engine, Measured, measure
from bench.validate.results import tell_results

if TYPE_CHECKING:
    from collections.abc import Sequence

OUTPUT = Path("bench") / "RESULTS-validate.md"
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
    engines, absent = _ready(options.peers)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        measured = [_measure(engines, folder, jobs, jobs == sizes[0], options) for jobs in sizes]
        batches = [_follow(folder, jobs, options) for jobs in sorted(set(options.followed))]
    machine["Load after"] = f"{os.getloadavg()[0]:.1f} processes, one-minute average"
    machine["Peers"] = ", ".join(one.versions for one in engines if one.versions) or "none"
    day = datetime.now(UTC).date()
    command = _command(options, sizes)
    page = tell_results(measured, engines, absent, batches, machine, command, day)
    print(page, end="")
    if options.output != "-":
        Path(options.output).write_text(page, encoding="utf-8")
    return int(any(one.half("traveler") is None for one in measured))


def _ready(peers: Sequence[str]) -> tuple[list[Engine], dict[str, str]]:
    engines: list[Engine] = []
    absent: dict[str, str] = {}
    for name in ("traveler", *dict.fromkeys(peers)):
        try:
            engines.append(FINDERS[name]())
        except MissingPeerError as missing:
            absent[name] = str(missing)
    return engines, absent


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
    print(f"{jobs:,} jobs: followed", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "bench.validate.event", str(folder / f"followed-{jobs}")]
    command += ["--jobs", str(jobs), "--batches", str(options.batches)]
    command += ["--seed", str(options.seed)]
    told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return BatchCost(**told)


def _command(options: argparse.Namespace, sizes: Sequence[int]) -> str:
    words = ["python -m bench.validate --jobs", *map(str, sizes), "--runs", str(options.runs)]
    words += ["--followed", *map(str, sorted(set(options.followed)))]
    words += ["--batches", str(options.batches), "--seed", str(options.seed)]
    if set(options.peers) != set(_PEERS):
        words += ["--peers", *options.peers]
    return " ".join(words)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.validate",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--jobs",
        type=at_least(2),
        nargs="+",
        metavar="N",
        default=[10_000, 100_000],
        help="how many jobs, one plant for each number (default: 10000 100000)",
    )
    parser.add_argument(
        "--runs",
        type=at_least(1),
        default=5,
        metavar="N",
        help="how often Traveler validates each plant (default: 5)",
    )
    parser.add_argument(
        "--peers",
        nargs="*",
        choices=_PEERS,
        metavar="PEER",
        default=_PEERS,
        help=f"whom to measure beside Traveler (default: {' '.join(_PEERS)})",
    )
    parser.add_argument(
        "--followed",
        type=at_least(2),
        nargs="+",
        metavar="N",
        default=[1_000, 10_000],
        help="how many jobs the followed plants have (default: 1000 10000)",
    )
    parser.add_argument(
        "--batches",
        type=at_least(2),
        default=200,
        metavar="N",
        help="how many batches are measured (default: 200)",
    )
    parser.add_argument(
        "--timeout-seconds",
        type=at_least(1),
        default=600,
        metavar="N",
        help="when a run is stopped (default: 600)",
    )
    parser.add_argument("--folder", type=Path, help="where plants are for the time")
    parser.add_argument("--seed", type=int, default=1, help="another seed is another plant")
    parser.add_argument(
        "--output",
        default=str(OUTPUT),
        help="where the page is written, - for the screen only (default: %(default)s)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
