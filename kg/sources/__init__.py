"""The sources: every way of reaching a system, each giving the same records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.sources import files, sql
from kg.sources.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from kg.settings import SourceSettings

__all__ = ["Reading", "read_source"]


def read_source(
    source: SourceSettings, cursors: Mapping[str, str], now: datetime
) -> Iterator[Reading]:
    """Read a source table by table, each from its cursor where it has one.

    ``now`` bounds nothing yet: files and queries are read as they stand. A reading's rows are
    fetched while its ``items`` are consumed, so each must be exhausted before the next is asked.

    Raises:
        SourceError: a file, table or configured column is not there, or cannot be read.
    """
    if source.adapter == "files":
        yield from files.read_tables(source, cursors)
    else:
        yield from sql.read_tables(source)
