"""A changed crosswalk lifts again what speaks of the alias, and gives what a rebuild gives."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg import assets, pipeline
from kg.mentions import mentioning
from kg.pipeline import Pipeline
from kg.settings import load_plant
from tests.shop_plant import write_shop

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
BASE = "https://alias.example/"
TABLES = """
[[table]]
name = "crosswalk"
mapping = "crosswalk.yml"
file = "crosswalk.csv"
allow_empty = true
settle_seconds = 0
key = ["canonical", "alias"]
[[table]]
name = "machine"
mapping = "machine.yml"
file = "machine.csv"
key = ["id"]
[[table]]
name = "job"
mapping = "job.yml"
file = "job.csv"
key = ["id"]
[[table]]
name = "state"
mapping = "state.yml"
file = "state.jsonl"
key = ["id"]
arrives = "events"
row = "event"
event_time = "ts"
[table.fold]
kind = "latest"
subject = "tr:onMachine"
[[table]]
name = "run"
mapping = "run.yml"
file = "run.jsonl"
key = ["id"]
arrives = "events"
row = "event"
event_time = "ts"
[table.fold]
kind = "open-close"
pair = ["tr:onMachine", "tr:ofJob"]
sum = ["tr:goodQuantity"]
"""
MAPPINGS = {
    "crosswalk": """
  thing:
    sources: [[crosswalk~table]]
    s: machine/$(canonical)
    po:
      - [owl:sameAs, machine/$(alias)~iri]
""",
    # The machine's own row says what else it is called, beside what is so of it.
    "machine": """
  thing:
    sources: [[machine~table]]
    s: machine/$(id)
    po:
      - [a, tr:Machine]
      - [rdfs:label, $(name)]
      - [tr:capacity, $(capacity), xsd:integer]
      - [owl:sameAs, machine/$(alias)~iri]
""",
    "job": """
  thing:
    sources: [[job~table]]
    s: job/$(id)
    po:
      - [a, tr:Job]
      - [tr:status, trc:job-status/$(status)~iri]
      - [tr:plannedOn, machine/$(machine)~iri]
""",
    "state": """
  thing:
    sources: [[state~table]]
    s: event/s$(id)
    po:
      - [a, tr:MachineStateChanged]
      - [tr:eventTime, $(ts), xsd:dateTime]
      - [tr:onMachine, machine/$(machine)~iri]
      - [tr:activity, trc:activity/$(activity)~iri]
""",
    "run": """
  thing:
    sources: [[run~table]]
    s: event/r$(id)
    po:
      - [a, $(kind)~iri]
      - [tr:eventTime, $(ts), xsd:dateTime]
      - [tr:onMachine, machine/$(machine)~iri]
      - [tr:ofJob, job/$(job)~iri]
      - [tr:goodQuantity, $(good), xsd:decimal]
""",
}
HEADS = {
    "crosswalk": "canonical,alias\n",
    "machine": "id,name,capacity,alias\n",
    "job": "id,status,machine\n",
}
KINDS = ("RunStarted", "QuantityReported", "RunEnded")


class Shop:
    """A plant of machines with many names; its files are written and read anew at each step."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        write_shop(folder, "alias", TABLES, MAPPINGS, path="data")
        (folder / "data").mkdir()
        for name in ("state", "run"):
            (folder / "data" / f"{name}.jsonl").touch()
        self._count = 0
        for table in HEADS:
            self.write(table, [])
        self.work = Pipeline.open(load_plant(folder))

    def write(self, table: str, rows: list[tuple[str, ...]]) -> None:
        text = HEADS[table] + "".join(",".join(row) + "\n" for row in rows)
        (self.folder / "data" / f"{table}.csv").write_text(text)

    def happen(self, table: str, **what: str) -> None:
        self._count += 1
        ts = (NOW + timedelta(minutes=self._count)).isoformat()
        row = {"id": self._count, "ts": ts, **what}
        with (self.folder / "data" / f"{table}.jsonl").open("a") as file:
            file.write(json.dumps(row) + "\n")

    def load(self) -> pipeline.Applied:
        self.work.read(NOW)
        return self.work.apply(NOW)

    def check(self) -> None:
        """Compare with the same journal folded anew."""
        stepwise = self.work.store.dump()
        self.work.rebuild(NOW)
        assert self.work.store.dump() == stepwise

    def subjects(self, predicate: str) -> set[str]:
        found = self.work.store.match(p=f"<https://w3id.org/traveler/ontology/{predicate}>", g="")
        return {s.removeprefix(f"<{BASE}").rstrip(">") for s, _, _, _ in found}


