"""An answer as of a time is that of a plant folded of nothing but what counted then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg.asof import Then
from kg.errors import UnknownEntity
from kg.records import Record
from tests.unit.asof.past_shop import TR, fold_only, open_shop, those_that_count, told

if TYPE_CHECKING:
    from kg.answer import Answers
    from kg.pipeline import Pipeline

START = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
ENTITIES = (
    *(f"machine/{name}" for name in ("M1", "M2", "a")),
    *(f"job/{name}" for name in "12"),
    *("customer/C1", "customer/C2", "batch/B1", "batch/B2", "order/O1", "part/P1", "program/N1"),
    *("operation/1", "work-center/W", "run/shop/run/1", "run/shop/run/2", "note/1"),
)
MACHINES = ["M1", "M1", "M2", "a"]
JOBS, IDS = ["1", "2"], ["1", "2", "3"]
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
happened = st.one_of(
    st.tuples(
        st.just(table),
        st.fixed_dictionaries(
            {name: st.sampled_from(some) for name, some in {"id": IDS, **columns}.items()}
        ),
    )
    for table, columns in ROWS.items()
)
steps = st.lists(
    st.tuples(happened, minutes, st.booleans(), st.booleans()), min_size=4, max_size=16
)
"""What happened, when, whether it is taken back, and whether the next comes at the same time."""


def _at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def _record(table: str, row: dict[str, str], minute: int, *, is_gone: bool) -> Record:
    ts = _at(minute).strftime("%Y-%m-%dT%H:%M:%SZ")
    row = {name: f"{TR}{value}" if name == "kind" else value for name, value in row.items()}
    by = {"state": "event", "run": "event", "job": "changed", "plan": "changed"}.get(table, "seen")
    if by == "event":
        row["ts"] = ts
    effective = None if by == "seen" else ts
    return Record(
        *("shop", table, row["id"], {} if is_gone else row, f"{table}.csv"),
        effective=effective,
        effective_by=by,  # type: ignore[arg-type]
        deleted=is_gone,
    )


def _live(work: Pipeline, told_in_order: list[Any]) -> None:
    """Let it all happen: what is recorded minute by minute, some of it late, some in one batch."""
    clock, waiting = 0, []
    for (table, row), minute, is_gone, is_same in told_in_order:
        waiting.append(_record(table, dict(row), minute, is_gone=is_gone and clock > 3))
        clock += not is_same
        work.journal.append(waiting[-1:], _at(clock))
        if not is_same:
            work.apply(_at(clock))
    work.apply(_at(clock))


def _context(answers: Answers, entity: str, then: Then) -> dict[str, Any] | None:
    try:
        return told(answers.context(entity, then.at).to_dict())
    except UnknownEntity:
        return None


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=steps, at=minutes, believed=st.integers(1, 16))
def test_what_was_true_is_what_a_plant_of_the_records_of_then_answers(
    steps: list[Any], at: int, believed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("past")
    then = Then(_at(at), _at(believed))
    with open_shop(folder / "shop") as work:
        _live(work, steps)
        records = those_that_count(work, then)
        with fold_only(folder / "oracle", records, then.at) as oracle:
            expected = {e: _context(oracle.answers(), e, then) for e in ENTITIES}
        found = {
            e: work.history.ask(then, lambda answers, e=e: _context(answers, e, then))
            for e in ENTITIES
        }
    for entity in ENTITIES:
        known, answer = expected[entity], found[entity]
        # An alias of today also finds what had another name then, and is answered under that one.
        if known is not None or (answer is not None and answer["entity"]["id"] == entity):
            assert answer == known, entity
