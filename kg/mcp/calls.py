"""Calls: what a tool asks a plant of, and on whose behalf it does."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from kg.access.sight import Sight

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from kg.access import Principal
    from kg.answer import Answers
    from kg.answer.gaps.coverage import Check
    from kg.pipeline import Pipeline
    from kg.store import QueryAnswer

T = TypeVar("T")


class Desk(Protocol):
    """Where tools ask a plant; any thread may."""

    @property
    def pipeline(self) -> Pipeline:
        """The plant's pipeline."""
        ...

    def clock(self) -> datetime:
        """Give the time that answers are as of."""
        ...

    def ask(self, at: str, believed_at: str, question: Callable[[Answers, datetime], T]) -> T:
        """Ask the answers of a time, by what was on record at another; see ``PlantHistory``."""
        ...

    def check(self) -> Check:
        """Count coverage and list gaps."""
        ...

    def run_query(self, query: str, accept: str, timeout_seconds: float) -> QueryAnswer:
        """Run SPARQL where it can be stopped; Raises: QueryError, QueryTimeout, StoreError."""
        ...


def _silent(**_told: Any) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf a tool answers; ``note`` has the audit log say more of the call."""

    principal: Principal
    note: Callable[..., None] = _silent

    def sight(self, answers: Answers, now: datetime) -> Sight | None:
        """Give what the caller sees of an answer; None where that is everything."""
        hiding = self.principal.hiding
        if not hiding:
            return None
        return Sight(hiding, answers.store, answers.evidence(now), answers.plant.base)


_CALLER: ContextVar[Caller] = ContextVar("caller")


@contextmanager
def called_by(caller: Caller) -> Iterator[None]:
    """Answer on somebody's behalf for as long as the block runs, also in threads it starts."""
    token = _CALLER.set(caller)
    try:
        yield
    finally:
        _CALLER.reset(token)


def caller() -> Caller:
    """Give on whose behalf the call under way is answered; an error where nobody said so."""
    return _CALLER.get()
