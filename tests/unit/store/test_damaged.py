"""What is damaged on the disk is told as such, and does not stand in the way of a rebuild."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from kg.errors import StoreError
from kg.pipeline import Pipeline
from kg.settings import Plant
from kg.store.generations import CURRENT

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize("damaged", ["MANIFEST", CURRENT])
def test_a_graph_that_cannot_be_opened_is_told_and_a_rebuild_replaces_it(
    tmp_path: Path, damaged: str
) -> None:
    plant = Plant(name="House", base="https://house.example/", path=tmp_path / "plant.toml")
    with Pipeline.open(plant):
        pass
    (path,) = plant.store_path.glob(f"gen-*/{damaged}-*" if damaged != CURRENT else CURRENT)
    path.write_bytes(b"\xff" * 20)
    with pytest.raises(StoreError) as raised:
        Pipeline.open(plant)
    assert raised.value.code == "store-damaged"
    assert "traveler rebuild" in raised.value.hint
    with Pipeline.open(plant, is_rebuild=True) as work:
        work.rebuild(NOW)
    with Pipeline.open(plant) as work:
        assert not work.apply(NOW).is_rebuild
    assert len(list(plant.store_path.glob("gen-*"))) == 1
