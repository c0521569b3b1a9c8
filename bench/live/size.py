"""Measure what one event costs a plant of some size: ``python -m bench.live.size --help``."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, process_time
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

WARM = 20
"""Events before the measured ones: the first has to compile its mapping."""
BETWEEN = timedelta(milliseconds=50)


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
    write_plant(folder, jobs, seed, port=1)  # nobody connects to it
    with Pipeline.open(load_plant(folder)) as pipeline:
        pipeline.read(NOW)
        pipeline.apply(NOW)
        quads = sum(1 for _ in pipeline.store.match())
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
    message = Message(event.topic, event.payload, {"machine": event.machine})
    start = perf_counter()
    balance = pipeline.take(SOURCE, event.table, [message], NOW)
    journal_seconds = perf_counter() - start
    applied = pipeline.apply(NOW)
    if (balance.new, applied.records) != (1, 1):
        raise ValueError(f"{event} became {balance} and {applied}")
    return {"journal": journal_seconds, **applied.seconds}


def main() -> int:
    """Measure one size and write it to standard output as JSON; exit code 2 where it cannot."""
    parser = argparse.ArgumentParser(prog="python -m bench.live.size", description=__doc__)
    parser.add_argument("folder", type=Path, help="an empty folder, or one to be made")
    parser.add_argument("--jobs", type=int, required=True, help="jobs of the plant, at least 2")
    parser.add_argument("--events", type=int, required=True, help="how many are measured")
    parser.add_argument("--seed", type=int, default=1, help="another seed is another plant")
    told = parser.parse_args()
    try:
        measured = measure_size(told.folder.resolve(), told.jobs, told.seed, told.events)
    except TravelerError as error:
        print(f"error: {error.message}\n{error.hint}".rstrip(), file=sys.stderr)
        return 2
    json.dump(asdict(measured), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
