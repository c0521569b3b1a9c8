"""Candidates: the focus nodes of a shape that have results, found for all of them at once.

Values are compared as sets, so that a million focus nodes cost seconds; what each of the few found
has wrong is said by the same code that looks at one focus node. Both mean the same: there is one
candidate for each focus node with a result, and none besides.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

from kg.validate.columns import Columns, Reach, by_node
from kg.validate.constraints import At, check, test_of
from kg.validate.model import (
    Class,
    Closed,
    Count,
    HasValue,
    In,
    Logic,
    Node,
    NodeKind,
    Pair,
    Predicate,
    Property,
    Qualified,
    Result,
)
from kg.validate.values import is_less

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from collections.abc import Set as AnySet

    from kg.records import Term
    from kg.validate.evaluate import Evaluator
    from kg.validate.model import Constraint, Shape, Shapes

    Nodes: TypeAlias = AnySet[Term]

_SIGNS = {"LessThan": "<", "LessThanOrEquals": "<="}
_FIRST_LETTERS = {"iri": "<", "blank": "_", "literal": '"'}


class Candidates:
    """Finds focus nodes with results in one data graph, which ``columns`` reads."""

    def __init__(self, shapes: Shapes, columns: Columns, evaluator: Evaluator) -> None:
        self._shapes = shapes
        self._columns = columns
        self._evaluator = evaluator
        self._of_values: dict[type, Callable[..., Nodes]] = {
            Class: self._of_class,
            NodeKind: self._of_kinds,
            In: self._of_list,
            Logic: self._of_logic,
            Node: self._of_shape,
            Property: self._of_shape,
            Closed: self._of_closed,
        }
        self._of_nodes: dict[type, Callable[..., Nodes]] = {
            Count: self._of_count,
            HasValue: self._of_has_value,
            Pair: self._of_pair,
            Qualified: self._of_qualified,
        }

    def targets(self, shape: Shape) -> set[Term]:
        """Give all focus nodes of a shape."""
        found: set[Term] = set()
        for target in shape.targets:
            if target.kind == "node":
                found.add(target.term)
            elif target.kind == "class":
                found |= self._columns.instances(target.term)
            else:
                found.update(self._columns.of(target.term)[target.kind == "objects"])
        return found

    def of(self, shape: Shape) -> set[Term]:
        """Give the focus nodes of a shape that have results."""
        return self.violating(shape, self.targets(shape))

    def results(self, shape: Shape) -> Iterator[tuple[Term, Result]]:
        """Give the results of a shape with the focus nodes that they belong to."""
        for focus, result in self._results(shape, self.targets(shape)):
            yield focus, _rooted(result, shape.node)

    def violating(self, shape: Shape, nodes: Nodes) -> set[Term]:
        """Give those of some nodes that do not conform to a shape."""
        reach = Reach(self._columns, shape.path, nodes)
        return set().union(*(wrong for _, wrong in self._wrong(shape, reach)))

    def _results(self, shape: Shape, nodes: Nodes) -> Iterator[tuple[Term, Result]]:
        reach = Reach(self._columns, shape.path, nodes)
        for constraint, wrong in self._wrong(shape, reach):
            if isinstance(constraint, Property) and shape.path is None:
                yield from self._results(self._shapes.by_node[constraint.shape], wrong)
                continue
            values = reach.values_of(wrong)
            for node in wrong:
                at = At(self._evaluator, shape, node, list(values.get(node, ())))
                for result in check(at, constraint):
                    yield node, result

    def _wrong(self, shape: Shape, reach: Reach) -> Iterator[tuple[Constraint, Nodes]]:
        """Give each constraint of a shape with the nodes that do not meet it."""
        if shape.is_deactivated or not reach.nodes:
            return
        for constraint in shape.constraints:
            of_values = self._of_values.get(type(constraint))
            if of_values is not None:
                yield constraint, reach.leading_to(of_values(constraint, reach.values))
            elif is_met := test_of(constraint):
                wrong = {v for v in reach.values if not is_met(self._evaluator, constraint, v)}
                yield constraint, reach.leading_to(wrong)
            elif of_nodes := self._of_nodes.get(type(constraint)):
                yield constraint, of_nodes(constraint, reach)
            else:
                yield constraint, self._one_by_one(constraint, shape, reach)

    def _inner(self, shape: Term, nodes: Nodes) -> set[Term]:
        return self.violating(self._shapes.by_node[shape], nodes)

    # ---- which values are wrong by themselves

    def _of_class(self, constraint: Class, values: Nodes) -> Nodes:
        return values - self._columns.instances(constraint.term)

    def _of_kinds(self, constraint: NodeKind, values: Nodes) -> Nodes:
        firsts = {_FIRST_LETTERS[kind] for kind in constraint.kinds}
        return {value for value in values if value[0] not in firsts}

    def _of_list(self, constraint: In, values: Nodes) -> Nodes:
        return values - constraint.terms

    def _of_closed(self, constraint: Closed, values: Nodes) -> Nodes:
        return values & self._columns.with_others(constraint.allowed)

    def _of_shape(self, constraint: Node | Property, values: Nodes) -> Nodes:
        return self._inner(constraint.shape, values)

    def _of_logic(self, constraint: Logic, values: Nodes) -> Nodes:
        if constraint.component == "Or":
            for shape in constraint.shapes:
                values = self._inner(shape, values)
            return values
        wrong = [self._inner(shape, values) for shape in constraint.shapes]
        if constraint.component == "Not":
            return values - wrong[0]
        if constraint.component == "And":
            return set().union(*wrong)
        failed = Counter(value for one in wrong for value in one)
        return {value for value in values if failed[value] != len(wrong) - 1}

    # ---- which nodes have values that are wrong together

    def _of_count(self, constraint: Count, reach: Reach) -> Nodes:
        begins, number = reach.begins, constraint.number
        if constraint.component == "MinCount":
            if number == 1:
                return reach.nodes - set(begins)
            counted = Counter(begins)
            return {node for node in reach.nodes if counted[node] < number}
        if number == 1 and len(set(begins)) == len(begins):
            return set()
        return reach.nodes & {node for node, times in Counter(begins).items() if times > number}

    def _of_has_value(self, constraint: HasValue, reach: Reach) -> Nodes:
        return reach.nodes - reach.leading_to({constraint.term})

    def _of_qualified(self, constraint: Qualified, reach: Reach) -> Nodes:
        met = reach.values - self._inner(constraint.shape, reach.values)
        for other in constraint.others:
            met = self._inner(other, met)
        counted = Counter(node for node, value in zip(*reach.pairs, strict=True) if value in met)
        least = constraint.least or 0
        most = len(reach.values) if constraint.most is None else constraint.most
        return {node for node in reach.nodes if not least <= counted[node] <= most}

    def _of_pair(self, constraint: Pair, reach: Reach) -> Nodes:
        if constraint.component in _SIGNS:
            return self._of_order(constraint, reach)
        others = self._columns.walk(Predicate(constraint.predicate), reach.nodes)
        said, other = set(zip(*reach.pairs, strict=True)), set(zip(*others, strict=True))
        wrong = said ^ other if constraint.component == "Equals" else said & other
        return {node for node, _ in wrong}

    def _of_order(self, constraint: Pair, reach: Reach) -> Nodes:
        if isinstance(reach.path, Predicate):
            sign = _SIGNS[constraint.component]
            found = self._columns.not_less(reach.path.iri, constraint.predicate, sign)
            if found is not None:
                return reach.nodes & found
        others = by_node(self._columns.walk(Predicate(constraint.predicate), reach.nodes))
        or_equal = constraint.component == "LessThanOrEquals"
        return {
            node
            for node, value in zip(*reach.pairs, strict=True)
            for other in others.get(node, ())
            if not is_less(value, other, or_equal=or_equal)
        }

    def _one_by_one(self, constraint: Constraint, shape: Shape, reach: Reach) -> Nodes:
        """Look at what can only be looked at one by one, such as queries."""
        values = reach.values_of(reach.nodes)
        ats = (At(self._evaluator, shape, n, list(values.get(n, ()))) for n in reach.nodes)
        return {at.focus for at in ats if next(check(at, constraint), None) is not None}


def _rooted(result: Result, root: Term) -> Result:
    """Say whose validation gave a result; ``replace`` would cost ten times as much."""
    return Result(
        result.focus,
        result.path,
        result.value,
        result.component,
        result.source,
        root,
        result.severity,
        result.messages,
        result.constraint,
    )
