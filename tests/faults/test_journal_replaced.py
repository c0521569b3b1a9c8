"""A graph whose journal was lost, replaced or set back says so; it never answers as if whole."""

from __future__ import annotations

import shutil
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kg.errors import JournalError
from kg.journal import Journal
from kg.pipeline import Pipeline
from kg.settings import load_plant
from tests.faults.test_bad_input import traveler, write_plant

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def add_row(folder: Path, number: int) -> None:
    row = f"{number},A-{number},2026-12-01,2026-11-01T08:00:00Z\n"
    (folder / "jobs.csv").write_text((folder / "jobs.csv").read_text() + row)


def load(folder: Path, *, is_rebuild: bool = False) -> int:
    """Read and fold; gives the record that the graph has reached then."""
    with Pipeline.open(load_plant(folder), is_rebuild=is_rebuild) as work:
        if is_rebuild:
            work.rebuild(NOW)
        else:
            work.read(NOW)
            work.apply(NOW)
        return work.store.applied_seq()


def remove_journal(folder: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        (folder / f"journal.sqlite{ending}").unlink(missing_ok=True)


@pytest.fixture
def loaded(tmp_path: Path) -> Path:
    """The folder of a plant that was loaded."""
    write_plant(tmp_path)
    assert load(tmp_path) == 1
    return tmp_path


@pytest.mark.parametrize("more", [0, 1, 3])
def test_another_journal_is_told_apart_however_long_it_is(loaded: Path, more: int) -> None:
    other = loaded / "other"
    write_plant(other)
    for number in range(more):
        add_row(other, number + 2)
    assert load(other) == 1 + more
    remove_journal(loaded)
    shutil.copy(other / "journal.sqlite", loaded / "journal.sqlite")
    for _ in range(2):
        with pytest.raises(JournalError, match="is not the journal that the graph was folded from"):
            load(loaded)
    assert load(loaded, is_rebuild=True) == 1 + more
    shutil.copy(other / "jobs.csv", loaded / "jobs.csv")
    assert load(loaded) == 1 + more


def test_the_command_says_what_to_do_about_a_lost_journal(loaded: Path) -> None:
    remove_journal(loaded)
    refused = traveler(loaded, "load")
    assert refused.returncode == 2
    told = " ".join(refused.stderr.split())
    assert "is not the journal that the graph was folded from" in told
    assert "traveler rebuild" in told
    rebuilt = traveler(loaded, "rebuild")
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert load(loaded) == 1


def test_a_lost_journal_leaves_the_graph_as_it_was(loaded: Path) -> None:
    remove_journal(loaded)
    with pytest.raises(JournalError) as raised:
        load(loaded)
    assert raised.value.code == "journal-replaced"
    with Pipeline.open(load_plant(loaded), is_rebuild=True) as work:
        assert work.store.applied_seq() == 1


def test_a_journal_that_was_set_back_is_an_alarm_and_its_sources_fill_it_again(
    loaded: Path,
) -> None:
    kept = (loaded / "journal.sqlite").read_bytes()
    add_row(loaded, 2)
    assert load(loaded) == 2
    remove_journal(loaded)
    (loaded / "journal.sqlite").write_bytes(kept)
    with pytest.raises(JournalError, match=r"ends at record 1, .* folded up to record 2"):
        load(loaded)
    assert load(loaded, is_rebuild=True) == 1
    assert load(loaded) == 2


def test_a_graph_that_does_not_name_its_journal_is_folded_anew(loaded: Path) -> None:
    with Pipeline.open(load_plant(loaded)) as work:
        store, graph = "<https://test.example/store>", "<https://test.example/graph/offset>"
        told = [quad for quad in work.store.match(s=store, g=graph) if "foldedFrom" in quad[1]]
        assert [quad[2] for quad in told] == [f'"{work.journal.id}"']
        work.store.apply(told, (), 1)
    with Pipeline.open(load_plant(loaded)) as work:
        assert work.apply(NOW).is_rebuild
        assert not work.apply(NOW).is_rebuild


def test_each_journal_has_an_id_of_its_own_and_keeps_it(tmp_path: Path) -> None:
    ids = []
    for name in ("a", "a", "b"):
        with closing(Journal.open(tmp_path / name)) as journal:
            ids.append(journal.id)
    assert ids[0] == ids[1] != ids[2]
    assert len(ids[0]) == 32


def test_a_journal_that_lost_its_end_is_told_even_where_the_graph_lost_it_too(
    loaded: Path,
) -> None:
    kept = loaded / "kept"
    shutil.copytree(loaded / "store", kept / "store")
    shutil.copy(loaded / "journal.sqlite", kept / "journal.sqlite")
    add_row(loaded, 2)
    assert load(loaded) == 2
    mark = (loaded / "store" / "FLUSHED").read_bytes()
    remove_journal(loaded)
    shutil.rmtree(loaded / "store")
    shutil.copytree(kept / "store", loaded / "store")
    shutil.copy(kept / "journal.sqlite", loaded / "journal.sqlite")
    (loaded / "store" / "FLUSHED").write_bytes(mark)
    with pytest.raises(
        JournalError, match="ends at record 1, and the graph was folded up to record 2"
    ):
        load(loaded)


def test_a_graph_that_lost_what_was_on_the_disk_says_so_and_folds_it_again(
    loaded: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(loaded / "store", loaded / "kept")
    add_row(loaded, 2)
    assert load(loaded) == 2
    mark = (loaded / "store" / "FLUSHED").read_bytes()
    with Pipeline.open(load_plant(loaded)) as work:
        whole = work.store.dump()
    shutil.rmtree(loaded / "store")
    shutil.copytree(loaded / "kept", loaded / "store")
    (loaded / "store" / "FLUSHED").write_bytes(mark)
    with Pipeline.open(load_plant(loaded)) as work:
        assert work.lost_records == 1
        assert "1 records that were on the disk are lost" in caplog.text
        work.apply(NOW)
        assert work.store.dump() == whole
