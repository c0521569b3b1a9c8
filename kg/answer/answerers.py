"""Answerers: the functions that answer the saved questions for which a query is not enough."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from kg.answer.answers import Answers
    from kg.answer.given import Given

Row: TypeAlias = dict[str, str]
"""Column → short id, label or plain literal; a cell without a value is absent."""
Answerer: TypeAlias = Callable[["Answers", "Given", datetime], list[Row]]

ANSWERERS: Mapping[str, Answerer] = {}
"""By the name that ``computed`` has in a question's header; rows come in a fixed order."""
