"""Derive from N-Triples with Traveler and print what it took as JSON: DATA ONTOLOGY [BATCHES]."""

from __future__ import annotations

import sys
from itertools import chain
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING

from bench.reason.batches import measure_batches
from bench.reason.closure import PLANT, sum_up, tell
from kg.reason import Reasoner
from kg.reason.rules import compile_rules
from kg.settings import Plant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.records import Fact


def _facts(data: str) -> Iterator[Fact]:
    with Path(data).open(encoding="utf-8") as lines:
        for line in lines:
            s, p, o = line.rstrip()[:-2].split(" ", 2)
            yield s, p, o


def main() -> None:
    data, ontology = sys.argv[1:3]
    start, cpu = perf_counter(), process_time()
    rules = compile_rules(Path(ontology).parent)
    compiled, cpu_compiled = perf_counter() - start, process_time() - cpu
    start = perf_counter()
    facts = set(_facts(data))
    reasoner = Reasoner(Plant(name="Plant", base=PLANT, horizon_days=None), rules)
    reasoner.start(facts)
    loaded, cpu = perf_counter(), process_time()
    reasoner.derive()
    took, cpu_took = perf_counter() - loaded, process_time() - cpu
    iris = (
        (s[1:-1], p[1:-1], o[1:-1]) for s, p, o in chain(facts, reasoner.derived) if o[0] == "<"
    )
    found = sum_up(iris)
    more = {}
    if len(sys.argv) > 3:
        more["batches"] = measure_batches(reasoner, facts, int(sys.argv[3]))
    tell(loaded - start, compiled + took, cpu_compiled + cpu_took, found, **more)


if __name__ == "__main__":
    main()
