"""The shop whose every value is a word of its own, loaded and checked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kg.pipeline import Pipeline
from kg.settings import load_plant
from tests.unit.access.shop import NOW, write_shop


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    with Pipeline.open(load_plant(write_shop(tmp_path_factory.mktemp("shop")))) as work:
        work.read(NOW)
        work.apply(NOW)
        work.validate(NOW)
        yield work
