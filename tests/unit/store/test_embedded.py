from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from kg.errors import StoreError, StoreLocked
from kg.store import EmbeddedStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kg.store import Quad

B = "https://d.example/"
TR = "https://w3id.org/traveler/ontology/"
JOB, MACHINE = f"<{B}job/1>", f"<{B}machine/M7>"
MAKES, ON = f"<{TR}makes>", f"<{TR}onMachine>"
ERP, MES = f"<{B}record/erp/job/1>", f"<{B}record/mes/run/9>"
PART = f"<{B}part/P>"
OFFSET_LINE = (
    f'<{B}store> <{TR}appliedSeq> "%d"^^<http://www.w3.org/2001/XMLSchema#integer>'
    f" <{B}graph/offset> ."
)
FACTS: list[Quad] = [
    (JOB, MAKES, PART, ""),
    (JOB, MAKES, PART, ERP),
    (JOB, MAKES, PART, MES),
    (JOB, MAKES, f"<{B}part/Q>", MES),
    (JOB, ON, MACHINE, MES),
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    with EmbeddedStore.open(tmp_path / "gen", B) as store:
        store.apply((), FACTS, 7)
        yield store


def test_a_batch_with_one_bad_term_writes_nothing(store: EmbeddedStore) -> None:
    before = store.dump()
    for bad in ("_:b", "<relative>", '"x', "<x:a b>"):
        with pytest.raises(StoreError):
            store.apply([FACTS[0]], [(JOB, MAKES, bad, ""), (JOB, ON, MACHINE, "")], 8)
    assert store.dump() == before


@pytest.mark.parametrize("most", [1, 10, 11, 15, 100])
def test_what_has_one_of_some_values_is_counted_as_far_as_is_asked(
    store: EmbeddedStore, most: int
) -> None:
    store.apply((), [(f"<{B}job/{n}>", ON, MACHINE, "") for n in range(2, 16)], 8)
    assert store.count_with(ON, [PART, MACHINE], most) == min(most, 14)
    assert store.count_with(MAKES, [MACHINE], most) == 0


@pytest.mark.parametrize(
    ("ask", "form"),
    [
        ("select", "CONSTRUCT"),
        ("columns", "CONSTRUCT"),
        ("ask", "SELECT *"),
        ("ask", "CONSTRUCT"),
        ("construct", "SELECT *"),
    ],
)
def test_any_thread_may_drop_the_error_of_a_query(
    store: EmbeddedStore,
    dropped_elsewhere: Callable[[Callable[[], object]], list[str]],
    ask: str,
    form: str,
) -> None:
    assert dropped_elsewhere(lambda: getattr(store, ask)(f"{form} WHERE {{ ?s ?p ?o }}")) == []


def test_patterns_tell_who_says_what(store: EmbeddedStore) -> None:
    assert sorted(store.claims(JOB, MAKES)) == sorted(
        [(PART, ERP), (PART, MES), (f"<{B}part/Q>", MES)]
    )
    assert sorted(store.holders((JOB, MAKES, PART))) == [ERP, MES]
    assert store.graph(MES) == {fact[:3] for fact in FACTS if fact[3] == MES}
    assert sorted(store.about(JOB)) == sorted(fact[1:] for fact in FACTS)
    assert sorted(store.mentions(PART)) == sorted((JOB, MAKES, graph) for graph in ("", ERP, MES))
    assert store.subjects(MAKES, PART) == [JOB]
    assert store.subjects(f"<{TR}status>", PART) == []
    assert store.objects(JOB, MAKES) == [PART]
    assert FACTS[4] in store
    assert (*FACTS[4][:3], "") not in store
    assert len(store) == len(FACTS) + 1


def test_a_bulk_load_gives_the_same_dump_as_batches(store: EmbeddedStore, tmp_path: Path) -> None:
    lines = store.dump()
    assert OFFSET_LINE % 7 in lines
    assert lines == sorted(lines)
    with EmbeddedStore.open(tmp_path / "other", B) as other:
        facts = [line for line in lines if "appliedSeq" not in line]
        other.bulk_load(facts[:3])
        other.bulk_load(f"{line}\n" for line in facts[3:])
        other.set_seq(7)
        other.flush()
        assert other.dump() == lines


def test_what_the_lines_raise_passes_through_a_bulk_load() -> None:
    def broken() -> Iterator[str]:
        yield "<x:s> <x:p> <x:o> ."
        raise StopAsyncIteration

    with EmbeddedStore.in_memory(B) as store:
        with pytest.raises(StopAsyncIteration):
            store.bulk_load(broken())
        with pytest.raises(StoreError, match="cannot be loaded"):
            store.bulk_load(["<x:s> nonsense ."])


def test_a_second_open_is_refused_and_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "gen"
    with EmbeddedStore.open(path, B):
        with pytest.raises(StoreLocked, match="another process") as caught:
            EmbeddedStore.open(path, B)
        assert "Stop" in caught.value.hint
    script = (
        "import sys; from pathlib import Path; from kg.store import EmbeddedStore\n"
        f"store = EmbeddedStore.open(Path({str(path)!r}), {B!r})\n"
        "print('open', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        with pytest.raises(StoreLocked):
            EmbeddedStore.open(path, B)
    EmbeddedStore.open(path, B).close()


def test_a_folder_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="file cannot be opened") as caught:
        EmbeddedStore.open(tmp_path / "file", B)
    assert not isinstance(caught.value, StoreLocked)
    with pytest.raises(StoreError, match="cannot be opened"):
        EmbeddedStore.open(tmp_path / "file" / "gen", B)


def test_a_closed_store_can_be_opened_again_here(tmp_path: Path) -> None:
    for seq in range(1, 4):
        store = EmbeddedStore.open(tmp_path / "gen", B)
        store.apply((), FACTS, seq)
        store.close()
        store.close()
        with pytest.raises(StoreError, match="closed"):
            store.applied_seq()
    with EmbeddedStore.open(tmp_path / "gen", B) as store:
        assert store.applied_seq() == 3


def test_a_checkpoint_taken_while_written_is_one_moment(
    store: EmbeddedStore, tmp_path: Path
) -> None:
    def write() -> None:
        for seq in range(8, 408):
            ours = [(f"<{B}job/{seq}>", MAKES, f"<{B}part/{n}>", "") for n in range(4)]
            store.apply((), ours, seq)

    writer = Thread(target=write)
    writer.start()
    for number in range(3):
        store.checkpoint(tmp_path / f"copy-{number}")
    writer.join()
    for number in range(3):
        with EmbeddedStore.open(tmp_path / f"copy-{number}", B) as copy:
            written = [fact for fact in copy.graph("") if fact[0] != JOB]
            assert len(written) == 4 * (copy.applied_seq() - 7)


def test_a_checkpoint_needs_a_free_folder_and_a_store_on_disk(
    store: EmbeddedStore, tmp_path: Path
) -> None:
    store.checkpoint(tmp_path / "deep" / "copy")
    with pytest.raises(StoreError, match="No checkpoint"):
        store.checkpoint(tmp_path / "deep" / "copy")
    with EmbeddedStore.in_memory(B) as memory, pytest.raises(StoreError, match="in-memory"):
        memory.checkpoint(tmp_path / "memory")
