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
}
SHARE = 0.5
"""Of all values, how many are real: the others are what the tool makes up."""


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


def _with_real(given: dict[str, Any] | None) -> dict[str, Any] | None:
    if not isinstance(given, dict):
        return given
    draw = random.Random(repr(sorted(given.items(), key=repr)))
    return {
        name: draw.choice(REAL[name]) if name in REAL and draw.random() < SHARE else value
        for name, value in given.items()
    }
