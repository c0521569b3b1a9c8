from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kg import assets, vocab
from kg.lift import Lifter
from kg.records import Record
from kg.settings import load_source
from kg.sources import read_source
from tests.adventureworks import write_database

BASE = "https://plant.example/"
ROWS = {"product": 504, "document": 32, "work_order": 72_591, "due_date": 72_591}


@pytest.fixture(scope="module")
def lifted(shared_data: Path, tmp_path_factory: pytest.TempPathFactory):
    """The records of all tables, their facts by record, and the rows that cannot be lifted."""
    database = tmp_path_factory.mktemp("adventureworks") / "adventureworks.sqlite"
    write_database(shared_data, database)
    folder = assets.mappings_folder() / "adventureworks"
    source = load_source(folder, {"url": f"sqlite:///{database}"})
    readings = read_source(source, {}, datetime(2026, 11, 24, tzinfo=UTC))
    items = [item for reading in readings for item in reading.items]
    records = [item for item in items if isinstance(item, Record)]
    assert records == items, "every row is read"
    return records, Lifter(source, BASE).lift(records)


def links(lifted, predicate: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for facts in lifted[1].facts:
        for s, p, o in facts:
            if p == predicate:
                found[s].add(o)
    return found


def test_every_row_is_read(lifted) -> None:
    counted = Counter(record.kind for record in lifted[0])
    assert {name: counted[name] for name in ROWS} == ROWS


def test_the_specifications_of_jobs_are_those_counted_by_hand(lifted) -> None:
    makes, specs = links(lifted, vocab.MAKES), links(lifted, vocab.CURRENT_SPEC)
    by = Counter(
        kind
        for parts in makes.values()
        for kind in {spec.split("spec/")[1].split("-")[0] for part in parts for spec in specs[part]}
    )
    covered = sum(any(specs[part] for part in parts) for parts in makes.values())
    assert (len(makes), covered) == (72_591, 8_878)
    assert by == {"document": 5_476, "model": 3_402}


def test_no_job_has_a_machine_a_customer_or_a_batch(lifted) -> None:
    said = {p for facts in lifted[1].facts for _, p, _ in facts}
    assert said == {
        vocab.RDF_TYPE,
        vocab.RDFS_LABEL,
        vocab.IDENTIFIER,
        vocab.MAKES,
        vocab.PLANNED_QUANTITY,
        vocab.CURRENT_SPEC,
    }


def test_a_lost_date_is_no_fact_and_costs_no_work_order(lifted) -> None:
    records, found = lifted
    assert not links(lifted, vocab.DUE_DATE)
    assert Counter(row.kind for row in found.rejected) == {"due_date": 72_591}
    assert all("00:00.0" in row.message for row in found.rejected[:100])
    assert len(found.facts) == len(records)


def test_a_date_that_is_there_is_a_fact() -> None:
    folder = assets.mappings_folder() / "adventureworks"
    row = {"workorderid": 1, "duedate": "2011-06-12"}
    found = Lifter(load_source(folder), BASE).lift(
        [Record("adventureworks", "due_date", "1", row, "")]
    )
    date = f'"2011-06-12"^^<{vocab.XSD}date>'
    assert found.facts == [[(f"<{BASE}job/1>", vocab.DUE_DATE, date)]]
