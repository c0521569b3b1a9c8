"""The desk: where a request asks the owner of a plant, whatever happens to the store meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from kg.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from fastapi import Request

    from kg.answer import Answers
    from kg.answer.coverage import Check
    from kg.owner import Owner
    from kg.pipeline import Pipeline

T = TypeVar("T")


class Desk:
    """Asks one plant's owner; any thread may. A store is evaluated in the thread that asks."""

    def __init__(self, owner: Owner) -> None:
        self.owner = owner
        self._checked: tuple[tuple[int, int, int], Check] | None = None

    @property
    def pipeline(self) -> Pipeline:
        """The plant's pipeline, for what only it knows: the lines of its mappings."""
        return self.owner.pipeline

    def ask(self, work: Callable[[Answers], T]) -> T:
        """Do the work on the store as it stands; again where a rebuild took it away meanwhile."""
        try:
            return work(self.owner.answers())
        except StoreError as error:
            if error.code != "store-closed":
                raise
            return work(self.owner.answers())

    def clock(self, at: str) -> datetime:
        """Read what an answer shall be as of: ``now``, or ``latest`` for an old export.

        Raises:
            ConfigError: it is another time.
        """
        if at == "now":
            return self.owner.clock()
        if at == "latest":
            return self.ask(lambda _answers: self.pipeline.latest()) or self.owner.clock()
        raise ConfigError(
            f"at={at!r} is not answered: answers are as of now, or of the latest record",
            hint="at=now or at=latest",
            code="parameter",
        )

    def check(self) -> Check:
        """Count coverage and list gaps, anew only when the graph or its validation moved on."""
        return self.ask(self._check)

    def _check(self, answers: Answers) -> Check:
        state = (id(answers.store), answers.store.applied_seq(), answers.journal.checked_seq())
        kept = self._checked
        if kept is not None and kept[0] == state:
            return kept[1]
        check = answers.check(self.owner.clock())
        self._checked = (state, check)
        return check


def desk_of(request: Request) -> Desk:
    """Give the desk of the app that a request came to."""
    desk: Desk = request.app.state.desk
    return desk
