"""RML in Turtle -> mapping: the current vocabulary, and the older one with R2RML's.

What is not supported yet is refused by name; section numbers are those of RML-Core.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rdflib import BNode, Graph, Literal, URIRef
from rdflib.namespace import RDF

from kg.lift.mapping import (
    Constant,
    LogicalSource,
    MappingDocument,
    PredicateObjectMap,
    Reference,
    Template,
    TermMap,
    TermType,
    TriplesMap,
    mapping_error,
)
from kg.lift.templates import parse_rml

if TYPE_CHECKING:
    from pathlib import Path

    from rdflib.term import Node

    from kg.errors import MappingError
    from kg.lift.mapping import Expression

RML = "http://w3id.org/rml/"
_OLD_RML = "http://semweb.mmlab.be/ns/rml#"
_R2RML = "http://www.w3.org/ns/r2rml#"
_NAMESPACES = (RML, _OLD_RML, _R2RML)
_RENAMED = {_R2RML + "column": RML + "reference"}
_KNOWN_WORDS = """
    logicalSource subjectMap subject predicateObjectMap predicateMap predicate objectMap object
    graphMap graph class template reference constant termType datatype datatypeMap language
    languageMap parentTriplesMap joinCondition child parent source referenceFormulation iterator
    path root baseIRI
