"""Partners, doubles and placeholders in whole plants, row by row."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from kg.accepted import Acceptances, Choice
from kg.demo import DEFAULT_HOURS, build_plant
from tests.plants.conftest import NOW as NOON
from tests.plants.conftest import load_whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kg.answer.bundle import SlotGap
    from kg.pipeline import Pipeline

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SEED = 7


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A demo plant whose crosswalk was lost, and what had stood in it: alias -> canonical."""
    folder = tmp_path_factory.mktemp("demo")
    build_plant(folder, SEED, NOW - timedelta(hours=DEFAULT_HOURS)).close()
    sheet = folder / "crosswalk.csv"
    with sheet.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    sheet.write_text("kind,canonical,alias\n", encoding="utf-8")
    names = {f"{row['kind']}/{row['alias']}": f"{row['kind']}/{row['canonical']}" for row in rows}
    return folder, names


@pytest.fixture(scope="module")
def demo(told: tuple[Path, dict[str, str]]) -> Iterator[Pipeline]:
    with load_whole(told[0], NOW) as work:
        yield work


def gaps(work: Pipeline, kind: str, now: datetime = NOW) -> list[SlotGap]:
    found = [gap for gap in work.answers().check(now).gaps if gap.kind == kind]
    return sorted(found, key=lambda gap: gap.id)


def test_each_id_that_the_lost_crosswalk_knew_is_offered_its_partner_first(
    demo: Pipeline, told: tuple[Path, dict[str, str]]
) -> None:
    offered = {
        gap.entity: [(one.entity, one.score) for one in gap.candidates]
        for gap in gaps(demo, "identity")
    }
    assert offered == {
        "batch/H113012": [("batch/4716", 1.0)],
        "batch/H113348": [("batch/4764", 0.94)],
        "job/RUSH-11": [("job/1031", 0.9)],
        "job/RUSH-12": [("job/1081", 0.88)],
        "job/RUSH-7": [("job/1057", 0.57)],
    }
    _, names = told
    assert {entity: found[0][0] for entity, found in offered.items()} == {
        entity: names[entity] for entity in offered
    }


def test_an_id_that_nobody_knows_says_who_speaks_of_it_and_who_should_know(
    demo: Pipeline,
) -> None:
    (gap,) = (gap for gap in gaps(demo, "identity") if gap.entity == "job/RUSH-7")
    assert gap.message == "mes names this job, and erp, which holds the others, has none."
    assert (gap.state, gap.severity, gap.source) == ("missing", "warning", "erp")
    assert gap.record == "record/mes/batch_scanned/E001366"
    assert gap.candidates[0].reasons == (
        "both use batch/4762",
        "one ran in work-center/WC10 on 2026-11-23, the other was planned there for 2026-11-23",
    )


def test_what_else_lacks_of_a_job_nobody_knows_offers_the_same_partner(demo: Pipeline) -> None:
    found = [gap for gap in demo.answers().check(NOW).gaps if gap.entity == "job/RUSH-11"]
    assert {(gap.slot, gap.candidates[0].entity) for gap in found} == {
        ("customer", "job/1031"),
        ("identity", "job/1031"),
        ("spec", "job/1031"),
    }


def test_placeholders_are_told_with_table_and_column(demo: Pipeline) -> None:
    said = [
        (gap.entity, gap.slot, gap.message.partition("; ")[2]) for gap in gaps(demo, "placeholder")
    ]
    assert said == [
        ("job/1014", "spec", "erp.item.current_rev says '-'."),
        ("job/1016", "batch", "erp.batch_move.lot_ref says '#1'."),
        ("job/1019", "customer", "erp.production_order.origin says 'n/a'."),
        ("job/1056", "customer", "erp.production_order.origin says '-'."),
        ("job/1068", "batch", "erp.batch_move.lot_ref says 'NULL'."),
        ("job/1073", "customer", "erp.production_order.origin says '-'."),
        ("job/1085", "spec", "erp.item.current_rev says '-'."),
        ("job/1109", "customer", "erp.production_order.origin says '#1'."),
    ]


def test_accepting_what_is_offered_gives_the_graph_of_the_crosswalk(
    told: tuple[Path, dict[str, str]], demo: Pipeline
) -> None:
    """A step of a job is offered once its job is known; at the end nothing is left over."""
    _, names = told
    for _ in range(3):
        decisions = Acceptances(demo.plant, demo.journal, demo.store)
        open_gaps = gaps(demo, "identity")
        for gap in open_gaps:
            first = gap.candidates[0].entity
            assert names[gap.entity] == first
            decisions.accept(open_gaps, Choice(gap.id, first, "P12"), NOW)
        demo.apply(NOW)
        demo.validate(NOW)
    assert gaps(demo, "identity") == []
    accepted = {one.alias: one.canonical for one in decisions.standing()}
    spoken_of = {alias: name for alias, name in names.items() if "RUSH-13" not in alias}
    assert accepted.items() <= spoken_of.items()
    assert {alias for alias in accepted if alias.startswith(("job/", "batch/"))} == {
        alias for alias in spoken_of if alias.startswith(("job/", "batch/"))
    }
    assert demo.answers().context("RUSH-7", NOW).entity["id"] == "job/1057"


def test_tryton_has_one_customer_twice(real_plant) -> None:
    with load_whole(real_plant("tryton", "tryton", "tryton/factory.sqlite")) as work:
        (gap,) = gaps(work, "duplicate", NOON)
        assert gaps(work, "identity", NOON) == []
    assert (gap.entity, gap.state, gap.record) == (
        "customer/198",
        "unknown",
        "record/tryton/party/198",
    )
    assert gap.message == (
        "This customer may be customer/194 under a second id: 'Alpen Hydraulik AG' and"
        " 'Alpen-Hydraulik AG' are one name written in two ways."
    )
    assert [(one.entity, one.score) for one in gap.candidates] == [("customer/194", 0.85)]
