"""Validate: what the shapes demand of the present and do not find (SHACL, W3C Recommendation).

pySHACL does the checking. It is given only the facts that a shape can look at, since its cost
grows with all it is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rdflib import RDF, RDFS, SH, Graph, URIRef

from kg import vocab
from kg.records import Gap
from kg.validate.reference import reference_report

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rdflib.term import Node

    from kg.records import Fact, Term

_SLOT = URIRef(vocab.TR + "slot")
_PAIRS = (SH.equals, SH.disjoint, SH.lessThan, SH.lessThanOrEquals)
_OPAQUE = (SH.sparql, SH.closed, SH.target, SH.js)


@dataclass(frozen=True, slots=True)
class Shapes:
    """The shapes of a plant, and what can be known of them without data.

    ``predicates`` are those a shape looks at; None where a shape can look at anything.
    ``single_valued`` are those that some shape allows one value of, on a plain path.
    """

    graph: Graph
    predicates: frozenset[Term] | None
    single_valued: frozenset[Term]


def read_shapes(graph: Graph) -> Shapes:
    """Look into shapes for what merging and validating need to know of them."""
    opaque = any(next(graph.subject_objects(p), None) is not None for p in _OPAQUE)
    predicates = {f"<{RDF.type}>", f"<{RDFS.subClassOf}>"}
    for link in (SH.path, *_PAIRS):
        for node in graph.objects(None, link):
            predicates.update(f"<{step}>" for step in _steps(graph, node))
    for link in (SH.targetSubjectsOf, SH.targetObjectsOf):
        predicates.update(f"<{node}>" for node in graph.objects(None, link))
    single = {
        f"<{path}>"
        for shape, most in graph.subject_objects(SH.maxCount)
        if int(str(most)) == 1 and isinstance(path := graph.value(shape, SH.path), URIRef)
    }
    return Shapes(graph, None if opaque else frozenset(predicates), frozenset(single))


def _steps(graph: Graph, node: Node) -> Iterator[URIRef]:
    """Walk a SHACL path (SHACL, section 2.3.1) for the predicates in it."""
    if isinstance(node, URIRef):
        if node != RDF.nil:
            yield node
        return
    for _, inner in graph.predicate_objects(node):
        yield from _steps(graph, inner)


def find_gaps(facts: Iterable[Fact], shapes: Shapes) -> list[Gap]:
    """Validate the present and give each result as a gap, sorted.

    Raises:
        OntologyError: a shape cannot be run.
    """
    return gaps_of_lines("\n".join(lines_of(facts, shapes)), shapes)


def lines_of(facts: Iterable[Fact], shapes: Shapes) -> list[str]:
    """Write the facts that a shape can look at as N-Triples."""
    wanted = shapes.predicates
    return [f"{s} {p} {o} ." for s, p, o in facts if wanted is None or p in wanted]


def gaps_of_lines(lines: str, shapes: Shapes) -> list[Gap]:
    """Validate what N-Triples say; see ``find_gaps``."""
    data = Graph()
    data.parse(data=lines, format="nt")
    report = reference_report(data, shapes.graph)
    results = report.objects(None, SH.result)
    return sorted(
        {_gap(report, shapes.graph, result) for result in results},
        key=lambda gap: (gap.slot, gap.entity, gap.shape, gap.message),
    )


def _gap(report: Graph, shapes: Graph, result: Node) -> Gap:
    shape = report.value(result, SH.sourceShape)
    path = report.value(result, SH.resultPath)
    slot = shapes.value(shape, _SLOT)
    named = shape if isinstance(shape, URIRef) else _owner(shapes, shape)
    severity = str(report.value(result, SH.resultSeverity)).rsplit("#", 1)[-1].lower()
    messages = sorted(str(message) for message in report.objects(result, SH.resultMessage))
    return Gap(
        entity=f"<{report.value(result, SH.focusNode)}>",
        slot=str(slot) if slot is not None else str(path or "").rsplit("/", 1)[-1],
        shape=f"<{named}>",
        severity=severity,
        message=messages[0] if messages else "the shape is not met",
    )


def _owner(shapes: Graph, shape: Node | None) -> Node | None:
    """Find the named shape that a nested one belongs to."""
    seen: set[Node] = set()
    while shape is not None and not isinstance(shape, URIRef) and shape not in seen:
        seen.add(shape)
        shape = next(iter(sorted(shapes.subjects(None, shape), key=str)), None)
    return shape
