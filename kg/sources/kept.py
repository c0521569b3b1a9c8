"""Rows that the quarantine kept as JSON of their cells, of sources that do not give them again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kg.sources.admission import Admission
from kg.sources.cells import is_encodable
from kg.sources.delimited import refuse_encoding
from kg.sources.reading import Reading, Row, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kg.settings import SourceSettings, TableSettings
    from kg.sources.reading import Item


def reread_rows(
    source: SourceSettings, table: TableSettings, raws: Sequence[tuple[str, str]]
) -> Iterator[Item]:
    """Judge rows again by today's settings, from their positions and texts; one item for each."""
    rows = (_row(position, raw) for position, raw in raws)
    yield from Admission(source, table).admit(rows, Reading(table, iter(())))


def _row(position: str, raw: str) -> Row | Unreadable:
    try:
        cells = json.loads(raw)
    except (ValueError, RecursionError):
        cells = None
    if not isinstance(cells, dict):
        hint = "discard it, or wait until its source gives it again"
        return Unreadable(position, "gone-row", "was not kept as cells", hint, raw)
    if not is_encodable(json.dumps(cells, ensure_ascii=False)):
        return refuse_encoding(position, raw)
    # The key completes the place, and may be another one by now.
    place, mark, _ = position.rpartition("#")
    return Row(cells, place + mark if mark else position, raw)
