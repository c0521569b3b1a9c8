"""Reading the constraints of a shape, by chapter of the standard (SHACL, section 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from kg.validate import model
from kg.validate.shapesgraph import SUBCLASS, TRUE, sh, short
from kg.validate.values import is_pattern, parts_of, text_of
from kg.vocab import RDF_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kg.records import Term
    from kg.validate.model import Constraint
    from kg.validate.shapesgraph import ShapesGraph

_KINDS = {
    sh("IRI"): frozenset({"iri"}),
    sh("BlankNode"): frozenset({"blank"}),
    sh("Literal"): frozenset({"literal"}),
    sh("BlankNodeOrIRI"): frozenset({"blank", "iri"}),
    sh("BlankNodeOrLiteral"): frozenset({"blank", "literal"}),
    sh("IRIOrLiteral"): frozenset({"iri", "literal"}),
}
_BOUNDS: tuple[Literal["MinExclusive", "MinInclusive", "MaxExclusive", "MaxInclusive"], ...] = (
    "MinExclusive",
    "MinInclusive",
    "MaxExclusive",
    "MaxInclusive",
)
_SAMPLES = ("1", "2000-01-01T00:00:00Z")
_PROPERTY_SHAPES_ONLY = (
    "minCount",
    "maxCount",
    "uniqueLang",
    "lessThan",
    "lessThanOrEquals",
    "qualifiedValueShape",
)


def read_constraints(
    graph: ShapesGraph, shape: Term, stored: Callable[[Term], Term]
) -> Iterator[Constraint]:
    """Give the constraints of SHACL Core that a shape declares, in the order of the standard.

    ``stored`` gives a term the spelling that the data graph has it in.
    Raises: OntologyError where the shape is not well-formed.
    """
    if not graph.all(shape, "path"):
        for name in _PROPERTY_SHAPES_ONLY:
            if graph.all(shape, name):
                what = "is for property shapes only"
                raise graph.wrong(shape, name, what, "Give the shape an sh:path, or move it.")
    yield from _value_types(graph, shape, stored)
    yield from _counts(graph, shape)
    yield from _ranges(graph, shape)
    yield from _texts(graph, shape)
    yield from _pairs(graph, shape)
    yield from _logic(graph, shape)
    yield from _nested(graph, shape)
    yield from _others(graph, shape, stored)


def _value_types(
    graph: ShapesGraph, shape: Term, stored: Callable[[Term], Term]
) -> Iterator[Constraint]:
    for term in graph.iris(shape, "class"):
        yield model.Class(term)
    datatype = graph.one(shape, "datatype")
    if datatype is not None:
        yield model.Datatype(graph.iri(shape, "datatype", datatype), _held(datatype, stored))
    kind = graph.one(shape, "nodeKind")
    if kind is not None:
        if kind not in _KINDS:
            hint = f"One of {', '.join(short(known) for known in _KINDS)}."
            raise graph.wrong(shape, "nodeKind", f"is {short(kind)}, which is no kind", hint)
        yield model.NodeKind(_KINDS[kind])


def _held(datatype: Term, stored: Callable[[Term], Term]) -> Term:
    """Give the datatype that a store gives literals of a datatype back in."""
    forms = (parts_of(stored(f'"{sample}"^^{datatype}'))[1] for sample in _SAMPLES)
    return next((form for form in forms if form != datatype), datatype)


def _counts(graph: ShapesGraph, shape: Term) -> Iterator[Constraint]:
    least, most = graph.count(shape, "minCount"), graph.count(shape, "maxCount")
    if least is not None:
        yield model.Count("MinCount", least)
    if most is not None:
        yield model.Count("MaxCount", most)


def _ranges(graph: ShapesGraph, shape: Term) -> Iterator[Constraint]:
    for component in _BOUNDS:
        name = component[0].lower() + component[1:]
        term = graph.one(shape, name)
        if term is not None:
            yield model.Bound(component, graph.literal(shape, name, term))


def _texts(graph: ShapesGraph, shape: Term) -> Iterator[Constraint]:
    least, most = graph.count(shape, "minLength"), graph.count(shape, "maxLength")
    if least is not None:
        yield model.Length("MinLength", least)
    if most is not None:
        yield model.Length("MaxLength", most)
    given = graph.one(shape, "flags")
    flags = "" if given is None else text_of(graph.string(shape, "flags", given))
    for term in graph.all(shape, "pattern"):
        pattern = text_of(graph.string(shape, "pattern", term))
        if not is_pattern(pattern, flags):
            what = f"is no regular expression that can be used: {pattern[:120]!r}, flags {flags!r}"
            hint = "SPARQL's REGEX: no back references, no looking ahead, flags of s, m, i, x, q."
            raise graph.wrong(shape, "pattern", what, hint)
        yield model.Pattern(pattern, flags)
    head = graph.one(shape, "languageIn")
    if head is not None:
        members = graph.members(shape, "languageIn", head)
        ranges = (graph.string(shape, "languageIn", term) for term in members)
        yield model.LanguageIn(tuple(text_of(term).lower() for term in ranges))
    if graph.flag(shape, "uniqueLang"):
        yield model.UniqueLang()


def _pairs(graph: ShapesGraph, shape: Term) -> Iterator[Constraint]:
    for component in ("Equals", "Disjoint", "LessThan", "LessThanOrEquals"):
        name = component[0].lower() + component[1:]
        for term in graph.iris(shape, name):
            yield model.Pair(component, term)


def _logic(graph: ShapesGraph, shape: Term) -> Iterator[Constraint]:
    for term in graph.all(shape, "not"):
        yield model.Logic("Not", (term,))
    for component in ("And", "Or", "Xone"):
        name = component.lower()
        for head in graph.all(shape, name):
            members = graph.members(shape, name, head)
            yield model.Logic(component, tuple(members))


def _nested(graph: ShapesGraph, shape: Term) -> Iterator[Constraint]:
    for term in graph.all(shape, "node"):
        yield model.Node(term)
    for term in graph.all(shape, "property"):
        paths = len(graph.all(term, "path"))
        if paths != 1:
            what = f"leads to {short(term)}, which has {paths or 'no'} path{'s'[: paths > 1]}"
            raise graph.wrong(shape, "property", what, "Give that shape one sh:path.")
        yield model.Property(term)
    qualified = graph.one(shape, "qualifiedValueShape")
    least = graph.count(shape, "qualifiedMinCount")
    most = graph.count(shape, "qualifiedMaxCount")
    if qualified is not None and not (least is None and most is None):
        is_disjoint = graph.flag(shape, "qualifiedValueShapesDisjoint")
        others = _siblings(graph, shape, qualified) if is_disjoint else ()
        yield model.Qualified(qualified, least, most, others)


def _siblings(graph: ShapesGraph, shape: Term, qualified: Term) -> tuple[Term, ...]:
    """Give the sibling shapes (section 4.7.3): what the parents' other properties qualify by."""
    others = {
        other
        for parent, _, _ in graph.facts.facts(p=sh("property"), o=shape)
        for sibling in graph.all(parent, "property")
        for other in graph.all(sibling, "qualifiedValueShape")
    }
    return tuple(sorted(others - {qualified}))


