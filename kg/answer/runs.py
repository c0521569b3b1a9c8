"""Runs: which are open and which are over, in their order, of few things and fast."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kg import vocab
from kg.reason.ways import solve

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from kg.records import Fact, Term
    from kg.store import Store

RUN = "?run"
MAX_LISTED = 50
_MOMENT = re.compile(rf'"(\d{{4}}-\d\d-\d\dT[\d:.]+)Z"\^\^<{vocab.XSD}dateTime>')


def open_runs(store: Store, ways: Sequence[tuple[Fact, ...]]) -> list[Term]:
    """Give the runs that hold a machine now and that one of some ways leads to, the oldest first.

    A way is patterns over ``?run``.
    """
    found = _looked_up(store, ways, is_open=True)
    if found is not None:
        return found
    return _asked(
        store, f"{_text(ways)} ?run {vocab.RUNNING_ON} ?now .", "?since ?run", "DISTINCT "
    )


def past_runs(store: Store, ways: Sequence[tuple[Fact, ...]]) -> tuple[list[Term], int]:
    """Give the runs that hold no machine any more, the newest first; of many the first 50.

    The number is how many others there are.
    """
    found = _looked_up(store, ways, is_open=False)
    if found is None:
        over = f"FILTER NOT EXISTS {{ ?run {vocab.RUNNING_ON} ?now }}"
        found = _asked(store, f"{_text(ways)} {over}", "DESC(?since) ?run", "")
    return found[:MAX_LISTED], max(0, len(found) - MAX_LISTED)


def _asked(store: Store, pattern: str, order: str, distinct: str) -> list[Term]:
    rows = store.select(
        f"SELECT {distinct}?run WHERE {{ {pattern} "
        f"OPTIONAL {{ ?run {vocab.STARTED_AT} ?since }} }} ORDER BY {order}"
    )
    return [row["run"] for row in rows]


def _text(ways: Sequence[tuple[Fact, ...]]) -> str:
    groups = (" ".join(f"{s} {p} {o} ." for s, p, o in way) for way in ways)
    return " UNION ".join(f"{{ {group} }}" for group in groups)


def _looked_up(
    store: Store, ways: Sequence[tuple[Fact, ...]], *, is_open: bool
) -> list[Term] | None:
    """Give them without a query; None where only SPARQL tells their order, or looks are no less.

    Times in UTC stand in the order of their letters.
    """
    if getattr(store, "present", None) is None:
        return None
    looking: Any = store
    runs = {found[RUN] for way in ways for found in solve(way, {}, looking)}
    since: dict[Term, str] = {}
    for run in runs:
        if bool(store.objects(run, vocab.RUNNING_ON)) is not is_open:
            continue
        starts = store.objects(run, vocab.STARTED_AT)
        told = _MOMENT.fullmatch(starts[0]) if len(starts) == 1 else None
        if starts and told is None:
            return None
        since[run] = told[1] if told else ""
    ordered = sorted(since, key=lambda run: run[1:-1])
    return sorted(ordered, key=since.__getitem__, reverse=not is_open)
