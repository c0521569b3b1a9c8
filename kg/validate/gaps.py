"""Gaps: what a plant reads in its shapes besides what they demand, and results as gaps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from rdflib import URIRef

from kg import vocab
from kg.reason.rules import load_graph
from kg.records import Gap
from kg.validate.affected import is_walkable, looks_of
from kg.validate.model import Count, Predicate, Property
from kg.validate.parse import read_shapes
from kg.validate.paths import to_sparql
from kg.validate.readconstraints import shapes_in
from kg.validate.shapesgraph import SUBCLASS
from kg.validate.values import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from rdflib import Graph

    from kg.records import Term
    from kg.validate.model import Path as ShapePath
    from kg.validate.model import Result, Shape, Shapes

_SLOT = URIRef(vocab.TR + "slot")
_NOT_MET = "the shape is not met"


@dataclass(frozen=True, slots=True)
class PlantShapes:
    """The shapes of a plant, and what its answers need to know of them.

    ``slots`` are the slots that shapes say they are about, ``named`` the named shape that each
    nested one belongs to. ``single_valued`` are the properties that some shape allows one value
    of, on a plain path. ``timed`` are the shapes with a target whose results a change of facts
    does not lead to: queries can look anywhere, and so can what is left to the reference engine.
    ``looked_at`` are the properties that shapes look at; None where they can look at any.
    """

    shapes: Shapes
    slots: Mapping[Term, str]
    named: Mapping[Term, Term]
    single_valued: frozenset[Term]
    timed: frozenset[Term]
    looked_at: frozenset[Term] | None = None

    def gap_of(self, result: Result) -> Gap:
        """Give a result as a gap."""
        slot = self.slots.get(result.source)
        messages = sorted(text_of(message) for message in result.messages)
        return Gap(
            entity=result.focus,
            slot=_last_word(result.path) if slot is None else slot,
            shape=self.named.get(result.source, result.source),
            severity=result.severity.rsplit("#", 1)[-1].rstrip(">").lower(),
            message=messages[0] if messages else _NOT_MET,
        )

    def roots_of(self) -> Mapping[Term, set[Term]]:
        """Give by the shape that a gap names the shapes with a target that can have found it."""
        found: dict[Term, set[Term]] = {}
        for root in self.roots():
            for node in _reached(root, self.shapes):
                found.setdefault(self.named.get(node, node), set()).add(root.node)
        return found

    def deep_roots(self) -> set[Term]:
        """Give the shapes with a target whose results can be at other nodes than the focus node.

        That is where a property shape has property shapes of its own (section 4.8.2).
        """
        nodes = self.shapes.by_node
        return {
            root.node
            for root in self.roots()
            for node in _reached(root, self.shapes)
            if nodes[node].path is not None
            and any(isinstance(one, Property) for one in nodes[node].constraints)
        }

    def timed_shapes(self) -> list[Term]:
        """Give the shapes that gaps name which only a look at everything finds, sorted."""
        if not self.timed:
            return []
        return sorted(shape for shape, roots in self.roots_of().items() if roots & self.timed)

    def roots(self) -> list[Shape]:
        """Give all shapes with a target, also those that are left to the reference engine."""
        left = [self.shapes.by_node[node] for node in sorted(self.shapes.left)]
        return [*self.shapes.targeted(), *left]


@lru_cache(maxsize=1)
def plant_shapes(ontology: Path, _digest: str) -> PlantShapes:
    """Read the shapes of an ontology's folder, once for what its files hold."""
    return read_plant_shapes(load_graph(ontology / "shapes"))


def read_plant_shapes(graph: Graph) -> PlantShapes:
    """Read the shapes of a plant.

    Raises:
        OntologyError: a shape has a syntax error, or reaches itself.
    """
    shapes = read_shapes(graph)
    slots = {shape.n3(): str(slot) for shape, slot in graph.subject_objects(_SLOT)}
    looks = [look for one in shapes.targeted() for look in looks_of(one, shapes)]
    predicates = {look.predicate for look in looks if look.predicate is not None}
    unwalkable = {one.node for one in shapes.targeted() if not is_walkable(one, shapes)}
    timed = frozenset(unwalkable | set(shapes.left))
    is_open = bool(timed) or any(look.predicate is None for look in looks)
    return PlantShapes(
        shapes=shapes,
        slots=slots,
        named=_named(shapes),
        single_valued=frozenset(_single_valued(shapes.by_node.values())),
        timed=timed,
        looked_at=None if is_open else frozenset({SUBCLASS, *predicates}),
    )


def _single_valued(shapes: Iterable[Shape]) -> Iterable[Term]:
    for shape in shapes:
        if isinstance(shape.path, Predicate) and Count("MaxCount", 1) in shape.constraints:
            yield shape.path.iri


def _named(shapes: Shapes) -> dict[Term, Term]:
    """Give the first named shape, in the order of names, above each one that has no name."""
    found: dict[Term, Term] = {}
    for node, shape in sorted(shapes.by_node.items()):
        if not node.startswith("_:"):
            waiting = [shape]
            while waiting:
                for constraint in waiting.pop().constraints:
                    for inner in shapes_in(constraint):
                        if inner.startswith("_:") and inner not in found:
                            found[inner] = node
                            waiting.append(shapes.by_node[inner])
    return found


def _reached(shape: Shape, shapes: Shapes) -> set[Term]:
    """Give the shapes whose results a shape's validation can have: itself and its properties."""
    found = {shape.node}
    for constraint in shape.constraints:
        for inner in shapes_in(constraint):
            found |= _reached(shapes.by_node[inner], shapes)
    return found


def _last_word(path: ShapePath | None) -> str:
    """Give the local name of a property; a longer path is written out."""
    if path is None:
        return ""
    if isinstance(path, Predicate):
        return path.iri[1:-1].rsplit("/", 1)[-1]
    return to_sparql(path)
