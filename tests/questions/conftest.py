from __future__ import annotations

import functools
import json
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


def state(name: str) -> TableSettings:
    return TableSettings(name=name, mapping=f"{name}.yml", key=("id",))


REST = f"<{BASE}record/erp/plant/1>"
NONE = f"<{BASE}graph/none>"
PLANT = Plant(
    name="Test",
    base=BASE,
    sources=(
        SourceSettings(name="mes", adapter="files", tables=(LOG,)),
        SourceSettings(name="erp", adapter="files", tables=(state("plant"),)),
        SourceSettings(name="notes", system="people", adapter="files", tables=(state("note"),)),
    ),
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


def _produced(file: Path) -> dict[str, list[tuple[str, str, str]]]:
    """What ``produced.json`` beside a plant file says that its sources' tables can say."""
    beside = file.with_name("produced.json")
    said = json.loads(beside.read_text("utf-8")) if beside.is_file() else {}
    return {
        source: [
            (table, "", f"<{vocab.TR}{name}>") for table, names in tables.items() for name in names
        ]
        for source, tables in said.items()
    }


def _no_columns(_source: str, _table: str, _predicate: str) -> tuple[str, ...]:
    return ()


def with_questions(answers: Answers, beside: Path) -> Answers:
    """Leave a plant the questions of ``questions.json``, where answers count what others need."""
    if beside.is_file():
        names = json.loads(beside.read_text("utf-8"))
        vars(answers)["questions"] = {name: answers.questions[name] for name in names}
    return answers


@pytest.fixture(scope="session")
def plant_of(journal: Journal) -> Callable[..., Answers]:
    """Gives the answers of a plant file, its quads put in by the order that a seed shuffles."""

    @functools.cache
    def answers(file: Path, seed: int = 0) -> Answers:
        quads = list(_quads(file))
        random.Random(seed).shuffle(quads)
        store = EmbeddedStore.in_memory(BASE)
        store.bulk_load(" ".join(part for part in quad if part) + " ." for quad in quads)
        single, produced = frozenset({vocab.STATUS, vocab.ACTIVITY}), _produced(file)
        made = Answers(PLANT, store, journal, _rules(), single, produced, _no_columns)
        return with_questions(made, file.with_name("questions.json"))

    return answers
