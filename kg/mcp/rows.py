"""Rows: what a query or a saved question gave, as lines of text, and what of it was cut."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kg.answer.evidence import short
from kg.answer.tokens import estimate_tokens
from kg.answer.untrusted import clean

if TYPE_CHECKING:
    from kg.store import QueryAnswer

MOST_TOKENS = 4_000
CELL = 160
_HOW = "raise max_rows, or ask with ORDER BY, LIMIT and OFFSET"


def rows_text(answer: QueryAnswer, base: str, most_rows: int) -> str:
    """Write an answer's first rows, tab-separated below their names; of a graph its triples.

    Cells are shortened as in other answers and cleaned as all that comes from data.
    """
    if "json" not in answer.media_type:
        lines = [clean(line, 3 * CELL) for line in answer.body.decode().splitlines() if line]
        return table_text("triples", "", lines, most_rows)
    document = json.loads(answer.body)
    if "boolean" in document:
        return f"# {'true' if document['boolean'] else 'false'}\n"
    names = document["head"]["vars"]
    lines = [
        "\t".join(_cell(row.get(name), base) for name in names)
        for row in document["results"]["bindings"]
    ]
    return table_text("rows", "\t".join(clean(name) for name in names), lines, most_rows)


def _cell(cell: dict[str, str] | None, base: str) -> str:
    if cell is None:
        return "-"
    text = short(f"<{cell['value']}>", base) if cell["type"] == "uri" else cell["value"]
    return clean(text, CELL, is_id=cell["type"] == "uri") or "(empty)"


def table_text(what: str, head: str, lines: list[str], most_rows: int, how: str = _HOW) -> str:
    """Write the first lines below their names, and how to get those that were cut."""
    shown = lines[:most_rows]
    while True:
        cut = len(lines) - len(shown)
        said = f", {cut} cut: {how}" if cut else ""
        parts = [f"# {len(shown)} of {len(lines)} {what}{said}", *([head] if head else []), *shown]
        text = "\n".join(parts) + "\n"
        if estimate_tokens(text) <= MOST_TOKENS or not shown:
            return text
        shown = shown[: len(shown) * 9 // 10]
