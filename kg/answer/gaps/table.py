"""Gaps as a table: comma-separated values that a spreadsheet opens safely (RFC 4180)."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.answer.bundle import SlotGap, Worth

COLUMNS = (
    "id", "kind", "entity", "label", "slot", "state", "severity", "message", "source", "owner",
    "record", "flow_step", "since", "checked_at", "questions", "orders", "customers", "due",
    "value_at_risk", "currency", "candidates", "shape",
)  # fmt: skip
_FORMULA = tuple("=+-@＝＋－＠\t\r\n")
"""What makes a spreadsheet take a cell for a formula, or a full-width sign of the same."""


def gaps_csv(gaps: Sequence[SlotGap]) -> str:
    """Write one row for each gap, in the order in which they are given; times in UTC.

    Several values of one cell are parted by ``; ``. A text that a spreadsheet would run is given
    an apostrophe in front.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for gap in gaps:
        writer.writerow([inert(cell) for cell in _cells(gap)])
    return text.getvalue()


def _cells(gap: SlotGap) -> list[str]:
    risk = gap.at_risk
    value, currency = _money(gap.value_at_risk)
    perhaps = (f"{c.entity} ({c.score:.2f})" for c in gap.candidates)
    cells = (
        gap.id, gap.kind, gap.entity, gap.label, gap.slot, gap.state, gap.severity, gap.message,
        gap.source, gap.owner, gap.record, gap.flow_step, gap.since, gap.checked_at,
        "; ".join(gap.questions), "; ".join(risk.orders) if risk else "",
        "; ".join(risk.customers) if risk else "", risk.due if risk else "",
        value, currency, "; ".join(perhaps), gap.shape,
    )  # fmt: skip
    return [cell or "" for cell in cells]


def _money(worth: Sequence[Worth]) -> tuple[str, str]:
    """Give a number and its currency; of several, a text that nobody can add up by mistake."""
    if len(worth) == 1:
        return worth[0].amount, worth[0].currency or ""
    return "; ".join(f"{w.amount} {w.currency or ''}".strip() for w in worth), ""


def inert(cell: str) -> str:
    """Keep a spreadsheet from running a cell; NUL, which no reader takes, is left out."""
    cell = cell.replace("\0", "")
    return "'" + cell if cell.lstrip(" ").startswith(_FORMULA) else cell
