"""Groups: a rule's group graph pattern (SPARQL 1.1, sections 5.2 and 8.1) over known facts.

Patterns with fixed properties, and filters made of EXISTS, NOT EXISTS, =, !=, IN, NOT IN, &&, ||
and !: that is all that a rule with negation needs. What else a rule is written with is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rdflib import Literal, URIRef, Variable
from rdflib.plugins.sparql.parserutils import CompValue

from kg.store import stored_form

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from kg.reason.known import Known
    from kg.records import Fact, Term

    Bindings = Mapping[str, Term]
    Filter = Callable[[Bindings, Known], bool]


class Unsupported(Exception):
    """A rule is written with something that is not taken; the message says what."""


class Group:
    """Patterns and filters that are asked for their solutions, some variables being known."""

    def __init__(
        self, patterns: Sequence[Fact], filters: Sequence[Filter], absent: Sequence[Fact] = ()
    ) -> None:
        self.patterns = tuple(dict.fromkeys(patterns))
        self._filters = tuple(filters)
        self.absent = tuple(absent)
        """Patterns among the filters that nothing may match, each alone in its NOT EXISTS."""

    @property
    def is_one_pattern(self) -> bool:
        """Tell whether it is one pattern and nothing else."""
        return len(self.patterns) == 1 and not self._filters

    def solutions(self, bindings: Bindings, known: Known) -> Iterator[Bindings]:
        """Find all ways to make the patterns hold, and the filters true."""
        for found in join(self.patterns, bindings, known):
            if all(holds(found, known) for holds in self._filters):
                yield found


def join(patterns: tuple[Fact, ...], bindings: Bindings, known: Known) -> Iterator[Bindings]:
    """Find all ways to make facts of patterns, the one with the fewest facts first."""
    if not patterns:
        yield bindings
        return
    costs = [_cost(pattern, bindings, known) for pattern in patterns]
    at = min(range(len(costs)), key=costs.__getitem__)
    if costs[at] == 0:
        return
    rest = patterns[:at] + patterns[at + 1 :]
    s, p, o = patterns[at]
    s, o = bindings.get(s, s), bindings.get(o, o)
    is_open_s, is_open_o = s[0] == "?", o[0] == "?"
    for one, _, other in known.facts(None if is_open_s else s, p, None if is_open_o else o):
        if is_open_s and is_open_o and s == o and one != other:
            continue
        found = bindings
        if is_open_s:
            found = {**found, s: one}
        if is_open_o:
            found = {**found, o: other}
        yield from join(rest, found, known)


def _cost(pattern: Fact, bindings: Bindings, known: Known) -> int:
    """Tell how many facts a pattern has, at most; 0 where it can have none."""
    s, p, o = pattern
    if not known.has(p):
        return 0
    links = known.links(p)
    s, o = bindings.get(s, s), bindings.get(o, o)
    if s[0] != "?":
        return int(links.contains(s, o)) if o[0] != "?" else len(links.objects(s))
    return len(links.subjects(o)) if o[0] != "?" else len(links.forward)


def compile_group(node: object, outside: frozenset[str] = frozenset()) -> Group:
    """Make a group of rdflib's parse of one; ``outside`` are the variables known before it.

    Raises:
        Unsupported: it holds something that is not taken.
    """
    if not isinstance(node, CompValue) or node.name != "GroupGraphPatternSub":
        raise Unsupported(f"has a {_name(node)}")
    # rdflib gives the name of a part that is not there.
    parts = list(node["part"]) if "part" in node else []
    odd = [part.name for part in parts if part.name not in {"TriplesBlock", "Filter"}]
    if odd:
        raise Unsupported(f"has a {odd[0]}")
    blocks = [part["triples"] for part in parts if part.name == "TriplesBlock"]
    patterns = [pattern_of(triple) for block in blocks for triple in triples_of(block)]
    inside = outside.union(*map(variables, patterns))
    asked = [part["expr"] for part in parts if part.name == "Filter"]
    filters = [_condition(expression, inside) for expression in asked]
    return Group(patterns, filters, [p for one in asked for p in _absent(one, inside)])


def fill(pattern: Fact, bindings: Bindings) -> Fact:
    """Put what is known into a pattern."""
    s, p, o = pattern
    return bindings.get(s, s), bindings.get(p, p), bindings.get(o, o)


def variables(pattern: Fact) -> frozenset[str]:
    """Give the variables of a pattern."""
    return frozenset(part for part in pattern if part[0] == "?")


def pattern_of(triple: Sequence[object]) -> Fact:
    """Make a pattern of a parsed triple; variables begin with a question mark."""
    s, p, o = triple
    if not isinstance(p, URIRef):
        raise Unsupported(f"has a property that is not fixed: {_name(p)}")
    return _end(s), f"<{p}>", _end(o)


def _end(node: object) -> Term:
    if isinstance(node, Literal):
        return stored_form(node.n3())
    return f"<{node}>" if isinstance(node, URIRef) else f"?{node}"


def triples_of(blocks: Sequence[Sequence[object]]) -> Iterator[Sequence[object]]:
    """Give the triples of a block, whose terms stand in a row."""
    for flat in blocks:
        for start in range(0, len(flat), 3):
            yield flat[start : start + 3]


def _condition(node: object, inside: frozenset[str]) -> Filter:
    node = _unwrapped(node)
    if not isinstance(node, CompValue):
        raise Unsupported(f"filters by {_name(node)} alone")
    if node.name in {"Builtin_EXISTS", "Builtin_NOTEXISTS"}:
        group = compile_group(node["graph"], inside)
        is_wanted = node.name == "Builtin_EXISTS"
        return lambda bindings, known: (
            is_wanted == any(True for _ in group.solutions(bindings, known))
        )
    if node.name == "UnaryNot":
        inner = _condition(node["expr"], inside)
        return lambda bindings, known: not inner(bindings, known)
    if node.name in {"ConditionalOrExpression", "ConditionalAndExpression"}:
        parts = [_condition(part, inside) for part in (node["expr"], *node["other"])]
        combine = any if node.name == "ConditionalOrExpression" else all
        return lambda bindings, known: combine(part(bindings, known) for part in parts)
    return _comparison(node, inside)


def _absent(node: object, inside: frozenset[str]) -> tuple[Fact, ...]:
    node = _unwrapped(node)
    if not isinstance(node, CompValue) or node.name != "Builtin_NOTEXISTS":
        return ()
    group = compile_group(node["graph"], inside)
    return group.patterns if group.is_one_pattern else ()


def _comparison(node: CompValue, inside: frozenset[str]) -> Filter:
    operator = str(node["op"]) if "op" in node else ""
    if node.name != "RelationalExpression" or operator not in {"=", "!=", "IN", "NOT IN"}:
        raise Unsupported(f"filters by {operator or node.name}")
    left = _operand(node["expr"], inside)
    listed = [node["other"]] if operator in {"=", "!="} else list(node["other"])
    right = [_operand(one, inside) for one in listed]
    is_wanted = operator in {"=", "IN"}

    def holds(bindings: Bindings, _known: Known) -> bool:
        value = bindings.get(left, left)
        return is_wanted == any(value == bindings.get(one, one) for one in right)

    return holds


def _operand(node: object, inside: frozenset[str]) -> Term:
    """Give a variable or an IRI: two things are equal where they are written alike."""
    node = _unwrapped(node)
    if isinstance(node, Variable):
        if f"?{node}" not in inside:
            raise Unsupported(f"compares ?{node}, which no pattern around it gives a value")
        return f"?{node}"
    if isinstance(node, URIRef):
        return f"<{node}>"
    raise Unsupported(f"compares with {_name(node)}, and only things can be compared")


def _unwrapped(node: object) -> object:
    """Leave out the levels of an expression at which it has one part only."""
    while isinstance(node, CompValue) and set(node) == {"expr"} and node.name != "UnaryNot":
        node = node["expr"]
    return node


def _name(node: object) -> str:
    if isinstance(node, Literal):
        return f"the literal {node!s}"
    return node.name if isinstance(node, CompValue) else str(node)
