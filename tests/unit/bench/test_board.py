"""The benchmark of the board, from end to end on a few machines, and its page."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from shutil import which

import pytest

from api.pages import FOLDER
from bench.board.__main__ import main
from bench.board.browser import FirstLoad, Sample, Watched
from bench.board.machines import event_of
from bench.board.results import Board, growth_of, is_well, tell_results
from bench.results import WIDTH
from tests.mqtt_broker import PROGRAM

MB = 1_000_000


def samples(*megabytes: float) -> list[Sample]:
    return [Sample(20.0 * at, int(MB * heap), 900, 60) for at, heap in enumerate(megabytes)]


def board(
    frames: list[int], heaps: list[Sample], wrong: int = 0, lost: int = 0, ms: float = 900.0
) -> Board:
    loads = [FirstLoad(ms, 250_000, 90_000), FirstLoad(ms + 100, 250_000, 91_000)]
    return Board(500, 50, loads, Watched(frames, 31.0, 120, heaps), 12, wrong, lost)


def told(one: Board) -> str:
    return tell_results(one, {"Browser": "a browser"}, "python -m bench.board", date(2026, 11, 30))


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.skipif(PROGRAM is None, reason="Mosquitto is not on this machine")
@pytest.mark.skipif(which("chromium") is None, reason="Chromium is not on this machine")
@pytest.mark.skipif(not (FOLDER / "index.html").is_file(), reason="`make web` builds the pages")
def test_a_small_board_is_measured_and_the_page_written(tmp_path: Path) -> None:
    output = tmp_path / "page.md"
    asked = ["--machines", "6", "--jobs", "20", "--rate", "10", "--seconds", "4", "--loads", "1"]
    assert main([*asked, "--output", str(output)]) == 0
    page = re.sub(r" \\\n +", " ", output.read_text("utf-8"))
    assert "python -m bench.board --machines 6 --rate 10 --seconds 4 --jobs 20 --loads 1" in page
    # Those that only the tables' operations name are machines too.
    flat = page.replace("\n", " ")
    shown = re.search(r"At the end 0 of the (\d+) machines on the screen differ", flat)
    assert shown is not None
    assert int(shown[1]) >= 6
    assert int(re.findall(r"in half of all seconds, at least +\| +(\d+) \|", page)[0]) > 0
    assert float(re.findall(r"answers fetched a second +\| +([\d.]+) \|", page)[0]) > 0


def test_the_page_says_of_each_goal_whether_it_is_met() -> None:
    well = told(board([60, 60, 50], samples(5.0, 5.1, 5.0)))
    assert well.count("| met ") == 4
    assert "not met" not in well
    ill = told(board([60, 49, 48], samples(5.0, 5.0, 5.2), ms=1_500.0))
    assert re.search(r"\| frames/s, median +\| .* 49 \| not met \|", ill)
    assert re.search(r"\| growth of memory in 40 s +\| .* \+4.0% \| not met \|", ill)
    assert re.search(r"\| first page, kB as sent +\| .* 250 \| met +\|", ill)
    assert re.search(r"\| until it can be used, ms +\| .* 1,550 \| not met \|", ill)
    assert all(len(line) <= WIDTH for line in (well + ill).splitlines())


def test_growth_is_of_the_last_third_over_the_first() -> None:
    assert growth_of(samples(4.0, 4.0, 9.0, 9.0, 5.0, 5.0)) == pytest.approx(0.25)
    assert growth_of(samples(4.0)) == 0.0


def test_a_board_that_is_wrong_or_lost_events_is_not_well() -> None:
    assert is_well(board([60], samples(5.0)))
    assert not is_well(board([60], samples(5.0), wrong=1))
    assert not is_well(board([60], samples(5.0), lost=1))
    page = told(board([60], samples(5.0), wrong=3, lost=2)).replace("\n", " ")
    assert "3 of the 12 machines on the screen differ" in page
    assert "2 events are lost" in page


def test_machines_take_turns_and_every_run_that_starts_ends() -> None:
    machines, jobs = 7, 20
    events = [event_of(n, machines, jobs, 1_790_000_000 + n) for n in range(12 * machines)]
    assert {event.machine for event in events[:machines]} == {f"M{n:05}" for n in range(machines)}
    runs = [event.said for event in events if event.machine == "M00003" and event.table == "run"]
    assert [run["type"] for run in runs] == ["start", *["count"] * 5, "end"]
    assert len({run["job"] for run in runs}) == 1
    after = event_of(12 * machines + 3, machines, jobs, 1_790_000_000.0)
    assert after.said["type"] == "start"
    assert after.said["job"] != runs[0]["job"]
