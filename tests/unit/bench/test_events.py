from __future__ import annotations

import pytest

from bench.events.__main__ import main


def test_events_are_timed_and_any_order_gives_the_same_graph(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--events", "50", "--any-order"]) == 0
    told = capsys.readouterr().out
    assert "| 50 |" in told
    assert "270 deliveries in any order" in told
    assert "the same graph" in told
