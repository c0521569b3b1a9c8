"""Buckets: whoever asks within the limit gets through, and nobody asks more, whatever the times."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kg.access import buckets as module
from kg.access.buckets import Buckets


class Ticks:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@given(
    st.integers(1, 20),
    st.integers(1, 600),
    st.lists(st.sampled_from([0.0, 0.0, 0.01, 0.5, 1.0, 7.0]), max_size=200),
)
def test_no_more_gets_through_than_the_burst_and_what_flows_in(
    burst: int, per_minute: int, pauses: list[float]
) -> None:
    ticks = Ticks()
    buckets = Buckets(per_minute, burst, ticks)
    taken: list[float] = []
    for pause in pauses:
        ticks.seconds += pause
        if buckets.take("somebody") == 0:
            taken.append(ticks.seconds)
    for first, since in enumerate(taken):
        for last, until in enumerate(taken[first:], first):
            allowed = burst + (until - since) * per_minute / 60
            assert last - first + 1 <= allowed + 1e-6


@given(st.integers(1, 5), st.sampled_from([1, 7, 60, 600]))
def test_whoever_waits_as_long_as_told_gets_through(burst: int, per_minute: int) -> None:
    ticks = Ticks()
    buckets = Buckets(per_minute, burst, ticks)
    for _ in range(burst):
        assert buckets.take("somebody") == 0
    for _ in range(3):
        seconds = buckets.take("somebody")
        assert seconds >= 1
        ticks.seconds += seconds
        assert buckets.take("somebody") == 0
        assert buckets.take("another") == 0
        while buckets.take("somebody") == 0:
            pass


def test_strangers_do_not_fill_the_memory(monkeypatch) -> None:
    monkeypatch.setattr(module, "MOST", 100)
    ticks = Ticks()
    buckets = Buckets(60, 1, ticks)
    for number in range(1_000):
        buckets.take(f"stranger {number}")
        assert len(buckets._levels) <= 100
