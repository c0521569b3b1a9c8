from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kg.errors import StoreError, StoreLocked
from kg.store import EmbeddedStore
from kg.store.generations import (
    begin,
    current_generation,
    discard_others,
    open_current,
    publish,
)

if TYPE_CHECKING:
    from pathlib import Path

B = "https://d.example/"


def build(folder: Path, seq: int) -> Path:
    generation = begin(folder)
    with EmbeddedStore.open(generation, B) as store:
        store.set_seq(seq)
        store.flush()
    return generation


def test_before_the_first_load_there_is_nothing(tmp_path: Path) -> None:
    assert open_current(tmp_path / "store", B) is None


def test_a_published_generation_is_the_one_that_opens(tmp_path: Path) -> None:
    for seq in (3, 5):
        publish(tmp_path, build(tmp_path, seq))
        store = open_current(tmp_path, B)
        assert store is not None
        with store:
            assert store.applied_seq() == seq
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["CURRENT", "gen-000002"]


def test_half_built_and_old_generations_go_and_nothing_else(tmp_path: Path) -> None:
    publish(tmp_path, build(tmp_path, 1))
    build(tmp_path, 2)
    begin(tmp_path)
    (tmp_path / "gen-000009.discarded").mkdir()
    (tmp_path / "gen-000042").mkdir()
    (tmp_path / "gen-000042" / "notes.txt").write_text("mine")
    (tmp_path / "gen-notes").mkdir()
    (tmp_path / "journal.sqlite").write_text("")
    store = open_current(tmp_path, B)
    assert store is not None
    store.close()
    assert {path.name for path in tmp_path.iterdir()} == {
        "CURRENT",
        "gen-000001",
        "gen-000042",
        "gen-notes",
        "journal.sqlite",
    }


def test_the_old_one_answers_until_it_is_closed(tmp_path: Path) -> None:
    publish(tmp_path, build(tmp_path, 1))
    old = open_current(tmp_path, B)
    assert old is not None
    fresh = build(tmp_path, 2)
    publish(tmp_path, fresh)
    assert discard_others(tmp_path) == []
    assert old.applied_seq() == 1
    old.close()
    assert [path.name for path in discard_others(tmp_path)] == ["gen-000001"]
    assert current_generation(tmp_path) == fresh


def test_a_rebuild_that_still_runs_is_not_discarded(tmp_path: Path) -> None:
    publish(tmp_path, build(tmp_path, 1))
    with EmbeddedStore.open(begin(tmp_path), B) as half:
        half.set_seq(9)
        store = open_current(tmp_path, B)
        assert store is not None
        store.close()
        assert half.path is not None
        assert half.path.is_dir()
        assert half.applied_seq() == 9


def test_a_second_owner_is_refused_and_discards_nothing(tmp_path: Path) -> None:
    publish(tmp_path, build(tmp_path, 1))
    store = open_current(tmp_path, B)
    assert store is not None
    with store:
        left = build(tmp_path, 2)
        with pytest.raises(StoreLocked):
            open_current(tmp_path, B)
        assert left.is_dir()


@pytest.mark.parametrize("text", ["", "../elsewhere", "gen-1", "gen-000007"])
def test_a_damaged_current_file_deletes_nothing_and_says_what_to_do(
    tmp_path: Path, text: str
) -> None:
    kept = build(tmp_path, 1)
    (tmp_path / "CURRENT").write_text(text)
    with pytest.raises(StoreError, match="CURRENT names") as caught:
        open_current(tmp_path, B)
    assert caught.value.code == "store-damaged"
    assert "rebuild" in caught.value.hint
    assert kept.is_dir()


def test_only_what_begin_made_is_published(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    for path in (tmp_path / "other", tmp_path / "gen-000001", tmp_path.parent):
        with pytest.raises(StoreError, match="no generation"):
            publish(tmp_path, path)
    assert current_generation(tmp_path) is None
