"""Tables and mappings as the tests hold them: what is written to files, and read by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

IRI, URI, UNSAFE_IRI, UNSAFE_URI = "IRI", "URI", "UnsafeIRI", "UnsafeURI"
LITERAL, BLANK_NODE = "Literal", "BlankNode"
XSD = "http://www.w3.org/2001/XMLSchema#"
RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
DEFAULT_GRAPH = "http://w3id.org/rml/defaultGraph"


@dataclass(frozen=True)
class Constant:
    """An IRI, or a literal with its datatype or language; the term type is not asked."""

    value: str
    is_iri: bool = False
    datatype: str = ""
    language: str = ""


@dataclass(frozen=True)
class Reference:
    """The values of one field, by its name."""

    field: str


@dataclass(frozen=True)
class Template:
    """Texts and references in turn."""

    parts: tuple[str | Reference, ...]


Expression: TypeAlias = Constant | Reference | Template | None
"""None is only for blank nodes: one that no expression names."""


@dataclass(frozen=True)
class Term:
    expression: Expression
    kind: str = IRI
    datatype: Term | None = None
    language: Term | None = None


@dataclass(frozen=True)
class Link:
    """A referencing object map: the subjects of another triples map, by its number."""

    parent: int
    conditions: tuple[tuple[Expression, Expression], ...] = ()


@dataclass(frozen=True)
class Rule:
    predicates: tuple[Term, ...]
    objects: tuple[Term | Link, ...]
    graphs: tuple[Term, ...] = ()


@dataclass(frozen=True)
class TriplesMap:
    table: int
    subject: Term
    classes: tuple[str, ...] = ()
    graphs: tuple[Term, ...] = ()
    rules: tuple[Rule, ...] = ()
    base: str = ""


@dataclass(frozen=True)
class Field:
    """A column, member, element or attribute; ``under`` are the objects around it in JSON.

    One that ``is_list`` has several values in a row: an array, or an element that repeats.
    """

    name: str
    under: str = ""
    is_list: bool = False


@dataclass(frozen=True)
class Misfit:
    """An array or object of JSON where a reference wants a value."""

    value: Any


@dataclass(frozen=True)
class Layout:
    """How a table is written; each form looks at what it has."""

    delimiter: str = ","
    quote: str = '"'
    quotes_all: bool = False
    nulls: tuple[str, ...] = ()
    encoding: str = ""
    line_end: str = "\n"
    has_mark: bool = False
    is_packed: bool = False
    iterator: int = 0
    is_query: bool = False
    leaves_out: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of one source: a value for each field, None for none, a tuple for a list.

    ``ragged`` are the numbers of rows of text that are written as none: with too few cells, say.
    """

    form: str
    name: str
    fields: tuple[Field, ...]
    rows: tuple[tuple[Any, ...], ...]
    layout: Layout = field(default_factory=Layout)
    ragged: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Case:
    tables: tuple[Table, ...]
    maps: tuple[TriplesMap, ...]
    base: str = "http://base.example/"


def expressions_of(term: Term) -> list[Expression]:
    """Give a term map's expression, and those of its datatype and language."""
    inner = [each for each in (term.datatype, term.language) if each is not None]
    return [term.expression, *(each.expression for each in inner)]


def fields_of(expression: Expression) -> list[str]:
    """Name the fields that an expression refers to, each once."""
    if isinstance(expression, Reference):
        return [expression.field]
    if isinstance(expression, Template):
        named = [part.field for part in expression.parts if isinstance(part, Reference)]
        return list(dict.fromkeys(named))
    return []


def terms_of(case: Case) -> list[Term]:
    """Give the term maps of a mapping, but for those inside others."""
    terms: list[Term] = []
    for made in case.maps:
        terms += [made.subject, *made.graphs]
        for rule in made.rules:
            terms += [*rule.predicates, *rule.graphs]
            terms += [value for value in rule.objects if isinstance(value, Term)]
    return terms


def fields_used(case: Case, table: int) -> set[str]:
    """Name the fields of a table that the mapping refers to anywhere."""
    used: list[Expression] = []
    for triples_map in case.maps:
        terms = [*triples_map.graphs]
        for rule in triples_map.rules:
            terms += [*rule.predicates, *rule.graphs]
            for value in rule.objects:
                if isinstance(value, Term):
                    terms.append(value)
                    continue
                parent = case.maps[value.parent]
                if parent.table == table:
                    used += [theirs for _, theirs in value.conditions]
                if triples_map.table == table:
                    used += [mine for mine, _ in value.conditions]
        if triples_map.table == table:
            used += [
                each for term in (triples_map.subject, *terms) for each in expressions_of(term)
            ]
    return {name for expression in used for name in fields_of(expression)}
