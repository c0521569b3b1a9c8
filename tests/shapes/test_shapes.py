"""Every shape has a folder here: data that passes, data that fails, and the things that fail.

The cases state what the current graph states after derivation. All are judged together, by all
shapes at once, each under IRIs of its own: so a case also shows that no other shape accuses it.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
from rdflib import SH, Graph, Literal, Namespace, URIRef

from kg.store.files import facts_of_lines
from kg.validate.facts import Facts
from kg.validate.parse import read_shapes
from tests.whole_validation import validate

CASES = Path(__file__).resolve().parent
SHAPES = CASES.parent.parent / "ontology" / "shapes"
TR = Namespace("https://w3id.org/traveler/ontology/")
TRS = Namespace("https://w3id.org/traveler/shape/")
FOLDERS = sorted(path.name for path in CASES.iterdir() if (path / "expected.txt").is_file())
LINKS = {
    "JobOwesMachine": "machine",
    "JobOwesSpecification": "spec",
    "JobOwesCustomer": "customer",
    "JobOwesBatch": "batch",
    "OutsideOperationOwesSupplier": "supplier",
}


def load_shapes() -> Graph:
    graph = Graph()
    for path in sorted(SHAPES.glob("*.shacl.ttl")):
        graph.parse(path)
    return graph


def home_of(case: str) -> str:
    return f"https://case.example/{case}/"


@pytest.fixture(scope="module")
def shapes() -> Graph:
    return load_shapes()


def accused(shapes: Graph, kind: str) -> dict[str, set[tuple[str, str]]]:
    """Validate all cases of one kind: case -> pairs of shape name and thing."""
    data = Graph()
    for case in FOLDERS:
        data.parse(CASES / case / f"{kind}.ttl", publicID=home_of(case))
    facts = Facts(facts_of_lines(data.serialize(format="nt")))
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for result in validate(read_shapes(shapes), facts):
        shape = result.source[1:-1].removeprefix(str(TRS))
        focus = result.focus[1:-1]
        case = focus.split("/")[3]
        found[case].add((shape, focus.removeprefix(home_of(case))))
    return found


@pytest.fixture(scope="module")
def accused_in_passing(shapes: Graph) -> dict[str, set[tuple[str, str]]]:
    return accused(shapes, "pass")


@pytest.fixture(scope="module")
def accused_in_failing(shapes: Graph) -> dict[str, set[tuple[str, str]]]:
    return accused(shapes, "fail")


def reported_shapes(shapes: Graph) -> set[str]:
    """The shapes that a result can name: those with a message."""
    return {str(s).removeprefix(str(TRS)) for s in shapes.subjects(SH.message)}


def test_every_shape_has_its_cases_and_every_case_its_shape(shapes: Graph) -> None:
    assert FOLDERS
    assert set(FOLDERS) == reported_shapes(shapes)


@pytest.mark.parametrize("case", FOLDERS)
def test_data_that_passes_is_accused_of_nothing(
    case: str, accused_in_passing: dict[str, set[tuple[str, str]]]
) -> None:
    data = Graph().parse(CASES / case / "pass.ttl", publicID=home_of(case))
    assert len(data) > 0
    assert accused_in_passing.get(case, set()) == set()


@pytest.mark.parametrize("case", FOLDERS)
def test_data_that_fails_is_accused_of_this_and_nothing_else(
    case: str, accused_in_failing: dict[str, set[tuple[str, str]]]
) -> None:
    things = (CASES / case / "expected.txt").read_text(encoding="utf-8").split()
    assert things
    assert accused_in_failing.get(case, set()) == {(case, thing) for thing in things}


def test_each_link_names_its_slot_and_nothing_else_names_one(shapes: Graph) -> None:
    slots = {str(s).removeprefix(str(TRS)): str(o) for s, o in shapes.subject_objects(TR.slot)}
    assert slots == LINKS


def test_every_reported_shape_has_an_iri_a_severity_and_one_plain_message(shapes: Graph) -> None:
    for shape in set(shapes.subjects(SH.message)):
        assert isinstance(shape, URIRef)
        assert shapes.value(shape, SH.severity) == SH.Violation
        [message] = shapes.objects(shape, SH.message)
        assert isinstance(message, Literal)
        assert message.language == "en"
        assert str(message)[0].isupper()


def test_whoever_reads_what_is_single_valued_finds_class_path_and_count(shapes: Graph) -> None:
    single = {
        (str(kind).removeprefix(str(TR)), str(path).removeprefix(str(TR)))
        for node, kind in shapes.subject_objects(SH.targetClass)
        for prop in shapes.objects(node, SH.property)
        if shapes.value(prop, SH.maxCount) == Literal(1)
        for path in shapes.objects(prop, SH.path)
    }
    assert {
        ("Job", "makes"),
        ("Job", "status"),
        ("Job", "pinnedSpec"),
        ("Operation", "operationOf"),
        ("SalesOrder", "orderedBy"),
        ("SalesOrderLine", "lineOf"),
        ("Allocation", "toOrderLine"),
        ("Machine", "activity"),
        ("MaterialBatch", "suppliedBy"),
        ("Run", "ofJob"),
        ("Run", "endedAt"),
    } <= single


def test_no_shape_has_a_target_that_only_a_query_can_find(shapes: Graph) -> None:
    assert not set(shapes.subjects(SH.target))
    assert not set(shapes.subjects(SH.sparql))
