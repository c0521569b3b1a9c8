from __future__ import annotations

import functools
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg import assets, vocab
from kg.answer import Answers
from kg.journal import Journal
from kg.reason import Reasoner
from kg.reason.rules import compile_rules
from kg.settings import FoldSettings, Plant, SourceSettings, TableSettings
from kg.store import EmbeddedStore

HERE = Path(__file__).resolve().parent
BASE = "https://plant.example/"
LOG = TableSettings(
    name="log",
    mapping="log.yml",
    key=("id",),
    row="event",
    event_time="ts",
    fold=FoldSettings(kind="open-close", pair=("tr:onMachine",)),
)
REST = f"<{BASE}record/erp/plant/1>"
NONE = f"<{BASE}graph/none>"
PLANT = Plant(
    name="Test",
    base=BASE,
    sources=(SourceSettings(name="mes", adapter="files", tables=(LOG,)),),
)


@functools.cache
def _rules():
    return compile_rules(assets.ontology_folder())


@functools.cache
def _quads(file: Path) -> tuple[tuple[str, str, str, str], ...]:
    """A plant file's quads, and its derived facts, as the store holds them.

    What stands outside a graph in the file is said by one record, what stands in ``graph/none`` by
    none. The present is that, what state records say and what events contribute (``#now``); the
    plant's one table of events is the MES's log.
    """
    quads = {(REST, vocab.RECORD_KIND, f"<{BASE}kind/erp/plant>", f"<{BASE}graph/records>")}
    for s, p, o, name in ox.parse(path=file, format=ox.RdfFormat.TRIG):
        graph = REST if name == ox.DefaultGraph() else str(name)
        quads.add((str(s), str(p), str(o), "" if graph == NONE else graph))
    present = {quad[:3] for quad in quads if not quad[3] or _is_support(quad[3])}
    reasoner = Reasoner(PLANT, _rules())
    reasoner.start(present)
    reasoner.derive()
    quads |= {(*fact, "") for fact in present | reasoner.derived}
    quads |= {(*fact, f"<{BASE}graph/derived>") for fact in reasoner.derived}
    return tuple(sorted(quads))


def _is_support(graph: str) -> bool:
    is_event = graph.startswith(f"<{BASE}record/mes/log/")
    return graph.endswith("#now>") or (graph.startswith(f"<{BASE}record/") and not is_event)


@pytest.fixture(scope="session")
def journal(tmp_path_factory) -> Iterator[Journal]:
    opened = Journal.open(tmp_path_factory.mktemp("questions") / "journal.sqlite")
    yield opened
    opened.close()


def _no_columns(_source: str, _table: str, _predicate: str) -> tuple[str, ...]:
    return ()


@pytest.fixture(scope="session")
def plant_of(journal: Journal) -> Callable[..., Answers]:
    """Gives the answers of a plant file, its quads put in by the order that a seed shuffles."""

    @functools.cache
    def answers(file: Path, seed: int = 0) -> Answers:
        quads = list(_quads(file))
        random.Random(seed).shuffle(quads)
        store = EmbeddedStore.in_memory(BASE)
        store.bulk_load(" ".join(part for part in quad if part) + " ." for quad in quads)
        return Answers(PLANT, store, journal, _rules(), frozenset({vocab.STATUS}), {}, _no_columns)

    return answers
