"""RML in Turtle -> mapping: the current vocabulary, and the older one with R2RML's.

What is not supported is refused by name; sections are named by their titles in RML-Core.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rdflib import Literal, URIRef
from rdflib.namespace import RDF

from kg.lift.mapping import (
    Constant,
    Join,
    MappingDocument,
    PredicateObjectMap,
    TermMap,
    TermType,
    TriplesMap,
    is_absolute,
)
from kg.lift.rmlgraph import RML, read_graph
from kg.lift.rmlterms import KINDS, Terms

if TYPE_CHECKING:
    from pathlib import Path

    from rdflib.term import Node

    from kg.lift.mapping import Expression, LogicalSource


def read_rml(file: Path, base: str = "") -> MappingDocument:
    """Read an RML mapping in Turtle; ``base`` is the document's base IRI.

    Raises:
        MappingError: it is no Turtle, no valid RML, or uses what is not supported.
    """
    return _Reader(file, *read_graph(file, base)).document()


class _Reader(Terms):
    def document(self) -> MappingDocument:
        self.check_words()
        nodes = set(self.graph.subjects(RDF.type, URIRef(RML + "TriplesMap")))
        for local in ("logicalSource", "subjectMap", "subject", "predicateObjectMap"):
            nodes |= set(self.graph.subjects(URIRef(RML + local)))
        nodes -= set(self.graph.subjects(RDF.type, URIRef(RML + "LogicalSource")))
        nodes -= set(self.graph.objects(None, URIRef(RML + "functionValue")))
        if not nodes:
            raise self.error("has no triples map (Triples Map)", "TriplesMap")
        made = [self._triples_map(node) for node in sorted(nodes, key=str)]
        return MappingDocument(self.file, tuple(made))

    def _triples_map(self, node: Node) -> TriplesMap:
        name = str(node)
        source = self._source_of(node)
        subject_node, subject = self._subject_of(node)
        self._use(source)
        classes = self._classes(subject_node) if subject_node is not None else []
        rules = [
            self._rule(rule, source)
            for rule in self.maps(node, "predicateObjectMap", "Predicate-Object Map")
        ]
        return TriplesMap(
            name,
            source,
            subject,
            tuple(classes),
            tuple(self.terms(subject_node, "graph")) if subject_node is not None else (),
            tuple(rules),
            base=self._base_of(node),
            line=self.line(node),
        )

    def _base_of(self, node: Node) -> str:
        base = self.text(node, "baseIRI")
        if base and not is_absolute(base):
            message = f"{base!r} is no IRI that others can begin with (Base IRI)"
            raise self.error(message, node, "baseIRI")
        return base

    def _source_of(self, node: Node) -> LogicalSource:
        found = self.maybe(node, "logicalSource")
        if found is None:
            message = f"triples map {node} has no rml:logicalSource (Triples Map)"
            raise self.error(message, node)
        return self.source(found)

    def _use(self, source: LogicalSource) -> None:
        self.used = source
        self.is_json = source.formulation in {"json", "jsonl"}

    def _classes(self, node: Node) -> list[TermMap]:
        classes, line = self.all(node, "class"), self.line(node, "class")
        for value in classes:
            if not isinstance(value, URIRef):
                found = repr(str(value)) if isinstance(value, Literal) else "a blank node"
                raise self.error(f"a class is an IRI, not {found} (Subject Map)", node, "class")
        return [TermMap(Constant(str(value)), TermType.IRI, line=line) for value in classes]

    def _subject_of(self, node: Node) -> tuple[Node | None, TermMap]:
        shortcuts, maps = self.all(node, "subject"), self.maps(node, "subjectMap", "Subject Map")
        if len(shortcuts) + len(maps) != 1:
            message = f"triples map {node} needs exactly one subject map (Triples Map)"
            raise self.error(message, node, "subjectMap" if len(maps) > 1 else "subject")
        if shortcuts:
            return None, self.constant(shortcuts[0], "subject", None, self.line(node, "subject"))
        self._use(self._source_of(node))
        return maps[0], self.term(maps[0], "subject")

    def _rule(self, node: Node, source: LogicalSource) -> PredicateObjectMap:
        self._use(source)
        predicates = self.terms(node, "predicate")
        line = self.line(node, "object")
        objects = [self.constant(value, "object", None, line) for value in self.all(node, "object")]
        joins = []
        for value in self.maps(node, "objectMap", "Object Map"):
            parent = self.maybe(value, "parentTriplesMap")
            if parent is None:
                objects.append(self.term(value, "object"))
                continue
            joined = self._parent(value, parent, source)
            joins += [joined] if isinstance(joined, Join) else []
            objects += [] if isinstance(joined, Join) else [joined]
            self._use(source)
        if not predicates or not (objects or joins):
            missing = "predicate" if not predicates else "object"
            message = f"a predicate-object map has no {missing} map (Predicate-Object Map)"
            raise self.error(message, node)
        return PredicateObjectMap(
            tuple(predicates),
            tuple(objects),
            tuple(self.terms(node, "graph")),
            joins=tuple(joins),
            line=self.line(node),
        )

    def _parent(self, node: Node, parent: Node, source: LogicalSource) -> Join | TermMap:
        """Read a referencing object map; over the same rows it is the parent's subject map."""
        conditions = self.maps(node, "joinCondition", "Join Condition")
        others = [local for local in KINDS if self.all(node, local)]
        if others:
            message = f"a referencing object map has no rml:{others[0]} (Referencing Object Map)"
            raise self.error(message, node, others[0])
        if not self.all(parent, "logicalSource"):
            message = f"{parent} is no triples map (Referencing Object Map)"
            raise self.error(message, node, "parentTriplesMap")
        other = self._source_of(parent)
        subject = self._subject_of(parent)[1]
        if not conditions:
            if other != source:
                message = "a parent of another source needs a join condition"
                message = f"{message} (Referencing Object Map)"
                raise self.error(message, node, "parentTriplesMap")
            return replace(subject, base=self._base_of(parent))
        pairs = tuple(
            (self._side(condition, "child", source), self._side(condition, "parent", other))
            for condition in conditions
        )
        line = self.line(node, "joinCondition")
        return Join(other, subject, pairs, self._base_of(parent), line)

    def _side(self, condition: Node, side: str, source: LogicalSource) -> Expression:
        self._use(source)
        shortcuts = self.all(condition, side)
        maps = self.maps(condition, f"{side}Map", "Join Condition")
        if len(shortcuts) + len(maps) != 1:
            message = f"a join condition needs exactly one {side} map (Join Condition)"
            raise self.error(message, condition, side)
        if not shortcuts:
            return self.value(maps[0])
        if not isinstance(shortcuts[0], Literal):
            raise self.error(f"rml:{side} must be a text (Join Condition)", condition, side)
        return self.reference(str(shortcuts[0]), self.line(condition, side))
