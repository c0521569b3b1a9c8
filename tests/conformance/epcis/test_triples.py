"""The events that GS1 publishes, as triples: those of the Turtle that is published beside them.

`differences.json` lists, for each file whose JSON says something else than its Turtle, exactly
what: the JSON was edited after the Turtle was made of it.
"""

from __future__ import annotations

import json
import re
import socket
from collections import Counter
from pathlib import Path

import pytest
from rdflib import BNode, Graph
from rdflib.compare import isomorphic

from kg.epcis.triples import event_graph
from kg.errors import SourceError

HERE = Path(__file__).resolve().parent
DIFFERENCES = json.loads((HERE / "differences.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pairs(shared_data: Path) -> dict[str, tuple[Path, Path]]:
    """Each file of events and its Turtle, by its name below the folder."""
    folder = shared_data / "epcis"
    files = sorted((folder / "JSON").rglob("*.jsonld"))
    found = {}
    for file in files:
        name = file.relative_to(folder / "JSON")
        turtle = folder / "Turtle" / name.with_suffix(".ttl")
        if turtle.is_file():
            found[str(name)] = (file, turtle)
    assert len(found) == 46
    return found


def told(graph: Graph) -> Counter[str]:
    """Each fact without its subject; fractions of a second are cut where they are none."""
    return Counter(
        re.sub(
            r"(:\d\d)\.0+(?=[+-])", r"\1", f"{p.n3()} {'[]' if isinstance(o, BNode) else o.n3()}"
        )
        for _, p, o in graph
    )


def read(pair: tuple[Path, Path]) -> tuple[Graph, Graph]:
    document = json.loads(pair[0].read_text(encoding="utf-8"))
    return event_graph(document, pair[0].name), Graph().parse(pair[1])


def test_events_give_the_triples_that_are_published(pairs, monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("nothing is fetched")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    same = {name for name, pair in pairs.items() if isomorphic(*read(pair))}
    assert pairs.keys() - same == DIFFERENCES.keys()


@pytest.mark.parametrize("name", sorted(DIFFERENCES))
def test_other_files_differ_in_what_is_known_and_nothing_else(name: str, pairs) -> None:
    ours, published = (told(graph) for graph in read(pairs[name]))
    known = DIFFERENCES[name]
    assert known["why"]
    assert sorted((ours - published).elements()) == known["only_json"]
    assert sorted((published - ours).elements()) == known["only_turtle"]


@pytest.mark.parametrize(
    "context",
    [
        "https://elsewhere.example/context.jsonld",
        {"@import": "https://elsewhere.example/context.jsonld"},
        {"a": {"@id": "https://a.example/", "@context": "https://elsewhere.example/c.jsonld"}},
        ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", "file:///etc/hosts"],
    ],
)
def test_a_context_that_would_be_fetched_is_refused(context) -> None:
    with pytest.raises(SourceError, match="context"):
        event_graph({"@context": context, "type": "ObjectEvent"}, "it")


def test_a_context_of_an_event_is_looked_at_too() -> None:
    event = {"type": "ObjectEvent", "@context": "https://elsewhere.example/c.jsonld"}
    with pytest.raises(SourceError, match="never fetched"):
        event_graph({"type": "EPCISDocument", "epcisBody": {"eventList": [event]}}, "it")


def test_what_is_nested_too_deep_is_refused() -> None:
    nested: dict = {}
    for _ in range(1_000):
        nested = {"a:b": nested}
    with pytest.raises(SourceError, match="nested"):
        event_graph(nested, "it")
