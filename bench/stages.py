"""The stages of a first load, in their order, and how each one's cost grows."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

STAGES = {
    "open": "compile the ontology's rules, the shapes and the mappings",
    "journal": "read seven CSV files and write each row durably",
    "lift": "rows to facts, by the mapping",
    "merge": "facts to the present, each with its record",
    "derive": "what follows by the ontology and its rules",
    "store": "write the graph to disk and swap it in",
    "other": "read the journal back, resolve identities",
    "validate": "check the shapes and put the gaps on record",
}
_SHORTEST_SECONDS = 1e-6


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
