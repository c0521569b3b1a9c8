"""Shapes as data: what a shapes graph demands, read once (SHACL, W3C Recommendation).

Terms are N-Triples strings, as everywhere; a blank node is ``_:`` and its label.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kg.records import Fact, Term


# ---- paths (section 2.3.1)


@dataclass(frozen=True, slots=True)
class Predicate:
    """One property, from subject to object."""

    iri: Term


@dataclass(frozen=True, slots=True)
class Inverse:
    """A path walked backwards."""

    path: Path


@dataclass(frozen=True, slots=True)
class Sequence:
    """Paths one after the other, at least two."""

    steps: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Alternative:
    """Any one of several paths."""

    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Repeated:
    """A path walked ``least`` (0 or 1) times or more; at most once where ``is_once``.

    ``sh:zeroOrMorePath``, ``sh:oneOrMorePath``, and ``sh:zeroOrOnePath``.
    """

    path: Path
    least: Literal[0, 1]
    is_once: bool = False


Path: TypeAlias = Predicate | Inverse | Sequence | Alternative | Repeated


# ---- targets (section 2.1.3)


@dataclass(frozen=True, slots=True)
class Target:
    """Focus nodes of a shape: a node, the instances of a class, subjects or objects of a property.

    A shape that is a class too targets its instances: ``class`` as well.
    """

    kind: Literal["node", "class", "subjects", "objects"]
    term: Term


# ---- constraints (sections 4 and 5.2); each names its component


@dataclass(frozen=True, slots=True)
class Class:
    """``sh:class``: each value is an instance of the class or of a subclass."""

    term: Term


@dataclass(frozen=True, slots=True)
class Datatype:
    """``sh:datatype``: each value is a well-formed literal of the datatype.

    ``held`` is the datatype that the data graph has such literals in, where a store keeps only
    their values: ``xsd:integer`` for ``xsd:byte``.
    """

    term: Term
    held: Term


@dataclass(frozen=True, slots=True)
class NodeKind:
    """``sh:nodeKind``: each value is of one of the kinds ``iri``, ``blank``, ``literal``."""

    kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class Count:
    """``sh:minCount`` and ``sh:maxCount``."""

    component: Literal["MinCount", "MaxCount"]
    number: int


@dataclass(frozen=True, slots=True)
class Bound:
    """``sh:minExclusive`` and the like: SPARQL's comparison of each value with a literal."""

    component: Literal["MinExclusive", "MinInclusive", "MaxExclusive", "MaxInclusive"]
    term: Term


@dataclass(frozen=True, slots=True)
class Length:
    """``sh:minLength`` and ``sh:maxLength``, of each value as text."""

    component: Literal["MinLength", "MaxLength"]
    number: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """``sh:pattern`` with ``sh:flags``, as SPARQL's REGEX takes them."""

    pattern: str
    flags: str


@dataclass(frozen=True, slots=True)
class LanguageIn:
    """``sh:languageIn``: basic language ranges, in lower case."""

    ranges: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UniqueLang:
    """``sh:uniqueLang``: no two values have one language tag."""


@dataclass(frozen=True, slots=True)
class Pair:
    """``sh:equals``, ``sh:disjoint``, ``sh:lessThan``, ``sh:lessThanOrEquals``."""

    component: Literal["Equals", "Disjoint", "LessThan", "LessThanOrEquals"]
    predicate: Term


@dataclass(frozen=True, slots=True)
class Logic:
    """``sh:not`` (one shape), ``sh:and``, ``sh:or``, ``sh:xone``: shapes that each value meets."""

    component: Literal["Not", "And", "Or", "Xone"]
    shapes: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """``sh:node``: each value conforms to a node shape."""

    shape: Term


@dataclass(frozen=True, slots=True)
class Property:
    """``sh:property``: each value is a focus node of a property shape, whose results count."""

    shape: Term


@dataclass(frozen=True, slots=True)
class Qualified:
    """``sh:qualifiedValueShape``: so many values conform to a shape, and to none of ``others``."""

    shape: Term
    least: int | None
    most: int | None
    others: tuple[Term, ...] = ()
    """The sibling shapes, with ``sh:qualifiedValueShapesDisjoint``."""


@dataclass(frozen=True, slots=True)
class Closed:
    """``sh:closed``: values have no other properties than these."""

    allowed: frozenset[Term]


@dataclass(frozen=True, slots=True)
class HasValue:
    """``sh:hasValue``: one of the values is the term."""

    term: Term


@dataclass(frozen=True, slots=True)
class In:
    """``sh:in``: each value is one of the terms."""

    terms: frozenset[Term]


@dataclass(frozen=True, slots=True)
class Sparql:
    """``sh:sparql``, or a constraint component with a SPARQL validator (sections 5 and 6).

    ``query`` has its prefixes, and ``$PATH`` written out; ``uses`` are the variables in it that get
    a value before it is evaluated. ``bindings`` are a component's parameters, ``node`` is the
    constraint of ``sh:sparql``.
    """

    component: Term
    node: Term | None
    query: str
    is_ask: bool
    uses: frozenset[str]
    messages: tuple[Term, ...] = ()
    bindings: tuple[tuple[str, Term], ...] = ()


Constraint: TypeAlias = (
    Class
    | Datatype
    | NodeKind
    | Count
    | Bound
    | Length
    | Pattern
    | LanguageIn
    | UniqueLang
    | Pair
    | Logic
    | Node
    | Property
    | Qualified
    | Closed
    | HasValue
    | In
    | Sparql
)


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape; a property shape has a path. ``severity`` and ``messages`` are terms."""

    node: Term
    path: Path | None
    targets: tuple[Target, ...]
    constraints: tuple[Constraint, ...]
    severity: Term
    messages: tuple[Term, ...]
    is_deactivated: bool = False


@dataclass(frozen=True, slots=True)
class Shapes:
    """All shapes of a shapes graph by their nodes.

    ``left`` are shapes with a target that only the reference engine can run, and why. ``facts`` are
    the shapes graph itself, for queries that look into it.
    """

    by_node: Mapping[Term, Shape]
    left: Mapping[Term, str]
    facts: Iterable[Fact] = ()

    def targeted(self) -> list[Shape]:
        """Give the shapes that have targets and are run here, sorted by node."""
        return [
            shape
            for node, shape in sorted(self.by_node.items())
            if shape.targets and not shape.is_deactivated and node not in self.left
        ]


@dataclass(frozen=True, slots=True)
class Result:
    """One validation result (section 3.6.2).

    ``component`` is the constraint component's IRI, ``source`` the shape's node, ``root`` the shape
    with the target whose validation gave it. ``constraint`` is that of a SPARQL constraint.
    """

    focus: Term
    path: Path | None
    value: Term | None
    component: Term
    source: Term
    root: Term
    severity: Term
    messages: tuple[Term, ...]
    constraint: Term | None = None
