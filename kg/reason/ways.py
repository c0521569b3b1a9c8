"""Ways: the bindings under which all patterns of a rule's body are in the present."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from kg.reason.rules import unify

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kg.records import Fact, Term
    from kg.store import Store

MAX_WAYS = 20
"""How many ways of one rule to give one fact are looked at when explaining."""


class Present(Protocol):
    """A store that gives the present's facts by pattern at once, without a query."""

    def present(
        self, s: Term | None = None, p: Term | None = None, o: Term | None = None
    ) -> list[Fact]:
        """Give the facts of a pattern; None is anything."""
        ...


def ways_in(body: Sequence[Fact], store: Store) -> list[dict[str, Term]]:
    """Find how the variables of a body can stand for terms, at most ``MAX_WAYS`` of them.

    In the order of SPARQL, so that every store shows the same ones, and the same one first. A
    variable is named without its ``?``.
    """
    found = None
    if getattr(store, "present", None) is not None:
        found = list(solve(tuple(body), {}, store))  # type: ignore[arg-type]
        if len(found) < 2:  # there is nothing to put in order
            return [{name[1:]: term for name, term in way.items()} for way in found]
    unknown = sorted({part for pattern in body for part in pattern if part[0] == "?"})
    if found is not None:
        rows = [tuple(way[name] for name in unknown) for way in found]
        if all(term[0] == "<" for row in rows for term in row):
            # IRIs stand in the order of their letters; what closes a term is none of them.
            ordered = sorted(set(rows), key=lambda row: [term[1:-1] for term in row])
            names = [name[1:] for name in unknown]
            return [dict(zip(names, row, strict=True)) for row in ordered[:MAX_WAYS]]
    text = " ".join(f"{s} {p} {o} ." for s, p, o in body)
    order = f"ORDER BY {' '.join(unknown)}" if unknown else ""
    return store.select(f"SELECT * WHERE {{ {text} }} {order} LIMIT {MAX_WAYS}")


def solve(
    patterns: tuple[Fact, ...], bound: dict[str, Term], store: Present
) -> Iterator[dict[str, Term]]:
    """Find every way in which the variables of patterns can stand for terms, in no order."""
    if not patterns:
        yield bound
        return
    bodies = [filled(pattern, bound) for pattern in patterns] if bound else list(patterns)
    places = range(len(bodies))
    best = min(places, key=lambda place: _openness(bodies[place])) if len(bodies) > 1 else 0
    rest = patterns[:best] + patterns[best + 1 :]
    body = bodies[best]
    if body[0][0] == '"':
        return  # nothing is said of a value
    wanted = [None if part[0] == "?" else part for part in body]
    told = store.present(*wanted)
    if None not in wanted:
        if told:
            yield from solve(rest, bound, store)
        return
    for fact in told:
        found = unify(body, fact)
        if found is not None:
            yield from solve(rest, bound | found, store)


def filled(pattern: Fact, bound: Mapping[str, Term]) -> Fact:
    """Put terms in the place of a pattern's variables, as far as they are bound."""
    subject, predicate, value = pattern
    return (
        bound.get(subject, subject), bound.get(predicate, predicate), bound.get(value, value)
    )  # fmt: skip


def _openness(pattern: Fact) -> tuple[int, bool]:
    """Rank a pattern: few unknowns first, and what is said of a known thing before who says it."""
    subject, predicate, value = pattern
    is_open = subject[0] == "?"
    return is_open + (predicate[0] == "?") + (value[0] == "?"), is_open
