"""The mapping: RML-Core's words as frozen values, whatever syntax they were written in.

Sections are named by their titles in RML-Core, https://w3id.org/rml/core/spec. Lines start at 1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from kg.errors import MappingError

if TYPE_CHECKING:
    from pathlib import Path

XSD = "http://www.w3.org/2001/XMLSchema#"
RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
RDF_LANG_STRING = "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"
FUNCTION_NAMESPACES = {
    "grel": "http://users.ugent.be/~bjdmeest/function/grel.ttl#",
    "idlab-fn": "https://w3id.org/imec/idlab/function#",
    "trf": "https://w3id.org/traveler/function/",
}
KNOWN_PREFIXES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "xsd": XSD,
    "tr": "https://w3id.org/traveler/ontology/",
    "trc": "https://w3id.org/traveler/code/",
    **FUNCTION_NAMESPACES,
}
"""Prefixes that a mapping need not declare; what it declares wins."""

_QUERY = re.compile(r"\s*(?:SELECT|WITH|VALUES|TABLE)\b(?=\s*[^\s.-])|\s*\(", re.IGNORECASE)


class TermType(Enum):
    """What kind of RDF term a term map makes ("Term types").

    ``URI`` percent-encodes letters beyond ASCII too; the unsafe ones take values as they are.
    """

    IRI = "IRI"
    URI = "URI"
    UNSAFE_IRI = "UnsafeIRI"
    UNSAFE_URI = "UnsafeURI"
    LITERAL = "Literal"
    BLANK_NODE = "BlankNode"

    @property
    def is_iri(self) -> bool:
        """Tell IRIs of all four kinds from literals and blank nodes."""
        return self not in {TermType.LITERAL, TermType.BLANK_NODE}


@dataclass(frozen=True, slots=True)
class Constant:
    """The same value for every row ("Constant RDF terms"): an IRI in full, or a literal's text."""

    value: str


@dataclass(frozen=True, slots=True)
class Reference:
    """The value of one column, or of a path into the row ("Reference")."""

    column: str


@dataclass(frozen=True, slots=True)
class Template:
    """Text with columns in it ("From a template"): plain strings and references in turn."""

    parts: tuple[str | Reference, ...]


@dataclass(frozen=True, slots=True)
class RowIdentity:
    """What no other row has: a blank node that no expression names; ``scope`` parts its maps."""

    scope: str


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A function over values (RML-FNML): its full name, and its parameters by local name.

    ``output`` is the local name of the one that is wanted of its outputs; "" is the first.
    """

    function: str
    parameters: tuple[tuple[str, Expression], ...]
    line: int = field(default=0, compare=False)
    output: str = ""


Expression: TypeAlias = Constant | Reference | Template | FunctionCall | RowIdentity


@dataclass(frozen=True, slots=True)
class TermMap:
    """A rule that makes one term of a row, or none where it has no value or fails the condition.

    ``base`` is that of the triples map whose subject it is, where this is not its own; "" is the
    document's.
    """

    expression: Expression
    term_type: TermType
    datatype: TermMap | None = None
    language: TermMap | None = None
    line: int = field(default=0, compare=False)
    base: str | None = None
    condition: Expression | None = None


@dataclass(frozen=True, slots=True)
class Join:
    """Objects that are subjects of another source's rows ("Referencing Object Map").

    ``conditions`` are pairs of child and parent expressions; all must be equal.
    """

    source: LogicalSource
    subject: TermMap
    conditions: tuple[tuple[Expression, Expression], ...]
    base: str = ""
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class PredicateObjectMap:
    """Predicates and objects in every combination; no graph is the default graph."""

    predicates: tuple[TermMap, ...]
    objects: tuple[TermMap, ...]
    graphs: tuple[TermMap, ...] = ()
    condition: Expression | None = None
    joins: tuple[Join, ...] = ()
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class LogicalSource:
    """Where rows come from: a table of source.toml (``table``), a file, or a database's URL.

    ``iterator`` is a JSONPath, an XPath, a sheet's name, a table's name or a query.
    ``delimiter``, ``quote``, ``encoding`` and ``nulls`` are as CSVW describes a table;
    ``namespaces`` are the prefixes of XPaths.
    """

    name: str
    formulation: str
    iterator: str = ""
    delimiter: str = ""
    quote: str = ""
    encoding: str = ""
    nulls: tuple[str, ...] = ()
    namespaces: tuple[tuple[str, str], ...] = ()
    line: int = field(default=0, compare=False)

    @property
    def is_file(self) -> bool:
        """Tell a file from a database and from a table in memory."""
        return self.formulation not in {"sql", "arrow"}


@dataclass(frozen=True, slots=True)
class TriplesMap:
    """The rules for the rows of one logical source."""

    name: str
    source: LogicalSource
    subject: TermMap
    classes: tuple[TermMap, ...] = ()
    graphs: tuple[TermMap, ...] = ()
    predicate_objects: tuple[PredicateObjectMap, ...] = ()
    condition: Expression | None = None
    base: str = ""
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class MappingDocument:
    """One mapping file, read."""

    file: Path
    triples_maps: tuple[TriplesMap, ...]
    prefixes: tuple[tuple[str, str], ...] = ()

    def error(self, line: int, message: str, hint: str = "") -> MappingError:
        """Make the error that names this file and the line."""
        return mapping_error(self.file, line, message, hint)


def mapping_error(file: Path, line: int, message: str, hint: str = "") -> MappingError:
    """Make a mapping error that begins with ``file:line``."""
    return MappingError(f"{file}:{line}: {message}", hint=hint)


def is_query(iterator: str) -> bool:
    """Tell a query from a table's name; a name in quotes is always one."""
    return bool(_QUERY.match(iterator))


def is_absolute(iri: str) -> bool:
    """Tell an IRI with a scheme, of characters that may stand in one (RFC 3987, section 2.2)."""
    return re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>\"{}|\\^`]*", iri) is not None


def columns_of(expression: Expression) -> tuple[str, ...]:
    """Name the columns an expression reads, in the order of their first use."""
    match expression:
        case Reference(column):
            return (column,)
        case Template(parts):
            found = [part.column for part in parts if isinstance(part, Reference)]
        case FunctionCall(_, parameters):
            found = [name for _, value in parameters for name in columns_of(value)]
        case Constant() | RowIdentity():
            found = []
    return tuple(dict.fromkeys(found))
