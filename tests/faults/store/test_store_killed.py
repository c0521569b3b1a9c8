from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kg.store import EmbeddedStore
from kg.store.generations import begin, open_current, publish

B = "https://d.example/"
ROOT = Path(__file__).parents[3]

WRITE = """
import sys
from pathlib import Path
from kg.store.generations import open_current
store = open_current(Path(sys.argv[1]), "https://d.example/")
seq = store.applied_seq()
while True:
    seq += 1
    def facts(n): return [(f"<x:record/{n}>", "<x:says>", f'"{i}"', g)
                          for i in range(5) for g in ("", f"<x:record/{n}>")]
    store.apply(facts(seq - 3) if seq > 3 else (), facts(seq), seq)
    print(seq, flush=True)
"""

REBUILD = """
import sys
from pathlib import Path
from kg.store import EmbeddedStore
from kg.store.generations import begin
generation = begin(Path(sys.argv[1]))
store = EmbeddedStore.open(generation, "https://d.example/")
store.bulk_load(f"<x:s> <x:p> <x:o{n}> ." for n in range(1000))
print(generation.name, flush=True)
sys.stdin.read()
"""


def run_until(script: str, folder: Path, lines: int) -> str:
    """Run a script until it has printed so many lines, kill it with SIGKILL, give the last."""
    command = [sys.executable, "-c", script, str(folder)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=ROOT, text=True) as process:
        assert process.stdout is not None
        last = ""
        for _ in range(lines):
            last = process.stdout.readline()
        process.kill()
        rest = process.stdout.read().split("\n")
    return next((line for line in reversed(rest[:-1]) if line), last.strip())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    generation = begin(tmp_path)
    with EmbeddedStore.open(generation, B) as store:
        store.flush()
    publish(tmp_path, generation)
    return tmp_path


def test_a_killed_writer_leaves_whole_batches_and_their_offset(folder: Path) -> None:
    for lines in (40, 17, 3):
        told = int(run_until(WRITE, folder, lines))
        store = open_current(folder, B)
        assert store is not None
        with store:
            seq = store.applied_seq()
            assert seq in (told, told + 1)
            expected = {
                (f"<x:record/{n}>", "<x:says>", f'"{i}"')
                for n in range(max(1, seq - 2), seq + 1)
                for i in range(5)
            }
            assert store.graph("") == expected
            for n in range(1, seq + 2):
                held = {fact for fact in expected if fact[0] == f"<x:record/{n}>"}
                assert store.graph(f"<x:record/{n}>") == held


def test_a_killed_rebuild_leaves_the_current_graph_and_is_discarded(folder: Path) -> None:
    name = run_until(REBUILD, folder, 1)
    assert (folder / name).is_dir()
    store = open_current(folder, B)
    assert store is not None
    with store:
        assert store.dump() == []
    assert not (folder / name).exists()
