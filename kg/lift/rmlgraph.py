"""RML's Turtle as a graph of nodes in the current vocabulary, each traced to its line."""

from __future__ import annotations

import re
from bisect import bisect_left
from contextlib import contextmanager
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import rdflib
from rdflib import Graph, Literal, URIRef
from rdflib.plugins.parsers.notation3 import RDFSink, SinkParser
from rdflib.term import Identifier

from kg.lift.mapping import mapping_error

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableSequence
    from pathlib import Path

    from rdflib.term import Node

    from kg.errors import MappingError

RML = "http://w3id.org/rml/"
_OLD_RML = "http://semweb.mmlab.be/ns/rml#"
_R2RML = "http://www.w3.org/ns/r2rml#"
_OLD_QUERY = "http://semweb.mmlab.be/ns/ql#"
_D2RQ = "http://www.wiwiss.fu-berlin.de/suhl/bizer/D2RQ/0.1#"
_CSVW = "http://www.w3.org/ns/csvw#"
_FNML = "http://semweb.mmlab.be/ns/fnml#"
_NAMESPACES = (RML, _OLD_RML, _R2RML, _OLD_QUERY, _D2RQ, _CSVW, _FNML)
_RENAMED = {
    _R2RML + "column": RML + "reference",
    _R2RML + "logicalTable": RML + "logicalSource",
    _R2RML + "sqlQuery": RML + "query",
    _D2RQ + "jdbcDSN": RML + "url",
    _CSVW + "url": RML + "path",
    _CSVW + "null": RML + "null",
    _FNML + "execution": RML + "functionExecution",
    _FNML + "value": RML + "inputValue",
    _FNML + "valueMap": RML + "inputValueMap",
}
KNOWN = frozenset(
    [
        "logicalSource",
        "subjectMap",
        "subject",
        "predicateObjectMap",
        "predicateMap",
        "predicate",
        "objectMap",
        "object",
        "graphMap",
        "graph",
        "class",
        "template",
        "reference",
        "constant",
        "termType",
        "datatype",
        "datatypeMap",
        "language",
        "languageMap",
        "parentTriplesMap",
        "joinCondition",
        "child",
        "parent",
        "childMap",
        "parentMap",
        "source",
        "iterator",
        "referenceFormulation",
        "path",
        "root",
        "baseIRI",
        "functionExecution",
        "functionValue",
        "function",
        "functionMap",
        "return",
        "returnMap",
        "condition",
        "input",
        "parameter",
        "parameterMap",
        "inputValue",
        "inputValueMap",
        "strategy",
        "query",
        "tableName",
        "sqlVersion",
        "url",
        "username",
        "password",
        "jdbcDriver",
        "null",
        "encoding",
        "compression",
        "dialect",
        "delimiter",
        "quoteChar",
        "header",
        "namespace",
        "namespacePrefix",
        "namespaceURL",
    ]
)
"""The words of the vocabulary that are understood; any other is refused by its name."""

_SECTIONS = {
    "logicalSource": "Triples Map",
    "baseIRI": "Base IRI",
    "termType": "Term Types",
    "parentTriplesMap": "Referencing Object Map",
    **dict.fromkeys(
        ("source", "referenceFormulation", "iterator", "path", "root", "encoding", "compression"),
        "RML-IO, Logical Source",
    ),
}
"""Where it stands that a property is given once."""


class PlacedGraph(Graph):
    """A graph that knows where in the text the property of each of its triples stands."""

    def __init__(self) -> None:
        super().__init__()
        self.places: dict[tuple[Node, ...], int] = {}


