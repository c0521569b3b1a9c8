"""In which order rows come, and facts get into the graph, changes no byte of what is said."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from kg.answer.compact import render_compact
from kg.answer.focus import FOCUSES
from kg.answer.jsonld import to_jsonld
from kg.answer.render import render_card, to_json
from kg.pipeline import Pipeline
from kg.settings import load_plant
from tests.unit.answer.conftest import NOW, write_tiny

THINGS = ("M1", "M2", "M3", "job/1", "job/2", "job/3", "customer/acme", "part/shaft", "order/A")


def said(work: Pipeline) -> list[str]:
    answers = work.answers()
    texts = []
    for thing in THINGS:
        for focus in FOCUSES:
            context = answers.context(thing, NOW, focus=focus)
            texts.append(to_json(to_jsonld(context, work.plant.base)))
            for budget in (400, 4000):
                texts.append(render_card(context, budget, is_with_notes=True))
                texts.append(render_compact(context, 2 * budget))
    return texts


def shuffled(folder: Path, seed: int) -> list[str]:
    """What a plant says that was read of shuffled rows, from sources named in another order."""
    folder.mkdir()
    write_tiny(folder)
    chance = random.Random(seed)
    for path in sorted(folder.glob("*/*.csv")):
        head, *rows = path.read_text().splitlines()
        chance.shuffle(rows)
        path.write_text("\n".join([head, *rows]) + "\n")
    plant = folder / "plant.toml"
    first, *sources = plant.read_text().split("[[source]]")
    plant.write_text("[[source]]".join([first, *reversed(sources)]))
    with Pipeline.open(load_plant(folder)) as work:
        work.read(NOW)
        work.apply(NOW)
        work.validate(NOW)
        return said(work)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_in_which_facts_came_changes_no_byte(tiny, tmp_path, seed: int) -> None:
    expected = said(tiny)
    assert len(set(expected)) > len(THINGS)
    for one, other in zip(expected, shuffled(tmp_path / "plant", seed), strict=True):
        assert one.encode() == other.encode()
