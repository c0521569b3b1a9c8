"""Cases of the W3C's SHACL test suite, and of ours in the same form: manifests, read exactly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlparse

from rdflib import RDF, SH, Graph
from rdflib.compare import isomorphic

from kg.records import Term
from kg.store.files import read_quads
from kg.validate.facts import Facts
from kg.validate.model import Result
from kg.validate.parse import shapes_of
from kg.validate.report import rdflib_term, report_graph
from kg.validate.run import validate_files
from kg.validate.shapesgraph import FIRST, NIL, REST
from kg.validate.shapesgraph import SH as VOCABULARY
from tests.whole_validation import validate

_MF = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
_SHT = "http://www.w3.org/ns/shacl-test#"
_REPORT = {"conforms", "result"}
_RESULT = {
    "focusNode",
    "resultPath",
    "resultSeverity",
    "sourceConstraint",
    "sourceConstraintComponent",
    "sourceShape",
    "value",
    "resultMessage",
}
_TYPE = f"<{RDF.type}>"


@dataclass(frozen=True)
class Case:
    """One test: ``expected`` is None where validation must fail."""

    name: str
    data: Path
    shapes: Path
    expected: Graph | None


def read_facts(path: Path) -> Facts:
    return Facts(quad[:3] for quad in read_quads(path))


def one_by_one(case: Case) -> list[Result]:
    """Validate a case by evaluating each focus node by itself."""
    return validate(shapes_of(read_facts(case.shapes)), read_facts(case.data))


def at_once(case: Case) -> list[Result]:
    """Validate a case as the command does."""
    outcome = validate_files([case.data], [case.shapes])
    assert not outcome.left, case.name
    return outcome.results


def read_cases(manifest: Path) -> list[Case]:
    """Read the cases of a manifest, and of those that it includes."""
    facts = read_facts(manifest)
    cases = [
        case
        for _, _, included in facts.facts(p=f"<{_MF}include>")
        for case in read_cases(_path_of(included))
    ]
    for _, _, head in facts.facts(p=f"<{_MF}entries>"):
        cases += [_read_case(facts, entry) for entry in _members(facts, head)]
    return cases


def _read_case(facts: Facts, entry: Term) -> Case:
    [action] = facts.objects(entry, f"<{_MF}action>")
    [result] = facts.objects(entry, f"<{_MF}result>")
    [data] = facts.objects(action, f"<{_SHT}dataGraph>")
    [shapes] = facts.objects(action, f"<{_SHT}shapesGraph>")
    path = _path_of(entry)
    return Case(
        name=f"{path.parent.name}/{path.name}",
        data=_path_of(data),
        shapes=_path_of(shapes),
        expected=None if result == f"<{_SHT}Failure>" else _expected(facts, result),
    )


def _path_of(term: Term) -> Path:
    return Path(unquote(urlparse(term[1:-1]).path))


def _members(facts: Facts, head: Term) -> Iterable[Term]:
    while head != NIL:
        yield facts.objects(head, FIRST)[0]
        head = facts.objects(head, REST)[0]


def _expected(facts: Facts, report: Term) -> Graph:
    graph = Graph()
    _copy(facts, report, _REPORT, graph)
    for result in facts.objects(report, f"<{VOCABULARY}result>"):
        _copy(facts, result, _RESULT, graph)
        for path in facts.objects(result, f"<{VOCABULARY}resultPath>"):
            _copy_all(facts, path, graph)
    return graph


def _copy(facts: Facts, node: Term, names: set[str], graph: Graph) -> None:
    for predicate in (_TYPE, *(f"<{VOCABULARY}{name}>" for name in names)):
        for value in facts.objects(node, predicate):
            graph.add(tuple(rdflib_term(term) for term in (node, predicate, value)))


def _copy_all(facts: Facts, node: Term, graph: Graph) -> None:
    for fact in facts.facts(s=node) if node.startswith("_:") else ():
        graph.add(tuple(rdflib_term(term) for term in fact))
        _copy_all(facts, fact[2], graph)


def differs(expected: Graph, results: list[Result]) -> str:
    """Say how a report differs from what is expected; messages count where some are expected."""
    made = report_graph(results)
    if not list(expected.triples((None, SH.resultMessage, None))):
        made.remove((None, SH.resultMessage, None))
    if isomorphic(expected, made):
        return ""
    return f"expected\n{expected.serialize()}\nmade\n{made.serialize()}"
