"""Derive from the same plant with Traveler and other engines: ``python -m bench.reason --help``."""

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
    add_sizes,
    new_parser,
    publish,
)
from bench.engines import find_engines
from bench.machine import describe_machine, load_after
from bench.reason.measure import FINDERS, measure
from bench.reason.results import tell_results

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

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
    engines, absent = find_engines(FINDERS, lambda name: FINDERS[name]())
    most = {"owlrl": options.owlrl_jobs, "reasonable": options.reasonable_jobs}
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        measured = []
        for jobs in sizes:
            taking_part = [e for e in engines if jobs <= most.get(e.name, jobs)]
            place = Path(name) / str(jobs)
            rest = (jobs, options.seed, options.runs, options.timeout_seconds)
            measured.append(measure(taking_part, place, *rest))
    machine |= load_after()
    machine["Peers"] = ", ".join(engine.versions for engine in engines if engine.versions)
    words = ["python -m bench.reason --jobs", *map(str, sizes), "--runs", str(options.runs)]
    day = datetime.now(UTC).date()
    page = tell_results(measured, engines, absent, machine, " ".join(words), day)
    publish(page, options.output)
    is_wrong = any(one.half("owlrl") and not one.is_same("owlrl") for one in measured)
    return int(is_wrong or any(one.half("traveler") is None for one in measured))


def _parser() -> argparse.ArgumentParser:
    parser = new_parser("bench.reason", _DESCRIPTION, _EPILOG)
    add_sizes(parser, [2_000, 10_000, 100_000])
    add_number(parser, "--runs", 1, 3, "of each")
    for name, jobs in (("owlrl", 2_000), ("reasonable", 10_000)):
        add_number(parser, f"--{name}-jobs", 0, jobs, f"up to how many jobs {name} takes part")
    add_number(parser, "--timeout-seconds", 1, 1_200, "when a run is stopped")
    add_folder(parser, "where plants and output are for the time")
    add_seed(parser)
    add_output(parser, "RESULTS-reason.md")
    return parser


if __name__ == "__main__":
    sys.exit(main())
