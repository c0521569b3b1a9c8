"""Topics: which tables a message is for, and what the levels of its topic say (MQTT 5, 4.7)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.settings import SourceSettings, TableSettings


def subscription(pattern: str) -> str:
    """Give the topic filter that a table's pattern subscribes to."""
    return re.sub(r"\{\w+\}", "+", pattern)


def match_topic(pattern: str, topic: str) -> dict[str, str] | None:
    """Give the named levels of a topic; None where it is not of the pattern."""
    found = _compile(pattern).fullmatch(topic)
    return found.groupdict() if found else None


def tables_of(source: SourceSettings, topic: str) -> Iterator[tuple[TableSettings, dict[str, str]]]:
    """Give each table that a topic's messages are for, with the columns that it names."""
    for table in source.tables:
        if (columns := match_topic(table.topic, topic)) is not None:
            yield table, columns


@lru_cache(maxsize=1_000)
def _compile(pattern: str) -> re.Pattern[str]:
    written = ""
    for number, level in enumerate(pattern.split("/")):
        slash = "/" if number else ""
        if level == "#":  # also the level above it: factory/# takes factory
            written += r"(?:/.*)?" if number else r"[^$].*"
        elif level == "+":
            written += slash + ("[^/]*" if number else r"(?!\$)[^/]*")
        elif level.startswith("{"):
            written += slash + f"(?P<{level[1:-1]}>" + ("" if number else r"(?!\$)") + "[^/]*)"
        else:
            written += slash + re.escape(level)
    return re.compile(written, re.DOTALL)
