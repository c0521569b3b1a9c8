"""How often each fault is provoked, and the lines that say what became of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

_TOLD: list[str] = []
_HERE = Path(__file__).parent


def times(name: str, few: int, full: int) -> int:
    """Give how often: ``few`` in every run, ``full`` by `make faults`, else what is set."""
    set_here = os.environ.get(f"TRAVELER_FAULTS_{name.upper()}")
    return int(set_here or (full if os.environ.get("TRAVELER_FAULTS") == "full" else few))


@pytest.fixture
def tell() -> Callable[[str], None]:
    """Say at the end of the run what was provoked, and what became of it."""
    return _TOLD.append


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Count all of them among the slow ones."""
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.slow)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _TOLD:
        terminalreporter.section("faults")
        for line in _TOLD:
            terminalreporter.write_line(line)
