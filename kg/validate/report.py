"""The report of a validation: as a graph of the standard (SHACL, section 3.6), and for people."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING

from rdflib import RDF, SH, XSD, BNode, Graph, Literal, URIRef
from rdflib.collection import Collection

from kg.errors import printable
from kg.validate.model import Alternative, Inverse, Predicate, Sequence
from kg.validate.paths import to_sparql
from kg.validate.values import parts_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from rdflib.term import Node

    from kg.records import Term
    from kg.validate.model import Path, Result

_WIDTH = 80
_IRI = re.compile(r"<[^<>]*>")
_LOCAL = re.compile(r"[\w.-]+")
_REPEATED = {
    (0, False): SH.zeroOrMorePath,
    (1, False): SH.oneOrMorePath,
    (0, True): SH.zeroOrOnePath,
}


def sorted_results(results: Iterable[Result]) -> list[Result]:
    """Put results in the order of reports: by shape, focus node, path, component and value."""
    return sorted(
        results,
        key=lambda one: (
            one.root,
            one.focus,
            "" if one.path is None else to_sparql(one.path),
            one.component,
            one.source,
            one.value or "",
            one.messages,
        ),
    )


# ---- as a graph


def report_graph(results: Iterable[Result], prefixes: Mapping[str, str] | None = None) -> Graph:
    """Make the validation report of some results; literals are spelled as they came."""
    graph = Graph()
    for name, space in {**(prefixes or {}), "sh": str(SH)}.items():
        graph.bind(name, space)
    found = list(results)
    report = BNode()
    graph.add((report, RDF.type, SH.ValidationReport))
    graph.add((report, SH.conforms, Literal(not found, datatype=XSD.boolean)))
    for result in found:
        node = BNode()
        graph.add((report, SH.result, node))
        _add_result(graph, node, result)
    return graph


def _add_result(graph: Graph, node: BNode, result: Result) -> None:
    said: list[tuple[URIRef, Term | None]] = [
        (SH.focusNode, result.focus),
        (SH.value, result.value),
        (SH.resultSeverity, result.severity),
        (SH.sourceConstraintComponent, result.component),
        (SH.sourceShape, result.source),
        (SH.sourceConstraint, result.constraint),
        *((SH.resultMessage, message) for message in result.messages),
    ]
    graph.add((node, RDF.type, SH.ValidationResult))
    for predicate, term in said:
        if term is not None:
            graph.add((node, predicate, rdflib_term(term)))
    if result.path is not None:
        graph.add((node, SH.resultPath, _add_path(graph, result.path)))


def _add_path(graph: Graph, path: Path) -> Node:
    if isinstance(path, Predicate):
        return URIRef(path.iri[1:-1])
    node = BNode()
    if isinstance(path, Sequence):
        Collection(graph, node, [_add_path(graph, step) for step in path.steps])
    elif isinstance(path, Alternative):
        parts: Any = Collection(graph, BNode(), [_add_path(graph, part) for part in path.paths])
        graph.add((node, SH.alternativePath, parts.uri))
    elif isinstance(path, Inverse):
        graph.add((node, SH.inversePath, _add_path(graph, path.path)))
    else:
        predicate = _REPEATED[path.least, path.is_once]
        graph.add((node, predicate, _add_path(graph, path.path)))
    return node


def rdflib_term(term: Term) -> URIRef | BNode | Literal:
    """Turn a term into rdflib's, and keep its spelling."""
    if term[0] == "<":
        return URIRef(term[1:-1])
    if term[0] == "_":
        return BNode(term[2:])
    text, datatype, _ = parts_of(term)
    if term[-1] == '"':
        return Literal(text)
    if term[-1] == ">":
        return Literal(text, datatype=URIRef(datatype[1:-1]), normalize=False)
    return Literal(text, lang=term[term.rindex('"@') + 2 :])


# ---- for people


def report_text(
    results: Iterable[Result],
    left: Mapping[Term, str],
    prefixes: Mapping[str, str],
    limit: int = 0,
) -> str:
    """Write a report in 80 columns, grouped by shape; ``limit`` results of each, 0 is all.

    ``left`` are the shapes that the reference engine has run, and why; ``prefixes`` shorten IRIs.
    """
    return _Text(prefixes, limit).write(sorted_results(results), left)


class _Text:
    def __init__(self, prefixes: Mapping[str, str], limit: int) -> None:
        self._limit = limit
        self._spaces = sorted(
            ((space, name) for name, space in prefixes.items() if space), key=lambda it: -len(it[0])
        )

    def write(self, found: list[Result], left: Mapping[Term, str]) -> str:
        lines = ["Conforms: the data is as the shapes demand."]
        if found:
            lines = [f"Does not conform: {_counted(found)}."]
        for root, group in groupby(found, key=lambda one: one.root):
            lines += ["", *self._of_shape(root, list(group))]
        for shape, why in sorted(left.items()):
            lines += ["", *_wrapped(f"{self._name(shape)} has {why}: pySHACL has run it.", "")]
        return "\n".join(lines) + "\n"

    def _of_shape(self, root: Term, found: list[Result]) -> list[str]:
        lines = _wrapped(f"{self._name(root)}: {_counted(found)}", "")
        shown = found[: self._limit] if self._limit else found
        for focus, group in groupby(shown, key=lambda one: one.focus):
            lines += _wrapped(self._name(focus), "  ")
            for one in group:
                lines += _wrapped(self._sentence(one), "    ")
        if len(shown) < len(found):
            lines.append(f"  … and {len(found) - len(shown):,} more: see them by --limit 0")
        return lines

    def _sentence(self, one: Result) -> str:
        path = "" if one.path is None else f"{self._path(one.path)}: "
        value = "" if one.value in (None, one.focus) else f" ({self._name(one.value)})"
        said = " / ".join(parts_of(message)[0] for message in one.messages)
        return f"{path}{said}{value}"

    def _path(self, path: Path) -> str:
        return _IRI.sub(lambda found: self._name(found[0]), to_sparql(path))

    def _name(self, term: Term | None) -> str:
        if term is None or term.startswith("_:"):
            return "a node without a name"
        if term[0] == '"':
            return _IRI.sub(lambda found: self._name(found[0]), term) if term[-1] == ">" else term
        for space, name in self._spaces:
            if term.startswith(space, 1) and _LOCAL.fullmatch(term, len(space) + 1, len(term) - 1):
                return f"{name}:{term[len(space) + 1 : -1]}"
        return term


def _counted(found: list[Result]) -> str:
    kinds = Counter(one.severity.replace("#", "/").rsplit("/", 1)[-1][:-1] for one in found)
    return ", ".join(
        f"{number:,} {kind.lower()}{'' if number == 1 else 's'}" for kind, number in kinds.items()
    )


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        printable(text),
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
