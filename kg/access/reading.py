"""Reading: which of a question's rows and cells rest on what is hidden from a role.

Hidden are properties, classes, and whatever can only be told by looking at all that is said. Where
a hidden one stands in an OPTIONAL, the cells that it fills are blank and the rows are as many as
they are. Where it is one of a list of properties in VALUES, each of which has rows of its own, its
rows are left out. Anywhere else it decides which rows there are, and their number would tell of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rdflib import RDF, URIRef, Variable
from rdflib.paths import NegatedPath, Path
from rdflib.plugins.sparql.parserutils import CompValue

from kg.answer.asking.algebra import algebra_of, expressions_in, is_existence
from kg.answer.asking.reads import named_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kg.records import Term

ANYTHING: Term = "<urn:traveler:anything>"
"""Stands for a property that a query leaves open: it looks at every one."""
RECORDS: Term = "<urn:traveler:records>"
"""Stands for the graphs of records, where a source is hidden."""
NOTHING: Term = "<urn:traveler:nothing>"
"""Takes the place of a hidden term in a query: nothing is said by it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is hidden of a query: terms that decide which rows there are, and blank variables.

    ``telling`` are the hidden terms that fill the blank ones, or have rows of their own.
    """

    deciding: frozenset[Term]
    telling: frozenset[Term]
    blank: frozenset[str]


@lru_cache(maxsize=1_024)
def read_query(query: str, hidden: frozenset[Term]) -> Reading:
    """Tell what of a query is hidden; one that cannot be followed counts as deciding by anything.

    ``hidden`` has ``ANYTHING`` and ``RECORDS`` where these are hidden too.
    """
    algebra = algebra_of(query)
    reader = _Reader(hidden, _listed(algebra))
    deciding = reader.group(algebra) | reader.loose
    telling = reader.telling | reader.left_out
    return Reading(frozenset(deciding), frozenset(telling), frozenset(reader.blank))


def blanked(query: str, hidden: frozenset[Term]) -> str:
    """Give a query in which nothing is said by what is hidden."""
    for start, end, term in reversed(list(named_in(query))):
        if term in hidden:
            query = f"{query[:start]} {NOTHING} {query[end:]}"
    return query


_THING = re.compile(r"<[^<>\s]*>")
_TEXT = re.compile(r'"(?:[^"\\\n]|\\.)*"')


def shape_of(query: str, base: str) -> str:
    """Give a query with one name for all of a plant's things and one text for all texts.

    Queries that differ in nothing else are read once. Lists of things become one thing.
    """

    def one(match: re.Match[str]) -> str:
        return "<urn:x:thing>" if match[0].startswith(f"<{base}") else match[0]

    text = _TEXT.sub('"text"', _THING.sub(one, query))
    return re.sub(r"(?:<urn:x:thing>\s+){2,}", "<urn:x:thing> ", text)


@dataclass
class _Reader:
    """Walks one query; ``group`` gives the hidden terms without which a part has no solution."""

    hidden: frozenset[Term]
    listed: dict[str, set[Term]]
    """For each variable that VALUES give, what it can be."""
    blank: set[str] = field(default_factory=set)
    telling: set[Term] = field(default_factory=set)
    loose: set[Term] = field(default_factory=set)
    """What would fill a variable that a pattern begins at: without it, that is of anything."""
    left_out: set[Term] = field(default_factory=set)
    """Those of lists of properties whose rows are left out."""
    absences: int = 0
    """How many groups are asked for their absence around where it is."""

    def group(self, node: Any) -> set[Term]:
        """Walk a part of the algebra."""
        walk = _WALKS.get(node.name)
        return {ANYTHING} if walk is None else walk(self, node)

    def triples(self, node: Any) -> set[Term]:
        """Walk patterns."""
        found: set[Term] = set()
        for s, p, o in node.triples:
            if isinstance(p, Variable) and str(p) in self.listed:
                one_of = self.listed[str(p)] & self.hidden
                self.left_out |= one_of
                found |= one_of if self.absences else set()
            else:
                found |= {term for term in _terms(p, o) if term in self.hidden}
            if self.uses_blank(one for one in (s, p, o) if isinstance(one, Variable)):
                self.loose |= self.telling
        return found

    def inside(self, node: Any) -> set[Term]:
        """Walk a part that has one part inside it."""
        return self.group(node.p)

    def cut(self, node: Any) -> set[Term]:
        """Walk what is cut after some rows: what decides their order decides which those are."""
        found = self.group(node.p)
        return found | (self.telling if self.blank else set())

    def both(self, node: Any) -> set[Term]:
        """Walk two parts that hold together, or of which one holds."""
        one = self.group(node.p1)
        return one | self.group(node.p2)

    def optional(self, node: Any) -> set[Term]:
        """Walk a part, and one that may be absent: if it is for what is hidden, all of it is."""
        found = self.group(node.p1)
        outer = _variables(node.p1)
        inner = self.group(node.p2) | self.expression(node.get("expr"))
        if inner:
            self.telling |= inner
            self.blank |= _variables(node.p2) - outer
        return found

    def without(self, node: Any) -> set[Term]:
        """Walk a part and what takes rows out of it."""
        found = self.group(node.p1) | self.absent(node.p2)
        return found | (self.telling if self.blank & _variables(node.p2) else set())

    def absent(self, node: Any) -> set[Term]:
        """Walk a group of which it counts whether it has a solution."""
        self.absences += 1
        found = self.group(node)
        self.absences -= 1
        return found

    def filtered(self, node: Any) -> set[Term]:
        """Walk a part and the condition of its rows."""
        found = self.group(node.p)
        return found | self.expression(node.expr)

    def extended(self, node: Any) -> set[Term]:
        """Walk a part and a value that is made of others."""
        found = self.group(node.p)
        if told := self.expression(node.expr):
            self.telling |= told
            self.blank.add(str(node.var))
        return found

    def grouped(self, node: Any) -> set[Term]:
        """Walk a part whose rows are put together: by what is blank they would be others."""
        found = self.group(node.p)
        return found | self.expression(node.get("expr"))

    def aggregated(self, node: Any) -> set[Term]:
        """Walk sums and counts of groups: of what is blank they are blank."""
        found = self.group(node.p)
        if any(aggregate.name in _ADDING for aggregate in node.A):
            found |= self.left_out
        for aggregate in node.A:
            if told := self.expression(aggregate.get("vars")):
                self.telling |= told
                self.blank.add(str(aggregate.res))
        return found

    def given(self, node: Any) -> set[Term]:
        """Walk VALUES, or a query inside."""
        if isinstance(node.p, CompValue) and node.p.name == "values":
            return set()
        return self.group(node.p)

    def recorded(self, node: Any) -> set[Term]:
        """Walk what records say, each for itself."""
        found = self.group(node.p)
        return found | ({RECORDS} & self.hidden)

    def expression(self, expression: Any) -> set[Term]:
        """Give the hidden terms that an expression hangs on."""
        found: set[Term] = set()
        if self.uses_blank(_variables_of(expression)):
            found |= self.telling
        for node in expressions_in(expression):
            if is_existence(node):
                found |= self.absent(node.graph)
                found |= self.telling if self.blank & _variables(node.graph) else set()
        return found

    def uses_blank(self, variables: Iterable[Any]) -> bool:
        """Tell whether one of some variables is blank."""
        return any(str(variable) in self.blank for variable in variables)


_ADDING = frozenset(f"Aggregate_{name}" for name in ("Count", "Sum", "Avg", "GroupConcat"))
_WALKS: dict[str, Callable[[_Reader, Any], set[Term]]] = {
    "BGP": _Reader.triples,
    "Join": _Reader.both,
    "Union": _Reader.both,
    "LeftJoin": _Reader.optional,
    "Minus": _Reader.without,
    "Filter": _Reader.filtered,
    "Extend": _Reader.extended,
    "Group": _Reader.grouped,
    "AggregateJoin": _Reader.aggregated,
    "ToMultiSet": _Reader.given,
    "Graph": _Reader.recorded,
    "Slice": _Reader.cut,
    **dict.fromkeys(
        ("SelectQuery", "AskQuery", "Project", "Distinct", "Reduced", "OrderBy"), _Reader.inside
    ),
}
"""By the name of a part of the algebra (SPARQL 1.1, section 18.2), how it is walked."""


def _listed(node: Any) -> dict[str, set[Term]]:
    """Give what VALUES let each variable be, wherever they stand; "" is a value that is no IRI."""
    found: dict[str, set[Term]] = {}
    if isinstance(node, CompValue):
        rows = node.get("res") if node.name == "values" else ()
        for variable, value in ((v, row[v]) for row in rows or () for v in row):
            term = f"<{value}>" if isinstance(value, URIRef) else ""
            found.setdefault(str(variable), set()).add(term)
        parts: Iterable[Any] = node.values()
    else:
        parts = node if isinstance(node, list | tuple) else ()
    for part in parts:
        for name, terms in _listed(part).items():
            found.setdefault(name, set()).update(terms)
    return found


def _terms(verb: Any, value: Any) -> Iterator[Term]:
    """Give the properties that a pattern looks at, and the class that it asks for."""
    if verb == RDF.type:
        if isinstance(value, URIRef):
            yield f"<{value}>"
        return
    yield from _properties(verb)


def _properties(verb: Any) -> Iterator[Term]:
    if isinstance(verb, URIRef):
        yield f"<{verb}>"
    elif isinstance(verb, NegatedPath) or not isinstance(verb, Path):
        yield ANYTHING
    else:
        for part in (*getattr(verb, "args", ()), getattr(verb, "arg", None),
                     getattr(verb, "path", None)):  # fmt: skip
            if part is not None:
                yield from _properties(part)


def _variables(node: Any) -> set[str]:
    return {str(one) for one in _variables_of(node)}


def _variables_of(node: Any) -> Iterator[Variable]:
    if isinstance(node, Variable):
        yield node
    elif isinstance(node, CompValue):
        for name, part in node.items():
            if name != "_vars":  # a note of rdflib's own, of all that is inside
                yield from _variables_of(part)
    elif isinstance(node, list | tuple | set):
        for part in node:
            yield from _variables_of(part)
