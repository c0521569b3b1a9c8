"""Compare the graph that was folded event by event with one folded anew from the journal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kg.pipeline import Pipeline
from kg.settings import load_plant

if TYPE_CHECKING:
    from pathlib import Path

    from kg.store import Quad


@dataclass(frozen=True, slots=True)
class State:
    """Quads of both graphs, and how many only one of them has."""

    quads: int
    differing: int


def compare_state(folder: Path) -> State:
    """Rebuild a plant that nobody serves, and compare its quads with those from before."""
    with Pipeline.open(load_plant(folder)) as pipeline:
        folded = _quads(pipeline)
        pipeline.rebuild(datetime.now(UTC))
        rebuilt = _quads(pipeline)
    return State(len(rebuilt), len(folded ^ rebuilt))


def _quads(pipeline: Pipeline) -> set[Quad]:
    return set(pipeline.store.match())
