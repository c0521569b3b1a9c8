"""Validation of a whole graph, one focus node after the other: slow, and plain to read."""

from __future__ import annotations

from kg.records import Term
from kg.validate.evaluate import Evaluator
from kg.validate.facts import Data
from kg.validate.model import Result, Shape, Shapes, Target
from kg.vocab import RDF_TYPE


def targets(evaluator: Evaluator, shape: Shape) -> set[Term]:
    """Give all focus nodes of a shape's targets (SHACL, section 2.1.3)."""
    return {node for target in shape.targets for node in _targeted(evaluator, target)}


def _targeted(evaluator: Evaluator, target: Target) -> set[Term]:
    if target.kind == "node":
        return {target.term}
    if target.kind == "class":
        kinds = evaluator.look.classes_under(target.term)
        return {node for kind in kinds for node in evaluator.look.subjects(RDF_TYPE, kind)}
    place = 0 if target.kind == "subjects" else 2
    return {fact[place] for fact in evaluator.data.facts(p=target.term)}


def validate(shapes: Shapes, data: Data, graphs: tuple[Term, ...] = ()) -> list[Result]:
    """Validate against the shapes that our engine runs."""
    evaluator = Evaluator(shapes, data, graphs)
    return [
        result
        for shape in shapes.targeted()
        for focus in sorted(targets(evaluator, shape))
        for result in evaluator.results(shape, focus)
    ]
