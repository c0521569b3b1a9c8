"""Reading property paths out of a shapes graph (SHACL, section 2.3.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.validate.model import Alternative, Inverse, Predicate, Repeated, Sequence
from kg.validate.shapesgraph import FIRST, NIL, sh, short

if TYPE_CHECKING:
    from collections.abc import Callable

    from kg.errors import OntologyError
    from kg.records import Term
    from kg.validate.model import Path
    from kg.validate.shapesgraph import ShapesGraph

_NESTING = 32
_STEPS = 500
_OPERATORS: dict[str, Callable[[Path], Path]] = {
    "inversePath": Inverse,
    "zeroOrMorePath": lambda path: Repeated(path, 0),
    "oneOrMorePath": lambda path: Repeated(path, 1),
    "zeroOrOnePath": lambda path: Repeated(path, 0, is_once=True),
}


def read_path(graph: ShapesGraph, shape: Term, node: Term) -> Path:
    """Read the path at a node for a shape.

    A node that is a list is a sequence, whatever else is said of it, as the W3C's tests have it.
    Raises: OntologyError for what is no path, loops, or is larger than anybody means.
    """
    return _PathReader(graph, shape).read(node, 0)


class _PathReader:
    """Counts steps: two lists that share their members double with each level."""

    def __init__(self, graph: ShapesGraph, shape: Term) -> None:
        self._graph = graph
        self._shape = shape
        self._steps = 0

    def read(self, node: Term, depth: int) -> Path:
        self._steps += 1
        if depth > _NESTING or self._steps > _STEPS:
            what = f"has a path that loops, or is nested more than {_NESTING} deep"
            raise self._wrong(what, "Write the path without a loop, in fewer levels.")
        if node.startswith("<") and node != NIL:
            return Predicate(node)
        objects = self._graph.facts.objects
        if node == NIL or objects(node, FIRST):
            return Sequence(self._parts(node, depth))
        names = (*_OPERATORS, "alternativePath")
        found = [(name, value) for name in names for value in objects(node, sh(name))]
        if len(found) != 1:
            hint = "Use an IRI, a list of two or more, or one sh:inversePath, sh:alternativePath, …"
            raise self._wrong(f"has a path that is none: {short(node)}", hint)
        name, value = found[0]
        if name == "alternativePath":
            return Alternative(self._parts(value, depth))
        return _OPERATORS[name](self.read(value, depth + 1))

    def _parts(self, head: Term, depth: int) -> tuple[Path, ...]:
        members = self._graph.members(self._shape, "path", head)
        if len(members) < 2:
            hint = "Name the one path without a list."
            raise self._wrong("has a list of fewer than two paths", hint)
        return tuple(self.read(member, depth + 1) for member in members)

    def _wrong(self, what: str, hint: str) -> OntologyError:
        return self._graph.wrong(self._shape, "path", what, hint)