@pytest.fixture(scope="module")
def random_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    shop = Shop(tmp_path_factory.mktemp("shop"))
    shop.write("job", [("1", "released", "M1")])
    assert shop.load().is_rebuild
    yield shop
    shop.work.close()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop whose machine M1 is worked at under its own name and by two others."""
    shop = Shop(tmp_path)
    shop.write("machine", [("M1", "Mill", "1", "old")])
    shop.write("job", [("1", "released", "M1"), ("2", "released", "erp-1"), ("3", "planned", "M9")])
    shop.happen("state", machine="mes-1", activity="production")
    shop.happen("run", machine="mes-1", job="1", kind=f"{TR}RunStarted", good="0")
    shop.happen("run", machine="M1", job="1", kind=f"{TR}RunEnded", good="7")
    assert shop.load().is_rebuild
    yield shop
    shop.work.close()


TR = "https://w3id.org/traveler/ontology/"


def test_a_new_alias_lifts_again_what_speaks_of_it_and_nothing_else(shop: Shop) -> None:
    store = shop.work.store
    assert shop.subjects("activity") == {"machine/mes-1"}
    shop.write("crosswalk", [("M1", "mes-1"), ("M1", "erp-1")])
    applied = shop.load()
    assert not applied.is_rebuild
    assert shop.work.store is store
    assert shop.subjects("activity") == {"machine/M1"}
    # The start under one name and the end under another are one run now.
    assert shop.subjects("endedAt") == {"run/shop/run/2"}
    shop.check()


def test_an_alias_that_is_taken_back_gives_each_its_own(shop: Shop) -> None:
    shop.write("crosswalk", [("M1", "mes-1")])
    shop.load()
    shop.write("crosswalk", [])
    assert not shop.load().is_rebuild
    assert shop.subjects("activity") == {"machine/mes-1"}
    assert shop.subjects("endedAt") == set()
    shop.check()


def test_an_alias_that_moves_takes_what_is_said_of_it_along(shop: Shop) -> None:
    shop.write("crosswalk", [("M1", "mes-1")])
    shop.load()
    shop.write("crosswalk", [("M2", "mes-1")])
    assert not shop.load().is_rebuild
    assert shop.subjects("activity") == {"machine/M2"}
    shop.check()


def test_an_alias_of_two_machines_is_neither_and_check_says_so(shop: Shop) -> None:
    shop.write("crosswalk", [("M1", "mes-1")])
    shop.load()
    shop.write("crosswalk", [("M1", "mes-1"), ("M2", "mes-1")])
    assert not shop.load().is_rebuild
    assert shop.subjects("activity") == {"machine/mes-1"}
    shop.work.validate(NOW)
    found = shop.work.answers().check(NOW).gaps
    gaps = [gap for gap in found if (gap.entity, gap.slot) == ("machine/mes-1", "identity")]
    assert [(gap.entity, gap.state, gap.source) for gap in gaps] == [
        ("machine/mes-1", "conflicting", "shop")
    ]
    assert "machine/M1 and machine/M2" in gaps[0].message
    shop.check()


def test_so_many_mentions_are_refolded_as_a_whole(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "REBUILD_ABOVE", 2)
    shop.write("crosswalk", [("M1", "mes-1")])
    assert shop.load().is_rebuild
    assert shop.subjects("activity") == {"machine/M1"}


def test_records_are_found_by_what_they_speak_of(shop: Shop) -> None:
    shop.write("crosswalk", [("M1", "mes-1")])
    shop.load()
    found = mentioning(shop.work.store, [f"<{BASE}machine/M1>"])
    assert {graph.removeprefix(f"<{BASE}record/shop/").rstrip(">") for graph in found} == {
        "job/1",
        "machine/M1",
        "run/2",
        "run/3",
        "state/1",
    }
    assert mentioning(shop.work.store, [f"<{BASE}machine/nobody>"]) == set()


names = st.sampled_from(["M1", "M2", "a", "b", "c"])
crosswalks = st.lists(st.tuples(names, names), max_size=4, unique=True)
machines = st.lists(
    st.tuples(names, st.sampled_from(["Mill", "Saw"]), st.sampled_from("12"), names),
    max_size=2,
    unique_by=lambda row: row[0],
)
jobs = st.lists(
    st.tuples(st.sampled_from("12"), st.sampled_from(["released", "planned"]), names),
    max_size=2,
    unique_by=lambda row: row[0],
)
happenings = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {"table": st.just("state"), "machine": names, "activity": st.sampled_from(["idle"])}
        ),
        st.fixed_dictionaries(
            {
                "table": st.just("run"),
                "machine": names,
                "job": st.sampled_from("12"),
                "kind": st.sampled_from(KINDS).map(TR.__add__),
                "good": st.sampled_from("35"),
            }
        ),
    ),
    max_size=3,
)
steps = st.lists(st.tuples(crosswalks, machines, jobs, happenings), min_size=1, max_size=3)


@settings(max_examples=40, deadline=None)
@given(steps=steps)
def test_whatever_the_crosswalk_says_and_takes_back_the_graph_is_that_of_a_rebuild(
    random_shop: Shop, steps: list[tuple[list, list, list, list]]
) -> None:
    # The shop goes on from example to example: every one begins where another ended.
    for crosswalk, machine, job, happened in steps:
        random_shop.write("crosswalk", crosswalk)
        random_shop.write("machine", machine)
        random_shop.write("job", job)
        for what in happened:
            random_shop.happen(**what)
        assert not random_shop.load().is_rebuild
    random_shop.check()


def test_machines_that_agree_in_a_key_are_one_also_after_a_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ontology = tmp_path / "ontology"
    shutil.copytree(assets.ontology_folder(), ontology)
    (ontology / "keys.ttl").write_text(
        f"<{TR}Machine> <http://www.w3.org/2002/07/owl#hasKey>"
        " ( <http://www.w3.org/2000/01/rdf-schema#label> ) ."
    )
    monkeypatch.setattr(assets, "ontology_folder", lambda: ontology)
    (tmp_path / "plant").mkdir()
    shop = Shop(tmp_path / "plant")
    shop.write("machine", [("M1", "Mill", "1", ""), ("mes-1", "Mill", "1", "")])
    shop.happen("state", machine="mes-1", activity="production")
    shop.load()
    assert shop.subjects("activity") == {"machine/M1"}
    shop.work.close()
    with Pipeline.open(load_plant(tmp_path / "plant")) as shop.work:
        shop.happen("run", machine="mes-1", job="1", kind=f"{TR}RunStarted", good="0")
        assert not shop.load().is_rebuild
        assert shop.subjects("hostsRun") == {"machine/M1"}
        shop.write("machine", [("M1", "Mill", "1", ""), ("mes-1", "Saw", "1", "")])
        assert not shop.load().is_rebuild
        assert shop.subjects("hostsRun") == shop.subjects("activity") == {"machine/mes-1"}
        shop.check()
