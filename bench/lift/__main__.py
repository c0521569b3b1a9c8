"""Lift the same plant with Traveler and with other engines: ``python -m bench.lift --help``."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bench.lift.engines import NAMES, Engine, find_engine
from bench.lift.environments import MissingPeerError
from bench.lift.measure import measure
from bench.lift.microbatch import measure_latency
from bench.lift.results import tell_results
from bench.machine import describe_machine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

OUTPUT = Path("bench") / "RESULTS-lift.md"
_OURS = ("traveler", "sql")
_TRIAL_JOBS = 20
_DESCRIPTION = """\
Make plants of several sizes (seven CSV tables, three operations and about 30
triples a job) and lift each into N-Triples with every engine in turn: Traveler,
the same mapping written by hand as SQL for DuckDB, morph-kgc, maplib and
SDM-RDFizer, and Traveler on Spark with one core and with two where it is there.
Each run is a new process. What an engine writes is compared with triples made
from the CSV files without any engine; wrong triples have no times. At the end
the latency of a micro-batch of a hundred events is measured in this process.
"""
_EPILOG = """\
examples:
  python -m bench.lift                          10,000 and 100,000 jobs
  python -m bench.lift --jobs 1000 --output -   a quick look, on the screen only
  python -m bench.lift --peers morph-kgc        Traveler, SQL, and one peer

A peer is installed with uv, at locked versions, into an environment of its own
below build/peers/. SDM-RDFizer needs unixODBC of the system: apt install
unixodbc. A peer that cannot run is named with the reason, and the others are
measured.

exit code: 0 measured, 1 Traveler or the SQL failed, or its triples were wrong,
2 it could not run
The page goes to standard output, progress to standard error.
"""


@dataclass(frozen=True, slots=True)
class Ready:
    """The engines that can run here, and why the others cannot."""

    engines: list[Engine]
    absent: dict[str, str]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every size that is asked for, then print and write the page."""
    options = _parser().parse_args(arguments)
    sizes = sorted(set(options.jobs))
    times = [*options.runs, *[options.runs[-1]] * len(sizes)]
    machine = describe_machine()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        ready = _ready(options, folder)
        measured = [
            measure(
                ready.engines,
                folder / str(jobs),
                jobs,
                options.seed,
                count,
                options.timeout_seconds,
            )
            for jobs, count in zip(sizes, times, strict=False)
        ]
    peers = [engine.versions for engine in ready.engines if engine.versions]
    machine["Load after"] = f"{os.getloadavg()[0]:.1f} processes, one-minute average"
    machine["Peers"] = ", ".join(dict.fromkeys(peers)) or "none"
    day = datetime.now(UTC).date()
    page = tell_results(
        measured,
        ready.engines,
        ready.absent,
        machine,
        _command(options, sizes),
        day,
        measure_latency(),
    )
    print(page, end="")
    if options.output != "-":
        Path(options.output).write_text(page, encoding="utf-8")
    return int(any(one.median_seconds(name) is None for one in measured for name in _OURS))


def _ready(options: argparse.Namespace, folder: Path) -> Ready:
    """Find the engines that were asked for, and try each on a tiny plant."""
    ready = Ready([], {})
    for name in dict.fromkeys((*_OURS, *options.peers)):
        try:
            ready.engines.append(find_engine(name))
        except MissingPeerError as missing:
            ready.absent[name] = str(missing)
            print(f"{name} is not measured: {missing}", file=sys.stderr)
    trial = measure(
        ready.engines, folder / "trial", _TRIAL_JOBS, options.seed, 1, options.timeout_seconds
    )
    for engine in tuple(ready.engines):
        if engine.name in trial.failed and engine.name not in _OURS:
            ready.engines.remove(engine)
            ready.absent[engine.name] = trial.failed[engine.name]
    return ready


def _command(options: argparse.Namespace, sizes: Sequence[int]) -> str:
    words = ["python -m bench.lift --jobs", *map(str, sizes), "--runs", *map(str, options.runs)]
    words += ["--seed", str(options.seed)]
    if set(options.peers) != set(NAMES) - set(_OURS):
        words += ["--peers", *options.peers]
    return " ".join(words)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.lift",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    peers = [name for name in NAMES if name not in _OURS]
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
        nargs="+",
        metavar="N",
        default=[5, 2],
        help="how often each size is lifted by each engine, the last number for all "
        "further sizes (default: 5 2)",
    )
    parser.add_argument(
        "--peers",
        nargs="*",
        choices=peers,
        metavar="PEER",
        default=peers,
        help=f"whom to measure beside Traveler and the SQL (default: {' '.join(peers)})",
    )
    parser.add_argument(
        "--timeout-seconds",
        type=at_least(1),
        default=600,
        metavar="N",
        help="when a run is stopped (default: 600)",
    )
    parser.add_argument("--folder", type=Path, help="where plants and output are for the time")
    parser.add_argument("--seed", type=int, default=1, help="another seed is another plant")
    parser.add_argument(
        "--output",
        default=str(OUTPUT),
        help="where the page is written, - for the screen only (default: %(default)s)",
    )
    return parser


def at_least(least: int) -> Callable[[str], int]:
    """Give a type of numbers for a parser of arguments."""

    def read(text: str) -> int:
        number = int(text)
        if number < least:
            raise argparse.ArgumentTypeError(f"must be {least} at least")
        return number

    return read


if __name__ == "__main__":
    sys.exit(main())
