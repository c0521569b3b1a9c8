"""Watch plans: which facts can change what a query gives, without running it again.

A query is a set of triple patterns. They are taken in an order in which, where it can be, one end
of each is known: a name in the query, or a candidate that a pattern before it led to. Watched is
then that end with the property, not every use of the property. A solution that comes new has a
first new fact in this order; all before it were there, so its known end was a candidate, and is
watched. What shrinks candidates (a value that is asked for) may be used, as who lacks it is watched
for it. Where no end is known the property is watched, and where that is not known, everything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rdflib import BNode, Literal, URIRef, Variable
from rdflib.paths import AlternativePath, InvPath, MulPath, Path, SequencePath
from rdflib.plugins.sparql.algebra import translateQuery
from rdflib.plugins.sparql.parserutils import CompValue

from kg.parsing import parse_query
from kg.store import PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kg.records import Term

Pattern = tuple[str, str | None, str]
"""Subject, property (None where it is a variable) and object; a variable begins with ``?``."""
_PLACE = "urn:traveler:place:"
_PLACED = re.compile(rf"<{_PLACE}(\d+)>")


class Unplanned(Exception):
    """A query is written with what is not taken apart: everything is watched."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one part of a query asks for: patterns, choices of parts, parts that only add or deny.

    ``values`` are the terms that VALUES names for a variable, None for one that it leaves open.
    """

    patterns: tuple[Pattern, ...] = ()
    values: tuple[tuple[str, tuple[str, ...] | None], ...] = ()
    first: tuple[Step, ...] = ()
    choices: tuple[tuple[Step, ...], ...] = ()
    beside: tuple[Step, ...] = ()
    is_named: bool = False


@dataclass(slots=True)
class _Draft:
    patterns: list[Pattern] = field(default_factory=list)
    values: list[tuple[str, tuple[str, ...] | None]] = field(default_factory=list)
    first: list[Step] = field(default_factory=list)
    choices: list[tuple[Step, ...]] = field(default_factory=list)
    beside: list[Step] = field(default_factory=list)
    is_named: bool = False

    def step(self) -> Step:
        return Step(
            tuple(self.patterns),
            tuple(self.values),
            tuple(self.first),
            tuple(self.choices),
            tuple(self.beside),
            self.is_named,
        )


def plan_query(query: str, base: str) -> tuple[Step, tuple[Term, ...]]:
    """Take a query apart; gives its plan and the plant's terms that stand in the plan's places.

    Queries that differ only in these have one plan, which is made once.
    Raises: Unplanned.
    """
    terms: list[Term] = []

    def place(match: re.Match[str]) -> str:
        terms.append(match[0])
        return f"<{_PLACE}{len(terms) - 1}>"

    text = re.sub(rf"<{re.escape(base)}[^<>\s]*>", place, query)
    return _plan(text), tuple(terms)


def placed(node: str, terms: Sequence[Term]) -> str:
    """Give what stands for a plan's node in one query."""
    found = _PLACED.fullmatch(node)
    return terms[int(found[1])] if found else node


@lru_cache(maxsize=1_024)
def _plan(text: str) -> Step:
    try:
        algebra = translateQuery(parse_query(text), initNs=dict(PREFIXES)).algebra
    except Exception as error:  # the parser raises many types
        raise Unplanned(str(error)) from error
    draft = _Draft()
    _Planner().take(algebra, draft)
    return draft.step()


