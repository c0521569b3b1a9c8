"""Reading shapes out of a shapes graph (SHACL, section 2), with errors that name the shape."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from rdflib import SH as VOCABULARY

from kg.errors import OntologyError
from kg.store import stored_form
from kg.store.files import facts_of_lines
from kg.validate.facts import Facts
from kg.validate.model import Shape, Shapes, Target
from kg.validate.readconstraints import classes_above, read_constraints, shapes_in
from kg.validate.readpaths import read_path
from kg.validate.readqueries import left_by, read_components, read_queries
from kg.validate.shapesgraph import SH, TRUE, ShapesGraph, sh, short

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rdflib import Graph

    from kg.records import Term

_CLASS = "<http://www.w3.org/2000/01/rdf-schema#Class>"
_TARGETS = {
    "targetNode": "node",
    "targetClass": "class",
    "targetSubjectsOf": "subjects",
    "targetObjectsOf": "objects",
}
_LEFT = {
    sh("target"): "sh:target (SHACL Advanced Features)",
    sh("expression"): "sh:expression (SHACL Advanced Features)",
    sh("js"): "sh:js (SHACL JavaScript Extensions)",
}
_NESTING = 64
_REACHED = 100_000
# rdflib does not list what Python has a word for.
_KNOWN = {"and", "class", "else", "if", "in", "minus", "not", "or", "then"} | {
    name for term in dir(VOCABULARY) if (name := str(term).removeprefix(SH))[0].islower()
}


def read_shapes(graph: Graph) -> Shapes:
    """Read the shapes of an rdflib graph, for data that a store holds.

    Raises: OntologyError that names the shape, the property and what to do.
    """
    return shapes_of(Facts(facts_of_lines(graph.serialize(format="nt"))), stored_form)


def shapes_of(facts: Facts, stored: Callable[[Term], Term] = lambda term: term) -> Shapes:
    """Read the shapes of a shapes graph; ``stored`` gives terms the spelling of the data graph.

    Raises: OntologyError that names the shape, the property and what to do.
    """
    reader = _Reader(ShapesGraph(facts), stored)
    reader.read()
    _Nesting(reader.shapes, reader.graph).check()
    return Shapes(reader.shapes, reader.left(), facts)


class _Reader:
    """Reads the shapes that have a target or a type, and all that these lead to."""

    def __init__(self, graph: ShapesGraph, stored: Callable[[Term], Term]) -> None:
        self.graph = graph
        self.shapes: dict[Term, Shape] = {}
        self._stored = stored
        self._unknown: dict[Term, str] = {}
        self._components = read_components(graph)

    def read(self) -> None:
        facts = self.graph.facts
        for _, _, _ in facts.facts(p=sh("entailment")):
            hint = "Give it data in which everything is stated; load derives it for a plant."
            raise OntologyError("The shapes demand entailment (sh:entailment)", hint=hint)
        roots = {s for name in (*_TARGETS, "target") for s, _, _ in facts.facts(p=sh(name))}
        for kind in ("NodeShape", "PropertyShape"):
            roots |= self.graph.instances(sh(kind))
        waiting = sorted(roots)
        while waiting:
            node = waiting.pop()
            if node not in self.shapes:
                shape = self.shapes[node] = self._read_shape(node)
                waiting.extend(inner for c in shape.constraints for inner in shapes_in(c))

    def _read_shape(self, node: Term) -> Shape:
        graph = self.graph
        if node.startswith('"'):
            hint = "Name a shape, or write one in [ … ]."
            owner = next((s for s, _, _ in graph.facts.facts(o=node)), node)
            what = f"has the literal {short(node)} in a shape's place"
            raise OntologyError(f"{graph.called(owner)} {what}", hint=hint, code="bad-shape")
        self._check_properties(node)
        for component in self._components:
            if why := left_by(graph, node, component):
                self._unknown[node] = why
        path = graph.one(node, "path")
        kinds = classes_above(graph, node)
        if path is None and sh("PropertyShape") in kinds:
            raise graph.wrong(node, "path", "is missing", "A property shape has one sh:path.")
        if path is not None and sh("NodeShape") in kinds:
            raise graph.wrong(
                node, "path", "is there, on a node shape", "Make it a property shape."
            )
        steps = None if path is None else read_path(graph, node, path)
        severity = graph.one(node, "severity") or sh("Violation")
        return Shape(
            node=node,
            path=steps,
            targets=tuple(self._targets(node, kinds)),
            constraints=(
                *read_constraints(graph, node, self._stored),
                *read_queries(graph, node, steps, self._components),
            ),
            severity=graph.iri(node, "severity", severity),
            messages=tuple(graph.literal(node, "message", m) for m in graph.all(node, "message")),
            is_deactivated=graph.one(node, "deactivated") == TRUE,
        )

    def _targets(self, node: Term, kinds: set[Term]) -> list[Target]:
        targets = []
        for name, kind in _TARGETS.items():
            for term in self.graph.all(node, name):
                if kind != "node":
                    self.graph.iri(node, name, term)
                elif term.startswith("_:"):
                    hint = "Name the node; no other graph can mean the same blank node."
                    raise self.graph.wrong(node, name, "is a blank node", hint)
                targets.append(Target(kind, self._stored(term)))  # type: ignore[arg-type]
        if _CLASS in kinds and node.startswith("<"):
            targets.append(Target("class", node))
        return targets

    def _check_properties(self, node: Term) -> None:
        """Refuse misspelt properties, and note those that are left to the reference engine."""
        for predicate in self.graph.facts.about(node):
            if predicate in _LEFT:
                self._unknown[node] = _LEFT[predicate]
            name = predicate[len(SH) + 1 : -1]
            if predicate.startswith(f"<{SH}") and name not in _KNOWN:
                near = get_close_matches(name, _KNOWN, 1)
                hint = f"Is sh:{near[0]} meant?" if near else "See the standard for what there is."
                raise self.graph.wrong(node, name, "is no property of SHACL", hint)

    def left(self) -> dict[Term, str]:
        """Give the shapes with a target that reach what is not run here, and what it is."""
        if not self._unknown:
            return {}
        above: dict[Term, list[Term]] = {}
        for shape in self.shapes.values():
            for inner in (inner for c in shape.constraints for inner in shapes_in(c)):
                above.setdefault(inner, []).append(shape.node)
        reasons = dict(self._unknown)
        waiting = list(reasons)
        while waiting:
            node = waiting.pop()
            for user in above.get(node, ()):
                if user not in reasons:
                    reasons[user] = reasons[node]
                    waiting.append(user)
        is_targeted = _has_target(self.graph, self.shapes.values())
        return {node: why for node, why in reasons.items() if node in is_targeted}


def _has_target(graph: ShapesGraph, shapes: Iterable[Shape]) -> set[Term]:
    return {shape.node for shape in shapes if shape.targets or graph.all(shape.node, "target")}


class _Nesting:
    """Refuses shapes that reach themselves (section 3.4.3), or nest deeper than anybody means."""

    def __init__(self, shapes: dict[Term, Shape], graph: ShapesGraph) -> None:
        self._shapes = shapes
        self._graph = graph
        self._sizes: dict[Term, int] = {}
        self._open: list[Term] = []

    def check(self) -> None:
        """Walk all shapes. Raises: OntologyError."""
        for node in sorted(self._shapes):
            self._size(node)

    def _size(self, node: Term) -> int:
        """Count how many shapes are evaluated for one, at one value each."""
        if node in self._open:
            circle = [*self._open[self._open.index(node) :], node]
            named = " → ".join(dict.fromkeys(self._graph.called(part) for part in circle))
            raise self._wrong(node, f"reaches itself: {named}", "Cut the circle.")
        if len(self._open) >= _NESTING:
            what = f"stands more than {_NESTING} shapes deep in others"
            raise self._wrong(node, what, "Flatten them.")
        if node not in self._sizes:
            self._open.append(node)
            inner = (part for c in self._shapes[node].constraints for part in shapes_in(c))
            size = 1 + sum(self._size(part) for part in inner)
            self._open.pop()
            if size > _REACHED:
                what = f"leads to more than {_REACHED} others"
                raise self._wrong(node, what, "Flatten them.")
            self._sizes[node] = size
        return self._sizes[node]

    def _wrong(self, node: Term, what: str, hint: str) -> OntologyError:
        message = f"{self._graph.called(node)} {what}"
        return OntologyError(message, hint=hint, code="bad-shape")
