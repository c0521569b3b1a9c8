"""Gaps: what is missing, unknown or in conflict, a page of them that fits a budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.answer.tokens import estimate_tokens
from kg.answer.untrusted import clean, id_text, quoted
from kg.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.answer.bundle import SlotGap
    from kg.answer.gaps.coverage import Check

PAGE_TOKENS = 900
MOST_NAMED = 2
MOST_SAID = 400
_NOTHING = "- no gap of what was asked for is open, by any record"


def gaps_of(check: Check, entity: str, related: frozenset[str], kind: str | None) -> list[SlotGap]:
    """Give the gaps of a kind, of an entity and what hangs on it; in the order of mending.

    ``related`` are the ids of further gaps that concern the entity, "" is every entity.
    """
    return [
        gap
        for gap in check.gaps
        if kind in {None, gap.kind} and (not entity or gap.id in related or _hits(gap, entity))
    ]


def _hits(gap: SlotGap, entity: str) -> bool:
    risk = gap.at_risk
    return gap.entity == entity or (
        risk is not None and (entity in risk.orders or entity in risk.customers)
    )


def gaps_text(check: Check, gaps: Sequence[SlotGap], cursor: str, as_of: str) -> str:
    """Write the gaps after the one that a cursor names: as many whole ones as fit.

    Raises:
        ConfigError: the gap that the cursor names is there no more.
    """
    start = _start(gaps, cursor)
    lines = [_line(gap) for gap in gaps[start:]]
    while True:
        text = _page(check, gaps, start, lines, as_of)
        if estimate_tokens(text) <= PAGE_TOKENS or len(lines) < 2:
            return text
        lines = lines[: max(1, min(len(lines) - 1, len(lines) * 3 // 4))]


def _page(check: Check, gaps: Sequence[SlotGap], start: int, lines: list[str], as_of: str) -> str:
    shown = f"{start + 1}-{start + len(lines)} of {len(gaps)}" if lines else f"0 of {len(gaps)}"
    checked = f" | checked {check.checked_at}" if check.checked_at else ""
    withheld = f" | {check.withheld} withheld from your role" if check.withheld else ""
    text = [f"# gaps | as of {as_of}{checked} | {shown}, what to mend first{withheld}"]
    text += lines or [_NOTHING]
    if 0 < start + len(lines) < len(gaps):
        text.append(f"More: cursor={gaps[start + len(lines) - 1].id}")
    return "\n".join(text) + "\n"


def _start(gaps: Sequence[SlotGap], cursor: str) -> int:
    if not cursor:
        return 0
    places = {gap.id: place for place, gap in enumerate(gaps, 1)}
    if cursor not in places:
        raise ConfigError(
            "the gap that this page would follow is there no more",
            hint="ask again without a cursor",
            code="parameter",
        )
    return places[cursor]


def _line(gap: SlotGap) -> str:
    label = f" {quoted(gap.label)}" if gap.label and gap.label not in gap.entity else ""
    parts = [f"- {gap.state.upper()} {clean(gap.slot)} of {id_text(gap.entity)}{label}: "]
    parts.append(f"{clean(gap.message, MOST_SAID).removesuffix('.')}.")
    if gap.source:
        owner = f" ({clean(gap.owner)})" if gap.owner else ""
        table = f", table {clean(gap.flow_step.partition('.')[2])}" if gap.flow_step else ""
        parts.append(f" Source: {clean(gap.source)}{owner}{table}.")
    if stake := _stake(gap):
        parts.append(f" At risk: {stake}.")
    if gap.candidates:
        named = [f"{id_text(one.entity)} {one.score:.2f}" for one in gap.candidates[:MOST_NAMED]]
        parts.append(f" Perhaps {', '.join(named)}.")
    if gap.since:
        parts.append(f" Since {gap.since[:10]}.")
    return "".join(parts)


def _stake(gap: SlotGap) -> str:
    worth = [
        f"{clean(one.amount)} {clean(one.currency or '')}".strip() for one in gap.value_at_risk
    ]
    risk = gap.at_risk
    if risk is not None:
        worth += [f"due {clean(risk.due)}"] if risk.due else []
        worth += [
            id_text(name) for name in (*risk.orders[:MOST_NAMED], *risk.customers[:MOST_NAMED])
        ]
    return ", ".join(worth)
