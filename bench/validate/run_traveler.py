"""Validate N-Triples with Traveler and print what it took as JSON: DATA SHAPES."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import perf_counter, process_time

from rdflib import Graph

from kg.store import EmbeddedStore
from kg.validate.candidates import Candidates
from kg.validate.columns import Columns
from kg.validate.evaluate import Evaluator
from kg.validate.parse import read_shapes


def main() -> None:
    data, shapes = sys.argv[1:]
    start = perf_counter()
    store = EmbeddedStore.in_memory("http://plant.example/")
    with Path(data).open(encoding="utf-8") as lines:
        store.bulk_load(lines)
    loaded, cpu = perf_counter(), process_time()
    read = read_shapes(Graph().parse(shapes))
    candidates = Candidates(read, Columns(store), Evaluator(read, store))
    count = sum(1 for shape in read.targeted() for _ in candidates.results(shape))
    told = {
        "load_seconds": loaded - start,
        "validate_seconds": perf_counter() - loaded,
        "validate_cpu_seconds": process_time() - cpu,
        "results": count,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
