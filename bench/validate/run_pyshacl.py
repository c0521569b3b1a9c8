"""Validate N-Triples with pySHACL and print what it took as JSON: DATA SHAPES."""

from __future__ import annotations

import json
import sys
from time import perf_counter, process_time

import pyshacl
from rdflib import SH, Graph


def main() -> None:
    data, shapes = sys.argv[1:]
    start = perf_counter()
    graph = Graph().parse(data, format="nt")
    loaded, cpu = perf_counter(), process_time()
    _, report, _ = pyshacl.validate(graph, shacl_graph=shapes, advanced=False)
    took = perf_counter() - loaded
    told = {
        "load_seconds": loaded - start,
        "validate_seconds": took,
        "validate_cpu_seconds": process_time() - cpu,
        "results": sum(1 for _ in report.objects(None, SH.result)),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
