"""What of a closure is compared: links between the plant's things, and their types.

Engines add much about the standards' own terms, each another part of it. This module is read in
the peers' environments as well, and so needs nothing but Python.
"""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PLANT = "http://plant.example/"
_CHAINS = {f"{PLANT}def/{name}" for name in ("jobFor", "operationFor", "operationConsumes")}
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"


def sum_up(triples: Iterable[tuple[str, str, str]]) -> dict[str, int | str]:
    """Count triples of IRIs, and digest them whatever their order; each counts once.

    ``digest_without_chains`` leaves out what only a property chain gives.
    """
    mine = {
        (s, p, o)
        for s, p, o in triples
        if s.startswith(PLANT) and o.startswith(PLANT) and (p == TYPE or p.startswith(PLANT))
    }
    return {
        "links": len(mine),
        "digest": _digest(mine),
        "digest_without_chains": _digest(triple for triple in mine if triple[1] not in _CHAINS),
    }


def tell(
    load_seconds: float,
    reason_seconds: float,
    reason_cpu_seconds: float,
    found: Mapping[str, int | str],
    **more: object,
) -> None:
    """Print what a run took, and what it ``found`` summed up, as JSON."""
    took = {
        "load_seconds": load_seconds,
        "reason_seconds": reason_seconds,
        "reason_cpu_seconds": reason_cpu_seconds,
    }
    print(json.dumps({**took, **found, **more}))


def _digest(triples: Iterable[tuple[str, str, str]]) -> str:
    total = 0
    for triple in triples:
        total += int.from_bytes(blake2b(" ".join(triple).encode(), digest_size=8).digest(), "big")
    return f"{total % 2**64:016x}"
