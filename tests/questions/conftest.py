from __future__ import annotations

import functools
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rdflib import Dataset
from rdflib.graph import DATASET_DEFAULT_GRAPH_ID

from kg import assets, vocab
from kg.answer import Answers
from kg.journal import Journal
from kg.reason import Reasoner, compile_rules
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

    The present is what the file's default graph says and what its record graphs contribute: those
    of state records and the ``#now`` of events. The plant's one table of events is the MES's log.
    """
    dataset = Dataset()
    dataset.parse(file, format="trig")
    quads, present = set(), set()
    for s, p, o, name in dataset.quads():
        fact = (s.n3(), p.n3(), o.n3())
        graph = "" if name in {None, DATASET_DEFAULT_GRAPH_ID} else f"<{name}>"
        if graph:
            quads.add((*fact, graph))
        if not graph or _is_support(graph):
            present.add(fact)
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


@pytest.fixture(scope="session")
def plant_of(journal: Journal) -> Callable[..., Answers]:
    """Gives the answers of a plant file, its quads put in by the order that a seed shuffles."""

    @functools.cache
    def answers(file: Path, seed: int = 0) -> Answers:
        quads = list(_quads(file))
        random.Random(seed).shuffle(quads)
        store = EmbeddedStore.in_memory(BASE)
        store.bulk_load(" ".join(part for part in quad if part) + " ." for quad in quads)
        return Answers(PLANT, store, journal, _rules(), frozenset({vocab.STATUS}), {})

    return answers
