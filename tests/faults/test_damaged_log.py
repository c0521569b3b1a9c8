"""A store whose files were cut or changed on the disk is mended from the journal, or says no."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pytest

from kg.errors import TravelerError
from kg.pipeline import Pipeline
from kg.settings import load_plant
from tests.counts import FAULTS
from tests.faults.test_any_order import (
    EVENING,
    MACHINES,
    MAPPINGS,
    TABLES,
    dataset,
    day_of,
    deliver,
)
from tests.shop_plant import write_shop

EVENTS = 40


@dataclass(frozen=True)
class Killed:
    """A plant as a killed process leaves it: half of it flushed, the rest in the engine's log."""

    folder: Path
    dataset: list[str]
    seq: int


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killed]:
    folder, copy = tmp_path_factory.mktemp("live"), tmp_path_factory.mktemp("killed") / "plant"
    write_shop(folder, "order", TABLES, MAPPINGS, source="mes")
    with Pipeline.open(load_plant(folder)) as work:
        deliver(work, [list(chain.from_iterable(said.messages() for said in MACHINES))])
        for number, said in enumerate(day_of(EVENTS, random.Random(1))):
            deliver(work, [said.messages()])
            if number == EVENTS // 2:
                work.flush()
        # What the engine has given to the system is there for whoever looks, as after a kill.
        shutil.copytree(folder, copy)
        yield Killed(copy, dataset(work), work.store.applied_seq())


def damaged(killed: Killed, folder: Path, ending: str, chance: random.Random, cut: bool) -> Path:
    """Give a copy of which one file of the store is cut off, or has one byte changed."""
    plant = folder / "plant"
    shutil.rmtree(plant, ignore_errors=True)
    shutil.copytree(killed.folder, plant)
    found = [p for p in sorted((plant / "store").rglob(f"*.{ending}")) if p.stat().st_size]
    file = chance.choice(found)
    content = bytearray(file.read_bytes())
    place = chance.randrange(len(content))
    if cut:
        del content[place:]
    else:
        content[place] ^= 1 << chance.randrange(8)
    file.write_bytes(content)
    return plant


def opened_again(killed: Killed, plant: Path) -> str:
    """Open and follow up; gives what came of it. A wrong graph without an alarm fails here."""
    try:
        with Pipeline.open(load_plant(plant)) as work:
            was = work.store.applied_seq()
            work.apply(EVENING)
            assert work.store.applied_seq() == killed.seq
            found = dataset(work)
    except TravelerError as error:
        return "refused" if error.hint else "refused without a word of what to do"
    assert found == killed.dataset
    return "whole" if was == killed.seq else "replayed"


def outcomes(killed: Killed, folder: Path, count: int, ending: str, cut: bool) -> set[str]:
    chance = random.Random(count)
    return {
        opened_again(killed, damaged(killed, folder, ending, chance, cut)) for _ in range(count)
    }


def test_what_a_kill_leaves_is_whole(killed: Killed, tmp_path: Path) -> None:
    shutil.copytree(killed.folder, tmp_path / "plant")
    assert opened_again(killed, tmp_path / "plant") == "whole"


def test_a_log_that_was_cut_is_replayed_from_the_journal(killed: Killed, tmp_path: Path) -> None:
    assert "replayed" in outcomes(killed, tmp_path, 4, "log", cut=True)


def test_a_changed_byte_is_mended_or_refused(killed: Killed, tmp_path: Path) -> None:
    known = {"whole", "replayed", "refused"}
    assert outcomes(killed, tmp_path, 4, "log", cut=False) <= known
    assert outcomes(killed, tmp_path, 3, "sst", cut=False) <= known


@pytest.mark.slow
def test_no_cut_or_changed_byte_of_very_many_makes_a_wrong_graph(
    killed: Killed, tmp_path: Path
) -> None:
    cuts, flips = FAULTS.times("cuts", 20, 100), FAULTS.times("flips", 8, 40)
    for count, ending, cut in ((cuts, "log", True), (flips, "log", False), (flips, "sst", False)):
        found = outcomes(killed, tmp_path, count, ending, cut)
        assert found <= {"whole", "replayed", "refused"}, (ending, cut)
