"""Time single events on graphs of several sizes: ``python -m bench.events --help``."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING

from kg.pipeline import Pipeline
from kg.records import Record
from kg.settings import load_plant
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SHOP = Path(__file__).resolve().parent / "shop"
PLANT = f"""
[plant]
name = "Events"
base = "https://events.example/"
[[source]]
name = "mes"
mapping = "{SHOP}"
path = "."
"""
START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 12, 1, tzinfo=UTC)
MACHINES = 40
KINDS = ("start", "count", "state", "count", "end")
"""What is told of one lot, one after the other."""
SINGLE = 400
"""Events that are folded one by one; the first half warms up."""
STATES = ("idle", "production", "down")
_DESCRIPTION = """\
Fold a history of events, then single events one after the other, each in a batch
of its own; print the CPU time of one event at each size. With --any-order the
largest history is also told three times, shuffled, in batches, and the graph
compared with that of the orderly one.
"""


def history(lots: int, first: int = 0) -> Iterator[Record]:
    """Give the events of lots: each runs on one machine, one after the other."""
    for lot in range(first, first + lots):
        for step, kind in enumerate(KINDS):
            moment = START + timedelta(minutes=lot // MACHINES * 10 + step * 2, seconds=lot % 60)
            yield event(f"E{lot}-{step}", kind, lot, moment)


def event(key: str, kind: str, lot: int, moment: datetime) -> Record:
    """Make one event's record."""
    at = format_time(moment)
    row: dict[str, str | int | None] = {"id": key, "ts": at, "machine": f"M{lot % MACHINES}"}
    if kind == "state":
        row |= {"type": kind, "state": STATES[lot % len(STATES)]}
    else:
        row |= {"type": kind, "job": f"J{lot}", "good": lot % 7 if kind == "count" else None}
    table = "state" if kind == "state" else "run"
    return Record("mes", table, key, row, key, effective=at, effective_by="event")


def machines() -> list[Record]:
    """Give the shop's machines."""
    named = [f"M{number}" for number in range(MACHINES)]
    return [Record("mes", "machine", name, {"id": name, "places": 1}, name) for name in named]


def fold(work: Pipeline, records: Sequence[Record], size: int) -> float:
    """Append and fold in batches of a size; gives the CPU seconds."""
    began = process_time()
    for start in range(0, len(records), size):
        work.journal.append(records[start : start + size], NOW)
        work.apply(NOW)
    return process_time() - began


def measure_single(work: Pipeline, lots: int) -> list[float]:
    """Give the CPU seconds of single events after a history, sorted; the first warm it up."""
    fresh = list(history(SINGLE // len(KINDS), lots))
    for record in fresh[: SINGLE // 2]:
        fold(work, [record], 1)
    return sorted(fold(work, [record], 1) for record in fresh[SINGLE // 2 :])


def dataset(work: Pipeline) -> list[str]:
    """Give all that an embedded graph says but how far it has come."""
    return [line for line in work.store.dump() if "/graph/offset>" not in line]  # type: ignore[attr-defined]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.events", description=_DESCRIPTION)
    parser.add_argument("--events", type=int, nargs="+", default=[5_000, 50_000])
    parser.add_argument("--any-order", action="store_true")
    options = parser.parse_args(arguments)
    print("| events before | quads | fold all, CPU s | one event p50, CPU ms | p99 |")
    print("|---|---|---|---|---|")
    for count in sorted(options.events):
        with tempfile.TemporaryDirectory() as folder, opened(Path(folder)) as work:
            lots = count // len(KINDS)
            whole = fold(work, [*machines(), *history(lots)], count + MACHINES)
            quads = len(work.store)  # type: ignore[arg-type]
            took = [1_000 * seconds for seconds in measure_single(work, lots)]
            p50, p99 = took[len(took) // 2], took[int(len(took) * 0.99)]
            print(f"| {count:,} | {quads:,} | {whole:.1f} | {p50:.1f} | {p99:.1f} |", flush=True)
    return any_order(max(options.events)) if options.any_order else 0


def any_order(count: int) -> int:
    """Tell a history three times, shuffled; 1 where the graph is not that of the orderly one."""
    records = [*machines(), *history(count // len(KINDS))]
    told = records * 3
    random.Random(1).shuffle(told)
    with (
        tempfile.TemporaryDirectory() as one,
        tempfile.TemporaryDirectory() as other,
        opened(Path(one)) as orderly,
        opened(Path(other)) as messy,
    ):
        fold(orderly, records, len(records))
        began = perf_counter()
        cpu = fold(messy, told, 5_000)
        is_same = dataset(orderly) == dataset(messy)
    took = perf_counter() - began
    print(f"{len(told):,} deliveries in any order: {took:.0f} s, {cpu:.0f} s of CPU, ", end="")
    print("the same graph" if is_same else "ANOTHER GRAPH")
    return 0 if is_same else 1


def opened(folder: Path) -> Pipeline:
    """Open an empty plant."""
    (folder / "plant.toml").write_text(PLANT, encoding="utf-8")
    return Pipeline.open(load_plant(folder))


if __name__ == "__main__":
    sys.exit(main())
