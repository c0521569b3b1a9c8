"""The desk: where a request asks the owner of a plant."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from api.cache import Cache

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from fastapi import Request

    from kg.answer import Answers
    from kg.answer.gaps.coverage import Check
    from kg.owner import Owner
    from kg.pipeline import Pipeline
    from kg.store import Store

T = TypeVar("T")
KEEP_SECONDS = 10.0
"""A validation at the same offset may find other gaps, after a rebuild by another mapping."""


class Desk:
    """Asks one plant's owner; any thread may. A store is evaluated in the thread that asks."""

    def __init__(self, owner: Owner) -> None:
        self.owner = owner
        self._kept: _Kept | None = None
        self.cache = Cache(self)

    @property
    def pipeline(self) -> Pipeline:
        """The plant's pipeline, for what only it knows: the lines of its mappings."""
        return self.owner.pipeline

    def clock(self) -> datetime:
        """Give the clock of answers: of whole seconds, as nobody asks what was a second ago."""
        return self.owner.clock().replace(microsecond=0)

    def answers(self) -> Answers:
        """Give the answers from the store as it stands: a rebuild swaps another one in."""
        return self.owner.answers()

    def ask(self, at: str, believed_at: str, question: Callable[[Answers, datetime], T]) -> T:
        """Ask the answers of a time, by what was on record at another; see ``PlantHistory``."""
        pipeline = self.pipeline
        return pipeline.history.ask_at((at, believed_at), self.clock(), pipeline.latest, question)

    def check(self) -> Check:
        """Count coverage and list gaps; of an unmoved graph again after some seconds only."""
        answers = self.answers()
        offsets = (answers.store.applied_seq(), answers.journal.checked_seq())
        kept = self._kept
        if kept is not None and kept.is_of(answers.store, offsets) and monotonic() < kept.until:
            return kept.check
        check = answers.check(self.clock())
        self._kept = _Kept(weakref.ref(answers.store), offsets, monotonic() + KEEP_SECONDS, check)
        return check


@dataclass(frozen=True, slots=True)
class _Kept:
    """A check, and the store, its offset and the offset of the validation that it is of."""

    store: weakref.ref[Store]
    offsets: tuple[int, int]
    until: float
    check: Check

    def is_of(self, store: Store, offsets: tuple[int, int]) -> bool:
        """Tell whether it still holds."""
        return self.store() is store and self.offsets == offsets


def desk_of(request: Request) -> Desk:
    """Give the desk of the app that a request came to."""
    desk: Desk = request.app.state.desk
    return desk
