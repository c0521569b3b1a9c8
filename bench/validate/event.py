"""Measure what a batch of records costs a plant that is followed: ``python -m …event --help``.

The plant is that of ``bench.live``: machines publish states, and runs of jobs.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from statistics import median, quantiles
from time import perf_counter
from typing import TYPE_CHECKING

from bench.apart import WrongResultError, measure_here
from bench.live.events import BETWEEN, event_of
from bench.live.served import SOURCE, message_of, open_loaded
from bench.measure import NOW

if TYPE_CHECKING:
    from pathlib import Path

    from bench.live.events import Event
    from kg.pipeline import Pipeline

RECORDS = 10
"""How many records a batch has."""
WARM = 10
"""Batches before the measured ones: the first has to compile its mapping."""


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


def measure_batches(folder: Path, jobs: int, seed: int, batches: int) -> BatchCost:
    """Load a plant of so many jobs, then take in and apply batches of records.

    Raises:
        WrongResultError: the gaps in the end are not those of a new start.
    """
    with open_loaded(folder, jobs, seed) as (pipeline, quads):
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
        pipeline.take(SOURCE, event.table, [message_of(event)], NOW)
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
        raise WrongResultError(f"{len(followed)} gaps were followed, {len(found)} are there")
    return len(found)


if __name__ == "__main__":
    sys.exit(measure_here("bench.validate.event", __doc__, measure_batches, "batches"))
