"""Tell what was measured of the live path as one Markdown page whose tables fit 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.results import wrapped, write_page, write_table
from bench.stages import growth

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from bench.live.latency import Latencies
    from bench.live.size import EventCost
    from bench.live.state import State

GOAL_P99_MS = 250.0
GOAL_RATE = 1_000
MOST_RATIO = 1.3

_INTRODUCTION = """\
A plant of {jobs:,} jobs is loaded and served by traveler serve with its defaults, in a process of
its own; its machines publish states and runs at a real Mosquitto, with QoS 1. A generator in
another process publishes each event at its planned time, whether earlier ones wait or not, and
every latency counts from that time, so that what an event waits for is in it. 20 of the events of
each second are probes: states of a machine of which nothing else is said."""

_LATENCY_NOTE = """\
"Durable" is when another process reads the event in the journal's file, which SQLite shows once it
is synced to the disk; "visible" is when an answer of GET /v1/context for the probe's machine, asked
again and again in one connection that stays open, has it. Both are of the same probes. An event may
have been there since the last look before: looks at the journal are {looks:.1f} ms apart and
answers {asks:.1f} ms (half of all; 99 of 100: {looks99:.0f} and {asks99:.0f}), and the asking takes
its share of the machine, like everything that is measured."""

_RATES_NOTE = """\
"Achieved" are the events that became visible a second, from the first one's planned time until all
were. "Late" is by how much the generator itself was late at worst, in milliseconds, which is in all
the latencies. "Lost" were acknowledged by the broker and are not in the journal, "refused" are in
quarantine."""

_SIZE_NOTE = """\
One event is taken in and applied at a time: milliseconds from its append to the journal until it is
in the graph (p50: half of all), without broker and network; by stage these are halves of all as
well, and need not add up. Each size has a process of its own.
Growth is the exponent of the number of jobs that fits best: 0 is no growth at all, 1 is linear."""

_LARGER_NOTE = """\
What was asked is p50 at 1,000,000 jobs of at most {most} times p50 at 10,000. A first load of a
million jobs takes longer, and more memory, than this benchmark may: {largest:,} jobs with
{smallest:,} is what was measured, so this is no verdict on what was asked."""


def tell_results(
    rates: Sequence[Latencies],
    jobs: int,
    state: State,
    sizes: Sequence[EventCost],
    machine: Mapping[str, str],
    command: str,
    day: date,
) -> str:
    """Write the page; ``rates`` and ``sizes`` are one entry each, the smallest first."""
    parts = [
        wrapped(_INTRODUCTION.format(jobs=jobs)),
        "## Milliseconds from publishing, by events a second",
        _latency_table(rates),
        wrapped(_resolution(rates)),
        _goal(rates),
        "## What was offered, and what became of it",
        _rates_table(rates),
        wrapped(_RATES_NOTE),
        wrapped(_state(state)),
        *_sizes(sizes),
    ]
    title = "The live path: from a machine to an answer"
    return write_page(title, command, parts, machine, day)


def percentile(values: Sequence[float], share: float) -> float:
    """Give the value that so large a share of all does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def _latency_table(rates: Sequence[Latencies]) -> str:
    rows = [["events/s", "probes", "", "p50", "p99", "maximum"]]
    for one in rates:
        for name, values in (("durable", one.durable), ("visible", one.visible)):
            figures = (percentile(values, share) for share in (0.5, 0.99, 1.0))
            told = [f"{figure:,.1f}" for figure in figures]
            head = [f"{one.rate:,}", f"{len(values):,}"] if name == "durable" else ["", ""]
            rows.append([*head, name, *told])
    return write_table(rows, texts={2})


def _resolution(rates: Sequence[Latencies]) -> str:
    looks = [gap for one in rates for gap in one.looks]
    asks = [gap for one in rates for gap in one.asks]
    return _LATENCY_NOTE.format(
        looks=percentile(looks, 0.5),
        asks=percentile(asks, 0.5),
        looks99=percentile(looks, 0.99),
        asks99=percentile(asks, 0.99),
    )


def _goal(rates: Sequence[Latencies]) -> str:
    for one in rates:
        if one.rate == GOAL_RATE:
            found = percentile(one.visible, 0.99)
            verdict = "met" if found <= GOAL_P99_MS else "missed"
            return wrapped(
                f"Goal: p99 of visible at most {GOAL_P99_MS:.0f} ms at {GOAL_RATE:,} events/s: "
                f"{verdict}, with {found:,.1f} ms."
            )
    return f"The goal is of {GOAL_RATE:,} events/s, which were not offered."


def _rates_table(rates: Sequence[Latencies]) -> str:
    rows = [["offered/s", "achieved/s", "events", "seconds", "late", "lost", "refused"]]
    for one in rates:
        numbers = [f"{one.rate:,}", f"{one.achieved:,.0f}", f"{one.events:,}"]
        numbers += [f"{one.seconds:.1f}", f"{one.generator_late_ms:.0f}"]
        rows.append([*numbers, f"{one.lost:,}", f"{one.refused:,}"])
    return write_table(rows, texts=())


def _state(state: State) -> str:
    if state.differing:
        return (
            f"At the end the graph and one folded anew from the journal differ: {state.differing:,}"
            f" of {state.quads:,} quads."
        )
    return (
        f"At the end the graph is, quad by quad, the one that is folded anew from the journal: "
        f"{state.quads:,} quads, 0 differ."
    )


def _sizes(sizes: Sequence[EventCost]) -> list[str]:
    if not sizes:
        return []
    stages = list(sizes[-1].stages)
    labels = ["quads", "p50", "p95", "CPU, p50", *(f"p50 {stage}" for stage in stages)]
    columns = [
        [
            f"{one.quads:,}",
            *(f"{value:.2f}" for value in (one.p50_ms, one.p95_ms, one.cpu_ms)),
            *(f"{one.stages[stage]:.2f}" for stage in stages),
        ]
        for one in sizes
    ]
    rows = [["", *(f"{one.jobs:,} jobs" for one in sizes)]]
    rows += [[label, *(column[at] for column in columns)] for at, label in enumerate(labels)]
    title = "## Milliseconds of one event, by the size of the graph"
    return [title, write_table(rows), wrapped(_SIZE_NOTE), *_ratio(sizes)]


def _ratio(sizes: Sequence[EventCost]) -> list[str]:
    if len(sizes) < 2:
        return []
    smallest, largest = sizes[0], sizes[-1]
    jobs = [one.jobs for one in sizes]
    rows = [["", "by the clock", "by CPU"]]
    clock, cpu = [one.p50_ms for one in sizes], [one.cpu_ms for one in sizes]
    rows.append(["growth", *(f"{growth(jobs, series) or 0.0:.2f}" for series in (clock, cpu))])
    ratios = [series[-1] / series[0] for series in (clock, cpu)]
    rows.append(
        [f"{largest.jobs:,} / {smallest.jobs:,} jobs", *(f"{ratio:.2f}" for ratio in ratios)]
    )
    note = _LARGER_NOTE.format(most=MOST_RATIO, largest=largest.jobs, smallest=smallest.jobs)
    return [write_table(rows), wrapped(note)]
