"""Time answers as of other times, over machines and jobs: ``python -m bench.asof --help``."""

from __future__ import annotations

import sys
import tempfile
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path
from random import Random
from time import perf_counter, process_time
from typing import TYPE_CHECKING

from bench.asof.past import READINGS, make_plant, reading_time, things
from bench.command import add_number, add_sizes, new_parser
from kg.answer.tracing.trace import MOST_THINGS
from kg.answer.tracing.traced import tell_trace
from kg.asof import Then
from kg.errors import UnknownEntity
from kg.pipeline import Pipeline
from kg.settings import load_plant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.answer import Answers

    Seconds = tuple[float, float]
    """Of the clock, and of the processor."""

_DESCRIPTION = """\
Make plants that were read several times while they worked, then ask for the context
of machines and jobs, and for traces back from jobs, as of random times of their
history, by all that is on record and by what was on record at a random time; print
the quantiles of the seconds.
"""


def measure(folder: Path, jobs: int, questions: int, seed: int) -> dict[str, list[Seconds]]:
    """Ask; gives (wall, processor) seconds by kind of thing."""
    draw = Random(seed)
    taken: dict[str, list[Seconds]] = {"machine": [], "job": [], "trace": [], "index": []}
    machines, listed = things(jobs)
    with Pipeline.open(load_plant(folder)) as work:
        began = perf_counter(), process_time()
        work.history.follow()
        taken["index"].append((perf_counter() - began[0], process_time() - began[1]))
        for kind, names, ask in (
            ("machine", machines, _tell_context),
            ("job", listed, _tell_context),
            ("trace", listed, _tell_trace),
        ):
            for _ in range(questions):
                then = _some_time(draw, jobs)
                name = draw.choice(names)
                began = perf_counter(), process_time()
                with suppress(UnknownEntity):
                    work.history.ask(then, partial(ask, name, then))
                taken[kind].append((perf_counter() - began[0], process_time() - began[1]))
    return taken


def _some_time(draw: Random, jobs: int) -> Then:
    first, last = reading_time(jobs, 1), reading_time(jobs, READINGS)
    at = first + (last - first) * draw.random()
    believed = last if draw.random() < 0.5 else at + (last - at) * draw.random()
    return Then(at, believed)


def _tell_context(name: str, then: Then, answers: Answers) -> None:
    answers.context(name, then.at)


def _tell_trace(name: str, then: Then, answers: Answers) -> None:
    tell_trace(answers, name, "backward", then.at, most_things=MOST_THINGS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure as the arguments say."""
    parser = new_parser("bench.asof", _DESCRIPTION)
    add_sizes(parser, [10_000, 100_000])
    add_number(parser, "--questions", 1, 60, "how many machines, and how many jobs")
    add_number(parser, "--seed", 0, 7, "what is asked when")
    parser.add_argument("--folder", type=Path, help="keep the plants here, and use what is there")
    told = parser.parse_args(arguments)
    for jobs in told.jobs:
        kept = told.folder / str(jobs) if told.folder else None
        with nullcontext(kept) if kept else tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "plant"
            if not folder.exists():
                make_plant(folder, jobs, told.seed, lambda what: print(what, file=sys.stderr))
            for kind, taken in measure(folder, jobs, told.questions, told.seed).items():
                _print(jobs, kind, taken)
    return 0


def _print(jobs: int, kind: str, taken: list[Seconds]) -> None:
    cells = []
    for index, what in enumerate(("wall", "cpu")):
        seconds = sorted(one[index] for one in taken)
        p50, p95 = (seconds[min(len(seconds) - 1, int(len(seconds) * q))] for q in (0.5, 0.95))
        cells.append(f"{what} p50 {p50:.3f} s  p95 {p95:.3f} s  max {seconds[-1]:.3f} s")
    print(f"{jobs:>9,} jobs  {kind:<8} {len(taken):>4}   " + "   ".join(cells))


if __name__ == "__main__":
    sys.exit(main())