"""
_KNOWN = frozenset(_KNOWN_WORDS.split())
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_JSON_NAME = re.compile(r"(?:\$\.|@\.)?([\w-]+)|\$\['([^']*)'\]")


def read_rml(file: Path, base: str = "") -> MappingDocument:
    """Read an RML mapping in Turtle; ``base`` is the document's base IRI.

    Raises:
        MappingError: it is no Turtle, no valid RML, or uses what is not supported yet.
    """
    try:
        text = file.read_text(encoding="utf-8")
        graph = Graph().parse(data=text, format="turtle", publicID=base or file.as_uri())
    except (OSError, UnicodeDecodeError) as error:
        raise mapping_error(file, 1, f"cannot be read: {error}") from error
    except Exception as error:  # rdflib's parser raises whatever it meets
        found = re.search(r"line (\d+)", str(error))
        line = int(found.group(1)) if found else 1
        raise mapping_error(file, line, "no Turtle", str(error).strip()[:200]) from error
    return _Reader(file, text, _normalised(graph)).document()


def _normalised(graph: Graph) -> Graph:
    """Write every term of the older vocabularies in the current one."""
    made = Graph()
    for triple in graph:
        made.add(tuple(_current(term) for term in triple))  # type: ignore[arg-type]
    return made


def _current(term: Node) -> Node:
    if not isinstance(term, URIRef):
        return term
    name = _RENAMED.get(str(term), str(term))
    for namespace in _NAMESPACES:
        if name.startswith(namespace):
            return URIRef(RML + name.removeprefix(namespace))
    if name.startswith("http://semweb.mmlab.be/ns/ql#"):
        return URIRef(RML + name.rpartition("#")[2])
    return term


class _Reader:
    def __init__(self, file: Path, text: str, graph: Graph) -> None:
        self._file = file
        self._lines = text.splitlines()
        self._graph = graph

    def document(self) -> MappingDocument:
        for property_name in sorted(set(self._graph.predicates()), key=str):
            local = str(property_name).removeprefix(RML)
            if local != str(property_name) and local not in _KNOWN:
                raise self._error(f"rml:{local} is not supported yet", local)
        nodes = set(self._graph.subjects(URIRef(RML + "logicalSource")))
        nodes |= set(self._graph.subjects(RDF.type, URIRef(RML + "TriplesMap")))
        nodes -= set(self._graph.subjects(RDF.type, URIRef(RML + "LogicalSource")))
        if not nodes:
            raise self._error("has no triples map", "TriplesMap")
        made = [self._triples_map(node) for node in sorted(nodes, key=str)]
        return MappingDocument(self._file, tuple(made))

    def _triples_map(self, node: Node) -> TriplesMap:
        name = str(node)
        subject_node, subject = self._subject_of(node)
        source = self._source(self._one(node, "logicalSource", name))
        if subject.term_type is TermType.LITERAL:
            raise self._error("a subject cannot be a literal (section 6.2)", "termType", name)
        classes = tuple(
            TermMap(Constant(str(kind)), TermType.IRI, line=self._line(str(kind)))
            for kind in self._all(subject_node, "class")
        )
        rules = [self._rule(rule, source) for rule in self._all(node, "predicateObjectMap")]
        rules.sort(key=lambda rule: (rule.line, repr(rule)))
        return TriplesMap(
            name,
            source,
            subject,
            classes,
            self._graphs(subject_node),
            tuple(rules),
            base=str(self._maybe(node, "baseIRI") or ""),
            line=self._line(name),
        )

    def _subject_of(self, node: Node) -> tuple[Node, TermMap]:
        shortcuts = self._all(node, "subject")
        maps = self._all(node, "subjectMap")
        if len(shortcuts) + len(maps) != 1:
            raise self._error(
                f"triples map {node} needs exactly one subject map (section 6.2)", str(node)
            )
        if shortcuts:
            return BNode(), self._constant(shortcuts[0], TermType.IRI)
        return maps[0], self._term(maps[0], TermType.IRI)

    def _source(self, node: Node) -> LogicalSource:
        given = self._one(node, "source", str(node))
        path = given if isinstance(given, Literal) else self._one(given, "path", str(given))
        formulation = self._maybe(node, "referenceFormulation")
        form = str(formulation or "").removeprefix(RML).lower()
        forms = {"csv": "csv", "jsonpath": "json", "": str(path).rpartition(".")[2].lower()}
        if form not in forms:
            name = str(formulation).removeprefix(RML)
            raise self._error(f"reference formulation {name} is not supported yet", name)
        kind = forms[form]
        if kind == "json" and str(path).endswith((".jsonl", ".ndjson")):
            kind = "jsonl"
        iterator = str(self._maybe(node, "iterator") or "")
        return LogicalSource(str(path), kind, iterator, self._line(str(path)))

    def _rule(self, node: Node, source: LogicalSource) -> PredicateObjectMap:
        predicates = [
            *(self._constant(value, TermType.IRI) for value in self._all(node, "predicate")),
            *(self._term(value, TermType.IRI) for value in self._all(node, "predicateMap")),
        ]
        objects = [
            *(self._constant(value, None) for value in self._all(node, "object")),
            *(self._object(value, source) for value in self._all(node, "objectMap")),
        ]
        if not predicates or not objects:
            raise self._error("a predicate-object map needs both (section 8)", "objectMap")
        line = max((term.line for term in predicates), default=1)
        return PredicateObjectMap(tuple(predicates), tuple(objects), self._graphs(node), line=line)

    def _graphs(self, node: Node) -> tuple[TermMap, ...]:
        graphs = [
            *(self._constant(value, TermType.IRI) for value in self._all(node, "graph")),
            *(self._term(value, TermType.IRI) for value in self._all(node, "graphMap")),
        ]
        for graph in graphs:
            if graph.term_type is TermType.LITERAL:
                raise self._error("a graph cannot be a literal (section 9)", "graphMap")
        return tuple(graphs)

    def _object(self, node: Node, source: LogicalSource) -> TermMap:
        parent = self._maybe(node, "parentTriplesMap")
        if parent is None:
            return self._term(node, None)
        if self._all(node, "joinCondition"):
            raise self._error("rml:joinCondition is not supported yet", "joinCondition")
        other = self._source(self._one(parent, "logicalSource", str(parent)))
        if other != source:
            raise self._error("a parent of another source is not supported yet", str(parent))
        return self._subject_of(parent)[1]

    def _term(self, node: Node, default: TermType | None) -> TermMap:
        if self._maybe(node, "parentTriplesMap") is not None:
            raise self._error("only an object can be a parent triples map", "parentTriplesMap")
        kinds = [
            (kind, value)
            for kind in ("template", "reference", "constant")
            for value in self._all(node, kind)
        ]
        if len(kinds) != 1:
            found = "no" if not kinds else "more than one"
            raise self._error(
                f"a term map has {found} template, reference or constant (section 7)",
                *(str(value) for _, value in kinds),
            )
        kind, value = kinds[0]
        if kind == "constant":
            return self._constant(value, default)
        expression = self._expression(kind, str(value))
        datatype, language = self._datatype(node), self._language(node)
        if default is None:
            is_text = kind == "reference" or datatype is not None or language is not None
            default = TermType.LITERAL if is_text else TermType.IRI
        term_type = self._term_type(node, default)
        if term_type is not TermType.LITERAL:
            datatype = language = None
        return TermMap(expression, term_type, datatype, language, self._line(str(value)))

    def _expression(self, kind: str, value: str) -> Expression:
        if kind == "reference":
            return Reference(self._column(value))
        try:
            template = parse_rml(value)
        except ValueError as error:
            raise self._error(f"template {value!r}: {error} (section 7.3)", value) from error
        return Template(
            tuple(
                Reference(self._column(part.column)) if isinstance(part, Reference) else part
                for part in template.parts
            )
        )

    def _column(self, reference: str) -> str:
        if not reference.startswith("$"):
            return reference
        match = _JSON_NAME.fullmatch(reference)
        if match is None:
            raise self._error(f"JSONPath {reference!r} is not supported yet", reference)
        return match.group(1) or match.group(2)

    def _term_type(self, node: Node, default: TermType) -> TermType:
        written = self._maybe(node, "termType")
        if written is None:
            return default
        local = str(written).removeprefix(RML)
        if local not in {kind.value for kind in TermType}:
            raise self._error(f"term type {local} is not supported yet", "termType")
        return TermType(local)

    def _datatype(self, node: Node) -> TermMap | None:
        constant, made = self._maybe(node, "datatype"), self._maybe(node, "datatypeMap")
        if constant is not None:
            return self._constant(constant, TermType.IRI)
        return None if made is None else self._term(made, TermType.IRI)

    def _language(self, node: Node) -> TermMap | None:
        constant, made = self._maybe(node, "language"), self._maybe(node, "languageMap")
        if constant is None:
            return None if made is None else self._term(made, TermType.LITERAL)
        if not _LANGUAGE.fullmatch(str(constant)):
            raise self._error(f"{str(constant)!r} is no language tag (section 7.6)", str(constant))
        line = self._line(str(constant))
        return TermMap(Constant(str(constant)), TermType.LITERAL, line=line)

    def _constant(self, value: Node, term_type: TermType | None) -> TermMap:
        line = self._line(str(value))
        if isinstance(value, Literal):
            datatype = (
                TermMap(Constant(str(value.datatype)), TermType.IRI) if value.datatype else None
            )
            language = (
                TermMap(Constant(value.language), TermType.LITERAL) if value.language else None
            )
            kind = term_type or TermType.LITERAL
            return TermMap(Constant(str(value)), kind, datatype, language, line)
        if isinstance(value, BNode):
            raise self._error("a constant cannot be a blank node (section 7.1)", "constant")
        return TermMap(Constant(str(value)), term_type or TermType.IRI, line=line)

    def _all(self, node: Node, local: str) -> list[Node]:
        return sorted(self._graph.objects(node, URIRef(RML + local)), key=self._order)

    def _order(self, node: Node) -> tuple[int, str]:
        inner = [str(value) for value in self._graph.objects(node) if isinstance(value, Literal)]
        return (
            min(map(self._line, inner), default=0),
            "" if isinstance(node, BNode) else str(node),
        )

    def _maybe(self, node: Node, local: str) -> Node | None:
        found = self._all(node, local)
        if len(found) > 1:
            raise self._error(f"rml:{local} is given twice", local)
        return found[0] if found else None

    def _one(self, node: Node, local: str, name: str) -> Node:
        found = self._maybe(node, local)
        if found is None:
            raise self._error(f"{name} has no rml:{local}", name)
        return found

    def _line(self, text: str) -> int:
        """Find where a text is written, in full or by its last word: Turtle readers do not say."""
        word = re.split(r"[/#]", text)[-1]
        for needle in (text, re.sub(r"\\", r"\\\\", text), word):
            for number, line in enumerate(self._lines, 1):
                if needle and needle in line and not line.lstrip().startswith("@prefix"):
                    return number
        return 1

    def _error(self, message: str, *needles: str) -> MappingError:
        lines = [self._line(needle) for needle in needles]
        return mapping_error(self._file, max(lines, default=1), message)
