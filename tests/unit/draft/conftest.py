from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kg.arrivals import Balance
from kg.cli.author import init
from kg.demo import build_plant
from kg.pipeline import Pipeline
from kg.settings import load_plant

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)


class Loaded:
    """A plant after loading: its balances, what the lift rejected, and the present."""

    def __init__(self, work: Pipeline, balances: list[Balance], rejected: int) -> None:
        self.balances = {balance.kind: balance for balance in balances}
        self.rejected = rejected
        self._work = work
        self._base = work.plant.base

    def values(self, subject: str, term: str) -> list[str]:
        """Give the objects of a subject's property, IRIs without the plant's base."""
        rows = self._work.store.select(
            "PREFIX tr: <https://w3id.org/traveler/ontology/> "
            "PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> "
            f"SELECT ?o WHERE {{ <{self._base}{subject}> {term} ?o }} ORDER BY ?o"
        )
        return [row["o"].replace(f"<{self._base}", "<") for row in rows]

    def count(self, name: str) -> int:
        """Count the things of a class."""
        rows = self._work.store.select(
            f"SELECT DISTINCT ?e WHERE {{ ?e a <https://w3id.org/traveler/ontology/{name}> }}"
        )
        return len(rows)


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a file beside the plant and give its path."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    return tmp_path / "plant"


@pytest.fixture
def loaded(plant: Path) -> Callable[[], AbstractContextManager[Loaded]]:
    """Load the plant as the command does, and leave it open to be looked at."""

    @contextmanager
    def run() -> Iterator[Loaded]:
        with Pipeline.open(load_plant(plant)) as work:
            balances = work.read(NOW)
            applied = work.apply(NOW)
            yield Loaded(work, balances, applied.rejected)

    return run


@pytest.fixture
def load(loaded: Callable[[], AbstractContextManager[Loaded]]) -> Callable[[], None]:
    """Load the plant; every row must come home."""

    def run() -> None:
        with loaded() as work:
            assert work.rejected == 0
            assert not any(balance.quarantined for balance in work.balances.values())

    return run


@pytest.fixture
def draft(plant: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run ``traveler init`` and give what it says."""

    def run(given: Path | str, **options: str) -> str:
        init(plant, given=str(given), **options)
        return capsys.readouterr().out

    return run


@pytest.fixture(scope="session")
def erp(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of the demo plant's ERP, whose habits are those of real ones."""
    folder = tmp_path_factory.mktemp("demo")
    build_plant(folder, 7, datetime(2026, 11, 20, 15, tzinfo=UTC)).close()
    return f"sqlite:///{folder / 'erp.sqlite'}"
