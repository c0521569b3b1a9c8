"""RML in Turtle -> mapping: the current vocabulary, and the older one with R2RML's.

What is not supported is refused by name; sections are named by their titles in RML-Core.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rdflib import Literal, URIRef
from rdflib.namespace import RDF

from kg.lift.mapping import Join, MappingDocument, PredicateObjectMap, Reference, TriplesMap
from kg.lift.rmlgraph import RML, read_graph
from kg.lift.rmlterms import Terms

if TYPE_CHECKING:
    from pathlib import Path

    from rdflib.term import Node

    from kg.lift.mapping import Expression, LogicalSource, TermMap


def read_rml(file: Path, base: str = "") -> MappingDocument:
    """Read an RML mapping in Turtle; ``base`` is the document's base IRI.

    Raises:
        MappingError: it is no Turtle, no valid RML, or uses what is not supported.
    """
    return _Reader(file, *read_graph(file, base)).document()


class _Reader(Terms):
    def document(self) -> MappingDocument:
        self.check_words()
        nodes = set(self.graph.subjects(URIRef(RML + "logicalSource")))
        nodes |= set(self.graph.subjects(RDF.type, URIRef(RML + "TriplesMap")))
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
        classes = tuple(self.constant(kind, "object") for kind in self._classes(subject_node))
        rules = [self._rule(rule, source) for rule in self.all(node, "predicateObjectMap")]
        rules.sort(key=lambda rule: (rule.line, repr(rule)))
        return TriplesMap(
            name,
            source,
            subject,
            classes,
            tuple(self.terms(subject_node, "graph")) if subject_node is not None else (),
            tuple(rules),
            base=self.text(node, "baseIRI"),
            line=self.line(name),
        )

    def _source_of(self, node: Node) -> LogicalSource:
        return self.source(self.one(node, "logicalSource", f"{node} (Triples Map)"))

    def _use(self, source: LogicalSource) -> None:
        self.used = source
        self.is_json = source.formulation in {"json", "jsonl"}

    def _classes(self, subject_node: Node | None) -> list[Node]:
        found = [] if subject_node is None else self.all(subject_node, "class")
        for value in found:
            if isinstance(value, Literal):
                raise self.error(f"class {str(value)!r} is no IRI (Subject Map)", str(value))
        return found

    def _subject_of(self, node: Node) -> tuple[Node | None, TermMap]:
        shortcuts, maps = self.all(node, "subject"), self.all(node, "subjectMap")
        if len(shortcuts) + len(maps) != 1:
            message = f"triples map {node} needs exactly one subject map (Triples Map)"
            raise self.error(message, str(node))
        if shortcuts:
            return None, self.constant(shortcuts[0], "subject")
        self._use(self._source_of(node))
        return maps[0], self.term(maps[0], "subject")

    def _rule(self, node: Node, source: LogicalSource) -> PredicateObjectMap:
        self._use(source)
        predicates = self.terms(node, "predicate")
        objects = [self.constant(value, "object") for value in self.all(node, "object")]
        joins = []
        for value in self.all(node, "objectMap"):
            parent = self.maybe(value, "parentTriplesMap")
            if parent is None:
                objects.append(self.term(value, "object"))
                continue
            joined = self._parent(value, parent, source)
            joins += [joined] if isinstance(joined, Join) else []
            objects += [] if isinstance(joined, Join) else [joined]
            self._use(source)
        if not predicates or not (objects or joins):
            message = "a predicate-object map needs both (Predicate-Object Map)"
            raise self.error(message, "predicateObjectMap", "objectMap")
        lines = [term.line for term in predicates]
        return PredicateObjectMap(
            tuple(predicates),
            tuple(objects),
            tuple(self.terms(node, "graph")),
            joins=tuple(joins),
            line=max(lines, default=1),
        )

    def _parent(self, node: Node, parent: Node, source: LogicalSource) -> Join | TermMap:
        """Read a referencing object map; over the same rows it is the parent's subject map."""
        conditions = self.all(node, "joinCondition")
        other = self._source_of(parent)
        subject = self._subject_of(parent)[1]
        if not conditions:
            if other != source:
                message = "a parent of another source needs a join condition"
                raise self.error(f"{message} (Referencing Object Map)", str(parent))
            return replace(subject, base=self.text(parent, "baseIRI"))
        pairs = tuple(
            (self._side(condition, "child", source), self._side(condition, "parent", other))
            for condition in conditions
        )
        line = self.line("joinCondition")
        return Join(other, subject, pairs, self.text(parent, "baseIRI"), line)

    def _side(self, condition: Node, side: str, source: LogicalSource) -> Expression:
        self._use(source)
        shortcuts, maps = self.all(condition, side), self.all(condition, f"{side}Map")
        if len(shortcuts) + len(maps) != 1:
            message = f"a join condition needs exactly one {side} map (Join Condition)"
            raise self.error(message, "joinCondition")
        if not shortcuts:
            return self.value(maps[0])
        if self.is_json:
            self.check_path(str(shortcuts[0]), "reference")
        return Reference(str(shortcuts[0]))
