"""Look-ups by sets: one query for a thousand things, where one each would take minutes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kg.store import EmbeddedStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kg.records import Term
    from kg.store import Store

    Wanted = tuple[Term, Sequence[Term]]
    """A property, and values of it."""

AT_ONCE = 1_000
MOST_COUNTED = 20_000
_PROPERTY = re.compile(r"\?p\b")
_AWAY = re.compile(r"\?entity \?p \?(\w+)")
_TOWARDS = re.compile(r"\?(\w+) \?p \?entity")


def all_rows(store: Store, names: str, pattern: str) -> Iterable[tuple[Term, ...]]:
    """Give each solution of a pattern once, as what it has for the named variables (``"s o"``).

    All of them must have a value. Many come several times faster so where the graph is here.
    """
    wanted = names.split()
    query = f"SELECT DISTINCT ?{' ?'.join(wanted)} WHERE {{ {pattern} }}"
    if isinstance(store, EmbeddedStore):
        return zip(*store.columns(query), strict=True)
    return (tuple(row[name] for name in wanted) for row in store.select(query))


def may_lead(store: Store, predicate: Term, values: Iterable[Term]) -> bool:
    """Tell whether a query for what has one of some values can give anything.

    Most things have no note and no serial number: one look spares a query then. Where looks are no
    less than queries it can.
    """
    count = getattr(store, "count_with", None)
    listed = list(values)
    return count is None or (bool(listed) and count(predicate, listed, 1) > 0)


def are_fewer(store: Store, these: Wanted, those: Wanted) -> bool:
    """Tell whether fewer things have one of these values than one of those.

    Not of more than twenty thousand, and not where counting is no less than a query.
    """
    count = getattr(store, "count_with", None)
    if count is None:
        return False
    found: int = count(*these, MOST_COUNTED)
    return found < MOST_COUNTED and count(*those, found + 1) > found


def in_order(store: Store, subject: Term, predicate: Term, values: list[Term]) -> list[Term]:
    """Put the values of a property in the order of SPARQL (section 15.1)."""
    if len(values) < 2:
        return values
    if all(value[0] == "<" for value in values):  # by their letters; what closes them is none
        return sorted(values, key=lambda value: value[1:-1])
    query = f"SELECT ?o WHERE {{ {subject} {predicate} ?o }} ORDER BY ?o"
    return [row["o"] for row in store.select(query)]


def look_up_values(
    store: Store, entities: Iterable[Term], predicates: Iterable[Term], pattern: str
) -> Iterator[dict[str, Term]]:
    """Give every solution of a pattern over ``?entity`` and one of some properties, as ``?p``.

    Each property is written into a pattern of its own: a second list of values would be multiplied
    with the first one, and then compared with the whole graph. A store that is looked at piece by
    piece is asked without a query, which takes longer to parse than to answer.
    """
    look = getattr(store, "values_of", None)
    away, towards = _AWAY.fullmatch(pattern), _TOWARDS.fullmatch(pattern)
    if look is not None and (found := away or towards):
        wanted = sorted({entity for entity in entities if entity.startswith("<")})
        for p in predicates:
            for entity, value in look(wanted, p, is_towards=towards is not None):
                yield {"entity": entity, "p": p, found[1]: value}
        return
    ways = (f"{{ {_PROPERTY.sub(p, pattern)} BIND({p} AS ?p) }}" for p in predicates)
    yield from look_up(store, entities, " UNION ".join(ways))


def look_up(store: Store, entities: Iterable[Term], pattern: str) -> Iterator[dict[str, Term]]:
    """Give every solution of a pattern over ``?entity``, for the entities that have one."""
    wanted = sorted({entity for entity in entities if entity.startswith("<")})
    for start in range(0, len(wanted), AT_ONCE):
        given = " ".join(wanted[start : start + AT_ONCE])
        yield from store.select(f"SELECT * WHERE {{ VALUES ?entity {{ {given} }} {pattern} }}")
