"""A batch from which far too much would follow is refused, and the graph stays as it was."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from kg.errors import OntologyError
from kg.pipeline import Pipeline
from kg.reason import derivation
from kg.settings import load_plant

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
PLANT = """
[plant]
name = "Bounds"
base = "https://bounds.example/"
[[source]]
name = "shop"
mapping = "shop"
path = "."
"""
SOURCE = """
[source]
name = "shop"
system = "ERP"
adapter = "files"
[[table]]
name = "batch"
mapping = "batch.yml"
file = "batch.csv"
key = ["id"]
settle_seconds = 0
"""
MAPPING = """
prefixes:
  tr: https://w3id.org/traveler/ontology/
mappings:
  batch:
    sources: [[batch~table]]
    s: batch/$(id)
    po:
      - [a, tr:MaterialBatch]
      - [tr:madeFrom, batch/$(from)~iri]
"""


def write_batches(folder: Path, count: int) -> None:
    rows = "".join(f"{n},{n + 1}\n" for n in range(count))
    (folder / "batch.csv").write_text(f"id,from\n{rows}")


def test_the_graph_keeps_its_last_good_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "plant.toml").write_text(PLANT)
    (tmp_path / "shop" / "source.toml").write_text(SOURCE)
    (tmp_path / "shop" / "batch.yml").write_text(MAPPING)
    write_batches(tmp_path, 5)
    with Pipeline.open(load_plant(tmp_path)) as work:
        work.read(NOW)
        work.apply(NOW)
        before, seq = work.store.dump(), work.store.applied_seq()
        write_batches(tmp_path, 60)
        work.read(NOW)
        with monkeypatch.context() as bounds:
            bounds.setattr(derivation, "LEAST_BOUND", 1_000)
            bounds.setattr(derivation, "DERIVED_PER_FACT", 1)
            for _ in range(2):
                with pytest.raises(OntologyError, match=r"the rule prp-\w+ of <.* 1,000 may be"):
                    work.apply(NOW)
                assert (work.store.dump(), work.store.applied_seq()) == (before, seq)
        work.apply(NOW)
        assert len(work.store.match(p="<https://w3id.org/traveler/ontology/madeFrom>", g="")) == (
            60 * 61 // 2
        )
        stepwise = work.store.dump()
        work.rebuild(NOW)
        assert work.store.dump() == stepwise
