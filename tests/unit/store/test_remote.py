"""What a store in a SPARQL server does beyond what every store does: it is cut off, and shared."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from kg.errors import QueryTimeout, StoreError, StoreLocked
from kg.store import endpoint, ownership, updates
from kg.store.redo import REDO_FILE, Redo
from kg.store.remote_generations import RemoteGenerations
from tests.sparql_servers import Link, SparqlServer, free_port
from tests.unit.store.conftest import BASE as B
from tests.unit.store.conftest import SLOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kg.store import Quad
    from kg.store.remote import RemoteStore

TR = "https://w3id.org/traveler/ontology/"
MAKES = f"<{TR}makes>"
OLD: list[Quad] = [(f"<{B}job/{n}>", MAKES, f"<{B}part/{n}>", "") for n in range(8)]
NEW: list[Quad] = [
    (f"<{B}job/{n}>", MAKES, f"<{B}part/{n + 1}>", g) for n in range(8) for g in ("", f"<{B}g/{n}>")
]


@pytest.fixture
def link(server: SparqlServer) -> Iterator[Link]:
    with closing(Link(server)) as link:
        yield link


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updates, "CHUNK_QUADS", 4)


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "PAUSES_SECONDS", ())


def opened(server: SparqlServer, folder: Path) -> tuple[RemoteGenerations, RemoteStore]:
    generations = RemoteGenerations(server.open(), B, folder)
    store = generations.current() or generations.write(OLD, 5, "recipe")
    return generations, store


def is_cut_off(write: Callable[[], object]) -> bool:
    try:
        write()
    except StoreError as error:
        return error.code == "store-unreachable"
    return False


def from_cut(cut: int, what: str) -> Callable[[int], str | None]:
    return lambda number: what if number >= cut else None


@pytest.mark.usefixtures("few_at_once", "no_pauses")
@pytest.mark.parametrize("what", ["request", "answer"])
def test_a_batch_that_was_cut_off_anywhere_is_finished_by_the_next_owner(
    server: SparqlServer, link: Link, tmp_path: Path, what: str
) -> None:
    expected = {quad[:3] for quad in NEW if not quad[3]}
    for cut in range(20):
        folder = tmp_path / str(cut)
        _, store = opened(link.server, folder)
        link.writes, link.lost = 0, from_cut(cut, what)
        is_cut = is_cut_off(lambda: store.apply(OLD, NEW, 6))  # noqa: B023
        store.close()
        link.lost = from_cut(10**6, what)
        again, found = opened(server, folder)
        # The offset is moved last: it may have been, and the answer lost, but never too early.
        assert found.applied_seq() == 5 or found.graph("") == expected
        assert again.made_by("recipe")
        found.recover()
        assert found.applied_seq() == 6
        assert found.graph("") == expected
        assert all(found.holders(quad[:3]) == [quad[3]] for quad in NEW if quad[3])
        again.write(OLD, 5, "recipe").close()
        if not is_cut:
            break
    assert 6 <= cut < 19, "there is something to cut between, and an end to it"


@pytest.mark.usefixtures("few_at_once", "no_pauses")
def test_the_same_process_goes_on_after_a_cut(link: Link, tmp_path: Path) -> None:
    _, store = opened(link.server, tmp_path)
    link.writes, link.lost = 0, from_cut(2, "request")
    with pytest.raises(StoreError):
        store.apply(OLD, NEW, 6)
    assert store.applied_seq() == 5
    link.lost = from_cut(10**6, "")
    more = [(f"<{B}job/99>", MAKES, f"<{B}part/9>", "")]
    store.apply((), more, 7)
    assert store.graph("") == {quad[:3] for quad in [*NEW, *more] if not quad[3]}
    store.close()


def test_trouble_that_passes_is_not_noticed(link: Link, tmp_path: Path) -> None:
    _, store = opened(link.server, tmp_path)
    link.writes = 0
    link.lost = lambda number: {0: "request", 1: "answer"}.get(number)
    store.apply(OLD, NEW, 6)
    assert store.graph("") == {quad[:3] for quad in NEW if not quad[3]}
    store.close()


@pytest.mark.usefixtures("few_at_once", "no_pauses")
def test_a_half_written_batch_that_nobody_can_finish_calls_for_a_rebuild(
    link: Link, tmp_path: Path
) -> None:
    generations, store = opened(link.server, tmp_path)
    link.writes, link.lost = 0, from_cut(2, "request")
    with pytest.raises(StoreError):
        store.apply(OLD, NEW, 6)
    link.lost = from_cut(10**6, "")
    assert generations.made_by("recipe")
    (tmp_path / REDO_FILE).unlink()
    assert not generations.made_by("recipe")
    fresh = generations.write(NEW, 6, "recipe")
    assert generations.made_by("recipe")
    assert fresh.graph("") == {quad[:3] for quad in NEW if not quad[3]}
    assert all(fresh.holders(quad[:3]) == [quad[3]] for quad in NEW if quad[3])
    fresh.close()


@pytest.mark.usefixtures("few_at_once", "no_pauses")
def test_a_rebuild_cut_off_anywhere_leaves_the_old_graph_and_the_next_one_is_whole(
    server: SparqlServer, link: Link, tmp_path: Path
) -> None:
    before = {quad[:3] for quad in OLD}
    after = {quad[:3] for quad in NEW if not quad[3]}
    gone = (f"<{B}job/1>", MAKES, f"<{B}part/7>", f"<{B}g/gone>")
    generations, store = opened(server, tmp_path)
    for cut in range(0, 40, 2):
        generations.write([*OLD, gone], 5, "recipe")
        store.close()
        generations, store = opened(link.server, tmp_path)
        link.writes, link.lost = 0, from_cut(cut, "request")
        is_cut = is_cut_off(lambda: generations.write(NEW, 6, "another"))  # noqa: B023
        link.lost = from_cut(10**6, "")
        assert store.graph("") == before, "it is asked as long as somebody has it"
        if not is_cut:
            break
        store.close()
        generations, store = opened(server, tmp_path)
        assert store.graph("") in (before, after)
        assert (store.graph("") == after) == (store.applied_seq() == 6)
        assert not generations.made_by("another")
        store = generations.write(NEW, 6, "another")
        assert generations.made_by("another")
        assert store.graph("") == after
        assert store.graph(gone[3]) == set()
    store.close()
    assert 8 <= cut < 38, "there is something to cut between, and an end to it"


def test_the_old_graph_answers_with_its_records_until_the_swap(
    server: SparqlServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = (f"<{B}job/0>", MAKES, f"<{B}part/0>")
    generations, _ = opened(server, tmp_path)
    store = generations.write([*OLD, (*said, f"<{B}g/0>")], 5, "recipe")
    seen = []
    publish = generations._books.publish

    def looking(*arguments: object) -> None:
        seen.append((store.graph(""), store.holders(said)))
        publish(*arguments)

    monkeypatch.setattr(generations._books, "publish", looking)
    fresh = generations.write(NEW, 6, "another")
    assert seen == [({quad[:3] for quad in OLD}, [f"<{B}g/0>"])]
    assert fresh.holders(said) == []
    fresh.close()


def test_with_and_without_the_graph_store_protocol_the_same_is_written(
    server: SparqlServer, tmp_path: Path
) -> None:
    odd = [(f"<{B}job/1>", f"<{TR}text>", value, "") for value in ('"å\\n\\"b\\" \\\\"', '"x"@sv')]
    found = []
    for graph_store in ("", server.graph_store):
        place = server.open(graph_store=graph_store)
        with closing(RemoteGenerations(place, B, tmp_path)) as generations:
            generations.current()
            found.append(generations.write([*OLD, *odd], 1, "recipe").graph(""))
    assert found[0] == found[1] == {quad[:3] for quad in [*OLD, *odd]}


# Owners


def test_a_second_owner_on_this_machine_is_refused_at_once(
    server: SparqlServer, tmp_path: Path
) -> None:
    _, store = opened(server, tmp_path)
    began = time.monotonic()
    with pytest.raises(StoreLocked, match="another process") as caught:
        RemoteGenerations(server.open(), B, tmp_path).current()
    assert time.monotonic() - began < 20
    assert "Stop" in caught.value.hint
    store.close()
    opened(server, tmp_path)[1].close()


def test_a_second_owner_elsewhere_is_refused_within_seconds(
    server: SparqlServer, tmp_path: Path
) -> None:
    _, store = opened(server, tmp_path / "here")
    began = time.monotonic()
    with pytest.raises(StoreLocked, match="is owned by process") as caught:
        RemoteGenerations(server.open(), B, tmp_path / "elsewhere").current()
    assert time.monotonic() - began < 20
    assert "30 seconds" in caught.value.hint
    store.close()
    opened(server, tmp_path / "elsewhere")[1].close()


def test_of_owners_at_the_same_moment_at_most_one_gets_it(
    server: SparqlServer, tmp_path: Path
) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from kg.errors import StoreLocked\n"
        "from kg.store.endpoint import Endpoint\n"
        "from kg.store.remote_generations import RemoteGenerations\n"
        "url, update, folder, *account = sys.argv[1:]\n"
        "place = Endpoint(url, update, account=tuple(account) or None)\n"
        f"generations = RemoteGenerations(place, {B!r}, Path(folder))\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "try: generations.current()\n"
        "except StoreLocked: print('locked', flush=True)\n"
        "else: print('owner', flush=True)\n"
        "sys.stdin.readline(); generations.close()\n"
    )
    owners = [
        subprocess.Popen(
            [
                *(sys.executable, "-c", script, server.endpoint, server.update),
                *(str(tmp_path / str(number)), *(server.account or ())),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    assert [owner.stdout.readline() for owner in owners] == ["ready\n"] * 3
    for owner in owners:
        owner.stdin.write("go\n")
        owner.stdin.flush()
    said = [owner.stdout.readline().strip() for owner in owners]
    for owner in owners:
        owner.communicate("end\n", timeout=30)
    assert said.count("owner") <= 1
    assert set(said) <= {"owner", "locked"}


def test_a_killed_owner_is_followed_at_once_on_its_machine_and_after_a_while_elsewhere(
    server: SparqlServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generations, store = opened(server, tmp_path / "here")
    # Killed: no heartbeat from now on, the claim stays, and the folder's lock is gone.
    generations._owner._stop.set()
    generations._owner._unlock_folder()
    with pytest.raises(StoreLocked):
        opened(server, tmp_path / "elsewhere")
    monkeypatch.setattr(ownership, "LEASE_SECONDS", 0.05)
    time.sleep(0.1)
    other, taken = opened(server, tmp_path / "elsewhere")
    # The first wakes up again: it writes nothing that counts, and is told why.
    with pytest.raises(StoreLocked, match="taken over"):
        store.apply(OLD, NEW, 6)
    assert other._books.head().seq == 5
    taken.close()
    monkeypatch.undo()
    opened(server, tmp_path / "here")[1].close()


def test_a_lost_claim_never_moves_the_offset(server: SparqlServer, tmp_path: Path) -> None:
    generations, store = opened(server, tmp_path)
    generations._owner._withdraw(generations._owner.claim)
    with pytest.raises(StoreLocked, match="taken over"):
        store.apply((), NEW, 6)
    assert generations._books.head().seq == 5
    store.close()


# The server


def test_a_server_that_is_not_there_is_named(
    server: SparqlServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "PAUSES_SECONDS", (0.01,))
    nowhere = f"http://127.0.0.1:{free_port()}/sparql"
    place = server.open(query=nowhere, update=nowhere)
    with pytest.raises(StoreError, match=nowhere) as caught:
        RemoteGenerations(place, B, tmp_path).current()
    assert caught.value.code == "store-unreachable"
    # The folder is let go again.
    opened(server, tmp_path)[1].close()


def test_a_query_that_takes_too_long_is_given_up(server: SparqlServer) -> None:
    place = server.open(timeout_seconds=0.4)
    began = time.monotonic()
    with pytest.raises(QueryTimeout):
        place.rows(SLOW)
    assert time.monotonic() - began < 20


def test_what_is_no_sparql_server_says_so(server: SparqlServer) -> None:
    with closing(Link(server)) as link:
        home = link.server.endpoint.rsplit("/", 1)[0] + "/nothing-here"
        with pytest.raises(StoreError) as caught:
            server.open(query=home).rows("SELECT * WHERE { ?s ?p ?o } LIMIT 1")
    assert "HTTP 404" in caught.value.message


def test_a_batch_is_kept_until_it_is_forgotten(tmp_path: Path) -> None:
    from kg.store.redo import Batch

    redo = Redo(tmp_path)
    assert redo.kept() is None
    batch = Batch(3, 9, OLD, NEW)
    redo.keep(batch)
    assert Redo(tmp_path).kept() == batch
    redo.forget()
    redo.forget()
    assert redo.kept() is None


@pytest.mark.parametrize("server", ["oxigraph"], indirect=True)
def test_an_account_is_asked_for_and_given(server: SparqlServer) -> None:
    with closing(Link(server, basic=("traveler", "s3cret"))) as link:
        assert link.server.open(account=("traveler", "s3cret")).ask("ASK {}")
        for account in (None, ("traveler", "wrong")):
            with pytest.raises(StoreError) as caught:
                link.server.open(account=account).ask("ASK {}")
            assert caught.value.code == "store-denied"
            assert "HTTP 401" in caught.value.message
