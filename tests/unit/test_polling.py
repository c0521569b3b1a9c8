from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import pytest

from kg.arrivals import Balance
from kg.errors import SourceError
from kg.polling import LONGEST_PAUSE_SECONDS, Poller, pause_seconds

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def test_a_source_that_is_well_is_read_by_its_schedule() -> None:
    assert pause_seconds(5.0, 0, 0.7) == 5.0


def test_pauses_grow_with_each_failure_up_to_a_longest_one() -> None:
    pauses = [pause_seconds(5.0, failures, 1.0) for failures in range(1, 60)]
    assert pauses[:4] == [10.0, 20.0, 40.0, 80.0]
    assert set(pauses[6:]) == {LONGEST_PAUSE_SECONDS}


def test_a_rare_schedule_is_not_made_more_frequent_by_failing() -> None:
    assert pause_seconds(3600.0, 9, 1.0) == 3600.0


def test_what_failed_together_is_tried_again_apart_and_the_same_way_with_the_same_seed() -> None:
    def drawn(seed: int) -> list[float]:
        chance = Random(seed)
        return [pause_seconds(5.0, 3, chance.random()) for _ in range(20)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert len(set(drawn(1))) == 20
    assert all(20.0 <= pause <= 40.0 for pause in drawn(1))


def test_failures_are_counted_until_the_source_answers_again() -> None:
    broken = SourceError("no route to erp", hint="plug it in")
    answers = [Balance("erp", "job", error=broken), Balance("erp", "job", error=broken)]
    answers.append(Balance("erp", "job", new=1))
    poller = Poller("erp", lambda: [answers.pop(0)], lambda: NOW, Random(1))
    seen = []
    for _ in range(3):
        poller.poll()
        health = poller.health()
        seen.append((health.failures, health.error, health.hint, health.last_success))
    assert seen == [
        (1, "no route to erp", "plug it in", ""),
        (2, "no route to erp", "plug it in", ""),
        (0, "", "", "2026-11-23T08:00:00Z"),
    ]


def test_a_source_is_not_read_twice_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kg.polling.BUSY_SECONDS", 0.01)
    poller = Poller("erp", list, lambda: NOW, Random(1))
    with poller.paused(), pytest.raises(SourceError, match="is being read") as refused:
        poller.poll()
    assert refused.value.code == "busy"
