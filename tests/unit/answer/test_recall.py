"""Recalls: who got what of a bad batch."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kg import assets
from kg.answer import Answers
from kg.answer.tracing.recall import recall_csv, tell_recall
from kg.answer.tracing.tracetext import recall_text
from kg.journal import Journal
from kg.reason.rules import RuleSet, compile_rules
from kg.settings import Plant, SourceSettings
from tests.unit.answer.genealogies import BASE, store_of

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SOLD = """
batch/bar quantity 10 ; unit kg
use/1 ofBatch batch/bar ; inputTo job/1 ; usedQuantity 4
use/2 ofBatch batch/bar ; loadedFor job/2
use/3 ofBatch batch/pins ; outputOf job/1 ; usedQuantity 90
allocation/1 allocationOf job/1 ; toOrderLine line/1
allocation/2 allocationOf job/2 ; toOrderLine line/2
line/1 lineOf order/1 ; quantity 80 ; unit pcs
line/2 lineOf order/2 ; quantity 5 ; unit pcs
order/1 orderedBy customer/A
order/2 orderedBy customer/B
customer/A identifier =cmd()
customer/B identifier Birch
"""


@pytest.fixture
def answers_of(tmp_path: Path) -> Iterator:
    journal = Journal.open(tmp_path / "journal.sqlite")
    plant = Plant(name="T", base=BASE, sources=(SourceSettings(name="x", adapter="files"),))

    def answers(text: str) -> Answers:
        rules: RuleSet = compile_rules(assets.ontology_folder())
        return Answers(plant, store_of(text), journal, rules, frozenset(), {}, lambda *_: ())

    yield answers
    journal.close()


def recall(answers: Answers, thing: str) -> dict:
    return tell_recall(answers, thing, NOW, most_things=1_000)


def rows(told: dict, *names: str) -> list[tuple[str, ...]]:
    return [tuple(row.get(name, "") for name in names) for row in told["rows"]]


def test_each_order_line_is_a_row_by_what_tells_the_goods_best(answers_of) -> None:
    told = recall(answers_of(SOLD), "batch/bar")
    names = ("how", "customer", "order_line", "goods", "quantity", "unit", "quantity_is")
    assert rows(told, *names) == [
        ("certain", "customer/A", "line/1", "batch/pins", "80", "pcs", "ordered"),
        ("possible", "customer/B", "line/2", "job/2", "5", "pcs", "ordered"),
    ]
    assert told["rows"][1]["why"].startswith("it was loaded for job/2")


def test_shipments_tell_what_went_when_and_how_much(answers_of) -> None:
    shipped = SOLD + (
        "sent/1 inShipment shipment/9 ; shipsFor line/1 ; shipsBatch batch/pins\n"
        "sent/1 quantity 60 ; unit pcs\n"
        "shipment/9 shippedTo customer/A ; shippedAt 2026-11-20T10:00:00Z\n"
    )
    told = recall(answers_of(shipped), "batch/bar")
    names = ("goods", "shipment", "shipped_at", "quantity", "quantity_is")
    assert rows(told, *names)[0] == (
        *("batch/pins", "shipment/9", "2026-11-20T10:00:00Z", "60", "shipped"),
    )
    here = {row["batch"]: row["left"] for row in told["here"]}
    assert here == {"batch/bar": "6", "batch/pins": "30"}


def test_serial_numbers_are_named_one_by_one(answers_of) -> None:
    pieces = SOLD.replace("use/3 ofBatch batch/pins ; outputOf job/1 ; usedQuantity 90", "")
    pieces += "piece/1 pieceOf job/1 ; serialNumber S-1\npiece/2 pieceOf job/1 ; serialNumber S-2\n"
    told = recall(answers_of(pieces), "batch/bar")
    assert rows(told, "serial", "quantity", "quantity_is")[:2] == [
        ("S-1", "1", "piece"),
        ("S-2", "1", "piece"),
    ]


def test_what_left_without_an_order_is_told_by_its_receiver(answers_of) -> None:
    loose = (
        "use/3 ofBatch batch/pins ; outputOf job/1\n"
        "use/1 ofBatch batch/bar ; inputTo job/1\n"
        "sent/1 inShipment shipment/9 ; shipsBatch batch/pins ; quantity 7\n"
        "shipment/9 shippedTo customer/A\n"
    )
    told = recall(answers_of(loose), "batch/bar")
    assert rows(told, "customer", "shipment", "goods", "quantity") == [
        ("customer/A", "shipment/9", "batch/pins", "7")
    ]


def test_a_customer_of_an_order_that_is_not_known_is_a_row_and_a_break(answers_of) -> None:
    told = recall(answers_of(SOLD.replace("order/1 orderedBy customer/A", "")), "batch/bar")
    assert rows(told, "customer", "order")[0] == ("", "order/1")
    assert [row["kind"] for row in told["breaks"]] == ["no-customer"]


def test_a_spreadsheet_runs_nothing_of_the_list(answers_of) -> None:
    table = recall_csv(recall(answers_of(SOLD), "batch/bar"))
    first = next(csv.DictReader(io.StringIO(table)))
    assert first["customer_name"] == "'=cmd()"


def test_the_text_fits_a_terminal(answers_of) -> None:
    text = recall_text(recall(answers_of(SOLD), "batch/bar"))
    assert max(map(len, text.splitlines())) <= 80
    assert "CERTAIN, 1" in text
    assert "POSSIBLE, 1" in text


def test_who_got_nothing_is_no_row(answers_of) -> None:
    told = recall(answers_of("batch/bar quantity 1"), "batch/bar")
    assert told["rows"] == []
    assert recall_text(told).startswith("RECALL of batch/bar")
