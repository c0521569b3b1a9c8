"""JSON objects as rows, wherever they stood: a line, an array, a message."""

from __future__ import annotations

import json

from kg.sources.cells import flatten, is_encodable
from kg.sources.reading import Row, Unreadable


def object_row(place: str, document: object, raw: str) -> Row | Unreadable:
    """Give the row that an object is; ``raw`` is its text."""
    if not isinstance(document, dict):
        return refuse_json(place, f"is no object but {raw[:80]!r}", raw)
    try:
        cells = flatten(document)
    except RecursionError:
        return refuse_json(place, "is nested too deeply", raw)
    # "\\ud800" is JSON, but half a character: nothing after us could write it down.
    if "\\u" in raw and not is_encodable(json.dumps(cells, ensure_ascii=False)):
        return refuse_json(place, "holds half a surrogate pair", raw, code="bad-encoding")
    return Row(cells, place, raw)


def refuse_json(place: str, message: str, raw: str, code: str = "bad-row") -> Unreadable:
    """Refuse what is no object."""
    return Unreadable(place, code, message, "write one whole JSON object for each record", raw)
