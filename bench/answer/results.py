"""Tell what was measured of answers as one Markdown page whose tables fit 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.answer.measure import EVENTS_A_SECOND, LOADERS
from bench.live.results import percentile
from bench.results import verdict, wrapped, write_page, write_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from bench.answer.measure import Asked, Measured

GOAL_RATIO = 2.0
GOAL_MISS_MS = 5.0
_MIB = 2**20
_INTRODUCTION = f"""\
A plant is loaded and served by traveler serve with its defaults, in a process of its own. Clients
ask for the context of its machines and open jobs, each as likely as any other: every fact with its
source, age and state, and what is missing. Meanwhile its machines publish {EVENTS_A_SECOND} events
a second at a real Mosquitto. Then oxigraph serve, with the same present in its store and nobody
writing, answers the bare query for the same things: links only. The same program asks both, in
{LOADERS} processes, over connections that stay open, each client again once it has its answer."""
_KEPT = """\
"Kept" is the share of answers that were in memory and still stood; no answer is a 304. "kB" is the
length of an answer. "Once" is each question for the first time, by one client, while nobody writes:
none of them is in memory."""


def tell_results(
    measured: Sequence[Measured], machine: Mapping[str, str], command: str, day: date
) -> str:
    """Write the page; ``measured`` is one entry a size, the smallest first."""
    parts = [wrapped(_INTRODUCTION), wrapped(_KEPT)]
    for one in measured:
        parts += [
            f"## {one.jobs:,} jobs, {one.facts:,} facts, {one.questions:,} questions",
            _table(one),
            *_goals(one),
            f"The server holds {one.resident_bytes / _MIB:,.0f} MiB at the end.",
        ]
        if one.absent:
            parts.append(f"oxigraph serve was not measured: {one.absent}.")
    return write_page("Answers a second", command, parts, machine, day)


def _table(one: Measured) -> str:
    rows = [["", "clients", "answers/s", "p50 ms", "p99 ms", "kB", "kept %", "wrong"]]
    rows.append(_row(one.first, "once"))
    rows += [_row(asked, asked.name) for asked in one.rounds]
    return write_table(rows)


def _row(asked: Asked, name: str) -> list[str]:
    count = asked.hits + asked.misses
    kept = f"{100 * asked.hits / count:.1f}" if count else ""
    figures = [f"{percentile(asked.ms, share):,.2f}" for share in (0.5, 0.99)]
    size = f"{asked.bytes / max(1, len(asked.ms)) / 1_000:,.1f}"
    return [name, str(asked.clients), f"{asked.rate:,.0f}", *figures, size, kept, str(asked.wrong)]


def _goals(one: Measured) -> list[str]:
    told = []
    peers = {asked.clients: asked for asked in one.rounds if asked.name == "oxigraph"}
    for asked in one.rounds:
        peer = peers.get(asked.clients)
        if asked.name != "traveler" or peer is None:
            continue
        ratio = asked.rate / peer.rate
        is_first = percentile(asked.ms, 0.99) <= percentile(peer.ms, 0.99)
        told.append(
            wrapped(
                f"With {asked.clients} clients {ratio:.2f} times the answers of oxigraph serve a"
                f" second (asked was {GOAL_RATIO:g}: {verdict(ratio >= GOAL_RATIO)}), with a p99 of"
                f" at most its own: {verdict(is_first)}."
            )
        )
    miss = percentile(one.first.ms, 0.5)
    told.append(
        wrapped(
            f"p50 of what is not in memory: {miss:.2f} ms, of {GOAL_MISS_MS:g}:"
            f" {verdict(miss <= GOAL_MISS_MS)}."
        )
    )
    return told
