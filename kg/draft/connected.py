"""Connected: what plant.toml connects at this moment, and how far each table of it is loaded."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kg.journal import Journal
    from kg.settings import Plant, SourceSettings, TableSettings


@dataclass(frozen=True, slots=True)
class ConnectedTable:
    """A table: its mapping's file, how many records stand, and what waits, by the reason.

    ``is_current``: answers know it; else the plant is served since before it was connected.
    """

    name: str
    mapping: str
    arrives: str
    key: tuple[str, ...]
    is_current: bool
    records: int = 0
    waiting: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConnectedSource:
    """A source, how it is reached (without a word of what is secret), and its tables."""

    name: str
    title: str
    system: str
    owner: str
    adapter: str
    place: str
    tables: tuple[ConnectedTable, ...]

    @property
    def is_loaded(self) -> bool:
        """Whether any table of it gave a record."""
        return any(table.records for table in self.tables)


def connected_sources(
    written: Plant, journal: Journal, current: Mapping[tuple[str, str], str]
) -> tuple[ConnectedSource, ...]:
    """Tell the sources of plant.toml as it stands; ``current`` names the tables of answers."""
    records = {(one.source, one.kind): one.records for one in journal.measures.tables()}
    waiting: dict[tuple[str, str], Counter[str]] = {}
    for one in journal.waiting_counts():
        waiting.setdefault((one.source, one.kind), Counter())[one.code] += one.rows

    def table_of(source: SourceSettings, table: TableSettings) -> ConnectedTable:
        place = (source.name, table.name)
        return ConnectedTable(
            table.name,
            f"{source.folder.name}/{table.mapping}",
            table.arrives,
            table.key,
            place in current,
            records.get(place, 0),
            dict(waiting.get(place, {})),
        )

    return tuple(
        ConnectedSource(
            *(one.name, one.title or one.name, one.system, one.owner, one.adapter),
            place_of(one, written),
            tuple(table_of(one, table) for table in one.tables),
        )
        for one in written.sources
    )


def place_of(source: SourceSettings, plant: Plant) -> str:
    """Say where a source is: a folder or file below the plant's, else a server's name and port.

    Accounts, passwords, paths and queries of addresses stay out: any of them may be a secret.
    """
    if source.path:
        return _from(source.path, plant)
    if source.url.startswith("sqlite:///"):
        return _from(source.url.removeprefix("sqlite:///").partition("?")[0], plant)
    parts = urlsplit(source.url)
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        port = ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}" if parts.scheme else ""


def _from(path: str, plant: Plant) -> str:
    """Write a path from the plant's folder, "" for itself; of others the last part will do."""
    given = Path(path)
    if given.is_relative_to(plant.folder):
        return given.relative_to(plant.folder).as_posix().removeprefix(".")
    return given.name
