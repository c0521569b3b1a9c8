"""Tell what was measured of the board as one Markdown page whose tables fit 80 columns."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from bench.board.browser import MEGABYTE
from bench.live.results import percentile
from bench.results import verdict, wrapped, write_page, write_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from bench.board.browser import FirstLoad, Sample, Watched

LEAST_FRAMES = 50
MOST_FILE_BYTES = 300_000
MOST_INTERACTIVE_MS = 1_500.0
MOST_GROWTH = 0.02
"""Of memory, from the first third of the time to the last: less is what two samples differ by."""
_ROWS = 13

_INTRODUCTION = """\
A plant of {machines:,} machines, each with a run, is served by traveler serve with its defaults;
they publish {rate:,} events a second at a real Mosquitto: starts, counts and ends of runs, and
states. A real browser without a window looks at the board at 1920 × 1080, on the same machine as
server, broker and generator, and draws by software alone. A screen shows {shown:,} machines at
once."""

_FRAMES_NOTE = """\
Frames are those that the page could draw in each whole second, counted by the page itself. The
longest time without one has the garbage collections in it that were forced to measure memory."""

_MEMORY_NOTE = """\
Memory is the heap of the page's scripts after a forced garbage collection. Growth compares the
half of all samples of the last third of the time with that of the first third."""

_FIRST_NOTE = """\
Each load has an empty cache, while the machines publish. "Can be used" is when every machine is
there, that was drawn, and the page hears what is pressed again. Files are the page's own, as they
were sent; answers are what it asked of the API until then."""


@dataclass(frozen=True, slots=True)
class Board:
    """What was measured; ``wrong`` of ``shown`` machines were not as the server tells, ``lost``
    events were acknowledged by the broker and not taken in.
    """

    machines: int
    rate: int
    loads: Sequence[FirstLoad]
    watched: Watched
    shown: int
    wrong: int
    lost: int


def is_well(board: Board) -> bool:
    """Tell whether what was measured is a board that works: its speed is worth nothing else."""
    return board.shown > 0 and board.wrong == 0 and board.lost == 0


def tell_results(board: Board, machine: Mapping[str, str], command: str, day: date) -> str:
    """Write the page."""
    shown = _INTRODUCTION.format(machines=board.machines, rate=board.rate, shown=board.shown)
    parts = [
        wrapped(shown),
        wrapped(_checked(board)),
        "## What was asked for",
        _goals(board),
        "## Frames",
        _frames(board.watched),
        wrapped(_FRAMES_NOTE),
        "## Memory",
        _memory(board.watched.samples),
        wrapped(_MEMORY_NOTE),
        "## The first page",
        _loads(board.loads),
        wrapped(_FIRST_NOTE),
    ]
    return write_page("The board in a browser", command, parts, machine, day)


def _checked(board: Board) -> str:
    return (
        f"At the end {board.wrong} of the {board.shown} machines on the screen differ from what "
        f"the server tells, and {board.lost} events are lost."
    )


def growth_of(samples: Sequence[Sample]) -> float:
    """Give by what share memory grew from the first third of the time to the last."""
    third = max(1, len(samples) // 3)
    first, last = (median(one.heap_bytes for one in part) for part in _ends(samples, third))
    return last / first - 1


def _ends(samples: Sequence[Sample], third: int) -> tuple[Sequence[Sample], Sequence[Sample]]:
    return samples[:third], samples[-third:]


def _goals(board: Board) -> str:
    frames = median(board.watched.frames)
    growth = growth_of(board.watched.samples)
    seconds = board.watched.samples[-1].at_seconds
    files = max(one.file_bytes for one in board.loads)
    took = median(one.interactive_ms for one in board.loads)
    rows = [
        ["", "asked", "found", ""],
        [
            "frames/s, median",
            f">= {LEAST_FRAMES}",
            f"{frames:.0f}",
            verdict(frames >= LEAST_FRAMES),
        ],
        [
            f"growth of memory in {seconds:,.0f} s",
            f"none (<= {MOST_GROWTH:.0%})",
            f"{growth:+.1%}",
            verdict(growth <= MOST_GROWTH),
        ],
        [
            "first page, kB as sent",
            f"<= {MOST_FILE_BYTES / 1e3:.0f}",
            f"{files / 1e3:.0f}",
            verdict(files <= MOST_FILE_BYTES),
        ],
        [
            "until it can be used, ms",
            f"<= {MOST_INTERACTIVE_MS:,.0f}",
            f"{took:,.0f}",
            verdict(took <= MOST_INTERACTIVE_MS),
        ],
    ]
    return write_table(rows, texts={0, 3})


def _frames(watched: Watched) -> str:
    frames = [float(one) for one in watched.frames]
    seconds = len(frames)
    rows = [
        ["", ""],
        ["seconds looked at", f"{seconds:,}"],
        ["frames in half of all seconds, at least", f"{median(frames):.0f}"],
        ["in 95 of 100 seconds, at least", f"{percentile(frames, 0.05):.0f}"],
        ["in the slowest second", f"{min(frames):.0f}"],
        ["longest time without a frame, ms", f"{watched.longest_ms:,.0f}"],
        ["answers fetched a second", f"{watched.asked / seconds:.1f}"],
    ]
    return write_table(rows)


def _memory(samples: Sequence[Sample]) -> str:
    every = max(1, -(-len(samples) // _ROWS))
    told = [*samples[:-1:every], samples[-1]]
    rows = [["after, s", "heap, MB", "nodes", "listeners"]]
    for one in told:
        heap = f"{one.heap_bytes / MEGABYTE:.2f}"
        rows.append([f"{one.at_seconds:,.0f}", heap, f"{one.nodes:,}", f"{one.listeners:,}"])
    return write_table(rows, texts=())


def _loads(loads: Sequence[FirstLoad]) -> str:
    rows = [["can be used after, ms", "files, kB", "answers, kB"]]
    for one in loads:
        kilobytes = (f"{size / 1e3:.1f}" for size in (one.file_bytes, one.answer_bytes))
        rows.append([f"{one.interactive_ms:,.0f}", *kilobytes])
    return write_table(rows, texts=())
