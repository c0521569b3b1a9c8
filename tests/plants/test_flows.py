"""The flow map of the demo plant: where its simulation lets links go dark, and how late."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from kg.answer.flow.map import FlowMap, map_flows
from kg.answer.flow.measured import Delay
from kg.demo import DEFAULT_HOURS, build_plant
from kg.demo.paper import DARK_AT_FIRST, DARK_EDGES, TYPED_EVERY_MINUTES
from kg.pipeline import Pipeline
from tests.plants.conftest import NOW, load_whole

SEED = 7
POLLED_EVERY = timedelta(minutes=60)
SOON_AFTER = timedelta(minutes=5)
"""How long after the slips are typed the sources are read: so much later is what is measured."""
LATER = NOW + timedelta(minutes=2 * TYPED_EVERY_MINUTES) + SOON_AFTER


@dataclass(frozen=True)
class Lived:
    """The plant's map as its history ends, and after two more shifts; and what was simulated."""

    folder: Path
    first: FlowMap
    later: FlowMap
    simulated: Delay | None
    work: Pipeline


def map_of(work: Pipeline, now: object) -> FlowMap:
    answers = work.answers()
    return map_flows(answers, now, answers.check(now))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    folder = tmp_path_factory.mktemp("demo")
    simulation = build_plant(folder, SEED, NOW - timedelta(hours=DEFAULT_HOURS))
    with simulation, load_whole(folder) as work:
        first, before = map_of(work, NOW), len(simulation.slips.typed)
        moment = NOW + SOON_AFTER
        while moment < LATER:
            moment += POLLED_EVERY
            simulation.advance(moment)
            for name in ("erp", "mes"):
                work.read_source(work.plant.source(name), moment)
        assert moment == LATER
        work.apply(moment)
        work.validate(moment)
        typed = simulation.slips.typed[before:]
        simulated = Delay.of((slip.typed - slip.happened).total_seconds() for slip in typed)
        yield Lived(folder, first, map_of(work, moment), simulated, work)


def dark(flow: FlowMap) -> dict[tuple[str, str, str], str]:
    return {
        (e.link, e.start.removeprefix("flow-step/"), e.end.removeprefix("flow-step/")): e.state
        for e in flow.dark
    }


def test_the_map_names_what_the_simulation_let_go_dark_and_nothing_else(lived: Lived) -> None:
    assert dark(lived.later) == DARK_EDGES
    # Of what was there before anybody looked no delay is known: paper that was typed looks whole.
    late = ("job-batch", "issue-slip", "stock-booking")
    assert dark(lived.first) == DARK_EDGES | DARK_AT_FIRST | {late: "patchy"}


def test_measured_delays_are_those_that_were_simulated(lived: Lived) -> None:
    measured = lived.later.tables["erp.batch_move"].delay
    assert measured is not None
    assert lived.simulated is not None
    assert measured.records == lived.simulated.records > 20
    assert measured.p50_seconds == pytest.approx(lived.simulated.p50_seconds, rel=0.05)
    assert measured.p95_seconds == pytest.approx(lived.simulated.p95_seconds, rel=0.05)


def test_what_is_typed_at_once_is_as_late_as_it_is_read(lived: Lived) -> None:
    delay = lived.later.tables["erp.production_order"].delay
    assert delay is not None
    assert 0 < delay.p95_seconds <= POLLED_EVERY.total_seconds()


def test_gaps_hang_on_the_edge_behind_which_they_would_be_told(lived: Lived) -> None:
    coverage = {row.link: row for row in lived.work.answers().check(LATER).coverage}
    hanging = {(edge.link, edge.end): edge.gaps for edge in lived.first.dark if edge.gaps}
    assert hanging["job-customer", "flow-step/job-origin"] == 4
    assert hanging["job-spec", "flow-step/revision-list"] == 2
    assert coverage["job-customer"].of > 0
    told = {link.link: link for link in lived.first.links}
    for name in ("job-spec", "job-customer"):
        on_edges = sum(e.gaps for e in lived.first.dark if e.link == name)
        assert on_edges + told[name].gaps_elsewhere == told[name].missing


def test_shares_are_of_records(lived: Lived) -> None:
    moves = lived.first.tables["erp.batch_move"].carried("job-batch")
    assert moves is not None
    assert 0.9 < moves.share < 1.0, "some issues name no lot"
    runs = lived.first.tables["mes.run"]
    assert runs.carried("job-machine").share == 1.0  # type: ignore[union-attr]
    assert runs.carried("job-customer") is None
    assert runs.people[0][1] > 50


def test_what_the_graph_follows_is_measured_where_it_is_followed(lived: Lived) -> None:
    visible = {source["name"]: source["visible"] for source in lived.later.sources}
    assert visible["erp"]["records"] > 50
    assert {source["name"]: source["visible"] for source in lived.first.sources}["erp"] is None


def test_the_saved_questions_know_what_is_declared(lived: Lived) -> None:
    answers = lived.work.answers()
    steps = {row["step"] for row in answers.ask("where-the-facts-arise", {}, LATER)}
    assert {"flow-step/issue-slip", "flow-step/handover-talk"} <= steps
    (row,) = [
        row
        for row in answers.ask("where-a-link-goes-dark", {}, LATER)
        if row["step"] == "flow-step/issue-slip"
    ]
    assert (row["seen_again"], row["dark_minutes"]) == ("flow-step/stock-booking", "240")
    processes = answers.ask("which-process-to-connect-first", {}, LATER)
    assert {"material issue", "order entry"} <= {row["process"] for row in processes[:3]}
    ready = {one.name: one.state for one in answers.readiness().questions}
    assert ready["where-the-facts-arise"] == "whole"


def test_a_map_is_plain_data(lived: Lived) -> None:
    told = json.loads(json.dumps(lived.later.to_dict()))
    assert [link["link"] for link in told["links"]] == [
        "job-machine", "job-spec", "job-customer", "job-batch", "machine-now",
    ]  # fmt: skip
    assert all(link["questions"] for link in told["links"])
    assert told["links"][3]["arises"] == [
        "flow-step/heat-list", "flow-step/issue-slip", "flow-step/scanner",
    ]  # fmt: skip
    assert told["next"]


def test_a_plant_that_declares_nothing_is_measured_all_the_same(lived: Lived) -> None:
    described = (lived.folder / "flows.yml").read_text(encoding="utf-8")
    (lived.folder / "flows.yml").unlink()
    try:
        found = map_of(lived.work, LATER)
    finally:
        (lived.folder / "flows.yml").write_text(described, encoding="utf-8")
    assert (found.declared, found.steps, found.edges) == (False, (), ())
    assert found.tables["mes.run"].records > 500
    assert all(link.arises for link in found.links)
