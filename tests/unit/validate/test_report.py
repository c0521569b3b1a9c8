"""Reports: a graph of the standard, and text for people."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from rdflib import RDF, SH, XSD, BNode, Graph, Literal, URIRef

from kg.records import Term
from kg.store.files import facts_of_lines
from kg.validate.facts import Facts
from kg.validate.model import Alternative, Inverse, Predicate, Repeated, Result, Sequence
from kg.validate.model import Path as ShaclPath
from kg.validate.readpaths import read_path
from kg.validate.report import rdflib_term, report_graph, report_text
from kg.validate.shapesgraph import ShapesGraph, sh
from tests.unit.validate.plants import paths

PREFIXES = {"ex": "http://example.org/", "xsd": str(XSD), "": "urn:"}


def result(focus: Term, value: Term | None = None, **changes: object) -> Result:
    given = {
        "focus": focus,
        "path": Predicate("<http://example.org/p>"),
        "value": value,
        "component": sh("ClassConstraintComponent"),
        "source": "_:inner",
        "root": "<http://example.org/Shape>",
        "severity": sh("Violation"),
        "messages": ('"is wrong"',),
    }
    return Result(**(given | changes))  # type: ignore[arg-type]


def test_a_report_without_results_conforms() -> None:
    graph = report_graph([])
    [report] = graph.subjects(RDF.type, SH.ValidationReport)
    assert graph.value(report, SH.conforms) == Literal(True)
    assert len(graph) == 2
    assert report_text([], {}, {}) == "Conforms: the data is as the shapes demand.\n"


def test_equal_results_are_all_told() -> None:
    graph = report_graph([result("<urn:a>"), result("<urn:a>")])
    assert len(list(graph.subjects(RDF.type, SH.ValidationResult))) == 2


def test_terms_keep_their_spelling() -> None:
    byte = f'"01"^^<{XSD}byte>'
    graph = report_graph([result("_:a", byte, messages=('"ja\\n"@de',))])
    [node] = graph.subjects(RDF.type, SH.ValidationResult)
    assert graph.value(node, SH.focusNode) == BNode("a")
    assert str(graph.value(node, SH.value)) == "01"
    assert graph.value(node, SH.resultMessage) == Literal("ja\n", lang="de")
    assert rdflib_term("<urn:a>") == URIRef("urn:a")
    again = Graph().parse(data=graph.serialize(format="turtle"))
    assert len(again) == len(graph)


@given(paths)
def test_paths_are_read_back_from_the_report(path: ShaclPath) -> None:
    graph = report_graph([result("<urn:a>", path=path)])
    facts = Facts(facts_of_lines(graph.serialize(format="nt")))
    [(_, _, node)] = facts.facts(p=sh("resultPath"))
    assert read_path(ShapesGraph(facts), "<urn:shape>", node) == path


def test_text_is_grouped_by_shape_in_80_columns() -> None:
    p, q = (Predicate(f"<http://example.org/{name}>") for name in "pq")
    path = Sequence((Inverse(p), Repeated(Alternative((p, q)), 1)))
    results = [
        result("<http://example.org/b>", "<http://example.org/with space>"),
        result("<http://example.org/a>", f'"1"^^<{XSD}integer>', path=path),
        result("<http://example.org/a>", severity=sh("Warning"), path=None),
        result("_:a", root="_:b", messages=(f'"{"long " * 20}\\u001b[31m"', '"and so on"@en')),
    ]
    text = report_text(results, {"<http://example.org/Left>": "sh:js"}, PREFIXES)
    expected = Path(__file__).with_name("report.txt").read_text(encoding="utf-8")
    assert text == expected
    assert all(len(line) <= 80 for line in text.splitlines())


def test_a_limit_says_what_it_leaves_out() -> None:
    results = [result(f"<urn:{number}>") for number in range(3)]
    text = report_text(results, {}, {}, limit=2)
    assert "urn:1" in text
    assert "urn:2" not in text
    assert "… and 1 more" in text
