"""kill -9 during the first load and during rebuilds, while the graph is asked."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kg.pipeline import Pipeline
from kg.settings import load_plant
from kg.sources import Message
from kg.store.generations import current_generation
from tests.counts import FAULTS
from tests.faults.live.plant import START, line_of, state, write_plant

ROOT = Path(__file__).resolve().parents[3]
MACHINES, EVENTS = 9, 900


@pytest.fixture(scope="module")
def unfolded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a plant whose journal is full and whose graph is empty."""
    folder = tmp_path_factory.mktemp("killed") / "plant"
    folder.mkdir()
    write_plant(folder)
    with Pipeline.open(load_plant(folder)) as work:
        rows = [state(f"M{number % MACHINES}", number) for number in range(EVENTS)]
        work.take("line", "state", [Message("t", line_of(row)) for row in rows], START)
    return folder


@pytest.fixture(scope="module")
def expected(unfolded: Path) -> list[str]:
    """The graph that it has when it is folded in peace."""
    copy = shutil.copytree(unfolded, unfolded.with_name("expected"))
    with Pipeline.open(load_plant(copy)) as work:
        work.apply(START)
        return work.store.dump()


def run_and_kill(folder: Path, awaited: str, after_seconds: float) -> list[str]:
    """Rebuild in a process and kill it so long after a line; gives all that it said."""
    command = [sys.executable, "-m", "tests.faults.live.rebuilding", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said: list[str] = []
        for line in process.stdout:
            said.append(line)
            if line.startswith(awaited):
                break
        # Its pipe must not fill up meanwhile.
        reader = threading.Thread(target=lambda: said.extend(process.stdout or ()))
        reader.start()
        time.sleep(after_seconds)
        os.kill(process.pid, signal.SIGKILL)
        reader.join()
    return said


def generations(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "store").glob("gen-*"))


def test_a_first_load_that_was_killed_is_none_or_whole_and_the_next_one_makes_it(
    unfolded: Path, expected: list[str], tell: Callable[[str], None]
) -> None:
    count = FAULTS.times("first_load", 2, 20)
    chance = random.Random(5)
    discarded = 0
    for number in range(count):
        trial = shutil.copytree(unfolded, unfolded.with_name(f"first-{number}"))
        run_and_kill(trial, "opened", chance.uniform(0.0, 0.8))
        left = generations(trial)
        with Pipeline.open(load_plant(trial)) as work:
            assert work.store.applied_seq() in (0, EVENTS)
            now_there = generations(trial)
            discarded += len(set(left) - set(now_there))
            work.apply(START)
            assert work.store.dump() == expected
        shutil.rmtree(trial)
    tell(f"first load killed {count} times: {discarded} other generations discarded, 0 wrong")


def test_a_rebuild_that_was_killed_leaves_the_old_graph_which_answered_all_along(
    unfolded: Path, expected: list[str], tell: Callable[[str], None]
) -> None:
    count = FAULTS.times("rebuild", 2, 20)
    chance = random.Random(6)
    answers, halves = 0, 0
    trial = shutil.copytree(unfolded, unfolded.with_name("rebuilt"))
    for _ in range(count):
        said = run_and_kill(trial, "asked", chance.uniform(0.2, 1.5))
        asked = [line.split() for line in said if line.startswith("asked") and line.endswith("\n")]
        assert {(len(words), words[1]) for words in asked} == {(3, str(MACHINES))}
        answers += len(asked)
        current = current_generation(trial / "store")
        assert current is not None
        halves += len([name for name in generations(trial) if name > current.name])
        with Pipeline.open(load_plant(trial)) as work:
            assert generations(trial) == [current.name]
            assert not work.apply(START).is_rebuild
            assert work.store.dump() == expected
    tell(
        f"rebuild killed {count} times while asked: {answers} right answers,"
        f" {halves} half-built graphs discarded, 0 wrong"
    )
