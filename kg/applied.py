"""Applied: what folding records into the graph did, or trying again those in quarantine."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from time import perf_counter
from typing import TYPE_CHECKING

from kg.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from kg.errors import SourceError
    from kg.journal import Quarantined

    Place = tuple[str, str, str]
    """A record's source, table and key."""


@dataclass(slots=True)
class Applied:
    """What applying did: records folded in, rows the lift rejected, seconds per stage."""

    records: int = 0
    rejected: int = 0
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    is_rebuild: bool = False
    tally: Tally = field(default_factory=Tally)

    def at(self, began: datetime) -> datetime:
        """Give what time it is, by the time at which it began and what its stages took."""
        return began + timedelta(seconds=sum(self.seconds.values()))

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the time of a block to a stage's seconds."""
        start = perf_counter()
        yield
        took = perf_counter() - start
        self.seconds[stage] += took
        self.tally.time(stage, took)


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many rows of quarantine were tried, which ones left it, and how many wait there now."""

    tried: int
    left: list[Quarantined]
    waiting: int
    errors: list[SourceError]


def unlifted(rows: Iterable[Quarantined]) -> set[Place]:
    """Give the records among rows in quarantine: those that could be read and not lifted."""
    said = [row.rejected for row in rows if row.rejected.stage == "lift"]
    return {(row.source, row.kind, row.key or "") for row in said}