def _others(
    graph: ShapesGraph, shape: Term, stored: Callable[[Term], Term]
) -> Iterator[Constraint]:
    if graph.one(shape, "closed") == TRUE:
        head = graph.one(shape, "ignoredProperties")
        ignored = [] if head is None else graph.members(shape, "ignoredProperties", head)
        paths = {p for part in graph.all(shape, "property") for p in graph.all(part, "path")}
        named = {path for path in paths if path.startswith("<")}
        listed = {graph.iri(shape, "ignoredProperties", term) for term in ignored}
        yield model.Closed(frozenset(named | listed))
    for term in graph.all(shape, "hasValue"):
        yield model.HasValue(stored(term))
    head = graph.one(shape, "in")
    if head is not None:
        yield model.In(frozenset(stored(term) for term in graph.members(shape, "in", head)))


def classes_above(graph: ShapesGraph, node: Term) -> set[Term]:
    """Give the classes that a node of the shapes graph is an instance of (SHACL instance)."""
    found: set[Term] = set()
    waiting = graph.facts.objects(node, RDF_TYPE)
    while waiting:
        term = waiting.pop()
        if term not in found:
            found.add(term)
            waiting.extend(graph.facts.objects(term, SUBCLASS))
    return found


def shapes_in(constraint: Constraint) -> tuple[Term, ...]:
    """Give the nodes of the shapes that a constraint asks about."""
    if isinstance(constraint, model.Logic):
        return constraint.shapes
    if isinstance(constraint, model.Qualified):
        return (constraint.shape, *constraint.others)
    if isinstance(constraint, model.Node | model.Property):
        return (constraint.shape,)
    return ()
