"""Tell what was measured of answers as one Markdown page whose tables fit 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.answer.measure import EVENTS_A_SECOND, LOADERS, TRAVELER
from bench.answer.peers import PEERS
from bench.live.results import percentile
from bench.results import verdict, wrapped, write_page, write_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from bench.answer.measure import Asked, Measured

GOAL_RATIO = 2.0
GOAL_MISS_MS = 5.0
GOAL_GROWTH = 1.2
RIVAL = PEERS["oxigraph"].title
"""The peer that the goals are about."""
_MIB = 2**20
_INTRODUCTION = f"""\
A plant is loaded and served by traveler serve, in a process of its own, with its defaults and
[access]: each request brings a key, and is noted in the audit log. Clients ask for the context of
its machines and open jobs, each as likely as any other: every fact with its source, age and state,
and what is missing. Meanwhile its machines publish {EVENTS_A_SECOND} events a second at a real
Mosquitto. Then each peer, with the same present in its store and nobody writing, answers the bare
query for the same things: links only. The same program asks all of them, in {LOADERS} processes,
over connections that stay open, each client again once it has its answer."""
_KEPT = """\
"Kept" is the share of answers that were in memory and still stood, which their Cache-Status says;
no answer is a 304. "kB" is the length of an answer. "Once" is each question for the first time, by
one client, while nobody writes: none of them is in memory. Where it was cut short, what had not
been asked is not in memory either when the rounds begin."""


def tell_results(
    measured: Sequence[Measured], machine: Mapping[str, str], command: str, day: date
) -> str:
    """Write the page; ``measured`` is one entry a size, the smallest first."""
    parts = [wrapped(_INTRODUCTION), wrapped(_KEPT)]
    for one in measured:
        parts += [
            f"## {one.jobs:,} jobs, {one.facts:,} facts, {one.questions:,} questions",
            _table(one),
            _hits_table(one),
            *map(wrapped, _goals(one)),
            wrapped(_checked(one)),
            f"The server holds {one.resident_bytes / _MIB:,.0f} MiB at the end.",
            *(wrapped(f"{name} was not measured: {why}.") for name, why in one.absent.items()),
        ]
    parts += map(wrapped, _growth(measured))
    return write_page("Answers a second", command, parts, machine, day)


def _table(one: Measured) -> str:
    rows = [["", "clients", "answers/s", "p50 ms", "p99 ms", "kB", "kept %", "wrong"]]
    if one.once is not None:
        rows.append(_row(one.once, "once"))
    rows += [_row(asked, asked.name.removesuffix(" serve")) for asked in one.rounds]
    return write_table(rows)


def _row(asked: Asked, name: str) -> list[str]:
    clients = str(asked.clients or 1)
    kept = f"{100 * len(asked.hits) / len(asked.ms):.1f}" if asked.name == TRAVELER else ""
    figures = [f"{percentile(asked.ms, share):,.2f}" for share in (0.5, 0.99)]
    size = f"{asked.bytes / len(asked.ms) / 1_000:,.1f}"
    return [name, clients, f"{asked.rate:,.0f}", *figures, size, kept, str(asked.wrong)]


def _hits_table(one: Measured) -> str:
    """Tell what kept answers take, and those that were made anew, while both are asked for."""
    rows = [["clients", "", "answers", "p50 ms", "p99 ms"]]
    for asked in one.rounds:
        if asked.name != TRAVELER:
            continue
        for name, taken in (("kept", asked.hits), ("made anew", asked.others)):
            figures = [f"{percentile(taken, s):,.2f}" if taken else "" for s in (0.5, 0.99)]
            rows.append([str(asked.clients), name, f"{len(taken):,}", *figures])
    return write_table(rows, texts={1})


def _goals(one: Measured) -> list[str]:
    told = []
    peers = {asked.clients: asked for asked in one.rounds if asked.name == RIVAL}
    for asked in one.rounds:
        peer = peers.get(asked.clients)
        if asked.name != TRAVELER or peer is None:
            continue
        ratio = asked.rate / peer.rate
        p99 = percentile(peer.ms, 0.99)
        is_first = bool(asked.hits) and percentile(asked.hits, 0.99) <= p99
        told.append(
            f"With {asked.clients} clients {ratio:.2f} times the answers of {RIVAL} a second"
            f" (asked was {GOAL_RATIO:g}: {verdict(ratio >= GOAL_RATIO)}); p99 of kept ones at"
            f" most its own, {p99:,.2f} ms: {verdict(is_first)}."
        )
    if one.once is not None and one.once.others:
        miss = percentile(one.once.others, 0.5)
        told.append(
            f"p50 of what is not in memory, asked by one client: {miss:.2f} ms, of"
            f" {GOAL_MISS_MS:g}: {verdict(miss <= GOAL_MISS_MS)}."
        )
    return told


def _checked(one: Measured) -> str:
    wrong = {name: things for name, things in one.differing.items() if things}
    if not wrong:
        return (
            f"Of {one.checked:,} things the rows of the bare query were compared: every server"
            " gives the same ones, and each context tells all that they name."
        )
    named = "; ".join(f"{name}: {len(things)} ({things[0]})" for name, things in wrong.items())
    return f"Of {one.checked:,} things these differ from the rows of the bare query: {named}."


def _growth(measured: Sequence[Measured]) -> list[str]:
    """Compare what the smallest and the largest plant take, by one client that asks once."""
    asked = [(one.jobs, one.once) for one in measured if one.once is not None and one.once.others]
    if len(asked) < 2:
        return []
    (least, small), (most, large) = asked[0], asked[-1]
    ratio = percentile(large.others, 0.5) / percentile(small.others, 0.5)
    found = verdict(ratio <= GOAL_GROWTH)
    told = f"p50 at {most:,} jobs is {ratio:.2f} times p50 at {least:,}, of what is not in memory"
    return [f"{told} (asked was {GOAL_GROWTH:g} at 1,000,000: {found} at {most:,})."]
