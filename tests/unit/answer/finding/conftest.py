from __future__ import annotations

import csv
from pathlib import Path

import pytest

from kg import vocab
from kg.answer.find import Finder
from kg.store import EmbeddedStore

BASE = "https://plant.example/"
HERE = Path(__file__).parent


def thing(path: str) -> str:
    return f"<{BASE}{path}>"


def named(path: Path = HERE / "names.csv") -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def quads_of(row: dict[str, str]) -> list[tuple[str, str, str, str]]:
    term = thing(row["id"])
    quads = [(term, vocab.RDF_TYPE, f"<{vocab.TR}{row['class']}>", "")]
    for name, predicate in (("labels", vocab.RDFS_LABEL), ("identifiers", vocab.IDENTIFIER)):
        quads += [(term, predicate, f'"{text}"', "") for text in row[name].split("|") if text]
    aliases = thing("graph/aliases")
    quads += [
        (thing(alias), vocab.OWL_SAME_AS, term, aliases)
        for alias in row["aliases"].split("|")
        if alias
    ]
    return quads


@pytest.fixture(scope="session")
def finder() -> Finder:
    store = EmbeddedStore.in_memory(BASE)
    store.apply([], [quad for row in named() for quad in quads_of(row)], 1)
    return Finder(store, BASE, {"erp", "mes", "crm"})
