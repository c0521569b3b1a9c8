"""Derive from the same plant with Traveler and other engines: ``python -m bench.reason --help``."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bench.lift.__main__ import at_least
from bench.lift.environments import MissingPeerError
from bench.machine import describe_machine
from bench.reason.measure import FINDERS, Engine, measure
from bench.reason.results import tell_results

if TYPE_CHECKING:
    from collections.abc import Sequence

OUTPUT = Path("bench") / "RESULTS-reason.md"
_DESCRIPTION = """\
Make plants of several sizes (about 30 triples a job) and derive what follows from
each by a small ontology with Traveler, reasonable and owlrl, each run in a new
process; then let Traveler follow batches of records. What the engines derive
about the plant is compared link by link.
"""
_EPILOG = """\
examples:
  python -m bench.reason                            2,000, 10,000 and 100,000 jobs
  python -m bench.reason --jobs 500 --output -      a quick look, on the screen only

owlrl takes part up to --owlrl-jobs, reasonable up to --reasonable-jobs. It is
installed with uv, at a locked version, into an environment below build/peers/.

exit code: 0 measured, 1 Traveler failed or derived something else than owlrl
The page goes to standard output, progress to standard error.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every size that is asked for, then print and write the page."""
    options = _parser().parse_args(arguments)
    sizes = sorted(set(options.jobs))
    machine = describe_machine()
    engines, absent = _ready()
    most = {"owlrl": options.owlrl_jobs, "reasonable": options.reasonable_jobs}
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        measured = []
        for jobs in sizes:
            taking_part = [e for e in engines if jobs <= most.get(e.name, jobs)]
            place = Path(name) / str(jobs)
            rest = (jobs, options.seed, options.runs, options.timeout_seconds)
            measured.append(measure(taking_part, place, *rest))
    machine["Load after"] = f"{os.getloadavg()[0]:.1f} processes, one-minute average"
    machine["Peers"] = ", ".join(engine.versions for engine in engines if engine.versions)
    words = ["python -m bench.reason --jobs", *map(str, sizes), "--runs", str(options.runs)]
    day = datetime.now(UTC).date()
    page = tell_results(measured, engines, absent, machine, " ".join(words), day)
    print(page, end="")
    if options.output != "-":
        Path(options.output).write_text(page, encoding="utf-8")
    is_wrong = any(one.half("owlrl") and not one.is_same("owlrl") for one in measured)
    return int(is_wrong or any(one.half("traveler") is None for one in measured))


def _ready() -> tuple[list[Engine], dict[str, str]]:
    """Find the engines that can run here, and why the others cannot."""
    engines, absent = [], {}
    for name, find in FINDERS.items():
        try:
            engines.append(find())
        except MissingPeerError as missing:
            absent[name] = str(missing)
            print(f"{name} is not measured: {missing}", file=sys.stderr)
    return engines, absent


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.reason",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    number = at_least(1)
    sizes = [2_000, 10_000, 100_000]
    parser.add_argument("--jobs", type=at_least(2), nargs="+", metavar="N", default=sizes)
    parser.add_argument("--runs", type=number, metavar="N", default=3, help="of each (default: 3)")
    for name, jobs in (("owlrl", 2_000), ("reasonable", 10_000)):
        told = f"up to how many jobs {name} takes part (default: {jobs})"
        parser.add_argument(f"--{name}-jobs", type=int, metavar="N", default=jobs, help=told)
    told = "when a run is stopped (default: 1200)"
    parser.add_argument("--timeout-seconds", type=number, metavar="N", default=1_200, help=told)
    parser.add_argument("--folder", type=Path, help="where plants and output are for the time")
    parser.add_argument("--seed", type=int, default=1, help="another seed is another plant")
    told = "where the page is written, - for the screen only (default: %(default)s)"
    parser.add_argument("--output", default=str(OUTPUT), help=told)
    return parser


if __name__ == "__main__":
    sys.exit(main())
