from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from kg.lift import Lifter
from kg.records import Fact, Record, Rejected
from kg.settings import SourceSettings, TableSettings

BASE = "https://demo.example/"
TR = "https://w3id.org/traveler/ontology/"
Row = dict[str, Any]
XSD = "http://www.w3.org/2001/XMLSchema#"


class Bench:
    """Lifts rows of one table ``job`` by one mapping, with whatever settings a test needs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def source(
        self, mapping: str, *, table: dict[str, Any], source: dict[str, Any]
    ) -> SourceSettings:
        (self.folder / "job.yml").write_text(textwrap.dedent(mapping), encoding="utf-8")
        tables = (TableSettings(name="job", mapping="job.yml", key=("id",), **table),)
        settings: dict[str, Any] = {"name": "erp", "adapter": "sql", "zone": "UTC"} | source
        return SourceSettings(**settings, tables=tables, folder=self.folder)

    def lifter(self, mapping: str, *, table: Any = None, source: Any = None) -> Lifter:
        return Lifter(self.source(mapping, table=table or {}, source=source or {}), BASE)

    def lift(self, mapping: str, *rows: Row, table: Any = None, source: Any = None) -> Any:
        lifter = self.lifter(mapping, table=table, source=source)
        lifted = lifter.lift([record(row, number) for number, row in enumerate(rows, 1)])
        lifter.close()
        return lifted

    def objects(self, po: str, *rows: Row, table: Any = None, source: Any = None) -> list[str]:
        """Lift rows by one predicate-object line; give the object of each row ("" if none)."""
        mapping = f"mappings:\n  job:\n    sources: [[job~table]]\n    s: job/1\n    po:\n{po}"
        lifted = self.lift(mapping, *rows, table=table, source=source)
        assert not [bad for bad in lifted.rejected if bad.code != "lookup-miss"], lifted.rejected
        return [facts[0][2] if facts else "" for facts in lifted.facts]

    def rejected(self, po: str, row: Row, *, table: Any = None, source: Any = None) -> Rejected:
        mapping = f"mappings:\n  job:\n    sources: [[job~table]]\n    s: job/1\n    po:\n{po}"
        lifted = self.lift(mapping, row, table=table, source=source)
        assert lifted.facts == [[]]
        (rejected,) = lifted.rejected
        assert isinstance(rejected, Rejected)
        return rejected


def record(
    row: dict[str, Any], number: int = 1, kind: str = "job", *, deleted: bool = False
) -> Record:
    return Record("erp", kind, str(number), row, f"erp.sqlite:{kind}#{number}", deleted=deleted)


def iri(path: str) -> str:
    return f"<{BASE}{path}>"


def term(name: str) -> str:
    return f"<{TR}{name}>"


def typed(value: str, datatype: str) -> str:
    return f'"{value}"^^<{XSD}{datatype}>'


def lines(facts: list[Fact]) -> list[str]:
    return [" ".join(fact) for fact in facts]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)
