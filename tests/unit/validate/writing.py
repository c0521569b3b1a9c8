"""Writing shapes as the facts of a shapes graph, where RDF can say them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from kg.records import Fact, Term
from kg.validate import model
from kg.validate.facts import Facts
from kg.validate.model import Constraint, Path, Shape, Shapes
from kg.validate.shapesgraph import FIRST, NIL, REST, TRUE, sh
from kg.validate.values import literal_of
from kg.vocab import RDF_TYPE

XSD = "http://www.w3.org/2001/XMLSchema#"
_TARGETS = {
    "node": "targetNode",
    "class": "targetClass",
    "subjects": "targetSubjectsOf",
    "objects": "targetObjectsOf",
}
_KINDS = {
    frozenset({"iri"}): "IRI",
    frozenset({"blank"}): "BlankNode",
    frozenset({"literal"}): "Literal",
    frozenset({"blank", "iri"}): "BlankNodeOrIRI",
    frozenset({"blank", "literal"}): "BlankNodeOrLiteral",
    frozenset({"iri", "literal"}): "IRIOrLiteral",
}
_MANY = (model.Class, model.HasValue, model.Logic, model.Node, model.Property, model.Pair)
_REPEATED = {
    (0, False): "zeroOrMorePath",
    (1, False): "oneOrMorePath",
    (0, True): "zeroOrOnePath",
}


def expressible(shapes: Shapes) -> Shapes:
    """Leave out what RDF cannot say of a shape: a second ``sh:datatype``, two patterns."""
    return Shapes({node: _one(shapes, shape) for node, shape in shapes.by_node.items()}, {})


def _one(shapes: Shapes, shape: Shape) -> Shape:
    kept: dict[object, Constraint] = {}
    for constraint in shape.constraints:
        if isinstance(constraint, model.NodeKind) and constraint.kinds not in _KINDS:
            continue
        many = isinstance(constraint, _MANY)
        key = constraint if many else (type(constraint), getattr(constraint, "component", ""))
        kept.setdefault(key, _said(shapes, shape, constraint))
    return replace(shape, constraints=tuple(kept.values()))


def _said(shapes: Shapes, shape: Shape, constraint: Constraint) -> Constraint:
    if isinstance(constraint, model.Qualified):
        return replace(constraint, others=())
    if isinstance(constraint, model.Closed):
        parts = [part.shape for part in shape.constraints if isinstance(part, model.Property)]
        steps = (shapes.by_node[part].path for part in parts)
        named = {step.iri for step in steps if isinstance(step, model.Predicate)}
        return model.Closed(constraint.allowed | named)
    return constraint


def shapes_graph(shapes: Shapes) -> Facts:
    """Write shapes as a shapes graph."""
    return Facts(fact for shape in shapes.by_node.values() for fact in _Writer().shape(shape))


def path_facts(node: Term, predicate: Term, path: Path) -> Iterator[Fact]:
    """Write a path as the value of a property."""
    return _Writer().path(node, predicate, path)


class _Writer:
    _numbers = count()

    def shape(self, shape: Shape) -> Iterator[Fact]:
        node = shape.node
        yield node, RDF_TYPE, sh("NodeShape" if shape.path is None else "PropertyShape")
        yield node, sh("severity"), shape.severity
        for message in shape.messages:
            yield node, sh("message"), message
        if shape.is_deactivated:
            yield node, sh("deactivated"), TRUE
        if shape.path is not None:
            yield from self.path(node, sh("path"), shape.path)
        for target in shape.targets:
            yield node, sh(_TARGETS[target.kind]), target.term
        for constraint in shape.constraints:
            for name, value in said_of(constraint):
                if isinstance(value, tuple):
                    yield from self.list(node, sh(name), value)
                else:
                    yield node, sh(name), value

    def blank(self) -> Term:
        return f"_:w{next(self._numbers)}"

    def list(self, node: Term, predicate: Term, terms: tuple[Term, ...]) -> Iterator[Fact]:
        for term in terms:
            cell = self.blank()
            yield node, predicate, cell
            yield cell, FIRST, term
            node, predicate = cell, REST
        yield node, predicate, NIL

    def paths(self, node: Term, predicate: Term, paths: tuple[Path, ...]) -> Iterator[Fact]:
        for path in paths:
            cell = self.blank()
            yield node, predicate, cell
            yield from self.path(cell, FIRST, path)
            node, predicate = cell, REST
        yield node, predicate, NIL

    def path(self, node: Term, predicate: Term, path: Path) -> Iterator[Fact]:
        if isinstance(path, model.Predicate):
            yield node, predicate, path.iri
        elif isinstance(path, model.Sequence):
            yield from self.paths(node, predicate, path.steps)
        else:
            inner = self.blank()
            yield node, predicate, inner
            if isinstance(path, model.Alternative):
                yield from self.paths(inner, sh("alternativePath"), path.paths)
            elif isinstance(path, model.Inverse):
                yield from self.path(inner, sh("inversePath"), path.path)
            else:
                yield from self.path(inner, sh(_REPEATED[path.least, path.is_once]), path.path)


def said_of(constraint: Constraint) -> Iterator[tuple[str, Term | tuple[Term, ...]]]:
    """Give the properties that say a constraint; a tuple is a list."""
    match constraint:
        case model.Class(term) | model.Datatype(term) | model.HasValue(term):
            yield type(constraint).__name__[0].lower() + type(constraint).__name__[1:], term
        case model.NodeKind(kinds):
            yield "nodeKind", sh(_KINDS[kinds])
        case model.Count(component, number) | model.Length(component, number):
            yield _property(component), integer(number)
        case model.Bound(component, term) | model.Pair(component, term):
            yield _property(component), term
        case model.Pattern(pattern, flags):
            yield "pattern", literal_of(pattern)
            if flags:
                yield "flags", literal_of(flags)
        case model.LanguageIn(ranges):
            yield "languageIn", tuple(literal_of(each) for each in ranges)
        case model.UniqueLang():
            yield "uniqueLang", TRUE
        case model.Logic("Not", (shape,)) | model.Node(shape) | model.Property(shape):
            yield {model.Logic: "not", model.Node: "node"}.get(type(constraint), "property"), shape
        case model.Logic(component, shapes):
            yield _property(component), shapes
        case model.Qualified(shape, least, most, _):
            yield "qualifiedValueShape", shape
            if least is not None:
                yield "qualifiedMinCount", integer(least)
            if most is not None:
                yield "qualifiedMaxCount", integer(most)
        case model.Closed(allowed):
            yield "closed", TRUE
            yield "ignoredProperties", tuple(sorted(allowed))
        case model.In(terms):
            yield "in", tuple(sorted(terms))


def _property(component: str) -> str:
    return component[0].lower() + component[1:]


def integer(number: int) -> Term:
    return f'"{number}"^^<{XSD}integer>'
