"""Evaluating shapes at focus nodes, exactly as the standard has it (SHACL, sections 2 to 4).

By look-ups alone: the cost is what the shape looks at, whatever else the graph holds.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from kg.validate import constraints
from kg.validate.lookup import Lookup
from kg.validate.sparql import Queries

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from kg.records import Term
    from kg.validate.facts import Data
    from kg.validate.model import Result, Shape, Shapes, Target


class Evaluator:
    """Evaluates shapes over one state of a data graph, and remembers what it looked up.

    Make one for each state. ``graphs`` names the graphs that together are the data graph, where
    SPARQL asks, none of them with a fact of another; () is the default graph. Look-ups by pattern
    see all graphs.
    """

    def __init__(self, shapes: Shapes, data: Data, graphs: tuple[Term, ...] = ()) -> None:
        self._shapes = shapes.by_node
        self._all = shapes
        self._known: dict[tuple[Term, Term], bool] = {}
        self.graphs = graphs
        self.data = data
        self.look = Lookup(data)

    @cached_property
    def queries(self) -> Queries:
        """The data graph to be asked by SPARQL, made when the first query is evaluated."""
        return Queries(self._all, self.data, self.graphs)

    def is_target(self, shape: Shape, focus: Term) -> bool:
        """Tell whether a node is a focus node of a shape's targets."""
        return any(self._is_targeted(target, focus) for target in shape.targets)

    def _is_targeted(self, target: Target, focus: Term) -> bool:
        if target.kind == "node":
            return focus == target.term
        if target.kind == "class":
            return self.look.is_instance(focus, target.term)
        if target.kind == "subjects":
            return bool(self.look.objects(focus, target.term))
        return next(self.data.facts(p=target.term, o=focus), None) is not None

    def results(self, shape: Shape, focus: Term) -> list[Result]:
        """Give the validation results of one shape at one focus node."""
        if self.conforms(shape.node, focus):
            return []
        return [replace(result, root=shape.node) for result in self.check(shape, focus)]

    def conforms(self, node: Term, focus: Term) -> bool:
        """Tell whether a focus node conforms to the shape at a node (section 3.4.2)."""
        known = self._known.get((node, focus))
        if known is None:
            shape = self._shapes[node]
            known = shape.is_deactivated or constraints.meets(
                self, shape, focus, self._values(shape, focus)
            )
            self._known[node, focus] = known
        return known

    def check(self, shape: Shape, focus: Term) -> Iterator[Result]:
        """Give the results of a shape, targeted or not, one by one; their root is the shape."""
        if shape.is_deactivated:
            return
        at = constraints.At(self, shape, focus, self._values(shape, focus))
        for constraint in shape.constraints:
            yield from constraints.check(at, constraint)

    def check_node(self, node: Term, focus: Term) -> Iterator[Result]:
        """Give the results of the shape at a node."""
        return iter(()) if self.conforms(node, focus) else self.check(self._shapes[node], focus)

    def _values(self, shape: Shape, focus: Term) -> Collection[Term]:
        return [focus] if shape.path is None else self.look.values(shape.path, focus)
