"""Measure what one event costs a plant of some size: ``python -m bench.live.size --help``."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from statistics import median, quantiles
from time import perf_counter, process_time
from typing import TYPE_CHECKING

from bench.apart import measure_here
from bench.live.events import BETWEEN, event_of
from bench.live.served import SOURCE, message_of, open_loaded
from bench.measure import NOW

if TYPE_CHECKING:
    from pathlib import Path

    from bench.live.events import Event
    from kg.pipeline import Pipeline

WARM = 20
"""Events before the measured ones: the first has to compile its mapping."""


@dataclass(frozen=True, slots=True)
class EventCost:
    """Milliseconds from the append to the journal until an event is in the graph.

    ``cpu_ms`` is the processor's half of all, ``stages`` the half of all by stage.
    """

    jobs: int
    quads: int
    events: int
    p50_ms: float
    p95_ms: float
    cpu_ms: float
    stages: dict[str, float]


def measure_size(folder: Path, jobs: int, seed: int, events: int) -> EventCost:
    """Load a plant of so many jobs, then take in and apply events one by one.

    Raises:
        ValueError: an event did not become one record.
    """
    with open_loaded(folder, jobs, seed) as (pipeline, quads):
        first = (NOW - (WARM + events) * BETWEEN).timestamp()
        seconds, cpu_seconds, stages = [], [], []
        for number in range(WARM + events):
            event = event_of(number, jobs, first + number * BETWEEN.total_seconds())
            start, cpu_start = perf_counter(), process_time()
            took = _fold(pipeline, event)
            seconds.append(perf_counter() - start)
            cpu_seconds.append(process_time() - cpu_start)
            stages.append(took)
    kept = seconds[WARM:]
    halves = {
        stage: 1e3 * median(took.get(stage, 0.0) for took in stages[WARM:]) for stage in stages[-1]
    }
    p95 = 1e3 * quantiles(kept, n=20)[-1]
    cpu_ms = 1e3 * median(cpu_seconds[WARM:])
    return EventCost(jobs, quads, events, 1e3 * median(kept), p95, cpu_ms, halves)


def _fold(pipeline: Pipeline, event: Event) -> dict[str, float]:
    message = message_of(event)
    start = perf_counter()
    balance = pipeline.take(SOURCE, event.table, [message], NOW)
    journal_seconds = perf_counter() - start
    applied = pipeline.apply(NOW)
    if (balance.new, applied.records) != (1, 1):
        raise ValueError(f"{event} became {balance} and {applied}")
    return {"journal": journal_seconds, **applied.seconds}


if __name__ == "__main__":
    sys.exit(measure_here("bench.live.size", __doc__, measure_size, "events"))
