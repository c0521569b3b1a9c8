"""A table of a source, polled into a real journal."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy

from kg.arrivals import Balance
from kg.intake import Intake
from kg.journal import Journal
from kg.settings import Plant, SourceSettings
from kg.tally import Tally

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@dataclass
class Polled:
    """A source's one table, ``jobs`` of ``erp``."""

    journal: Journal
    source: dict[str, Any]
    table: dict[str, Any] = field(default_factory=dict)

    def settings(self, **changed: Any) -> SourceSettings:
        table = {"name": "jobs", "mapping": "jobs.yml", "key": ["id"], "arrives": "changes"}
        return SourceSettings.model_validate(
            {"name": "erp", "zone": "Europe/Stockholm"}
            | self.source
            | {"tables": [table | self.table | changed]}
        )

    def poll(self, now: datetime = NOW, confirmed: Any = (), **changed: Any) -> Balance:
        """Read it once, and give the balance, whose error is raised."""
        source = self.settings(**changed)
        plant = Plant(name="P", base="https://p.example/", sources=(source,))
        intake = Intake(plant, self.journal, {("erp", "jobs"): "1"}, lambda *_: None, Tally())
        (balance,) = intake.read(now, confirmed)
        if balance.error is not None:
            raise balance.error
        return balance

    def counts(self, **named: Any) -> tuple[int, int, int]:
        """Poll, and give how many rows were read, new, and taken back."""
        balance = self.poll(**named)
        return balance.read, balance.new, balance.retired

    def live(self) -> list[str]:
        """The keys that are live, in the order of numbers."""
        return sorted(self.journal.live_keys("erp", "jobs"), key=lambda key: (len(key), key))


def run(url: str, *statements: str) -> None:
    """Change a database as its own system does."""
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    # As it stands: ':' and '%' are no parameters.
    with engine.execution_options(no_parameters=True).begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def open_journal(folder: Path) -> Journal:
    """Open a journal below a folder."""
    return Journal.open(folder / "journal.sqlite")
