"""How often something is provoked: few times in every run, and all of them by a make target."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import pytest


@dataclass(frozen=True)
class Counts:
    """The counts of one suite, and the lines that say at the end of a run what became of it."""

    suite: str
    told: list[str] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Whether all is asked for: ``TRAVELER_FAULTS=full``, as `make faults` sets it."""
        return os.environ.get(f"TRAVELER_{self.suite.upper()}") == "full"

    def times(self, name: str, few: int, full: int) -> int:
        """Give how often; one count alone is set by ``TRAVELER_FAULTS_KILL=20`` and the like."""
        set_here = os.environ.get(f"TRAVELER_{self.suite.upper()}_{name.upper()}")
        return int(set_here or (full if self.is_full else few))

    def write(self, reporter: pytest.TerminalReporter) -> None:
        """Write the lines."""
        if self.told:
            reporter.section(self.suite)
            for line in self.told:
                reporter.write_line(line)


FAULTS = Counts("faults")
HARDENING = Counts("hardening")
