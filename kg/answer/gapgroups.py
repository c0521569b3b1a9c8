"""Groups of gaps that say the same of many things: read once instead of a hundred times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.answer.bundle import SlotGap


@dataclass(frozen=True, slots=True)
class Group:
    """Gaps with the same sentence, the first to be mended first."""

    state: str
    slot: str
    message: str
    source: str | None
    owner: str | None
    flow_step: str | None
    questions: tuple[str, ...]
    gaps: list[SlotGap]

    def said(self) -> tuple[object, ...]:
        """Give all that its gaps have in common."""
        where = (self.source, self.owner, self.flow_step)
        return (self.state, self.slot, self.message, *where, self.questions)

    def sentence(self) -> str:
        """Say what is wrong, and where it should be said by whom."""
        message = self.message if self.message.endswith(".") else self.message + "."
        if not self.source or self.state != "missing":
            return message
        whose = f" ({self.owner})" if self.owner else ""
        table = f", table {self.flow_step.partition('.')[2]}" if self.flow_step else ""
        return f"{message} It should be in {self.source}{whose}{table}."


def group_gaps(gaps: Iterable[SlotGap]) -> list[Group]:
    """Group gaps in the order of the first of each group."""
    groups: dict[tuple[object, ...], Group] = {}
    for gap in gaps:
        group = Group(
            gap.state, gap.slot, gap.message,
            gap.source, gap.owner, gap.flow_step, gap.questions, [],
        )  # fmt: skip
        groups.setdefault(group.said(), group).gaps.append(gap)
    return list(groups.values())
