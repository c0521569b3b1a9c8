"""The sources: every way of reaching a system, each giving the same records."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kg.sources import files, kept, messages
from kg.sources.drift import Drift
from kg.sources.messages import Message
from kg.sources.reading import Item, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from kg.settings import SourceSettings, TableSettings
    from kg.sources.reading import Row, Unreadable

__all__ = [
    "ARRIVING",
    "Drift",
    "Item",
    "Message",
    "Reading",
    "is_read_again",
    "peek_key",
    "peek_rows",
    "read_source",
    "reread_rows",
    "table_names",
]


ARRIVING = {"push", "mqtt", "sparkplug", "opcua"}
"""Adapters of sources that speak by themselves: there is nothing to read, and nothing again."""


def read_source(
    source: SourceSettings, cursors: Mapping[str, str], now: datetime
) -> Iterator[Reading]:
    """Read a source table by table, each from its cursor where it has one.

    What says that it changed later than ``now`` is read as it stands, and moves no cursor. A
    reading's rows are fetched while its ``items`` are consumed, so each must be exhausted before
    the next is asked.

    Raises:
        SourceError: a file, table or configured column is not there, or cannot be read.
    """
    if source.adapter == "files":
        yield from files.read_tables(source, cursors)
    elif source.adapter in {"http", "mtconnect"}:
        yield from _far(source.adapter).read_tables(source, cursors, now)
    elif source.adapter not in ARRIVING:
        yield from _far("sql").read_tables(source, cursors, now)


def is_read_again(source: SourceSettings, table: TableSettings) -> bool:
    """Tell whether the next reading of a table gives every row that there is, not new ones only."""
    if source.adapter in ARRIVING:
        return False
    if source.adapter == "files":
        return not files.is_growing(table)
    return source.adapter != "mtconnect" and table.cursor is None


def reread_rows(
    source: SourceSettings, table: TableSettings, raws: Sequence[tuple[str, str]]
) -> Iterator[Item]:
    """Read rows that no reading gives again, from what they were; one item for each.

    ``raws`` are their positions and texts, as the quarantine has them.

    Raises:
        SourceError: what is needed to make sense of them is gone.
    """
    if source.adapter in ARRIVING:
        return messages.reread_rows(source, table, raws, Drift(source, table, ""))
    if source.adapter == "files":
        return files.reread_rows(source, table, raws)
    return kept.reread_rows(source, table, raws)


def peek_rows(source: SourceSettings, name: str) -> Iterator[Row | Unreadable]:
    """Give the rows of a table, or of a file in the source's folder, as they stand.

    Raises:
        SourceError: it is not there, or cannot be read.
    """
    if source.adapter == "files":
        return files.peek_rows(source, name)
    found: Iterator[Row | Unreadable] = _far("sql").peek_rows(source, name)
    return found


def peek_key(source: SourceSettings, name: str) -> tuple[str, ...]:
    """Name the columns of a database table's primary key; () where it declares none.

    Raises:
        SourceError: the table is not there, or cannot be read.
    """
    key: tuple[str, ...] = _far("sql").primary_key(source, name)
    return key


def table_names(source: SourceSettings) -> list[str]:
    """Name the tables and views of a database.

    Raises:
        SourceError: it is not there, or cannot be read.
    """
    names: list[str] = _far("sql").list_tables(source)
    return names


def _far(adapter: str) -> Any:
    """Give the module of an adapter that goes over a network or to a database.

    It is loaded when a source is read by it: what it brings is a fifth of a short command's time.
    """
    return import_module(f"kg.sources.{adapter}")
