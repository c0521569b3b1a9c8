"""What a result says where its shape has no message of its own."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from kg.validate import model
from kg.validate.shapesgraph import short
from kg.validate.values import literal_of, text_of

if TYPE_CHECKING:
    from kg.records import Term
    from kg.validate.model import Constraint

_SIGNS = {
    "MinExclusive": "greater than",
    "MinInclusive": "at least",
    "MaxExclusive": "less than",
    "MaxInclusive": "at most",
}
_PAIRS = {
    "Equals": "Values are not the same as those of {}",
    "Disjoint": "Value is one of {} too",
    "LessThan": "Value is not less than each of {}",
    "LessThanOrEquals": "Value is not less than, or equal to, each of {}",
}
_LOGIC = {
    "Not": "Value conforms to the shape that it must not: {}",
    "And": "Value does not conform to all of {}",
    "Or": "Value conforms to none of {}",
    "Xone": "Value does not conform to exactly one of {}",
}
_FEW = 5


@lru_cache(1 << 10)
def message_of(component: str, constraint: Constraint) -> Term:
    """Say in a plain sentence what a component of SHACL Core demands and does not find."""
    return literal_of(
        _of_values(component, constraint)
        or _of_terms(component, constraint)
        or _of_given(constraint)
    )


def _of_values(component: str, constraint: Constraint) -> str:
    match constraint:
        case model.Count(number=number):
            word = "Fewer" if component == "MinCount" else "More"
            return f"{word} than {number} {'value' if number == 1 else 'values'}"
        case model.Bound(term=term):
            return f"Value is not {_SIGNS[component]} {_named(term)}"
        case model.Length(number=number):
            return f"Value is {'shorter' if component == 'MinLength' else 'longer'} than {number}"
        case model.Pattern(pattern=pattern):
            return f"Value does not match {pattern}"
        case model.LanguageIn(ranges=ranges):
            return f"Value is in none of the languages {', '.join(ranges)}"
        case model.UniqueLang():
            return "Several values in one language"
        case model.Qualified(shape=shape, least=least, most=most):
            is_least = component == "QualifiedMinCount"
            wrong = f"Fewer than {least}" if is_least else f"More than {most}"
            return f"{wrong} values conform to {_named(shape)}"
    return ""


def _of_terms(component: str, constraint: Constraint) -> str:
    if isinstance(constraint, model.Pair):
        return _PAIRS[component].format(_named(constraint.predicate))
    match constraint:
        case model.Class(term=term):
            return f"Value is not an instance of {_named(term)}"
        case model.Datatype(term=term):
            return f"Value is not a well-formed {_named(term)}"
        case model.NodeKind(kinds=kinds):
            return f"Value is not of the kind {' or '.join(sorted(kinds))}"
        case model.Logic(shapes=shapes):
            return _LOGIC[component].format(_list(shapes))
        case model.Node(shape=shape):
            return f"Value does not conform to {_named(shape)}"
    return ""


def _of_given(constraint: Constraint) -> str:
    if isinstance(constraint, model.HasValue):
        return f"No value is {_named(constraint.term)}"
    if isinstance(constraint, model.In):
        return f"Value is not one of {_list(sorted(constraint.terms))}"
    return "Property is not one that the closed shape allows"


def _list(terms: tuple[Term, ...] | list[Term]) -> str:
    named = [_named(term) for term in terms[:_FEW]]
    return ", ".join(named) + (f" … ({len(terms)} in all)" if len(terms) > _FEW else "")


def _named(term: Term) -> str:
    """Name a term shortly: the last part of an IRI, the text of a literal."""
    if term.startswith("_:"):
        return "a shape without a name"
    text = text_of(term)
    return text if term[0] == '"' else short(term) if "shacl#" in term else _local(text)


def _local(iri: str) -> str:
    return iri.rstrip("/#").replace("#", "/").rsplit("/", 1)[-1] or iri
