"""What was provoked, and what became of it, is said at the end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.counts import FAULTS

_HERE = Path(__file__).parent


@pytest.fixture
def tell() -> Callable[[str], None]:
    """Say at the end of the run what was provoked, and what became of it."""
    return FAULTS.told.append


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Count all of them among the slow ones."""
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.slow)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    FAULTS.write(terminalreporter)
