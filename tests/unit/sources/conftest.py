from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kg.records import Filtered, Record, Rejected
from kg.settings import SourceSettings
from kg.sources import Reading, read_source

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@dataclass
class Read:
    reading: Reading
    records: list[Record]
    rejected: list[Rejected]
    filtered: list[Filtered]


def _exhaust(reading: Reading) -> Read:
    items = list(reading.items)
    return Read(
        reading,
        [item for item in items if isinstance(item, Record)],
        [item for item in items if isinstance(item, Rejected)],
        [item for item in items if isinstance(item, Filtered)],
    )


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Read]:
    """Reads one table of files below tmp_path, or of a database where url is given."""

    def read_table(cursor: str = "", url: str = "", **table: Any) -> Read:
        head: dict[str, Any] = {"name": "erp", "placeholders": ["-"], "zone": "Europe/Stockholm"}
        head |= (
            {"adapter": "sql", "url": url} if url else {"adapter": "files", "path": str(tmp_path)}
        )
        body = {"name": "jobs", "mapping": "jobs.yml", "key": ["id"]} | table
        source = SourceSettings.model_validate(head | {"tables": [body]})
        (reading,) = read_source(source, {"jobs": cursor} if cursor else {}, NOW)
        return _exhaust(reading)

    return read_table


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    def write_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file
