"""Validation in a process of its own says what validation here says, and is there again."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from rdflib import Graph

from kg.assets import ontology_folder
from kg.errors import OntologyError
from kg.rules import load_graph
from kg.validate import Shapes, find_gaps, read_shapes
from kg.validate.beside import Beside

TR = "https://w3id.org/traveler/ontology/"
TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
FACTS = {
    (f"<https://p.example/job/{number}>", TYPE, f"<{TR}Job>") for number in ("1043", "é\\u00E5")
} | {
    (f"<https://p.example/job/{number}>", f"<{TR}status>", f"<{TR}released>")
    for number in ("1043", "é\\u00E5")
}


@pytest.fixture(scope="module")
def shapes() -> Shapes:
    return read_shapes(load_graph(ontology_folder() / "shapes"))


def children() -> set[int]:
    here = Path(f"/proc/self/task/{os.getpid()}/children")
    if not here.exists():
        pytest.skip("this system does not list a process's children")
    return {int(child) for child in here.read_text().split()}


def test_it_finds_what_is_found_here_again_and_again(shapes: Shapes) -> None:
    beside = Beside(shapes)
    try:
        expected = find_gaps(FACTS, shapes)
        assert expected
        assert beside.find_gaps(FACTS) == expected
        assert beside.find_gaps(()) == []
        assert beside.find_gaps(FACTS) == expected
    finally:
        beside.close()


def test_a_process_that_was_killed_is_an_error_once_and_closing_leaves_none(
    shapes: Shapes,
) -> None:
    before = children()
    beside = Beside(shapes)
    beside.find_gaps(())
    (child,) = children() - before
    os.kill(child, signal.SIGKILL)
    with pytest.raises(OntologyError, match="ended by itself"):
        beside.find_gaps(FACTS)
    assert beside.find_gaps(FACTS) == find_gaps(FACTS, shapes)
    beside.close()
    beside.close()
    assert children() <= before


def test_a_shape_that_cannot_be_run_is_the_same_error(shapes: Shapes) -> None:
    text = """
        @prefix sh: <http://www.w3.org/ns/shacl#> .
        <urn:s> a sh:NodeShape ; sh:targetClass <urn:c> ; sh:sparql [ sh:select "no query" ] .
    """
    broken = read_shapes(Graph().parse(data=text, format="turtle"))
    facts = [("<urn:a>", TYPE, "<urn:c>")]
    beside = Beside(broken)
    try:
        with pytest.raises(OntologyError, match="cannot be run") as here:
            find_gaps(facts, broken)
        with pytest.raises(OntologyError, match="cannot be run") as there:
            beside.find_gaps(facts)
    finally:
        beside.close()
    assert there.value.message.split(":")[0] == here.value.message.split(":")[0]
