"""What the tests of described routes tell their tool: media types it lacks, and real ids."""

from __future__ import annotations

import random
from typing import Any

import schemathesis

REAL = {
    "kind": ("machine", "job", "run"),
    "entity": ("M01", "1001", "machine/M02", "M%2003"),
    "fact": ("machine/M01~activity~00000000", "job/1001~machine~12345678"),
    "name": ("what-runs-on-a-machine", "jobs-that-lack-a-link"),
    "source": ("shop",),
    "table": ("machine", "job"),
    "number": (1,),
    "q": ("M01", "1001", "Machine 3"),
    "query": ("SELECT * { ?s ?p ?o } LIMIT 3", "ASK {}", "DESCRIBE <job/1001>"),
    "min_seq": (0, 1),
    "at": ("now", "latest", "2026-11-23T12:00:00Z"),
    "believed_at": ("", "2026-11-23T12:00:00Z"),
}
SHARE = 0.5
"""Of all values, how many are real: the others are what the tool makes up."""
SHARES = {"min_seq": 0.95}
"""Of some more: a record that is not there yet is waited for, two seconds each time."""
SHORTEST_SECONDS = 10


@schemathesis.serializer("application/sparql-query", "application/x-ndjson")
def write_text(_context: Any, value: Any) -> bytes:
    """Send text as it is, and anything else as the tool writes it."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


@schemathesis.hook
def map_path_parameters(_context: Any, path_parameters: dict[str, Any] | None) -> Any:
    """Name what there is, about every second time."""
    return _with_real(path_parameters)


@schemathesis.hook
def map_query(_context: Any, query: dict[str, Any] | None) -> Any:
    """Ask for what there is, about every second time."""
    return _with_real(query)


@schemathesis.hook
def map_body(_context: Any, body: Any) -> Any:
    """Send what there is in forms too."""
    return _with_real(body)


def _share(name: str) -> float:
    return SHARES.get(name, SHARE) if name in REAL else 0.0


def _with_real(given: dict[str, Any] | None) -> dict[str, Any] | None:
    if not isinstance(given, dict):
        return given
    draw = random.Random(repr(sorted(given.items(), key=repr)))
    made = {
        name: draw.choice(REAL[name]) if draw.random() < _share(name) else value
        for name, value in given.items()
    }
    seconds = made.get("timeout")
    # A time that no query has is answered by a 504, as it should be: nothing else is told by it.
    is_none = isinstance(seconds, float | int) and 0 < seconds < SHORTEST_SECONDS
    return {**made, "timeout": SHORTEST_SECONDS} if is_none else made
