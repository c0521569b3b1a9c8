"""Lift the same plant with Traveler and with other engines: ``python -m bench.lift --help``."""

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
    add_peers,
    add_seed,
    add_sizes,
    new_parser,
    publish,
)
from bench.engines import find_engines
from bench.lift.engines import NAMES, Engine, find_engine
from bench.lift.measure import measure
from bench.lift.microbatch import measure_latency
from bench.lift.results import tell_results
from bench.machine import describe_machine, load_after

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

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


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every size that is asked for, then print and write the page."""
    options = _parser().parse_args(arguments)
    sizes = sorted(set(options.jobs))
    times = [*options.runs, *[options.runs[-1]] * len(sizes)]
    machine = describe_machine()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        engines, absent = _ready(options, folder)
        measured = [
            measure(
                engines,
                folder / str(jobs),
                jobs,
                options.seed,
                count,
                options.timeout_seconds,
            )
            for jobs, count in zip(sizes, times, strict=False)
        ]
    peers = [engine.versions for engine in engines if engine.versions]
    machine |= load_after()
    machine["Peers"] = ", ".join(dict.fromkeys(peers)) or "none"
    day = datetime.now(UTC).date()
    page = tell_results(
        measured,
        engines,
        absent,
        machine,
        _command(options, sizes),
        day,
        measure_latency(),
    )
    publish(page, options.output)
    return int(any(one.median_seconds(name) is None for one in measured for name in _OURS))


def _ready(options: argparse.Namespace, folder: Path) -> tuple[list[Engine], dict[str, str]]:
    """Find the engines that were asked for, and try each on a tiny plant."""
    engines, absent = find_engines((*_OURS, *options.peers), find_engine)
    trial = measure(
        engines, folder / "trial", _TRIAL_JOBS, options.seed, 1, options.timeout_seconds
    )
    failed = {name: why for name, why in trial.failed.items() if name not in _OURS}
    return [one for one in engines if one.name not in failed], absent | failed


def _command(options: argparse.Namespace, sizes: Sequence[int]) -> str:
    words = ["python -m bench.lift --jobs", *map(str, sizes), "--runs", *map(str, options.runs)]
    words += ["--seed", str(options.seed)]
    if set(options.peers) != set(NAMES) - set(_OURS):
        words += ["--peers", *options.peers]
    return " ".join(words)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser("bench.lift", _DESCRIPTION, _EPILOG)
    add_sizes(parser, [10_000, 100_000])
    told = "how often each size is lifted by each engine, the last number for all further sizes"
    add_number(parser, "--runs", 1, [5, 2], told)
    add_peers(parser, [name for name in NAMES if name not in _OURS], "Traveler and the SQL")
    add_number(parser, "--timeout-seconds", 1, 600, "when a run is stopped")
    add_folder(parser, "where plants and output are for the time")
    add_seed(parser)
    add_output(parser, "RESULTS-lift.md")
    return parser


if __name__ == "__main__":
    sys.exit(main())
