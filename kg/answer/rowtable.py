"""Rows as a table: comma-separated values that a spreadsheet opens safely (RFC 4180)."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from kg.answer.gaps.table import inert

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def rows_csv(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """Write a header and one line for each row; a cell without a value is empty.

    A text that a spreadsheet would run is given an apostrophe in front.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([inert(row.get(name, "")) for name in columns])
    return text.getvalue()
