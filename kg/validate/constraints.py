"""The constraint components of SHACL Core, at one focus node (SHACL, section 4)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from kg.validate import model
from kg.validate.messages import message_of
from kg.validate.shapesgraph import SH
from kg.validate.sparql import check_query
from kg.validate.values import (
    is_in_language,
    is_less,
    is_literal,
    is_of_datatype,
    kind_of,
    matches,
    parts_of,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from typing import Any

    from kg.records import Term
    from kg.validate.evaluate import Evaluator
    from kg.validate.model import Constraint, Path, Result, Shape


class At(NamedTuple):
    """One shape at one focus node, and the value nodes there."""

    evaluator: Evaluator
    shape: Shape
    focus: Term
    values: Collection[Term]

    def result(
        self,
        component: str,
        constraint: Constraint,
        value: Term | None = None,
        path: Path | None = None,
    ) -> Result:
        """Make a result of a component of SHACL Core, by its name there."""
        shape = self.shape
        return model.Result(
            focus=self.focus,
            path=path or shape.path,
            value=value,
            component=f"<{SH}{component}ConstraintComponent>",
            source=shape.node,
            root=shape.node,
            severity=shape.severity,
            messages=shape.messages or (message_of(component, constraint),),
        )


def meets(evaluator: Evaluator, shape: Shape, focus: Term, values: Collection[Term]) -> bool:
    """Tell whether a shape has no result at a focus node with these value nodes."""
    for constraint in shape.constraints:
        kind = type(constraint)
        is_met = _OF_EACH_VALUE.get(kind)
        if is_met is not None:
            for value in values:
                if not is_met(evaluator, constraint, value):
                    return False
        elif isinstance(constraint, model.Count):
            if _is_miscounted(constraint, len(values)):
                return False
        else:
            at = At(evaluator, shape, focus, values)
            if next(_OF_ALL_VALUES[kind](at, constraint), None) is not None:
                return False
    return True


def check(at: At, constraint: Constraint) -> Iterator[Result]:
    """Give the results of one constraint."""
    if isinstance(constraint, model.Property):
        for value in at.values:
            yield from at.evaluator.check_node(constraint.shape, value)
        return
    is_met = _OF_EACH_VALUE.get(type(constraint))
    if is_met is None:
        yield from _OF_ALL_VALUES[type(constraint)](at, constraint)
        return
    for value in at.values:
        if not is_met(at.evaluator, constraint, value):
            yield at.result(_component(constraint), constraint, value)


def _component(constraint: Constraint) -> str:
    return getattr(constraint, "component", None) or type(constraint).__name__


# ---- of each value by itself


def _class(evaluator: Evaluator, constraint: model.Class, value: Term) -> bool:
    return evaluator.look.is_instance(value, constraint.term)


def _datatype(_: Evaluator, constraint: model.Datatype, value: Term) -> bool:
    return is_of_datatype(value, constraint.term, constraint.held)


def _node_kind(_: Evaluator, constraint: model.NodeKind, value: Term) -> bool:
    return kind_of(value) in constraint.kinds


def _bound(_: Evaluator, constraint: model.Bound, value: Term) -> bool:
    component, term = constraint.component, constraint.term
    or_equal = component.endswith("Inclusive")
    if component.startswith("Min"):
        return is_less(term, value, or_equal=or_equal)
    return is_less(value, term, or_equal=or_equal)


def _length(_: Evaluator, constraint: model.Length, value: Term) -> bool:
    if value[0] == "_":
        return False
    size = len(text_of(value))
    if constraint.component == "MinLength":
        return size >= constraint.number
    return size <= constraint.number


def _pattern(_: Evaluator, constraint: model.Pattern, value: Term) -> bool:
    return matches(value, constraint.pattern, constraint.flags)


def _language_in(_: Evaluator, constraint: model.LanguageIn, value: Term) -> bool:
    return is_in_language(value, constraint.ranges)


def _logic(evaluator: Evaluator, constraint: model.Logic, value: Term) -> bool:
    component, shapes = constraint.component, constraint.shapes
    conforms = evaluator.conforms
    if component == "Or":
        return any(conforms(shape, value) for shape in shapes)
    if component == "And":
        return all(conforms(shape, value) for shape in shapes)
    if component == "Not":
        return not conforms(shapes[0], value)
    return sum(conforms(shape, value) for shape in shapes) == 1


def _nested(evaluator: Evaluator, constraint: model.Node | model.Property, value: Term) -> bool:
    return evaluator.conforms(constraint.shape, value)


def _in(_: Evaluator, constraint: model.In, value: Term) -> bool:
    return value in constraint.terms


_OF_EACH_VALUE: dict[type, Callable[[Evaluator, Any, Term], bool]] = {
    model.Class: _class,
    model.Datatype: _datatype,
    model.NodeKind: _node_kind,
    model.Bound: _bound,
    model.Length: _length,
    model.Pattern: _pattern,
    model.LanguageIn: _language_in,
    model.Logic: _logic,
    model.Node: _nested,
    model.Property: _nested,
    model.In: _in,
}


def test_of(constraint: Constraint) -> Callable[[Evaluator, Any, Term], bool] | None:
    """Give what tells whether a value meets a constraint; None where values count together."""
    return _OF_EACH_VALUE.get(type(constraint))


# ---- of all values together


def _count(at: At, constraint: model.Count) -> Iterator[Result]:
    if _is_miscounted(constraint, len(at.values)):
        yield at.result(constraint.component, constraint)


def _is_miscounted(constraint: model.Count, size: int) -> bool:
    if constraint.component == "MinCount":
        return size < constraint.number
    return size > constraint.number


def _unique_lang(at: At, constraint: model.UniqueLang) -> Iterator[Result]:
    languages = Counter(parts_of(value)[2] for value in at.values if is_literal(value))
    for language, times in languages.items():
        if language and times > 1:
            yield at.result("UniqueLang", constraint)


def _pair(at: At, constraint: model.Pair) -> Iterator[Result]:
    others = at.evaluator.look.objects(at.focus, constraint.predicate)
    component = constraint.component
    if component == "Equals":
        there, here = set(others), set(at.values)
        wrong = [value for value in at.values if value not in there]
        wrong += [other for other in others if other not in here]
    elif component == "Disjoint":
        there = set(others)
        wrong = [value for value in at.values if value in there]
    else:
        or_equal = component == "LessThanOrEquals"
        wrong = [
            value
            for value in at.values
            for other in others
            if not is_less(value, other, or_equal=or_equal)
        ]
    for value in wrong:
        yield at.result(component, constraint, value)


def _qualified(at: At, constraint: model.Qualified) -> Iterator[Result]:
    conforms = at.evaluator.conforms
    size = sum(
        conforms(constraint.shape, value)
        and not any(conforms(other, value) for other in constraint.others)
        for value in at.values
    )
    if constraint.least is not None and size < constraint.least:
        yield at.result("QualifiedMinCount", constraint)
    if constraint.most is not None and size > constraint.most:
        yield at.result("QualifiedMaxCount", constraint)


def _closed(at: At, constraint: model.Closed) -> Iterator[Result]:
    for node in at.values:
        for predicate, found in at.evaluator.look.about(node).items():
            if predicate not in constraint.allowed:
                for value in found:
                    yield at.result("Closed", constraint, value, model.Predicate(predicate))


def _has_value(at: At, constraint: model.HasValue) -> Iterator[Result]:
    if constraint.term not in at.values:
        yield at.result("HasValue", constraint)


_OF_ALL_VALUES: dict[type, Callable[[At, Any], Iterator[Result]]] = {
    model.Count: _count,
    model.UniqueLang: _unique_lang,
    model.Pair: _pair,
    model.Qualified: _qualified,
    model.Closed: _closed,
    model.HasValue: _has_value,
    model.Sparql: check_query,
}
