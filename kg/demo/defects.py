"""What is wrong in the demo plant's records, and how often: the rates of real ones, made small.

A share is kept by counting, not by dice: of 100 jobs at 3 % exactly three (or, at the edges, one
more or less) are struck, whatever the seed; the seed says which.
"""

from __future__ import annotations

from random import Random

RATES = {
    "customer-blank": 0.03,  # made to order, yet the job's origin is a placeholder
    "spec-missing": 0.02,  # jobs of the part that has no specification at all
    "spec-unpinned": 0.08,  # released without a revision: the current one is only inferred
    "lot-blank": 0.04,  # issues of a tracked material that name no lot
    "end-missing": 0.03,  # production runs whose end the MES never recorded
    "due-blank": 0.03,  # jobs due on 1900-01-01
    "class-only": 0.30,  # operations planned at a work centre, no machine named
    "redelivered": 0.01,  # events that arrive twice, with the same id
    "aliased": 0.03,  # jobs that the MES calls RUSH-n; only crosswalk.csv knows
    "heat-scanned": 0.08,  # lots that the MES knows by heat number; only crosswalk.csv knows
}
"""Share of the candidates that each defect strikes."""

PLACEHOLDERS = ("-", "NULL", "n/a", "#1", "   ")
"""What this ERP's users type where they have nothing to say."""

NO_DATE = "1900-01-01"
"""What this ERP writes for a date that nobody gave."""


class Defects:
    """Strikes each kind of defect at its rate."""

    def __init__(self, seed: int) -> None:
        dice = Random(f"defects-{seed}")
        self._owed = {name: dice.random() for name in RATES}
        self._written = dice.randrange(len(PLACEHOLDERS))

    def strikes(self, name: str) -> bool:
        """Say whether this candidate is struck; every call counts one candidate."""
        self._owed[name] += RATES[name]
        if self._owed[name] < 1.0:
            return False
        self._owed[name] -= 1.0
        return True

    def placeholder(self) -> str:
        """Give the next of the placeholders in turn."""
        self._written += 1
        return PLACEHOLDERS[self._written % len(PLACEHOLDERS)]
