"""Derive from N-Triples with owlrl and print what it took as JSON: DATA ONTOLOGY."""

from __future__ import annotations

import sys
from time import perf_counter, process_time

import owlrl
from rdflib import Graph, URIRef

from bench.reason.closure import sum_up, tell


def main() -> None:
    data, ontology = sys.argv[1:]
    start = perf_counter()
    graph = Graph().parse(data, format="nt")
    graph.parse(ontology)
    loaded, cpu = perf_counter(), process_time()
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(graph)
    took, cpu = perf_counter() - loaded, process_time() - cpu
    found = sum_up((str(s), str(p), str(o)) for s, p, o in graph if isinstance(o, URIRef))
    tell(loaded - start, took, cpu, found)


if __name__ == "__main__":
    main()
