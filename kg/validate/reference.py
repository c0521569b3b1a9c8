"""The reference engine: pySHACL, behind the same results as our own (``kg.validate.evaluate``).

It runs what is ``left`` of the shapes, and all of them where somebody wants to compare.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyshacl
from rdflib import SH, Graph

from kg.errors import OntologyError
from kg.store.files import facts_of_lines
from kg.validate.facts import Facts
from kg.validate.model import Result
from kg.validate.readpaths import read_path
from kg.validate.report import rdflib_term
from kg.validate.shapesgraph import ShapesGraph, sh
from kg.vocab import RDF_TYPE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from kg.records import Fact, Term
    from kg.validate.model import Path

_TARGETS = {
    sh(name)
    for name in ("targetNode", "targetClass", "targetSubjectsOf", "targetObjectsOf", "target")
}
_CLASS = "<http://www.w3.org/2000/01/rdf-schema#Class>"


def reference_report(data: Graph, shapes: Graph, *, is_advanced: bool = False) -> Graph:
    """Give pySHACL's report; ``is_advanced`` lets it run SHACL-AF, and JavaScript if it can.

    Raises: OntologyError where it cannot run the shapes.
    """
    try:
        _, report, text = pyshacl.validate(
            data, shacl_graph=shapes, advanced=is_advanced, js=is_advanced and _has_js(shapes)
        )
    except Exception as error:  # pySHACL's own tree shares no base with its parser's errors
        raise OntologyError(f"the shapes cannot be run: {error}") from error
    if not isinstance(report, Graph):
        raise OntologyError(f"the shapes cannot be run: {text}")
    return report


def _has_js(shapes: Graph) -> bool:
    return next(shapes.subject_objects(SH.js), None) is not None


def validate_by_reference(
    data: Iterable[Fact], shapes: Facts, only: Collection[Term] | None = None
) -> list[Result]:
    """Validate by pySHACL; ``only`` are the shapes whose targets count, None is all.

    Raises: OntologyError where it cannot run the shapes.
    """
    chosen = shapes if only is None else list(_without_other_targets(shapes, only))
    is_advanced = any(p in (sh("target"), sh("expression"), sh("js")) for _, p, _ in chosen)
    report = reference_report(_graph(data), _graph(chosen), is_advanced=is_advanced)
    return list(_results(Facts(facts_of_lines(report.serialize(format="nt"))), shapes))


def _graph(facts: Iterable[Fact]) -> Graph:
    graph = Graph()
    for s, p, o in facts:
        graph.add((rdflib_term(s), rdflib_term(p), rdflib_term(o)))
    return graph


def _without_other_targets(shapes: Facts, only: Collection[Term]) -> Iterator[Fact]:
    for s, p, o in shapes:
        if s in only or not (p in _TARGETS or (p == RDF_TYPE and o == _CLASS)):
            yield s, p, o


def _results(report: Facts, shapes: Facts) -> Iterator[Result]:
    graph = ShapesGraph(report)
    for _, _, node in report.facts(p=sh("result")):
        source = graph.one(node, "sourceShape") or ""
        yield Result(
            focus=graph.one(node, "focusNode") or "",
            path=_path(graph, node),
            value=graph.one(node, "value"),
            component=graph.one(node, "sourceConstraintComponent") or "",
            source=source,
            root=_root(source, shapes),
            severity=graph.one(node, "resultSeverity") or sh("Violation"),
            messages=tuple(sorted(graph.all(node, "resultMessage"))),
            constraint=graph.one(node, "sourceConstraint"),
        )


def _path(graph: ShapesGraph, node: Term) -> Path | None:
    path = graph.one(node, "resultPath")
    return None if path is None else read_path(graph, node, path)


def _root(source: Term, shapes: Facts) -> Term:
    """Give the shape with a target that a shape is part of; the report does not say which."""
    waiting, seen = [source], {source}
    while waiting:
        node = waiting.pop(0)
        if not _TARGETS.isdisjoint(shapes.about(node)) or (node, RDF_TYPE, _CLASS) in shapes:
            return node
        for above, _, _ in shapes.facts(o=node):
            if above not in seen:
                seen.add(above)
                waiting.append(above)
    return source
