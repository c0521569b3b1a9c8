"""Groups of gaps that say the same of many things: read once instead of a hundred times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.answer.bundle import SlotGap


@dataclass(frozen=True, slots=True)
class Group:
    """Gaps with the same sentence, the first to be mended first.

    ``written`` are the placeholders that stand where what they lack should.
    """

    state: str
    slot: str
    message: str
    source: str | None
    owner: str | None
    flow_step: str | None
    questions: tuple[str, ...]
    gaps: list[SlotGap]
    written: set[str]

    def said(self) -> tuple[object, ...]:
        """Give all that its gaps have in common."""
        where = (self.source, self.owner, self.flow_step)
        return (self.state, self.slot, self.message, *where, self.questions)

    def sentence(self) -> str:
        """Say what is wrong, and where it should be said by whom."""
        written = f" says {' or '.join(sorted(self.written))}" if self.written else ""
        message = self.message.removesuffix(".") + written + "."
        if not self.source or self.state != "missing":
            return message
        whose = f" ({self.owner})" if self.owner else ""
        table = f", table {self.flow_step.partition('.')[2]}" if self.flow_step else ""
        return f"{message} It should be in {self.source}{whose}{table}."


def group_gaps(gaps: Iterable[SlotGap]) -> list[Group]:
    """Group gaps in the order of the first of each group."""
    groups: dict[tuple[object, ...], Group] = {}
    for gap in gaps:
        message, written = _parted(gap)
        group = Group(
            gap.state, gap.slot, message,
            gap.source, gap.owner, gap.flow_step, gap.questions, [], set(),
        )  # fmt: skip
        group = groups.setdefault(group.said(), group)
        group.gaps.append(gap)
        group.written.update(written)
    return list(groups.values())


def _parted(gap: SlotGap) -> tuple[str, set[str]]:
    """Part what a gap says from the placeholder that stands in its row: many are written alike."""
    if gap.kind != "placeholder":
        return gap.message, set()
    message, says, written = gap.message.removesuffix(".").rpartition(" says ")
    return (message, {written}) if says else (gap.message, set())
