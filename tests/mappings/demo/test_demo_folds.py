"""The demo MES's events, folded as its source.toml declares, are what runs now."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from kg import vocab
from kg.demo import build_plant
from kg.demo.catalogue import MACHINES
from kg.fold import Event, fold_latest, fold_runs, group_of, infer_ends
from kg.identity import Aliases
from kg.lift import Lifter
from kg.records import Record
from kg.settings import load_plant
from kg.sources import read_source

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.fold import Contribution
    from kg.records import Fact, Term
    from kg.settings import FoldSettings, Plant

BASE = "https://demo.example/"
TR = "https://w3id.org/traveler/ontology/"
START = datetime(2026, 11, 20, 6, tzinfo=UTC)
RUNNING = {
    "SAW-01": {"1043", "1044"},
    "SAW-02": {"1057"},
    "LATHE-01": {"1045"},
    "LATHE-02": {"1045"},
    "LATHE-03": {"1048"},
    "MILL-01": {"1046", "1047"},
    "MILL-03": {"1054"},
    "MILL-04": {"1056"},
    "GRIND-01": {"1051"},
    "BENCH-01": {"1055"},
}

Folded = dict[str, dict["Term", dict[str, set["Term"]]]]


def short(term: Term) -> str:
    return term.removeprefix("<")[:-1].rsplit("/", 1)[-1]


def read_said(plant: Plant) -> list[tuple[Record, list[Fact]]]:
    """What the MES and the identity sheets say, aliases replaced."""
    aliases = Aliases()
    said: list[tuple[Record, list[Fact]]] = []
    for name in ("mes", "identity"):
        source = plant.source(name)
        items = [item for reading in read_source(source, {}, START) for item in reading.items]
        records = [item for item in items if isinstance(item, Record)]
        said += zip(records, Lifter(source, BASE).lift(records).facts, strict=True)
    for record, facts in said:
        aliases.replace(record.path(), facts)
    return [(record, aliases.rewrite(facts)) for record, facts in said if facts]


def fold_events(fold: FoldSettings, events: Iterable[Event]) -> Contribution:
    if fold.kind == "open-close":
        return fold_runs(fold, events, BASE)
    return fold_latest(fold, events)


@pytest.fixture(scope="module", params=[7, 35], ids="seed {}".format)
def folded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Folded:
    """Table → subject → predicate's name → values, after identity and the declared folds."""
    folder = tmp_path_factory.mktemp("plant")
    build_plant(folder, request.param, START).close()
    plant = load_plant(folder)
    groups: dict[tuple[str, str], dict[str, Event]] = defaultdict(dict)
    folds = {table.name: table.fold for table in plant.source("mes").tables if table.fold}
    for record, facts in read_said(plant):
        if record.source == "mes" and record.kind in folds:
            graph = f"<{BASE}{record.path()}>"
            event = Event(graph, record.effective or "", record.key, tuple(facts))
            group = group_of(folds[record.kind], event, record.kind)
            groups[record.kind, group][record.key] = event
    result: Folded = {kind: {} for kind in folds}
    for (kind, _), events in groups.items():
        fold = folds[kind]
        found = fold_events(fold, events.values())
        for s, p, o in (fact for facts in found.values() for fact in facts):
            values = result[kind].setdefault(s, defaultdict(set))
            values[p.removeprefix(f"<{TR}")[:-1]].add(o)
    return result


def open_runs(folded: Folded) -> dict[str, list[dict[str, set[Term]]]]:
    """The runs without an end, recorded or inferred from a later start, by machine."""
    found: dict[str, list[dict[str, set[Term]]]] = {}
    for machine in MACHINES:
        runs = {
            run: facts
            for run, facts in folded["run"].items()
            if facts["onMachine"] == {f"<{BASE}machine/{machine.id}>"}
        }
        times = [
            (run, min(facts["startedAt"]), min(facts.get("endedAt", set()), default=None))
            for run, facts in runs.items()
        ]
        inferred = infer_ends(times, machine.capacity)
        open_ones = [run for run, _, end in times if end is None and run not in inferred]
        if open_ones:
            found[machine.id] = [runs[run] for run in sorted(open_ones)]
    return found


def test_the_open_runs_are_those_of_the_scenes(folded: Folded) -> None:
    running = {
        machine: {short(min(run["ofJob"])) for run in runs}
        for machine, runs in open_runs(folded).items()
    }
    assert running == RUNNING


def test_a_run_carries_its_phase_pallet_program_and_person(folded: Folded) -> None:
    runs = open_runs(folded)
    (setup,) = runs["LATHE-03"]
    assert [short(phase) for phase in setup["phase"]] == ["setup"]
    assert {short(min(run["onPallet"])) for run in runs["MILL-01"]} == {"PAL-1", "PAL-2"}
    assert {short(min(run["runsProgram"])) for run in runs["MILL-01"]} == {"O12010"}
    assert all(len(run["byPerson"]) == 1 for found in runs.values() for run in found)


def test_a_run_sums_what_was_counted(folded: Folded) -> None:
    (run,) = open_runs(folded)["MILL-03"]
    counts = [run[name] for name in ("goodQuantity", "scrapQuantity", "reworkQuantity")]
    assert counts == [{f'"{number}"^^<{vocab.XSD}decimal>'} for number in (22, 2, 1)]


def test_each_machine_has_one_activity_and_only_its_own_reason(folded: Folded) -> None:
    states = {short(machine): facts for machine, facts in folded["machine_state"].items()}
    activity = {name: short(min(facts["activity"])) for name, facts in states.items()}
    assert set(activity) == {machine.id for machine in MACHINES}
    assert activity["LATHE-03"] == "setup"
    assert activity["LATHE-04"] == "production"
    assert activity["MILL-02"] == "idle"
    assert states["MILL-02"]["activityReason"] == {'"no material"'}
    assert [name for name, facts in states.items() if "activityReason" in facts] == ["MILL-02"]


def test_some_ends_were_never_recorded(folded: Folded) -> None:
    open_now = sum(len(runs) for runs in open_runs(folded).values())
    without_end = sum("endedAt" not in facts for facts in folded["run"].values())
    assert without_end > open_now


def test_no_run_is_of_an_alias(folded: Folded) -> None:
    jobs = {short(job) for facts in folded["run"].values() for job in facts["ofJob"]}
    assert all(job.isdigit() for job in jobs)
