"""The history of gaps as a plant reads it: what was linked and lacking when."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kg.errors import JournalError
from kg.journal import Lacking, Linked
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from kg.answer.bundle import SlotGap
    from kg.answer.gaps.coverage import LinkCoverage
    from kg.journal import CheckHistory


def note_check(
    checks: CheckHistory, coverage: Iterable[LinkCoverage], gaps: Sequence[SlotGap], now: datetime
) -> list[SlotGap]:
    """Note what a check found where it differs from the one before; gives the gaps, dated.

    Gaps that shapes tell of are in the journal already. A journal that cannot be written leaves
    the others undated, and no answer out.
    """
    at = format_time(now.replace(microsecond=0))
    linked = [
        Linked(row.link, row.have, row.of, row.none, row.not_due, row.unknown) for row in coverage
    ]
    counts = Counter((gap.kind, gap.state) for gap in gaps)
    lacking = [Lacking(*told, count) for told, count in sorted(counts.items())]
    own = [gap for gap in gaps if gap.shape is None and not _is_uncovered(gap)]
    with suppress(JournalError):
        checks.note(linked, lacking, {gap.id: (gap.entity, gap.slot, gap.kind) for gap in own}, at)
    since = checks.open_since()
    return [replace(gap, since=gap.since or since.get(gap.id)) for gap in gaps]


def _is_uncovered(gap: SlotGap) -> bool:
    """Tell whether no source covers a link: as old as the plant, and no day's news."""
    return gap.state == "unknown" and gap.kind == "link"


def told_history(checks: CheckHistory, since: str = "") -> dict[str, Any]:
    """Give the history as plain data for JSON; times are ISO 8601, UTC, days their first part."""
    return {
        "coverage": [{**row._asdict(), "missing": row.missing} for row in checks.linked(since)],
        "gaps": [row._asdict() for row in checks.lacking(since)],
        "days": [row._asdict() for row in checks.days(since)],
    }
