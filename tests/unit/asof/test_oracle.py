"""An answer as of a time is that of a plant folded of nothing but what counted then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg.asof import Then, asserted
from kg.errors import UnknownEntity
from tests.unit.asof.past_shop import at as moment
from tests.unit.asof.past_shop import (
    fold_only,
    happenings,
    let_happen,
    open_shop,
    those_that_count,
    told,
)

if TYPE_CHECKING:
    from kg.answer import Answers
    from kg.pipeline import Pipeline

ENTITIES = (
    *(f"machine/{name}" for name in ("M1", "M2", "a")),
    *(f"job/{name}" for name in "12"),
    *("customer/C1", "customer/C2", "batch/B1", "batch/B2", "order/O1", "part/P1", "program/N1"),
    *("operation/1", "work-center/W", "run/shop/run/1", "run/shop/run/2", "note/1"),
    *("run/sheet-1", "run/sheet-2"),
)
MACHINES = ["M1", "M1", "M2", "a"]
JOBS = ["1", "2"]
ROWS: dict[str, dict[str, list[str]]] = {
    "crosswalk": {"canonical": ["M1", "M2"], "alias": ["a", "b"]},
    "machine": {"id": MACHINES, "name": ["Mill", "Saw"], "capacity": ["1", "2"], "center": ["W"]},
    "order": {"id": ["O1"], "customer": ["C1", "C2"]},
    "job": {
        "id": JOBS,
        "name": ["Shaft", "Ring"],
        "part": ["P1", "P2"],
        "qty": ["5", "5.0", "07", "many"],
        "status": ["released", "planned", "completed"],
        "order": ["O1", ""],
    },
    "plan": {"job": JOBS, "part": ["P1", "P2"], "status": ["released", "in-progress"]},
    "operation": {
        "job": JOBS,
        "machine": MACHINES,
        "program": ["N1", "N2", ""],
        "status": ["released", "completed"],
    },
    "use": {
        "batch": ["B1", "B2"],
        "input": ["1", ""],
        "loaded": ["1", "2", ""],
        "output": ["2", ""],
    },
    "heat": {"batch": ["B1", "B2"], "material": ["steel", "brass"]},
    "note": {"machine": MACHINES, "text": ["vibrates"], "until": ["2026-11-23T06:07:00Z"]},
    "sheet": {
        "machine": MACHINES,
        "job": JOBS,
        "started": ["2026-11-23T06:02:00Z"],
        "ended": ["2026-11-23T06:05:00Z", ""],
    },
    "state": {"machine": MACHINES, "activity": ["production", "idle", "down"]},
    "run": {
        "machine": MACHINES,
        "job": ["1", "2", ""],
        "kind": ["RunStarted", "RunStarted", "RunEnded", "QuantityReported"],
        "program": ["N1", "N2", ""],
        "good": ["3", "4"],
    },
}
"""By table what its columns may say; a quantity that is no number cannot be lifted."""
minutes = st.integers(0, 12)


def _context(answers: Answers, entity: str, then: Then) -> dict[str, Any] | None:
    try:
        return told(answers.context(entity, then.at).to_dict())
    except UnknownEntity:
        return None


def _found(work: Pipeline, then: Then) -> dict[str, dict[str, Any] | None]:
    return {
        e: work.history.ask(then, lambda answers, e=e: _context(answers, e, then)) for e in ENTITIES
    }


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=happenings(ROWS), at=minutes, believed=st.integers(1, 16))
def test_what_was_true_is_what_a_plant_of_the_records_of_then_answers(
    steps: list[Any], at: int, believed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("past")
    then = Then(moment(at), moment(believed))
    with open_shop(folder / "shop") as work:
        let_happen(work, steps)
        records = those_that_count(work, then)
        with fold_only(folder / "oracle", records, then.at) as oracle:
            expected = {e: _context(oracle.answers(), e, then) for e in ENTITIES}
        found = _found(work, then)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(asserted, "MANY", 0)
            patch.setattr(asserted, "MOST_LOOKED_AT", 0)
            assert _found(work, then) == found
    for entity in ENTITIES:
        known, answer = expected[entity], found[entity]
        # An alias of today also finds what had another name then, and is answered under that one.
        if known is not None or (answer is not None and answer["entity"]["id"] == entity):
            assert answer == known, entity
