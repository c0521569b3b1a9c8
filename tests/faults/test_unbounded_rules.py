"""A batch from which far too much would follow is refused, and the graph stays as it was."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from kg.errors import OntologyError
from kg.pipeline import Pipeline
from kg.reason import derivation
from kg.settings import load_plant
from tests.shop_plant import csv_table, write_shop

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
MAPPING = """
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
    write_shop(tmp_path, "bounds", csv_table("batch", "settle_seconds = 0"), {"batch": MAPPING})
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
