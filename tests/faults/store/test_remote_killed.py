"""Owners of a graph in a SPARQL server are killed, and the server itself."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from kg.errors import StoreError
from kg.store.remote_generations import RemoteGenerations
from tests.sparql_servers import SparqlServer, free_port, start_oxigraph

B = "https://killed.example/"
ROOT = Path(__file__).parents[3]
KILLS = 6

OPEN = """
import sys, itertools
from pathlib import Path
from kg.store import updates
from kg.store.endpoint import Endpoint
from kg.store.remote_generations import RemoteGenerations
updates.CHUNK_QUADS = 4
folder, endpoint, update, *account = sys.argv[1:]
place = Endpoint(endpoint, update, account=tuple(account) or None)
generations = RemoteGenerations(place, "https://killed.example/", Path(folder))
store = generations.current() or generations.write((), 0, "recipe")
"""
WRITE = f"""{OPEN}
store.recover()
def facts(n):
    return [(f"<https://killed.example/record/{{n}}>", "<x:says>", f'"{{i}}"', g) for i in range(5)
            for g in ("", f"<https://killed.example/record/{{n}}>")]
for seq in itertools.count(store.applied_seq() + 1):
    store.apply(facts(seq - 3) if seq > 3 else (), facts(seq), seq)
    print(seq, flush=True)
"""
REBUILD = f"""{OPEN}
quads = [(f"<https://killed.example/record/{{n}}>", "<x:says>", '"new"', g) for n in range(400)
         for g in ("", f"<https://killed.example/record/{{n}}>")]
print("begun", flush=True)
generations.write(quads, 9, "another")
"""


@pytest.fixture(params=["oxigraph", pytest.param("virtuoso", marks=pytest.mark.server)])
def server(request: pytest.FixtureRequest) -> SparqlServer:
    found: SparqlServer = request.getfixturevalue(f"{request.param}_server")
    found.wipe(B)
    return found


def run_and_kill(script: str, server: SparqlServer, folder: Path, lines: int, wait: float) -> str:
    """Kill a script with SIGKILL some time after it printed so many lines; give the last."""
    command = [sys.executable, "-c", script, str(folder), server.endpoint, server.update]
    with subprocess.Popen(
        [*command, *(server.account or ())],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdout is not None
        last = [process.stdout.readline() for _ in range(lines)][-1]
        time.sleep(wait)
        process.kill()
        rest = process.stdout.read().splitlines()
    return rest[-1] if rest else last.strip()


def generations_at(server: SparqlServer, folder: Path) -> RemoteGenerations:
    return RemoteGenerations(server.open(graph_store=""), B, folder)


def said_by(n: int) -> set[tuple[str, str, str]]:
    return {(f"<{B}record/{n}>", "<x:says>", f'"{i}"') for i in range(5)}


def test_killed_owners_lose_nothing_and_write_nothing_twice(
    server: SparqlServer, tmp_path: Path
) -> None:
    dice = random.Random(4)
    cut_off = 0
    for _ in range(KILLS):
        told = int(run_and_kill(WRITE, server, tmp_path, dice.randint(1, 5), dice.random() / 50))
        began = time.monotonic()
        with closing(generations_at(server, tmp_path)) as generations:
            store = generations.current()
            assert store is not None
            assert store.applied_seq() in (told, told + 1)
            before = store.applied_seq()
            store.recover()
            seq = store.applied_seq()
            assert time.monotonic() - began < 60
            cut_off += seq - before
            assert store.graph("") == set().union(*map(said_by, range(max(1, seq - 2), seq + 1)))
            for n in range(max(1, seq - 5), seq + 2):
                expected = said_by(n) if seq - 3 < n <= seq else set()
                assert store.graph(f"<{B}record/{n}>") == expected
    assert cut_off, "no kill came in the middle of a batch"


def test_a_killed_rebuild_leaves_the_old_graph_and_the_next_one_is_whole(
    server: SparqlServer, tmp_path: Path
) -> None:
    old = {(*fact, graph) for fact in said_by(7) for graph in ("", f"<{B}record/7>")}
    new = (f"<{B}record/7>", "<x:says>", '"new"')
    with closing(generations_at(server, tmp_path)) as generations:
        generations.current()
        generations.write(old, 8, "recipe")
    run_and_kill(REBUILD, server, tmp_path, 1, 0.05)
    with closing(generations_at(server, tmp_path)) as generations:
        store = generations.current()
        assert store is not None
        assert store.graph("") == said_by(7)
        assert all(f"<{B}record/7>" in store.holders(fact) for fact in said_by(7))
        assert not generations.made_by("another")
        fresh = generations.write([(*new, ""), (*new, f"<{B}record/7>")], 9, "another")
        assert fresh.graph("") == fresh.graph(f"<{B}record/7>") == {new}
        assert fresh.graph(f"<{B}record/8>") == set()
        assert generations.made_by("another")


def test_a_server_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    port = free_port()
    with start_oxigraph(tmp_path / "server", port) as server:
        generations = generations_at(server, tmp_path)
        generations.current()
        store = generations.write([(*fact, "") for fact in said_by(1)], 1, "recipe")
    with pytest.raises(StoreError) as caught:
        store.apply((), [(*fact, "") for fact in said_by(2)], 2)
    assert caught.value.code == "store-unreachable"
    with start_oxigraph(tmp_path / "server", port):
        store.recover()
        assert store.applied_seq() == 2
        assert store.graph("") == said_by(1) | said_by(2)
        store.close()
