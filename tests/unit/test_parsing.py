from __future__ import annotations

import subprocess
import sys

FIRST_AT_ONCE = """
import sys, threading
from kg.parsing import parse_query

QUERY = "SELECT DISTINCT ?a WHERE { ?a <x:p>+ ?b FILTER (?b > 1 && NOT EXISTS { ?a ?c ?b }) }"
sys.setswitchinterval(1e-6)
barrier = threading.Barrier(8)
failed = []

def parse():
    barrier.wait()
    for _ in range(3):
        try:
            parse_query(QUERY)
        except Exception as error:
            failed.append(error)

threads = [threading.Thread(target=parse) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
sys.exit(f"{len(failed)} failed: {failed[:1]}" if failed else 0)
"""


def test_many_threads_that_parse_for_the_first_time_at_once_all_can() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", FIRST_AT_ONCE], capture_output=True, text=True, timeout=120
    )
    assert (ran.returncode, ran.stderr) == (0, "")
