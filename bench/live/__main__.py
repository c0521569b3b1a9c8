"""Measure the live path, from a machine's message to an answer: ``python -m bench.live --help``."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bench.apart import start_apart
from bench.command import (
    add_folder,
    add_output,
    add_seed,
    at_least,
    has_place,
    new_parser,
    publish,
    say,
)
from bench.live.events import PROBES_A_SECOND
from bench.live.latency import Latencies, measure_rate
from bench.live.results import tell_results
from bench.live.served import ServerError, find_mosquitto, mosquitto, served, write_plant
from bench.live.size import EventCost
from bench.live.state import State, compare_state
from bench.machine import describe_machine, load_after

if TYPE_CHECKING:
    from collections.abc import Sequence

_FULL = {"rates": [100, 1_000, 2_000], "seconds": 15.0, "jobs": 1_000, "events": 300}
_FULL |= {"sizes": [1_000, 3_000, 10_000]}
_QUICK = {"rates": [100, 200], "seconds": 3.0, "jobs": 40, "events": 20, "sizes": [20, 60]}
_DESCRIPTION = """\
Serve a plant, let its machines publish at a real Mosquitto, and measure from
the planned time of each event until it is durable in the journal and visible in
GET /v1/context, at several rates; then compare the graph with one that is
folded anew. And measure what one event costs on plants of several sizes.
"""
_EPILOG = """\
examples:
  python -m bench.live                          about four minutes
  python -m bench.live --quick --output -       a look whether it works at all
  python -m bench.live --sizes 1000 10000 30000   a larger graph, more memory

exit code: 0 measured, 1 an event was lost, refused or folded wrongly, 2 it
could not run
The page goes to standard output, progress to standard error.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure rates and sizes, then print and write the page."""
    options = _parser().parse_args(arguments)
    for name, value in (_QUICK if options.quick else _FULL).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    if not has_place(options.output):
        return 2
    machine = describe_machine()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        try:
            sizes = [_measure_apart(folder, jobs, options) for jobs in sorted(options.sizes)]
            rates, state = _measure_rates(folder, options)
        except ServerError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
    machine |= load_after()
    machine["Broker"] = _version_of_broker()
    day = datetime.now(UTC).date()
    page = tell_results(rates, options.jobs, state, sizes, machine, _command(options), day)
    publish(page, options.output)
    is_whole = state.differing == 0 and not any(one.lost or one.refused for one in rates)
    return 0 if is_whole else 1


def _measure_rates(folder: Path, options: argparse.Namespace) -> tuple[list[Latencies], State]:
    plant = folder / "plant"
    with mosquitto(folder / "broker") as broker:
        write_plant(plant, options.jobs, options.seed, broker)
        say(f"a plant of {options.jobs:,} jobs is loaded and served")
        with served(plant) as port:
            rates = []
            for rate in sorted(options.rates):
                say(f"{rate:,} events/s for {options.seconds:g} s")
                measured = measure_rate(plant, broker, port, rate, options.seconds, options.jobs)
                rates.append(measured)
    say("the graph is folded anew")
    return rates, compare_state(plant)


def _measure_apart(folder: Path, jobs: int, options: argparse.Namespace) -> EventCost:
    """Measure one size in a new process.

    Raises:
        ServerError: it did not end well.
    """
    say(f"one event at a time on a plant of {jobs:,} jobs")
    numbers = {"jobs": jobs, "events": options.events, "seed": options.seed}
    done = start_apart("bench.live.size", folder / str(jobs), **numbers)
    if done.returncode != 0:
        raise ServerError(f"{jobs:,} jobs: ended with code {done.returncode}")
    return EventCost(**json.loads(done.stdout))


def _version_of_broker() -> str:
    told = subprocess.run([find_mosquitto(), "-h"], capture_output=True, text=True, check=False)
    return (told.stdout or told.stderr).partition("\n")[0]


def _command(options: argparse.Namespace) -> str:
    words = ["python -m bench.live"]
    if options.quick:
        words.append("--quick")
    full = _QUICK if options.quick else _FULL
    for name, usual in full.items():
        value = getattr(options, name)
        if value != usual:
            values = value if isinstance(value, list) else [value]
            words += [f"--{name}", *(str(one).removesuffix(".0") for one in values)]
    if options.seed != 1:
        words += ["--seed", str(options.seed)]
    return " ".join(words)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser("bench.live", _DESCRIPTION, _EPILOG)
    parser.add_argument(
        "--rates",
        type=_rate,
        nargs="+",
        metavar="N",
        help="events a second, one after another (default: 100 1000 2000)",
    )
    parser.add_argument(
        "--seconds", type=float, metavar="N", help="how long at each rate (default: 15)"
    )
    parser.add_argument(
        "--jobs", type=at_least(2), metavar="N", help="of the served plant (default: 1000)"
    )
    parser.add_argument(
        "--sizes",
        type=at_least(2),
        nargs="*",
        metavar="N",
        help="jobs of the plants on which one event is measured (default: 1000 3000 10000)",
    )
    parser.add_argument(
        "--events", type=at_least(2), metavar="N", help="measured on each of them (default: 300)"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="small and short, in under a minute: figures mean little",
    )
    add_folder(parser, "where plants are for the time: on a disk")
    add_seed(parser)
    add_output(parser, "RESULTS-live.md")
    return parser


def _rate(text: str) -> int:
    rate = int(text)
    if not PROBES_A_SECOND <= rate <= 2_000 or rate % PROBES_A_SECOND:
        raise argparse.ArgumentTypeError(
            f"must be a multiple of {PROBES_A_SECOND}, 2000 at most: else keys would meet"
        )
    return rate


if __name__ == "__main__":
    sys.exit(main())
