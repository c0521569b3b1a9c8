"""Demand: everything that a query can look at, looked up before it is asked.

A query's patterns are walked from the things that it names, and each is looked up for all things
that may stand there: more is looked up than the query needs, and never less. What it is then asked
of is a small graph with all that bears on it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rdflib import RDF, Literal, URIRef, Variable
from rdflib.paths import AlternativePath, InvPath, MulPath, SequencePath
from rdflib.plugins.sparql.parserutils import CompValue

from kg.answer.asking.algebra import algebra_of, expressions_in
from kg.errors import HistoryError
from kg.reason.goals import cannot_look, is_shared
from kg.store import stored_form
from kg.vocab import RDF_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from kg.reason.backward import Backward
    from kg.records import Fact, Term

    Candidates = Mapping[str, frozenset[Term]]
    """What a variable can be, at most."""

_PLACE = "urn:x-place:"
_NEVER = 1 << 40
"""The cost of what cannot be looked up from what is known."""


class Demand:
    """Looks up what queries look at; ``take`` is given each fact that was found."""

    def __init__(
        self,
        base: str,
        backward: Backward,
        predicates: Callable[[Term], Collection[Term]],
        take: Callable[[Fact], None],
    ) -> None:
        self._backward = backward
        self._predicates = predicates
        self._take = take
        self._things = re.compile(rf"<{re.escape(base)}[^<>\s]*>")

    def look(self, query: str) -> None:
        """Look up all that a query can look at.

        Raises:
            HistoryError: it looks at more than what is linked with the things that it names.
        """
        things: dict[Term, str] = {}

        def place(match: re.Match[str]) -> str:
            return f"<{_PLACE}{things.setdefault(match[0], str(len(things)))}>"

        pattern = _parsed(self._things.sub(place, query))
        places = {f"<{_PLACE}{number}>": term for term, number in things.items()}
        _Walk(self, places).group(pattern, {})

    def about(self, s: Term) -> None:
        """Look up all that is said of a thing."""
        for p in {*self._predicates(s), *self._backward.heads}:
            self.values([s], p)

    def values(self, subjects: Collection[Term], p: Term) -> set[Term]:
        """Look up a property of things."""
        if len(subjects) > 1:
            self._backward.find(subjects, p)
        found: set[Term] = set()
        for s in subjects:
            for o in self._backward.objects(s, p):
                self._take((s, p, o))
                found.add(o)
        return found

    def kinds(self, things: Collection[Term], kinds: Collection[Term]) -> None:
        """Look up which things are of which classes."""
        for thing in things:
            for kind in kinds:
                if self._backward.is_a(thing, kind):
                    self._take((thing, RDF_TYPE, kind))

    def leading(self, p: Term, objects: Collection[Term]) -> set[Term]:
        """Look up which things have one of some values."""
        found: set[Term] = set()
        for o in objects:
            for s in self._backward.subjects(p, o):
                self._take((s, p, o))
                found.add(s)
        return found


class _Walk:
    """One query under way."""

    def __init__(self, demand: Demand, places: Mapping[Term, Term]) -> None:
        self._demand = demand
        self._places = places

    def group(self, node: Any, known: Candidates) -> Candidates:
        """Walk a part of the algebra; gives what is known after it."""
        walk = _WALKS.get(node.name)
        if walk is None:
            raise HistoryError(
                f"as of another time, a query with {node.name} is not answered",
                hint="ask for the context of one thing",
                code="as-of-everything",
            )
        return walk(self, node, known)

    def inside(self, node: Any, known: Candidates) -> Candidates:
        """Walk what a part has inside it."""
        known = self.group(node.p, known)
        self._exists(node.expr if "expr" in node else None, known)
        return known

    def query(self, node: Any, _known: Candidates) -> Candidates:
        """Walk a query, which knows nothing of what is around it."""
        return self.group(node.p, {})

    def union(self, node: Any, known: Candidates) -> Candidates:
        """Walk two parts of which one holds: what both bind is one or the other."""
        one, other = self.group(node.p1, known), self.group(node.p2, known)
        both = {n: one[n] | other[n] for n in one.keys() & other.keys() if n not in known}
        return {**known, **both}

    def optional(self, node: Any, known: Candidates) -> Candidates:
        """Walk a part, and one that may be absent: what that one binds is known to nobody else."""
        known = self.group(node.p1, known)
        inner = self.group(node.p2, known)
        self._exists(node.expr if "expr" in node else None, inner)
        return known

    def given(self, node: Any, known: Candidates) -> Candidates:
        """Take VALUES in, or a query inside, which knows nothing of what is around it."""
        if isinstance(node.p, CompValue) and node.p.name != "values":
            inner = self.group(node.p, {})
            return {**{n: found for n, found in inner.items() if n not in known}, **known}
        rows = node.p.res
        names = {variable for row in rows for variable in row}
        listed = {
            str(n): frozenset(self._term(row[n]) for row in rows)
            for n in names
            if all(n in row and isinstance(row[n], URIRef | Literal) for row in rows)
        }
        return _narrowed(known, listed)

    def joined(self, node: Any, known: Candidates) -> Candidates:
        """Walk parts that hold together: what can be looked up from what is known comes first."""
        parts = list(_parts(node))
        listed = [part for part in parts if isinstance(part, CompValue) and _is_values(part)]
        for part in listed:
            known = self.group(part, known)
        left = [part for part in parts if part not in listed]
        while left:
            triples = [part for part in left if not isinstance(part, CompValue)]
            start = min(triples, key=lambda one: self._cost(one, known), default=None)
            if start is not None and self._cost(start, known) < _NEVER:
                left.remove(start)
                known = self._triple(start, known)
                continue
            other = next((part for part in left if isinstance(part, CompValue)), None)
            if other is None:
                raise cannot_look(" ".join(str(part) for part in left[0]))
            left.remove(other)
            known = self.group(other, known)
        return known

    def _triple(self, triple: Any, known: Candidates) -> Candidates:
        s, p, o = triple
        starts, ends = self._candidates(s, known), self._candidates(o, known)
        if isinstance(p, Variable):
            for start in starts or ():
                self._demand.about(start)
            return known
        if starts is not None and ends is not None and p == RDF.type:
            self._demand.kinds(starts, ends)
            return known
        if starts is not None and (ends is None or not _is_smaller(ends, starts)):
            found = frozenset(self._walk(p, starts))
            return _narrowed(known, {str(o): found}) if isinstance(o, Variable) else known
        assert ends is not None
        found = frozenset(self._walk(InvPath(p), ends))
        return _narrowed(known, {str(s): found}) if isinstance(s, Variable) else known

    def _cost(self, triple: Any, known: Candidates) -> int:
        """Tell of how many things a pattern would be looked up; a path backwards costs more."""
        s, p, o = triple
        starts, ends = self._candidates(s, known), self._candidates(o, known)
        from_start = _NEVER if starts is None else len(starts)
        from_end = _NEVER if ends is None or not _can_begin(ends, p) else 2 * len(ends) + 1
        return min(from_start, from_end)

    def _candidates(self, node: Any, known: Candidates) -> frozenset[Term] | None:
        """Give what can stand somewhere; None where it can be anything."""
        if isinstance(node, Variable):
            return known.get(str(node))
        return frozenset([self._term(node)])

    def _walk(self, path: Any, starts: Collection[Term]) -> set[Term]:
        """Look up where a path leads from some things (section 9.1)."""
        if isinstance(path, URIRef):
            return self._demand.values(starts, f"<{path}>")
        if isinstance(path, SequencePath):
            for step in path.args:
                starts = self._walk(step, starts)
            return set(starts)
        if isinstance(path, AlternativePath):
            return {end for one in path.args for end in self._walk(one, starts)}
        if isinstance(path, MulPath):
            return self._repeated(path, starts)
        if isinstance(path, InvPath):
            return self._inverse(path.arg, starts)
        raise cannot_look(str(path))

    def _inverse(self, path: Any, starts: Collection[Term]) -> set[Term]:
        if isinstance(path, URIRef):
            return self._demand.leading(f"<{path}>", starts)
        if isinstance(path, SequencePath):
            for step in reversed(path.args):
                starts = self._inverse(step, starts)
            return set(starts)
        if isinstance(path, AlternativePath):
            return {end for one in path.args for end in self._inverse(one, starts)}
        if isinstance(path, MulPath):
            return self._repeated(MulPath(InvPath(path.path), path.mod), starts)
        if isinstance(path, InvPath):
            return self._walk(path.arg, starts)
        raise cannot_look(str(path))

    def _repeated(self, path: MulPath, starts: Collection[Term]) -> set[Term]:
        found = set() if path.mod == "+" else set(starts)
        fresh = set(starts)
        while fresh:
            ends = self._walk(path.path, fresh)
            fresh = ends - found
            found |= ends
            if path.mod == "?":
                break
        return found

    def _exists(self, expression: Any, known: Candidates) -> None:
        """Look up what filters ask the presence or the absence of."""
        for node in expressions_in(expression):
            if node.name in {"Builtin_EXISTS", "Builtin_NOTEXISTS"}:
                self.group(node.graph, known)

    def _term(self, node: Any) -> Term:
        if isinstance(node, Literal):
            return stored_form(node.n3())
        term = f"<{node}>"
        return self._places.get(term, term)


_WALKS: dict[str, Callable[[_Walk, Any, Candidates], Candidates]] = {
    "BGP": _Walk.joined,
    "Join": _Walk.joined,
    "Union": _Walk.union,
    "LeftJoin": _Walk.optional,
    "Minus": _Walk.optional,
    "SelectQuery": _Walk.query,
    "AskQuery": _Walk.query,
    "ToMultiSet": _Walk.given,
    **dict.fromkeys(("Filter", "Extend", "Project", "Distinct", "Reduced"), _Walk.inside),
    **dict.fromkeys(("OrderBy", "Slice", "Group", "AggregateJoin"), _Walk.inside),
}
"""By the name of a part of the algebra (SPARQL 1.1, section 18.2), how it is walked."""


def _narrowed(known: Candidates, found: Candidates) -> Candidates:
    """Hold what was found together with what was known: a variable is the same everywhere."""
    both = {name: known[name] & some if name in known else some for name, some in found.items()}
    return {**known, **both}


def _is_smaller(ends: frozenset[Term], starts: frozenset[Term]) -> bool:
    return 4 * len(ends) < len(starts) and not any(map(is_shared, ends))


def _can_begin(ends: frozenset[Term], path: Any) -> bool:
    return not isinstance(path, Variable) and not any(map(is_shared, ends))


def _is_values(node: CompValue) -> bool:
    return bool(
        node.name == "ToMultiSet" and isinstance(node.p, CompValue) and node.p.name == "values"
    )


def _parts(node: Any) -> Iterator[Any]:
    """Give what holds together: patterns as tuples, and all else that is joined with them."""
    if isinstance(node, CompValue) and node.name == "Join":
        yield from _parts(node.p1)
        yield from _parts(node.p2)
    elif isinstance(node, CompValue) and node.name == "BGP":
        yield from node.triples
    else:
        yield node


def _parsed(query: str) -> Any:
    """Parse a query in which places stand for things: parsing takes longer than looking up."""
    try:
        return algebra_of(query)
    except Exception as error:  # the parser raises many types
        raise HistoryError(
            f"as of another time, this query is not answered: {error}",
            hint="ask for the context of one thing",
            code="as-of-everything",
        ) from error
