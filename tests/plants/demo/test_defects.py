"""What is wrong in the records is wrong at about the stated rates, and nothing else is."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from kg.demo.defects import NO_DATE, PLACEHOLDERS, RATES, Defects


def blank(column: str) -> str:
    """A condition: the column is a placeholder."""
    marks = ", ".join(f"'{mark.strip()}'" for mark in PLACEHOLDERS)
    return f"TRIM({column}) IN ({marks})"


FLOW = "p.number NOT BETWEEN '0001043' AND '0001058'"
ISSUES = "FROM batch_move m JOIN production_order p ON p.id = m.prod_id WHERE m.move_type = 'I'"
SHARES = {
    "customer-blank": (
        f"SELECT AVG({blank('p.origin')}) FROM production_order p WHERE supply = 2 AND {FLOW}"
    ),
    "spec-unpinned": (
        "SELECT AVG(p.spec_rev = ' ') FROM production_order p"
        f" WHERE status BETWEEN 20 AND 50 AND {FLOW}"
    ),
    "lot-blank": f"SELECT AVG({blank('m.lot_ref')}) {ISSUES}",
    "due-blank": f"SELECT AVG(p.due_on = '{NO_DATE}') FROM production_order p WHERE {FLOW}",
    "class-only": (
        "SELECT AVG(r.kind = 'C') FROM routing_op o JOIN resource r ON r.id = o.resource_id"
        " WHERE r.kind <> 'S'"
    ),
    "spec-missing": (
        "SELECT AVG(i.number LIKE 'P-190%') FROM sales_line l JOIN item i ON i.id = l.item_id"
    ),
}


@pytest.mark.parametrize("name", SHARES)
def test_a_share_of_rows_is_at_about_its_rate(written: Any, name: str) -> None:
    assert written.one(SHARES[name]) == pytest.approx(RATES[name], abs=0.02)


def test_ends_are_missing_at_about_their_rate(written: Any) -> None:
    distinct = {event["id"]: event for event in written.events}.values()
    kinds = Counter(e["type"] for e in distinct if e.get("phase") == "P")
    running = sum(len(written.open_runs(row["mes_name"])) for row in written.sheet("machines.csv"))
    lost = (kinds["run_start"] - kinds["run_end"] - running) / kinds["run_start"]
    assert lost == pytest.approx(RATES["end-missing"], abs=0.02)


def test_some_events_arrive_twice_and_are_the_same(written: Any) -> None:
    seen: dict[str, set[str]] = {}
    for event in written.events:
        seen.setdefault(event["id"], set()).add(json.dumps(event))
    twice = len(written.events) - len(seen)
    assert twice / len(seen) == pytest.approx(RATES["redelivered"], abs=0.005)
    assert all(len(versions) == 1 for versions in seen.values())


def test_two_events_are_nonsense_and_no_more(written: Any) -> None:
    bad = [e for e in written.events if not e["id"] or "2026-02-30" in e["ts"]]
    assert [(e["id"], e["type"]) for e in bad] == [
        ("BAD-DATE", "machine_state"),
        ("", "machine_state"),
    ]


def test_lots_and_jobs_meet_in_the_crosswalk(written: Any) -> None:
    sheet = written.sheet("crosswalk.csv")
    kinds = Counter(row["kind"] for row in sheet)
    assert kinds["job"] >= 3
    assert kinds["batch"] >= 1
    assert kinds["operation"] >= kinds["job"]
    numbers = {number for (number,) in written.rows("SELECT number FROM production_order")}
    assert {row["canonical"].zfill(7) for row in sheet if row["kind"] == "job"} <= numbers


def test_a_rate_is_kept_by_counting() -> None:
    for seed in range(20):
        defects = Defects(seed)
        struck = sum(defects.strikes("lot-blank") for _ in range(1000))
        assert struck == pytest.approx(40, abs=1)


def test_the_history_is_as_small_as_it_should_be(written: Any) -> None:
    assert len(written.events) <= 2500
    assert 90 <= written.one("SELECT COUNT(*) FROM production_order") <= 150
    assert 50 <= written.one("SELECT COUNT(*) FROM sales_order") <= 80