class _Planner:
    """Walks one query's algebra (SPARQL 1.1, section 18.2)."""

    def __init__(self) -> None:
        self._fresh = 0

    def take(self, node: CompValue, draft: _Draft) -> None:
        """Add what a part of the algebra asks for to a draft."""
        taker = getattr(self, f"_take_{node.name.lower()}", None)
        if taker is not None:
            taker(node, draft)
        elif node.name in _PLAIN:
            self.take(node.p, draft)
        else:
            raise Unplanned(node.name)

    def _part(self, node: CompValue, draft: _Draft) -> Step:
        inner = _Draft(is_named=draft.is_named)
        self.take(node, inner)
        return inner.step()

    def _take_bgp(self, node: CompValue, draft: _Draft) -> None:
        for subject, predicate, value in node.triples:
            self._triple(_name(subject), predicate, _name(value), draft)

    def _take_join(self, node: CompValue, draft: _Draft) -> None:
        self.take(node.p1, draft)
        self.take(node.p2, draft)

    def _take_leftjoin(self, node: CompValue, draft: _Draft) -> None:
        self.take(node.p1, draft)
        draft.beside.append(self._part(node.p2, draft))
        self._conditions(node.expr, draft)

    def _take_minus(self, node: CompValue, draft: _Draft) -> None:
        self.take(node.p1, draft)
        draft.beside.append(self._part(node.p2, draft))

    def _take_filter(self, node: CompValue, draft: _Draft) -> None:
        self.take(node.p, draft)
        self._conditions(node.expr, draft)

    def _take_union(self, node: CompValue, draft: _Draft) -> None:
        draft.choices.append((self._part(node.p1, draft), self._part(node.p2, draft)))

    def _take_extend(self, node: CompValue, draft: _Draft) -> None:
        self.take(node.p, draft)
        self._conditions(node.expr, draft)

    def _take_graph(self, node: CompValue, draft: _Draft) -> None:
        inner = _Draft(is_named=True)
        self.take(node.p, inner)
        draft.first.append(inner.step())

    def _take_tomultiset(self, node: CompValue, draft: _Draft) -> None:
        if isinstance(node.p, CompValue) and node.p.name == "values":
            self._values(node.p.res, draft)
        else:  # a query in the query: its variables are its own
            raise Unplanned("subquery")

    def _take_values(self, node: CompValue, draft: _Draft) -> None:
        self._values(node.res, draft)

    def _values(self, rows: Any, draft: _Draft) -> None:
        named: dict[str, list[str] | None] = {}
        for row in rows:
            for variable, term in row.items():
                held = named.setdefault(_name(variable), [])
                if term == "UNDEF" or held is None or isinstance(term, Literal):
                    named[_name(variable)] = None
                else:
                    held.append(_name(term))
        for variable, terms in named.items():
            draft.values.append((variable, None if terms is None else tuple(terms)))

    def _conditions(self, expression: Any, draft: _Draft) -> None:
        """Look at what EXISTS and NOT EXISTS ask for in an expression."""
        for node in _walk(expression):
            if node.name in {"Builtin_EXISTS", "Builtin_NOTEXISTS"}:
                draft.beside.append(self._part(node.graph, draft))

    def _triple(self, subject: str, predicate: Any, value: str, draft: _Draft) -> None:
        if isinstance(predicate, Path):
            self._path(subject, predicate, value, draft)
        elif isinstance(predicate, URIRef):
            draft.patterns.append((subject, f"<{predicate}>", value))
        else:
            draft.patterns.append((subject, None, value))

    def _path(self, subject: str, path: Path, value: str, draft: _Draft) -> None:
        if isinstance(path, InvPath):
            self._triple(value, path.arg, subject, draft)
        elif isinstance(path, SequencePath):
            ends = [subject, *(self._between() for _ in path.args[1:]), value]
            for place, part in enumerate(path.args):
                self._triple(ends[place], part, ends[place + 1], draft)
        elif isinstance(path, AlternativePath):
            ways = []
            for part in path.args:
                inner = _Draft(is_named=draft.is_named)
                self._triple(subject, part, value, inner)
                ways.append(inner.step())
            draft.choices.append(tuple(ways))
        elif isinstance(path, MulPath):
            # Of any length: what lies between is anywhere.
            inner = _Draft(is_named=draft.is_named)
            self._triple(self._between(), path.path, self._between(), inner)
            draft.beside.append(inner.step())
        else:
            raise Unplanned(type(path).__name__)

    def _between(self) -> str:
        self._fresh += 1
        return f"?.{self._fresh}"


_PLAIN = {
    *("SelectQuery", "AskQuery", "Project", "Distinct", "Reduced", "OrderBy", "Slice"),
    *("Group", "AggregateJoin"),
}


def _name(node: Any) -> str:
    if isinstance(node, Variable | BNode):
        return f"?{node}"
    if isinstance(node, URIRef):
        return f"<{node}>"
    if isinstance(node, Literal):
        return '"'  # stores spell values in their own way: which one it is, is not told apart
    raise Unplanned(str(node))


def _walk(node: Any) -> Iterator[CompValue]:
    if isinstance(node, CompValue):
        yield node
        if node.name in {"Builtin_EXISTS", "Builtin_NOTEXISTS"}:
            return
        for part in node.values():
            yield from _walk(part)
    elif isinstance(node, list | tuple):
        for part in node:
            yield from _walk(part)
