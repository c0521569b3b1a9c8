"""Validate N-Triples with pyrudof and print what it took as JSON: DATA SHAPES.

It runs in an environment of its own, without any of Traveler's code.
"""

from __future__ import annotations

import json
import sys
from time import perf_counter, process_time

import pyrudof


def main() -> None:
    data, shapes = sys.argv[1:]
    start = perf_counter()
    rudof = pyrudof.Rudof(pyrudof.RudofConfig())
    rudof.read_data(data, pyrudof.RDFFormat.NTriples)
    loaded, cpu = perf_counter(), process_time()
    rudof.read_shacl(shapes, pyrudof.ShaclFormat.Turtle)
    report = rudof.validate_shacl()
    took = perf_counter() - loaded
    told = {
        "load_seconds": loaded - start,
        "validate_seconds": took,
        "validate_cpu_seconds": process_time() - cpu,
        "results": len(report.violations),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
