"""What happens next, in order of time: the reason why a step's size changes nothing."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeAlias

Action: TypeAlias = Callable[[], None]


class Agenda:
    """Holds what is still to happen; equal times happen in the order they were noted."""

    def __init__(self, start: datetime) -> None:
        self.now = start
        self._noted = 0
        self._due: list[tuple[datetime, int, Action]] = []

    def at(self, moment: datetime, action: Action) -> None:
        """Note an action for a moment; one that has passed happens at once, next."""
        self._noted += 1
        heapq.heappush(self._due, (max(moment, self.now), self._noted, action))

    def after(self, minutes: float, action: Action) -> None:
        """Note an action for so many minutes from now."""
        self.at(self.now + timedelta(minutes=minutes), action)

    def run(self, until: datetime) -> int:
        """Let everything up to and including ``until`` happen, and count it."""
        happened = 0
        while self._due and self._due[0][0] <= until:
            self.now, _, action = heapq.heappop(self._due)
            action()
            happened += 1
        self.now = max(self.now, until)
        return happened
