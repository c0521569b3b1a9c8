"""Fold batch after batch into a plant's graph, and end without closing it: a store as it lives.

``python -m tests.faults.live.living FOLDER BATCHES``
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from kg.pipeline import Pipeline
from kg.settings import load_plant
from kg.sources import Message
from tests.faults.live.plant import START, line_of, state


def main() -> None:
    folder, batches = Path(sys.argv[1]), int(sys.argv[2])
    work = Pipeline.open(load_plant(folder))
    number = work.journal.last_seq()
    for batch in range(batches):
        rows = [state(f"M{number % 9}", number := number + 1) for _ in range(20)]
        work.take("line", "state", [Message("t", line_of(row)) for row in rows], START)
        work.apply(START)
        if batch == batches // 2:
            work.store.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
