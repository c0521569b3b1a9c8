"""Derive from N-Triples with reasonable and print what it took as JSON: DATA ONTOLOGY.

It runs in an environment of its own, without any of Traveler's code.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time

import reasonable
from closure import sum_up, tell  # type: ignore[import-not-found]
from rdflib import URIRef


def main() -> None:
    data, ontology = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        # It tells the form of a file by its name, and N-Triples are Turtle as well.
        turtle = Path(folder) / "plant.ttl"
        shutil.copy(data, turtle)
        start = perf_counter()
        reasoner = reasonable.PyReasoner()
        reasoner.load_file(ontology)
        reasoner.load_file(str(turtle))
    loaded, cpu = perf_counter(), process_time()
    closed = reasoner.reason()
    took, cpu = perf_counter() - loaded, process_time() - cpu
    found = sum_up((str(s), str(p), str(o)) for s, p, o in closed if isinstance(o, URIRef))
    tell(loaded - start, took, cpu, found)


if __name__ == "__main__":
    main()
