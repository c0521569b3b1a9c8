"""Every fact that the demo plant derives is explained down to the records that it rests on."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest

from kg.answer.evidence import Evidence, Lineage
from kg.demo import DEFAULT_HOURS, build_plant
from kg.pipeline import Pipeline
from kg.vocab import RDF_TYPE
from tests.plants.conftest import load_whole

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
OF_EACH = 5


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("demo")
    build_plant(folder, 7, NOW - timedelta(hours=DEFAULT_HOURS)).close()
    with load_whole(folder, NOW) as work:
        yield work


def derived_facts(work: Pipeline) -> list:
    return sorted(work.store.graph(f"<{work.plant.base}graph/derived>"))


def lineage_of(work: Pipeline, facts: list) -> list[Lineage]:
    evidence = Evidence(
        work.plant, work.store, work.journal, work.rules, work.shapes.single_valued, NOW
    )
    return [evidence.lineage(fact) for fact in facts]


def check(lineages: list[Lineage]) -> None:
    assert lineages
    assert not [one.fact for one in lineages if one.rule is None or not one.premises]
    assert not [one.fact for one in lineages if not all(leaf.graphs for leaf in one.leaves())]


def test_some_of_each_kind_are_explained(demo: Pipeline) -> None:
    kinds = defaultdict(list)
    for fact in derived_facts(demo):
        kinds[fact[2] if fact[1] == RDF_TYPE else fact[1]].append(fact)
    assert len(kinds) > 20
    check(lineage_of(demo, [fact for facts in kinds.values() for fact in facts[:OF_EACH]]))


@pytest.mark.slow
def test_every_one_is_explained(demo: Pipeline) -> None:
    check(lineage_of(demo, derived_facts(demo)))
