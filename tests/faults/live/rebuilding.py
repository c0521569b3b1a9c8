"""Rebuild a plant's graph again and again while it is asked; say each time that it answered.

``python -m tests.faults.live.rebuilding FOLDER``: a line ``asked N M`` is an answer of N machines
during the rebuild numbered M; ``first`` says that the graph is there for the first time.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from kg.pipeline import Pipeline
from kg.settings import load_plant
from tests.faults.live.plant import START


def main() -> None:
    work = Pipeline.open(load_plant(Path(sys.argv[1])))
    number = 0

    def rebuild() -> None:
        nonlocal number
        while True:
            number += 1
            work.rebuild(START)

    print("opened", flush=True)
    work.apply(START)
    print("first", flush=True)
    threading.Thread(target=rebuild, daemon=True).start()
    while True:
        store = work.store
        rows = store.select("SELECT (COUNT(*) AS ?n) { ?m tr:activity ?a }")
        os.write(1, f"asked {rows[0]['n'].split(chr(34))[1]} {number}\n".encode())


if __name__ == "__main__":
    main()
