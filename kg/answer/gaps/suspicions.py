"""Suspicions: gaps that no shape demands, and that looking at all records together shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.answer.gaps.candidates import Candidates
from kg.answer.gaps.contradictions import find_contradictions
from kg.answer.gaps.doubles import find_doubles
from kg.answer.gaps.strangers import find_strangers

if TYPE_CHECKING:
    from kg.answer.bundle import SlotGap
    from kg.answer.evidence import Evidence
    from kg.store import Store


@dataclass(frozen=True, slots=True)
class Suspected:
    """What is suspected of the graph as of one offset, and who may be whom."""

    applied_seq: int
    gaps: list[SlotGap]
    candidates: Candidates


class Suspicions:
    """Finds ids that nobody describes, master data that is there twice, and impossible numbers.

    That takes a look at everything, so it is done once for a graph that has not moved.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: Suspected | None = None

    def find(self, evidence: Evidence) -> Suspected:
        """Find them in the graph as it stands."""
        seq, kept = self._store.applied_seq(), self._kept
        if kept is None or kept.applied_seq != seq:
            candidates = Candidates(self._store, evidence)
            gaps = [
                *find_strangers(candidates, self._store, evidence),
                *find_doubles(self._store, evidence),
                *find_contradictions(self._store, evidence),
            ]
            self._kept = kept = Suspected(seq, gaps, candidates)
        return kept
