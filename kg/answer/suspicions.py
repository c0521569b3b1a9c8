"""Suspicions: gaps that no shape demands, and that looking at all records together shows."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from kg.answer.contradictions import find_contradictions
from kg.answer.doubles import find_doubles
from kg.answer.strangers import find_strangers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.answer.bundle import SlotGap
    from kg.answer.candidates import Candidates
    from kg.answer.evidence import Evidence
    from kg.store import Store


def find_suspicions(candidates: Candidates, store: Store, evidence: Evidence) -> Iterator[SlotGap]:
    """Find ids that nobody describes, master data that is there twice, and impossible numbers."""
    return chain(
        find_strangers(candidates, store, evidence),
        find_doubles(store, evidence),
        find_contradictions(store, evidence),
    )
