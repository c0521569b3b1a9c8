"""Controls: what must come out where there is nothing, something else, less, or another order."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from csv import DictReader, DictWriter
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle
from random import Random
from typing import TYPE_CHECKING

from bench.context.cardtext import read_card
from bench.context.plants import LOADED_AT, demo_plant
from bench.machine import ROOT
from kg.answer.find import Finder
from kg.answer.render import render_card
from kg.demo.simulate import PLANT
from kg.errors import UnknownEntity
from kg.pipeline import Pipeline
from kg.settings import load_plant
from kg.store import EmbeddedStore

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.context.cardtext import CardText
    from bench.context.gold import Question
    from bench.context.plants import AskedPlant

WHOLE = 100_000
"""Tokens that no card needs."""
PAYLOADS = ROOT / "tests" / "injection" / "payloads.json"
ORDERS = 3
OTHER_CUSTOMER = """
UPDATE sales_order SET customer_id = (SELECT id FROM customer WHERE code LIKE 'TOR%')
WHERE id = (SELECT order_id FROM sales_line l
            JOIN production_order p ON p.origin = 'SO-LINE,' || l.id WHERE p.number = '0001046')
"""
CHANGES = (
    ("UPDATE production_order SET due_on = '2027-01-31' WHERE number = '0001043'",
     "job/1043", "due", "2027-01-31"),
    ("UPDATE production_order SET qty = '77,000' WHERE number = '0001044'",
     "job/1044", "planned", "77"),
    (OTHER_CUSTOMER, "job/1046", "customer", "customer/TOR"),
    ("UPDATE production_order SET spec_rev = 'C' WHERE number = '0001055'",
     "job/1055", "spec", "spec/P-900-C"),
)  # fmt: skip
"""Changes in the demo plant's ERP: of which thing, what the card must say afterwards."""


@dataclass(frozen=True, slots=True)
class Control:
    """How often what had to come out did."""

    name: str
    right: int
    of: int
    told: str = ""


def ask_nothing(folder: Path, questions: Sequence[Question]) -> Control:
    """Ask a plant that has read nothing; the fewer answers suffice the better."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plant.toml").write_text(PLANT, encoding="utf-8")
    sufficient = 0
    with Pipeline.open(load_plant(folder)) as work:
        answers = work.answers()
        for question in questions:
            try:
                answers.context(question.entity, question.now)
            except UnknownEntity:
                continue
            sufficient += 1
    return Control("an empty graph refuses", len(questions) - sufficient, len(questions))


def change_values(folder: Path) -> Control:
    """Change values in the source one by one: each must come through, and out as it was not."""
    right = 0
    now = LOADED_AT + timedelta(minutes=5)
    with demo_plant(folder) as plant:
        for change, entity, name, value in CHANGES:
            before = render_card(plant.ask(entity, "now", now), WHOLE)
            with closing(sqlite3.connect(folder / "erp.sqlite")) as erp:
                erp.execute(change)
                erp.commit()
            plant.work.read(now)
            plant.work.apply(now)
            plant.work.validate(now)
            after = render_card(plant.ask(entity, "now", now), WHOLE)
            said = {(one.name, one.value) for one in read_card(after).facts if one.about == entity}
            was = {(one.name, one.value) for one in read_card(before).facts if one.about == entity}
            right += (name, value) in said - was
    return Control("a changed value changes the card", right, len(CHANGES))


def shuffle_graph(plant: AskedPlant, questions: Sequence[Question]) -> Control:
    """Put the same quads in by other orders: the same bytes must come out."""
    if not isinstance(plant.store, EmbeddedStore):
        raise TypeError("only an embedded store can be shuffled")
    lines = plant.store.dump()
    right = 0
    for seed in range(ORDERS):
        shuffled = [line if line.endswith(".") else f"{line} ." for line in lines]
        Random(seed).shuffle(shuffled)
        store = EmbeddedStore.in_memory(plant.base)
        store.bulk_load(shuffled)
        finder = Finder(store, plant.base, {one.name for one in plant.work.plant.sources})
        other = plant.answers.as_of(store, plant.work.journal, finder)
        for question in questions:
            focus = question.template.focus
            kind = question.entity.split("/", 1)[0]
            told = other.context(question.entity, question.now, kind, focus=focus)
            mine = plant.ask(question.entity, focus, question.now)
            right += render_card(told, 800) == render_card(mine, 800)
    return Control("another order gives the same bytes", right, ORDERS * len(questions))


def take_source_away(
    plant: AskedPlant, less: AskedPlant, entities: Sequence[str], slots: Sequence[str]
) -> Control:
    """Compare cards with and without a source: what it alone can say is UNKNOWN without it."""
    right = of = 0
    for entity in entities:
        with_it = read_card(render_card(plant.ask(entity, "now", plant.clocks[0]), WHOLE))
        try:
            context = less.ask(entity, "now", less.clocks[0])
        except UnknownEntity:
            continue
        without = read_card(render_card(context, WHOLE))
        for slot in slots:
            if not any(one.name == slot and one.about == entity for one in with_it.facts):
                continue
            of += 1
            right += (entity, slot, "UNKNOWN") in without.gaps
    return Control("a source taken away shows as UNKNOWN", right, of)


def forge(folder: Path, entities: Sequence[str], harmless: AskedPlant) -> list[Control]:
    """Put hostile texts into every text that people type, and read the cards back."""
    payloads = [one["payload"] for one in json.loads(PAYLOADS.read_text(encoding="utf-8"))]
    with demo_plant(folder, spoil=lambda place: _spoil(place, payloads)) as plant:
        forged = same = of = 0
        for entity in entities:
            now = plant.clocks[0]
            bad = read_card(render_card(plant.ask(entity, "full", now), WHOLE))
            good = read_card(render_card(harmless.ask(entity, "full", now), WHOLE))
            of += 1
            forged += bool(bad.forged)
            same += _size(bad) == _size(good)
    told = f"{len(payloads)} payloads"
    return [
        Control("no forged line under hostile texts", of - forged, of, told),
        Control("as many facts, sources and gaps as without", same, of, told),
    ]


def _size(card: CardText) -> tuple[int, int, int]:
    return len(card.facts), len(card.sources), len(card.gaps)


def _spoil(folder: Path, payloads: list[str]) -> None:
    """Replace names, notes and remarks by payloads, each in turn."""
    texts = cycle(payloads)
    with closing(sqlite3.connect(folder / "erp.sqlite")) as erp:
        for table, column in (
            ("customer", "name"),
            ("supplier", "name"),
            ("item", "name"),
            ("work_center", "name"),
            ("routing_op", "name"),
            ("cust_requirement", "remark"),
            ("spec_char", "name"),
            ("batch", "heat_no"),
        ):
            for (row,) in erp.execute(f"SELECT id FROM {table}").fetchall():
                text = next(texts).replace("\0", "")
                erp.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (text, row))
        erp.commit()
    for name, column in (("machines.csv", "name"), ("notes.csv", "text")):
        with (folder / name).open(encoding="utf-8", newline="") as file:
            rows = list(DictReader(file))
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            sheet = DictWriter(file, rows[0].keys())
            sheet.writeheader()
            sheet.writerows({**row, column: next(texts).replace("\0", "")} for row in rows)
