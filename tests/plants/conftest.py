from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kg.pipeline import Pipeline
from kg.settings import load_plant

if TYPE_CHECKING:
    from collections.abc import Callable

PLANT = """\
[plant]
name = "{name}"
base = "https://{name}.example/"
zone = "UTC"

[[source]]
name = "{name}"
mapping = "{mapping}"
url = "sqlite:///{database}"
"""
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def load_whole(folder: Path, now: datetime = NOW) -> Pipeline:
    """Load a plant as the command does, and leave it open."""
    work = Pipeline.open(load_plant(folder))
    work.read(now)
    work.apply(now)
    work.validate(now)
    return work


@pytest.fixture
def real_plant(tmp_path: Path, shared_data: Path) -> Callable[[str, str, str], Path]:
    """Write the plant.toml of one real database and give its folder."""

    def write(name: str, mapping: str, database: str) -> Path:
        text = PLANT.format(name=name, mapping=mapping, database=shared_data / database)
        (tmp_path / "plant.toml").write_text(text)
        return tmp_path

    return write