def read_graph(file: Path, base: str) -> tuple[str, PlacedGraph]:
    """Read Turtle: its text, and its graph with every word in the current vocabulary.

    Raises:
        MappingError: it is no Turtle.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise mapping_error(file, 1, f"cannot be read: {error}", "save it as UTF-8") from error
    read = PlacedGraph()
    try:
        with _as_written():
            _Parser(read, base or file.absolute().as_uri()).loadBuf(text)
    except RecursionError as error:
        raise mapping_error(file, 1, "is nested too deeply") from error
    except Exception as error:  # rdflib's parser raises whatever it meets
        found = re.search(r"line (\d+)", str(error))
        line = int(found.group(1)) if found else 1
        message = "no Turtle (RDF 1.1 Turtle, section 6)"
        raise mapping_error(file, line, message, str(error).strip()[:200]) from error
    made = PlacedGraph()
    order = {triple: number for number, triple in enumerate(read.places)}
    for triple in sorted(read, key=lambda triple: order.get(triple, 0)):
        current = tuple(_current(term) for term in triple)
        made.add(current)  # type: ignore[arg-type]
        made.places[current] = read.places.get(triple, 0)
    return text, made


@contextmanager
def _as_written() -> Iterator[None]:
    """Let rdflib keep ``"01"^^xsd:integer``, which it writes as ``1``: constants stay the same."""
    usual, rdflib.NORMALIZE_LITERALS = rdflib.NORMALIZE_LITERALS, False
    try:
        yield
    finally:
        rdflib.NORMALIZE_LITERALS = usual


class _Word(URIRef):
    """A property, with the place in the text where it is written."""

    place = 0


class _Parser(SinkParser):
    """Reads Turtle, and notes where the property of each triple stands."""

    def __init__(self, graph: PlacedGraph, base: str) -> None:
        self._graph = graph
        self._sink = RDFSink(graph)
        super().__init__(self._sink, baseURI=base, turtle=True)

    def verb(self, argstr: str, i: int, res: MutableSequence[Any]) -> int:
        end = super().verb(argstr, i, res)
        if end > 0:
            direction, name = res[-1]
            word = _Word(self._sink.normalise(self._context, name))
            word.place = i
            res[-1] = (direction, word)
        return end

    def makeStatement(self, quadruple: Any) -> None:  # noqa: N802 - as rdflib calls it
        context, *terms = quadruple
        word, subject, value = (self._sink.normalise(context, term) for term in terms)
        self._graph.add((subject, URIRef(word), value))
        self._graph.places.setdefault((subject, URIRef(word), value), terms[0].place)


def _current(term: Node) -> Node:
    if not isinstance(term, URIRef):
        return term
    name = _RENAMED.get(str(term), str(term))
    for namespace in _NAMESPACES:
        if name.startswith(namespace):
            return URIRef(RML + name.removeprefix(namespace))
    return term


def local_name(node: Node) -> str:
    """Give a word of the vocabulary without its namespace; other IRIs stay as they are."""
    return str(node).removeprefix(RML)


class Nodes:
    """Walks the mapping's graph; what is missing, doubled or unknown is an error with its line."""

    def __init__(self, file: Path, text: str, graph: PlacedGraph) -> None:
        self.file = file
        self.graph = graph
        self._lines = text.splitlines()
        self._ends = [place for place, character in enumerate(text) if character == "\n"]
        self._own: dict[Node, list[tuple[int, str]]] = {}
        self._mentions: dict[Node, int] = {}
        self._ranks: dict[tuple[Node, ...], int] = {}
        for triple, place in sorted(graph.places.items(), key=itemgetter(1)):
            subject, word, value = triple
            self._ranks[triple] = len(self._ranks)
            self._own.setdefault(subject, []).append((place, local_name(word)))
            self._mentions.setdefault(word, place)
            self._mentions.setdefault(value, place)

    def check_words(self) -> None:
        """Refuse what the mapping says in words that are not understood.

        Raises:
            MappingError: there is one; silence would lift less than was asked for.
        """
        for word in self._mentions:
            local = local_name(word)
            is_word = local != str(word) and (None, word, None) in self.graph
            if is_word and local not in KNOWN:
                raise self.error(f"rml:{local} is not supported yet (RML Vocabulary)", word)

    def all(self, node: Node, local: str) -> list[Node]:
        """Give what a node has of a property, in the order of the file."""
        word = URIRef(RML + local)
        values = self.graph.objects(node, word)
        return sorted(values, key=lambda value: self._ranks[node, word, value])

    def maps(self, node: Node, local: str, section: str) -> list[Node]:
        """Give what a node has of a property whose values are resources, as maps are."""
        found = self.all(node, local)
        if any(isinstance(value, Literal) for value in found):
            raise self.error(
                f"rml:{local} must lead to a map, not to a text ({section})", node, local
            )
        return found

    def maybe(self, node: Node, local: str) -> Node | None:
        """Give the one value of a property, or none."""
        found = self.all(node, local)
        if len(found) > 1:
            section = _SECTIONS.get(local, "Term Maps")
            raise self.error(f"rml:{local} is given twice ({section})", node, local)
        return found[0] if found else None

    def one(self, node: Node, local: str, name: str) -> Node:
        """Give the one value of a property that must be there."""
        found = self.maybe(node, local)
        if found is None:
            raise self.error(f"{name} has no rml:{local}", node)
        return found

    def text(self, node: Node, local: str) -> str:
        """Give the one value of a property as text; "" without one."""
        found = self.maybe(node, local)
        return "" if found is None else str(found)

    def literal(self, node: Node, local: str, section: str) -> str:
        """Give the one value of a property that must be a text; "" without one."""
        found = self.maybe(node, local)
        if found is not None and not isinstance(found, Literal):
            raise self.error(f"rml:{local} must be a text ({section})", node, local)
        return "" if found is None else str(found)

    def line(self, place: str | Node, local: str = "") -> int:
        """Give the line where a node begins, or has a property; or where a text is written."""
        if not isinstance(place, Identifier):
            return self._line_of_text(str(place))
        own = self._own.get(place, [])
        places = [at for at, word in own if local in {"", word}] or [at for at, _ in own]
        found = min(places) if places else self._mentions.get(place, 0)
        return bisect_left(self._ends, found) + 1

    def error(self, message: str, place: str | Node, *others: str) -> MappingError:
        """Make the error at a node's line, or at that of its property; else where a text stands."""
        if isinstance(place, Identifier):
            return mapping_error(self.file, self.line(place, *others), message)
        lines = [self._line_of_text(text) for text in (str(place), *others)]
        return mapping_error(self.file, max(lines), message)

    def _line_of_text(self, text: str) -> int:
        word = re.split(r"[/#]", text)[-1]
        for needle in (text, text.replace("\\", "\\\\"), word):
            for number, line in enumerate(self._lines, 1):
                if needle and needle in line and not line.lstrip().startswith("@prefix"):
                    return number
        return 1
