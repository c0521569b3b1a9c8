"""Cells: the values that journals keep, and the text that keys are made of."""

from __future__ import annotations

import json
import math
from base64 import b64encode
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kg.records import Scalar

_INT64 = 2**63


def to_scalar(value: object) -> Scalar:
    """Turn a driver's value into what JSON can say without loss; NaN and infinity mean nothing.

    Bytes that are UTF-8 are text (SQLite keeps NUMERIC so), others base64; an interval is seconds;
    an integer beyond 64 bits is text.
    """
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return value if -_INT64 <= value < _INT64 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return _to_text(value)


def _to_text(value: object) -> Scalar:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes | bytearray | memoryview):
        return _decode(bytes(value))
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _decode(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return b64encode(value).decode()


def cell_text(value: Scalar) -> str:
    """Give a cell's trimmed text: 12, 12.0 and "12" are the same key."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def flatten(document: Mapping[str, object]) -> dict[str, Scalar]:
    """Give a JSON object's values by dotted column name; arrays stay JSON text."""
    cells: dict[str, Scalar] = {}
    for name, value in document.items():
        if isinstance(value, dict) and value:
            cells.update((f"{name}.{inner}", cell) for inner, cell in flatten(value).items())
        else:
            cells[name] = None if value == {} else to_scalar(value)
    return cells


def is_encodable(text: str) -> bool:
    """Say whether text is Unicode: no stray halves of surrogate pairs."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
