"""RML's Turtle as a graph of nodes in the current vocabulary, each traced to its line."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import rdflib
from rdflib import BNode, Graph, Literal, URIRef

from kg.lift.mapping import mapping_error

if TYPE_CHECKING:
    from collections.abc import Iterator
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


def read_graph(file: Path, base: str) -> tuple[str, Graph]:
    """Read Turtle: its text, and its graph with every word in the current vocabulary.

    Raises:
        MappingError: it is no Turtle.
    """
    try:
        text = file.read_text(encoding="utf-8")
        with _as_written():
            graph = Graph().parse(data=text, format="turtle", publicID=base or file.as_uri())
    except (OSError, UnicodeDecodeError) as error:
        raise mapping_error(file, 1, f"cannot be read: {error}") from error
    except Exception as error:  # rdflib's parser raises whatever it meets
        found = re.search(r"line (\d+)", str(error))
        line = int(found.group(1)) if found else 1
        message = "no Turtle (RDF 1.1 Turtle, section 6)"
        raise mapping_error(file, line, message, str(error).strip()[:200]) from error
    made = Graph()
    for triple in graph:
        made.add(tuple(_current(term) for term in triple))  # type: ignore[arg-type]
    return text, made


@contextmanager
def _as_written() -> Iterator[None]:
    """Let rdflib keep ``"01"^^xsd:integer``, which it writes as ``1``: constants stay the same."""
    usual, rdflib.NORMALIZE_LITERALS = rdflib.NORMALIZE_LITERALS, False
    try:
        yield
    finally:
        rdflib.NORMALIZE_LITERALS = usual


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

    def __init__(self, file: Path, text: str, graph: Graph) -> None:
        self.file = file
        self.graph = graph
        self._lines = text.splitlines()

    def check_words(self) -> None:
        """Refuse what the mapping says in words that are not understood.

        Raises:
            MappingError: there is one; silence would lift less than was asked for.
        """
        for word in sorted(set(self.graph.predicates()), key=str):
            local = local_name(word)
            if local != str(word) and local not in KNOWN:
                raise self.error(f"rml:{local} is not supported yet", local)

    def all(self, node: Node, local: str) -> list[Node]:
        """Give what a node has of a property, in the order of the file."""
        return sorted(self.graph.objects(node, URIRef(RML + local)), key=self._order)

    def maybe(self, node: Node, local: str) -> Node | None:
        """Give the one value of a property, or none."""
        found = self.all(node, local)
        if len(found) > 1:
            raise self.error(f"rml:{local} is given twice", local)
        return found[0] if found else None

    def one(self, node: Node, local: str, name: str) -> Node:
        """Give the one value of a property that must be there."""
        found = self.maybe(node, local)
        if found is None:
            raise self.error(f"{name} has no rml:{local}", name)
        return found

    def text(self, node: Node, local: str) -> str:
        """Give the one value of a property as text; "" without one."""
        return str(self.maybe(node, local) or "")

    def line(self, text: str) -> int:
        """Find where a text is written, in full or by its last word: Turtle readers do not say."""
        word = re.split(r"[/#]", text)[-1]
        for needle in (text, text.replace("\\", "\\\\"), word):
            for number, line in enumerate(self._lines, 1):
                if needle and needle in line and not line.lstrip().startswith("@prefix"):
                    return number
        return 1

    def line_near(self, text: str, line: int) -> int:
        """Find where a text's last word is written nearest to a line."""
        word = re.split(r"[/#]", text)[-1]
        found = [number for number, written in enumerate(self._lines, 1) if word in written]
        return min(found, key=lambda number: abs(number - line), default=1)

    def error(self, message: str, *needles: str) -> MappingError:
        """Make the error at the last line where one of the needles stands."""
        lines = [self.line(needle) for needle in needles]
        return mapping_error(self.file, max(lines, default=1), message)

    def _order(self, node: Node) -> tuple[int, str]:
        inner = [str(value) for value in self.graph.objects(node) if isinstance(value, Literal)]
        name = "" if isinstance(node, BNode) else str(node)
        return min(map(self.line, inner), default=0), name
