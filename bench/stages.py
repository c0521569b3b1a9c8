"""The stages of a first load, what is measured of them, and how their cost grows."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

STAGES = {
    "open": "compile ontology, shapes and mappings",
    "journal": "read the CSV files, keep each row safe",
    "other": "read the journal back, settle identities",
    "lift": "rows to facts, by the mapping",
    "merge": "one present, and each record's own graph",
    "derive": "what follows by ontology and rules",
    "store": "write the graph to disk, swap it in",
    "validate": "find what the shapes say is missing",
}
_SHORTEST_SECONDS = 1e-6


@dataclass(slots=True)
class Measured:
    """One plant: its size, and by stage its seconds, processor seconds and peak memory so far."""

    jobs: int
    records: int
    facts: int
    derived: int
    quads: int
    gaps: int
    journal_bytes: int = 0
    store_bytes: int = 0
    again_seconds: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)
    cpu_seconds: dict[str, float] = field(default_factory=dict)
    peak_bytes: dict[str, int] = field(default_factory=dict)


def growth(sizes: Sequence[int], seconds: Sequence[float]) -> float | None:
    """Fit ``seconds = a * size ** growth`` by least squares on the logarithms.

    1 is linear, 2 quadratic, 0 constant. None for less than two sizes.
    """
    xs = [log(size) for size in sizes]
    ys = [log(max(value, _SHORTEST_SECONDS)) for value in seconds]
    if len(set(xs)) < 2:
        return None
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    covariance = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    return covariance / sum((x - mean_x) ** 2 for x in xs)
