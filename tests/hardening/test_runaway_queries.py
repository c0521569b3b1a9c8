"""Queries that never end take the context of a machine away from nobody."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

import httpx

from tests.counts import HARDENING
from tests.hardening.conftest import MACHINES, Attacked

ENDLESS = (
    "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?x ?o }",
    "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l } ORDER BY ?c ?f",
    "SELECT * { ?a (<x:p>|!<x:q>)* ?b . ?b (!<x:q>)+ ?c . ?c (<x:p>|!<x:q>)* ?d } ORDER BY ?d",
)
SORTED = 1
"""Which of them holds all that it finds, to sort it."""
SORTED_CRASHED = "query-crashed while sorting"
SECONDS = 2.0
RUNAWAYS = 50


def test_contexts_are_answered_beside_queries_that_never_end(
    attacked: Attacked, tell: Callable[[str], None]
) -> None:
    seconds = HARDENING.times("seconds", few=3, full=30)
    _contexts(attacked, 1)  # the first answers are of a process that has just begun
    idle = _contexts(attacked, min(seconds, 5))
    is_over = threading.Event()
    outcomes: list[tuple[str, float]] = []
    threads = [
        threading.Thread(target=_run_away, args=(attacked, number, is_over, outcomes))
        for number in range(RUNAWAYS)
    ]
    for thread in threads:
        thread.start()
    try:
        beside = _contexts(attacked, seconds)
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    counted = Counter(name for name, _ in outcomes)
    late = max((took for name, took in outcomes if name == "query-timeout"), default=0.0)
    tell(
        f"runaway queries: {RUNAWAYS} clients for {seconds} s, {dict(counted)}; slowest timeout "
        f"after {late:.2f} s of {SECONDS:g}; contexts p99 {_p99(idle):.0f} ms idle, "
        f"{_p99(beside):.0f} ms beside them ({len(beside)} asked)"
    )
    # Those for whom there is no place in the queue are told so at once; what sorts without end
    # comes to the end of its time or of its memory, whichever is first.
    assert set(counted) <= {"query-timeout", "busy", SORTED_CRASHED}
    assert counted["query-timeout"] >= 2
    assert attacked.is_alive()


def _run_away(
    attacked: Attacked, number: int, is_over: threading.Event, outcomes: list[tuple[str, float]]
) -> None:
    with attacked.client() as client:
        while not is_over.is_set():
            began = time.monotonic()
            asked = {"query": ENDLESS[number % len(ENDLESS)], "timeout": SECONDS}
            answer = client.get("/sparql", params=asked)
            took = time.monotonic() - began
            code = answer.json()["code"]
            is_sorted = asked["query"] == ENDLESS[SORTED]
            name = SORTED_CRASHED if is_sorted and code == "query-crashed" else code
            outcomes.append((name, took))
            if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
                is_over.wait(1.0)  # as Retry-After says


def _contexts(attacked: Attacked, seconds: float) -> list[float]:
    """Ask for machines one after the other; gives how many milliseconds each answer took."""
    took: list[float] = []
    end = time.monotonic() + seconds
    with attacked.client() as client:
        while time.monotonic() < end:
            began = time.monotonic()
            answer = client.get(f"/v1/context/machine/M{len(took) % MACHINES:02}")
            assert answer.status_code == httpx.codes.OK, answer.text
            took.append(1_000 * (time.monotonic() - began))
    return took


def _p99(took: list[float]) -> float:
    return sorted(took)[int(len(took) * 0.99)]
