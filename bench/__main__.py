"""Time each stage of a first load: ``python -m bench --help``, or ``make bench``."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bench.apart import start_apart
from bench.command import add_output, add_seed, has_place, new_parser, publish
from bench.machine import describe_machine, digest_code
from bench.results import MOST_SIZES, tell_results
from bench.stages import Measured

if TYPE_CHECKING:
    from collections.abc import Sequence

_DESCRIPTION = """\
Make plants of several sizes (three operations and about 46 facts a job), load
each one for the first time in a fresh process and folder, and time every stage:
open, journal, lift, merge, derive, store, validate. The graph is compared with
counts made from the plant's CSV files, and the same tables are loaded a second
time, which must change nothing; a wrong result has no times.
"""
_EPILOG = """\
examples:
  python -m bench                              1,000, 3,000 and 10,000 jobs
  python -m bench --jobs 300 --output -        a quick look, on the screen only
  python -m bench --jobs 3000 --folder build/plants       keep the plant, then
  traveler context M00007 --at latest --plant build/plants/3000/plant.toml

exit code: 0 measured, 1 a result was wrong, 2 it could not run
The tables go to standard output, progress to standard error.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every size that is asked for, then print and write the page."""
    options = _parser().parse_args(arguments)
    sizes = sorted(set(options.jobs))
    if len(sizes) > MOST_SIZES:
        print(f"error: {MOST_SIZES} sizes at most: more do not fit the table", file=sys.stderr)
        return 2
    if not has_place(options.output):
        return 2
    machine, code_before = describe_machine(), digest_code()
    measured: list[Measured] = []
    place = nullcontext(options.folder) if options.folder else tempfile.TemporaryDirectory()
    with place as folder:
        for jobs in sizes:
            code, one = measure_apart(Path(folder) / str(jobs), jobs, options.seed)
            if one is None:
                return code
            measured.append(one)
    if digest_code() != code_before:
        print("error: the code changed while it was measured; run it again", file=sys.stderr)
        return 2
    page = tell_results(measured, machine, options.seed, datetime.now(UTC).date())
    publish(page, options.output)
    return 0


def measure_apart(folder: Path, jobs: int, seed: int) -> tuple[int, Measured | None]:
    """Measure one size in a new process; gives its exit code, and nothing where that is not 0."""
    if folder.exists() and any(folder.iterdir()):
        print(f"error: {folder} is not empty; name another --folder", file=sys.stderr)
        return 2, None
    done = start_apart("bench.measure", folder, jobs=jobs, seed=seed)
    if done.returncode < 0:
        print(f"error: {jobs:,} jobs: ended by signal {-done.returncode}", file=sys.stderr)
    if done.returncode != 0:
        return 1 if done.returncode == 1 else 2, None
    return 0, Measured(**json.loads(done.stdout))


def _parser() -> argparse.ArgumentParser:
    parser = new_parser("bench", _DESCRIPTION, _EPILOG)
    parser.add_argument(
        "--jobs",
        type=_jobs,
        nargs="+",
        metavar="N",
        default=[1_000, 3_000, 10_000],
        help="how many jobs, one plant for each number (default: 1000 3000 10000); "
        "two or more also give how the cost grows",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        help="keep plants, journals and stores below this folder, N/ for each size "
        "(default: a temporary one, removed afterwards)",
    )
    add_seed(parser, "another seed is another plant (default: 1)")
    add_output(parser, "RESULTS.md")
    return parser


def _jobs(text: str) -> int:
    jobs = int(text)
    if jobs < 2:
        raise argparse.ArgumentTypeError("a plant needs 2 jobs at least")
    return jobs


if __name__ == "__main__":
    sys.exit(main())
