"""The benchmark of the live path, from end to end on a small plant, and its page."""

from __future__ import annotations

import re
from datetime import date
from itertools import islice
from pathlib import Path

import pytest

from bench.live.__main__ import main
from bench.live.events import PROBE, planned
from bench.live.latency import Latencies, Watch
from bench.live.results import percentile, tell_results
from bench.live.served import ServerError, write_plant
from bench.live.size import EventCost
from bench.live.state import State, _quads, compare_state
from bench.measure import NOW
from bench.results import WIDTH
from kg.pipeline import Pipeline
from kg.settings import load_plant
from tests.mqtt_broker import PROGRAM


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.skipif(PROGRAM is None, reason="Mosquitto is not on this machine")
def test_a_small_plant_is_measured_live_and_the_page_written(tmp_path: Path) -> None:
    output = tmp_path / "page.md"
    assert main(["--quick", "--output", str(output)]) == 0
    page = output.read_text()
    rows = re.findall(r"^\| +([\d,]+) \| +(\d+) \| durable \| +([\d.]+) \|", page, re.MULTILINE)
    assert [(rate, probes) for rate, probes, _ in rows] == [("100", "61"), ("200", "61")]
    assert all(float(p50) > 0 for _, _, p50 in rows)
    assert page.count("| visible |") == 2
    assert re.search(r"^\| +200 \| .*\| +601 \| .*\| +0 \| +0 \|$", page, re.MULTILINE)
    assert "quads, 0 differ" in page.replace("\n", " ")
    assert "| 20 jobs | 60 jobs |" in page
    assert all(len(line) <= WIDTH for line in page.splitlines())


def test_no_two_events_of_a_machine_and_table_have_the_same_key() -> None:
    events = [planned(number, 2_000, 1_000, 1_790_000_000.0) for number in range(20_000)]
    keys = {(event.topic, event.said["ts"], event.said.get("type")) for event in events}
    assert len(keys) == len(events)
    assert sum(event.machine == PROBE for event in events) == 200
    jobs = [event.said["job"] for event in events if event.table == "run"]
    assert len(set(jobs)) > 500


def test_the_page_says_whether_the_goal_was_met_and_what_was_lost() -> None:
    cost = EventCost(1_000, 9_000, 10, 5.0, 9.0, 4.0, {"journal": 1.0, "lift": 2.0})
    larger = EventCost(10_000, 90_000, 10, 6.0, 9.0, 4.0, {"journal": 1.0, "lift": 2.0})

    def page(worst: float, in_journal: int, differing: int) -> str:
        visible = [20.0] * 98 + [worst, worst]
        one = Latencies(1_000, 100, in_journal, 0, 2.0, 1.0, [5.0] * 100, visible, [2.0], [9.0])
        state = State(500, differing)
        told = tell_results([one], 40, state, [cost, larger], {}, "x", date(2026, 11, 24))
        return told.replace("\n", " ")

    well = page(250.0, 100, 0)
    assert "met, with 250.0 ms" in well
    assert "500 quads, 0 differ" in well
    assert "| 10,000 / 1,000 jobs |         1.20 |   1.00 |" in well
    ill = page(251.0, 98, 3)
    assert "missed, with 251.0 ms" in ill
    assert "|    2 |       0 |" in ill
    assert "differ: 3 of 500 quads" in ill


def test_a_percentile_is_the_value_that_so_many_do_not_exceed() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert [percentile(values, share) for share in (0.5, 0.99, 1.0)] == [50.0, 99.0, 100.0]
    assert percentile([7.0], 0.5) == 7.0


def test_a_watch_knows_when_a_number_was_first_seen() -> None:
    numbers = iter([0, 2, 2, 5])
    with Watch(lambda: next(numbers, 5), 0.001) as watch:
        watch.wait_for(5, 10.0)
    first, second, _, last = (moment for moment, _ in islice(watch.seen, 4))
    assert watch.when(0) == first
    assert watch.when(1) == watch.when(2) == second
    assert watch.when(3) == last


def test_a_watch_that_cannot_look_or_waits_too_long_says_so() -> None:
    def look() -> int:
        raise OSError("gone")

    with Watch(look, 0.001) as watch, pytest.raises(ServerError, match="gone"):
        watch.wait_for(1, 10.0)
    with Watch(lambda: 1, 0.001) as watch, pytest.raises(ServerError, match="2 was not seen"):
        watch.wait_for(2, 0.1)


def test_a_graph_that_is_not_what_the_journal_says_is_noticed(tmp_path: Path) -> None:
    write_plant(tmp_path, 4, 1, port=1)
    with Pipeline.open(load_plant(tmp_path)) as pipeline:
        pipeline.read(NOW)
        pipeline.apply(NOW)
        quads = len(_quads(pipeline))
        machine = "<https://bench.example/machine/M00001>"
        wrong = (machine, "<https://w3id.org/traveler/ontology/identifier>", '"other"', "")
        pipeline.store.apply(set(), {wrong}, pipeline.store.applied_seq())
    assert compare_state(tmp_path) == State(quads, 1)
