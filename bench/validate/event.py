"""Measure what a batch of records costs a plant that is followed: ``python -m …event --help``.

The plant is that of ``bench.live``: machines publish states, and runs of jobs.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import TYPE_CHECKING

from bench.live.events import event_of
from bench.live.served import SOURCE, write_plant
from bench.measure import NOW
from kg.errors import TravelerError
from kg.pipeline import Pipeline
from kg.settings import load_plant
from kg.sources import Message

if TYPE_CHECKING:
    from bench.live.events import Event

RECORDS = 10
"""How many records a batch has."""
WARM = 10
"""Batches before the measured ones: the first has to compile its mapping."""
BETWEEN = timedelta(milliseconds=50)


@dataclass(frozen=True, slots=True)
class BatchCost:
    """Milliseconds that deriving and validating take of each batch: half of all, 19 of 20.

    ``full_ms`` is what looking at everything takes, ``gaps`` how many were open then and in the
    end, where looking at everything finds them as well.
    """

    jobs: int
    quads: int
    batches: int
    derive_ms: float
    validate_ms: float
    both_ms: float
    both_p95_ms: float
    full_ms: float
    gaps: tuple[int, int]


class WrongGapsError(Exception):
    """Following changes did not find what looking at everything finds."""


def measure_batches(folder: Path, jobs: int, seed: int, batches: int) -> BatchCost:
    """Load a plant of so many jobs, then take in and apply batches of records.

    Raises:
        WrongGapsError: the gaps in the end are not those of a new start.
    """
    write_plant(folder, jobs, seed, port=1)  # nobody connects to it
    with Pipeline.open(load_plant(folder)) as pipeline:
        pipeline.read(NOW)
        pipeline.apply(NOW)
        quads = sum(1 for _ in pipeline.store.match())
        start = perf_counter()
        before = pipeline.follow_gaps(NOW)
        full = perf_counter() - start
        first = (NOW - (WARM + batches) * RECORDS * BETWEEN).timestamp()
        took = []
        for number in range(0, (WARM + batches) * RECORDS, RECORDS):
            events = [
                event_of(at, jobs, first + at * BETWEEN.total_seconds())
                for at in range(number, number + RECORDS)
            ]
            took.append(_fold(pipeline, events))
        after = _checked(pipeline)
    derive, validate = zip(*took[WARM:], strict=True)
    both = [one + other for one, other in took[WARM:]]
    return BatchCost(
        jobs,
        quads,
        batches,
        derive_ms=1e3 * median(derive),
        validate_ms=1e3 * median(validate),
        both_ms=1e3 * median(both),
        both_p95_ms=1e3 * quantiles(both, n=20)[-1],
        full_ms=1e3 * full,
        gaps=(before, after),
    )


def _fold(pipeline: Pipeline, events: list[Event]) -> tuple[float, float]:
    """Apply one batch; gives the seconds of deriving and of validating."""
    for event in events:
        message = Message(event.topic, event.payload, {"machine": event.machine})
        pipeline.take(SOURCE, event.table, [message], NOW)
    applied = pipeline.apply(NOW)
    start = perf_counter()
    pipeline.follow_gaps(NOW)
    return applied.seconds["derive"], perf_counter() - start


def _checked(pipeline: Pipeline) -> int:
    """Count the gaps, and compare them with those of a new start."""
    followed = {(gap.entity, gap.slot, gap.shape) for gap in pipeline.journal.open_gaps()}
    pipeline.rebuild(NOW)
    pipeline.follow_gaps(NOW)
    found = {(gap.entity, gap.slot, gap.shape) for gap in pipeline.journal.open_gaps()}
    if found != followed:
        raise WrongGapsError(f"{len(followed)} gaps were followed, {len(found)} are there")
    return len(found)


def main() -> int:
    """Measure one size and write it to standard output as JSON; exit code 2 where it cannot."""
    parser = argparse.ArgumentParser(prog="python -m bench.validate.event", description=__doc__)
    parser.add_argument("folder", type=Path, help="an empty folder, or one to be made")
    parser.add_argument("--jobs", type=int, required=True, help="jobs of the plant, at least 2")
    parser.add_argument("--batches", type=int, required=True, help="how many are measured")
    parser.add_argument("--seed", type=int, default=1, help="another seed is another plant")
    told = parser.parse_args()
    try:
        measured = measure_batches(told.folder.resolve(), told.jobs, told.seed, told.batches)
    except WrongGapsError as error:
        print(f"wrong result, so no times: {error}", file=sys.stderr)
        return 1
    except TravelerError as error:
        print(f"error: {error.message}\n{error.hint}".rstrip(), file=sys.stderr)
        return 2
    json.dump(asdict(measured), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
