"""A graph whose files were cut or changed is made whole from the journal, or it says so."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from kg.errors import StoreError
from kg.pipeline import Pipeline
from kg.settings import load_plant
from kg.store.generations import current_generation
from tests.counts import FAULTS
from tests.faults.live.plant import START, write_plant

ROOT = Path(__file__).resolve().parents[3]
LIVES = (20, 20, 12)
"""Batches of processes one after the other, each of which left the store as it was."""


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a plant that was folded by processes that ended without closing anything."""
    folder = tmp_path_factory.mktemp("damaged") / "plant"
    folder.mkdir()
    write_plant(folder)
    for batches in LIVES:
        command = [sys.executable, "-m", "tests.faults.live.living", str(folder), str(batches)]
        subprocess.run(command, cwd=ROOT, check=True)
    return folder


@pytest.fixture(scope="module")
def expected(plant: Path) -> list[str]:
    """The graph as a rebuild makes it."""
    copy = shutil.copytree(plant, plant.with_name("expected"))
    with Pipeline.open(load_plant(copy), is_rebuild=True) as work:
        work.rebuild(START)
        assert work.store.applied_seq() == 20 * sum(LIVES)
        return work.store.dump()


def cut(path: Path, chance: random.Random) -> None:
    with path.open("r+b") as file:
        file.truncate(chance.randrange(path.stat().st_size))


def flip(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def choose_file(generation: Path, chance: random.Random) -> Path:
    """Choose a log half of the time: it is what a power cut shortens."""
    files = [path for path in sorted(generation.iterdir()) if path.stat().st_size]
    logs = [path for path in files if path.suffix == ".log"]
    assert logs, "the process left no log"
    return chance.choice(logs if chance.random() < 0.5 else files)


def become(folder: Path, expected: list[str]) -> str:
    """Open a plant and follow the journal; gives what became of its graph."""
    try:
        with Pipeline.open(load_plant(folder)) as work:
            was_behind = work.store.applied_seq() < work.journal.last_seq()
            work.apply(START)
            found = work.store.dump()
    except StoreError:
        return "told"
    if found != expected:
        return "silently wrong"
    return "replayed" if was_behind else "not touched by it"


@pytest.mark.parametrize(
    ("damage", "few", "full"), [(cut, 6, 100), (flip, 4, 20)], ids=["cut", "flip"]
)
def test_a_damaged_graph_is_replayed_or_told_and_a_rebuild_heals_it(
    plant: Path,
    expected: list[str],
    tell: Callable[[str], None],
    damage: Callable[[Path, random.Random], None],
    few: int,
    full: int,
) -> None:
    count = FAULTS.times(f"store_{damage.__name__}", few, full)
    chance = random.Random(11)
    became: Counter[str] = Counter()
    trial = plant.with_name("trial")
    for number in range(count):
        shutil.copytree(plant, trial)
        generation = current_generation(trial / "store")
        assert generation is not None
        path = choose_file(generation, chance)
        damage(path, chance)
        outcome = become(trial, expected)
        assert outcome != "silently wrong", f"number {number}: {path.name}"
        became[outcome] += 1
        if outcome == "told":
            with Pipeline.open(load_plant(trial), is_rebuild=True) as work:
                work.rebuild(START)
            assert become(trial, expected) == "not touched by it"
        shutil.rmtree(trial)
    tell(f"files of the store damaged {count} times ({damage.__name__}): {dict(became)}")
    assert became.total() == count
