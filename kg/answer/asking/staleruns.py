"""Stale runs: "running" states with a start, no end, and no sign of life since."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from kg import vocab
from kg.answer.lookup import look_up
from kg.answer.planning.planner import hours_of, number_text, read_moment
from kg.merge import NOW
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from kg.answer.answers import Answers
    from kg.answer.asking.answerers import Row
    from kg.answer.asking.given import Given
    from kg.records import Term
    from kg.store import Store

HOURS = Decimal(8)
"""After so many hours of silence a running state is in doubt: a shift."""
_STANDS = {vocab.code("activity", name) for name in ("idle", "down", "maintenance", "off")}


def stale_runs(answers: Answers, given: Given, now: datetime) -> list[Row]:
    """Answer which open runs are in doubt; ``hours`` is how long silence is nothing."""
    asked = given.number("hours")
    hours = Fraction(HOURS if asked is None else asked)
    found = answers.store.select(given.query(now))
    signals = _signals(answers.store, found)
    rows = []
    for row in found:
        heard = signals.get(row["run"])
        why = _stands(row) or _is_silent(heard, hours, now)
        if why:
            told = answers.shortened(row) | {"why": why}
            if heard is not None:
                told["last_signal"] = format_time(heard)
                told["silent_hours"] = number_text(hours_of(max(now, heard) - heard), 1)
            rows.append(told)
    return rows


def _stands(row: Mapping[str, Term]) -> str:
    """Say that the machine itself reports that it stands, since the run began."""
    began, since = read_moment(row.get("since")), read_moment(row.get("activity_since"))
    if row.get("activity") not in _STANDS or began is None or since is None or since < began:
        return ""
    return "the machine reports that it stands"


def _is_silent(heard: datetime | None, hours: Fraction, now: datetime) -> str:
    if heard is None:
        return "nothing was ever heard of it with a time"
    silent = hours_of(now - heard)
    return f"no signal for more than {number_text(hours)} h" if silent > hours else ""


def _signals(store: Store, rows: Iterable[Mapping[str, Term]]) -> dict[Term, datetime]:
    """Give when each run was last heard of: the newest record of it, or of its machine's activity.

    What stands in no record with a time (a start that only a state tells) counts by itself.
    """
    listed = list(rows)
    graphs: dict[Term, set[Term]] = defaultdict(set)
    for row in look_up(store, (r["run"] for r in listed), "GRAPH ?graph { ?entity ?p ?o }"):
        graphs[row["entity"]].add(_record(row["graph"]))
    said = f"GRAPH ?graph {{ ?entity {vocab.ACTIVITY} ?o }}"
    for row in look_up(store, (r["machine"] for r in listed), said):
        graphs[row["entity"]].add(_record(row["graph"]))
    times: dict[Term, datetime] = {}
    every = set().union(*graphs.values()) if graphs else set()
    pattern = f"GRAPH ?records {{ ?entity {vocab.EFFECTIVE_AT} ?at }}"
    for said_at in look_up(store, every, pattern):
        moment = read_moment(said_at["at"])
        if moment is not None:
            times[said_at["entity"]] = moment
    found: dict[Term, datetime] = {}
    for run in listed:
        told = [times[g] for name in ("run", "machine") for g in graphs[run[name]] if g in times]
        told += [m for name in ("since", "activity_since") if (m := read_moment(run.get(name)))]
        if told:
            found[run["run"]] = max(told)
    return found


def _record(graph: Term) -> Term:
    return graph.replace(f"{NOW}>", ">")
