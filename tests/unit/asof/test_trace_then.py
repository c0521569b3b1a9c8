"""A trace or a recall as of a time is that of a plant folded of nothing but what counted then."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg.answer.tracing import recall
from kg.answer.tracing.recall import tell_recall
from kg.answer.tracing.trace import MOST_THINGS
from kg.answer.tracing.traced import tell_trace
from kg.asof import Then
from kg.errors import HistoryError, QueryError, UnknownEntity
from tests.unit.asof.past_shop import (
    Shop,
    at,
    busy_shop,
    fold_only,
    happenings,
    let_happen,
    open_shop,
    those_that_count,
)

if TYPE_CHECKING:
    from pathlib import Path

    from kg.answer import Answers

BATCHES, JOBS, PIECES = ["B1", "B2", "B3"], ["1", "2"], ["1", "2", "3", ""]
ROWS: dict[str, dict[str, list[str]]] = {
    "order": {"id": ["O1", "O2"], "customer": ["C1", "C2"]},
    "job": {
        "id": JOBS,
        "name": ["Shaft"],
        "part": ["P1", "P2"],
        "qty": ["5"],
        "status": ["released", "completed"],
        "order": ["O1", "O2", ""],
    },
    "use": {
        "batch": [*BATCHES, ""],
        "input": ["1", "2", ""],
        "loaded": ["1", "2", ""],
        "output": ["1", "2", ""],
    },
    "heat": {"batch": BATCHES, "material": ["steel", "brass"]},
    "receipt": {"batch": BATCHES, "supplier": ["S1", "S2"], "qty": ["5", "07", "many"]},
    "piece": {"job": [*JOBS, ""], "batch": [*BATCHES, ""], "whole": PIECES},
    "shipment": {
        "shipment": ["W1", "W2"],
        "order": ["O1", "O2", ""],
        "batch": [*BATCHES, ""],
        "piece": PIECES,
        "qty": ["5", "2"],
        "customer": ["C1", ""],
    },
}
FORWARD = ("batch/B1", "batch/B2", "job/1", "piece/1", "supplier/S1", "line/O1", "shipment/W1")
BACKWARD = ("customer/C1", "order/O1", "line/O1", "shipment/W1", "piece/1", "job/1", "batch/B1")


def _told(tell: Any) -> dict[str, Any] | str:
    """Give a trace without what says where it was folded; an error by what it says."""
    try:
        told: dict[str, Any] = tell()
    except UnknownEntity as error:
        return "unknown" if error.code == "unknown-entity" else error.message
    told.pop("applied_seq")
    told["worst_case"] = None
    return json.loads(json.dumps(told))


def _all(answers: Answers, then: Then) -> dict[str, dict[str, Any] | str]:
    found = {}
    for way, things in (("forward", FORWARD), ("backward", BACKWARD)):
        for thing in things:
            found[f"{way} {thing}"] = _told(
                lambda t=thing, w=way: tell_trace(
                    answers, t, w, then.at, most_things=MOST_THINGS, is_with_worst=True
                )
            )
    for thing in FORWARD[:4]:
        found[f"recall {thing}"] = _told(
            lambda t=thing: tell_recall(answers, t, then.at, most_things=MOST_THINGS)
        )
    return found


@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=happenings(ROWS, 20), minute=st.integers(4, 14), believed=st.integers(3, 16))
def test_a_trace_is_that_of_a_plant_of_the_records_of_then(
    steps: list[Any], minute: int, believed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("past")
    then = Then(at(minute), at(believed))
    with open_shop(folder / "shop") as work:
        let_happen(work, steps)
        records = those_that_count(work, then)
        with fold_only(folder / "oracle", records, then.at) as oracle:
            expected = _all(oracle.answers(), then)
        found = work.history.ask(then, lambda answers: _all(answers, then))
    assert found == expected


def _grown(shop: Shop) -> None:
    """Give batch B1 a way to a customer, and then correct half of it."""
    shop.tell(12, "order", "O1", customer="C1")
    shop.tell(
        13, "job", "1", name="Shaft", part="P1", qty="5", status="completed", order="O1", ts="13"
    )
    shop.tell(14, "receipt", "1", batch="B1", supplier="S1", qty="9")
    shop.tell(15, "use", "1", batch="B1", input="1", loaded="", output="")
    shop.tell(18, "use", "1", batch="B2", input="1", loaded="", output="")
    shop.tell(19, "order", "O1", customer="C2")


def _recalled(shop: Shop, batch: str, minute: float) -> list[tuple[str, str]]:
    then = shop.then(minute, minute)
    told = shop.work.history.ask(
        then, lambda answers: tell_recall(answers, batch, then.at, most_things=MOST_THINGS)
    )
    assert told["as_of"] == f"2026-11-23T06:{minute:02}:00Z"
    return [(row["how"], row["customer"]) for row in told["rows"]]


def test_whom_a_batch_reached_is_told_before_and_after_a_correction(tmp_path: Path) -> None:
    with busy_shop(tmp_path / "shop") as shop:
        _grown(shop)
        assert _recalled(shop, "batch/B1", 14) == []
        assert _recalled(shop, "batch/B1", 16) == [("certain", "customer/C1")]
        assert _recalled(shop, "batch/B1", 19) == []
        assert _recalled(shop, "batch/B2", 18) == [("certain", "customer/C1")]
        assert _recalled(shop, "batch/B2", 19) == [("certain", "customer/C2")]
        with pytest.raises(UnknownEntity, match=r"not known then|nothing"):
            _recalled(shop, "batch/B2", 16)


def test_a_trace_of_a_time_looks_at_fewer_things_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recall, "MOST_THEN", 2)
    with busy_shop(tmp_path / "shop") as shop:
        _grown(shop)
        with pytest.raises(QueryError, match="more than 2 things") as refused:
            _recalled(shop, "batch/B1", 16)
        assert "as of another time" in refused.value.hint


def test_the_worst_case_says_that_it_is_not_known_then(tmp_path: Path) -> None:
    with busy_shop(tmp_path / "shop") as shop:
        _grown(shop)
        shop.tell(20, "heat", "B1", batch="B1", material="P1")
        then = shop.then(20, 20)
        told = shop.work.history.ask(
            then,
            lambda answers: tell_trace(
                *(answers, "batch/B1", "forward", then.at),
                most_things=MOST_THINGS,
                is_with_worst=True,
            ),
        )
        assert told["worst_case"]["is_whole"] is False
        assert "as of another time" in told["worst_case"]["why"]


def test_a_trace_of_a_time_that_is_no_longer_kept_is_refused(tmp_path: Path) -> None:
    with busy_shop(tmp_path / "shop") as shop:
        _grown(shop)
        shop.work.journal.prune(at(17))
        with pytest.raises(HistoryError, match="no longer kept"):
            _recalled(shop, "batch/B1", 16)
