"""The demo plant's mappings: exact facts of chosen rows, and a whole plant without surprises."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from kg import assets
from kg.demo import build_plant
from kg.identity import Aliases
from kg.lift import Lifter
from kg.records import Fact, Record, Rejected
from kg.settings import load_plant, load_source
from kg.sources import read_source
from kg.vocab import OWL_SAME_AS

BASE = "https://demo.example/"
TR = "https://w3id.org/traveler/ontology/"
CASES = sorted(path for path in (Path(__file__).parent / "cases").glob("*/*") if path.is_dir())
NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
SEED = 7
ZONE = "Europe/Stockholm"
FOLDERS = {"erp": "demo-erp", "mes": "demo-mes", "identity": "demo-identity", "notes": "notes"}
"""The mapping of each of the demo's sources."""

POINTED_AT = ("batch", "customer", "job", "machine", "operation", "order", "order-line", "part",
              "person", "piece", "spec", "supplier", "work-center")  # fmt: skip
"""Kinds of things that some record of the plant must describe, wherever another points at one."""


class Plant(NamedTuple):
    """What the records of a whole plant say, by (source, kind, key); and those that say nothing."""

    facts: dict[tuple[str, str, str], list[Fact]]
    rejected: list[Rejected]


@pytest.fixture(scope="module")
def lifters() -> dict[str, Lifter]:
    return {
        name: Lifter(load_source(assets.mappings_folder() / folder, {"zone": ZONE}), BASE)
        for name, folder in FOLDERS.items()
    }


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory, lifters: dict[str, Lifter]) -> Plant:
    folder = tmp_path_factory.mktemp("plant")
    start = datetime(2026, 11, 20, 6, tzinfo=UTC)
    build_plant(folder, SEED, start).close()
    rejected: list[Rejected] = []
    facts: dict[tuple[str, str, str], list[Fact]] = {}
    for source in load_plant(folder).sources:
        items = [item for reading in read_source(source, {}, NOW) for item in reading.items]
        records = [item for item in items if isinstance(item, Record)]
        lifted = lifters[source.name].lift(records)
        rejected += [item for item in items if isinstance(item, Rejected)] + lifted.rejected
        for record, found in zip(records, lifted.facts, strict=True):
            facts[record.source, record.kind, record.key] = found
    return Plant(facts, rejected)


def test_there_are_cases_for_every_table() -> None:
    cases = {(path.parent.name, path.name.split(".")[0]) for path in CASES}
    tables = {
        (name, table.name)
        for name, folder in FOLDERS.items()
        for table in load_source(assets.mappings_folder() / folder).tables
    }
    assert cases == tables


@pytest.mark.parametrize("case", CASES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_row_lifts_to_exactly_these_facts(case: Path, lifters: dict[str, Lifter]) -> None:
    row = json.loads((case / "row.json").read_text(encoding="utf-8"))
    record = Record(case.parent.name, case.name.split(".")[0], "key", row, "row.json")
    lifted = lifters[case.parent.name].lift([record])
    expected = (case / "expected.nt").read_text(encoding="utf-8").splitlines()
    assert sorted(" ".join(fact) + " ." for fact in lifted.facts[0]) == expected
    assert not lifted.rejected


def test_only_the_planted_nonsense_is_rejected(plant: Plant) -> None:
    assert sorted((bad.kind, bad.code) for bad in plant.rejected) == [
        ("machine_state", "bad-time"),
        ("machine_state", "empty-key"),
    ]


def test_every_record_says_something(plant: Plant) -> None:
    assert [key for key, facts in plant.facts.items() if not facts] == []


def aliases_of(plant: Plant) -> Aliases:
    aliases = Aliases()
    for key, facts in plant.facts.items():
        aliases.replace("/".join(key), facts)
    return aliases


def test_the_present_is_small(plant: Plant) -> None:
    events = {"run", "machine_state"}
    present = {fact for key, facts in plant.facts.items() if key[1] not in events for fact in facts}
    assert 6_000 < len(present) < 15_000


def test_whatever_a_record_points_at_is_described_under_its_canonical_name(plant: Plant) -> None:
    aliases = aliases_of(plant)
    said = [fact for facts in plant.facts.values() for fact in facts]
    rewritten = [fact for fact in aliases.rewrite(said) if fact[1] != OWL_SAME_AS]
    described = {s for s, p, _ in rewritten if p == f"<{TR}identifier>" or "/spec/" in s}
    dangling = {
        o
        for _, _, o in rewritten
        if o.startswith(f"<{BASE}") and _kind(o) in POINTED_AT and o not in described
    }
    assert dangling == set()


def test_both_systems_meet_in_the_same_machines_and_jobs(plant: Plant) -> None:
    aliases = aliases_of(plant)
    seen: dict[str, set[str]] = {"job": set(), "machine": set()}
    for (source, _, _), facts in plant.facts.items():
        for fact in aliases.rewrite(facts) if source == "mes" else ():
            for term in fact:
                seen.get(_kind(term), set()).add(term)
    assert len(seen["machine"]) == 12
    assert f"<{BASE}job/1057>" in seen["job"]
    assert all(term.removeprefix(f"<{BASE}job/")[:-1].isdigit() for term in seen["job"])


def test_the_mappings_say_every_link_of_the_five_facts(lifters: dict[str, Lifter]) -> None:
    links = {
        (name, predicate.removeprefix(f"<{TR}")[:-1])
        for name, lifter in lifters.items()
        for _, _, predicate in lifter.produces()
    }
    assert {("erp", "pinnedSpec"), ("erp", "orderedBy"), ("erp", "ofBatch")} <= links
    assert {("mes", "onMachine"), ("mes", "ofJob"), ("mes", "loadedFor")} <= links
    assert Counter(name for name, _ in links)["notes"] >= 5


def _kind(term: str) -> str:
    return term.removeprefix(f"<{BASE}").split("/")[0] if term.startswith(f"<{BASE}") else ""
