"""Candidates: likely partners for a thing that one system names and no other knows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Candidate:
    """One likely partner of a gap's entity, never applied by itself.

    ``entity`` is its path below the base, ``score`` from 0 to 1, ``reasons`` plain words, the
    strongest first.
    """

    entity: str
    score: float
    reasons: tuple[str, ...]
    label: str
