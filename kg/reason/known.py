"""Known: the facts that rules look at, by property and by either end, in this process's memory.

A rule follows links from hand to hand. Each is looked up in a table of Python's own, as asking an
engine for it takes some ten times as long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from kg.records import Fact, Term

    Ends = dict[Term, Term | set[Term]]
    """An end of a property, and what stands at the other: mostly one term, which is no set then."""

_NONE: tuple[Term, ...] = ()


class Links:
    """All facts of one property."""

    __slots__ = ("backward", "forward")

    def __init__(self) -> None:
        self.forward: Ends = {}
        self.backward: Ends = {}

    def objects(self, s: Term) -> Collection[Term]:
        """Give what a thing leads to."""
        held = self.forward.get(s)
        return _NONE if held is None else (held,) if type(held) is str else held

    def subjects(self, o: Term) -> Collection[Term]:
        """Give what leads to a thing."""
        held = self.backward.get(o)
        return _NONE if held is None else (held,) if type(held) is str else held

    def contains(self, s: Term, o: Term) -> bool:
        """Tell whether one leads to the other."""
        held = self.forward.get(s)
        return held is not None and (held == o if type(held) is str else o in held)

    def add(self, s: Term, o: Term) -> bool:
        """Take a fact in; tells whether it was not there."""
        return any(True for _ in self.add_all(((s, o),)))

    def add_all(self, pairs: Iterable[tuple[Term, Term]]) -> Iterator[tuple[Term, Term]]:
        """Take in facts as their two ends; gives those that were not there, as they are taken."""
        forward, backward = self.forward, self.backward
        for pair in pairs:
            s, o = pair
            held = forward.get(s)
            if held is None:
                forward[s] = o
            elif isinstance(held, str):
                if held == o:
                    continue
                forward[s] = {held, o}
            elif o in held:
                continue
            else:
                held.add(o)
            _put(backward, o, s)
            yield pair

    def take_in(self, subjects: list[Term], values: list[Term]) -> None:
        """Take in many facts, as their two ends side by side."""
        forward: Ends = dict(zip(subjects, values, strict=True))
        if self.forward or len(forward) < len(subjects):  # some thing may have several values
            for _ in self.add_all(zip(subjects, values, strict=True)):
                pass
            return
        self.forward = forward
        for s, o in zip(subjects, values, strict=True):
            _put(self.backward, o, s)

    def remove(self, s: Term, o: Term) -> bool:
        """Let a fact go; tells whether it was there."""
        if not self.contains(s, o):
            return False
        _take(self.forward, s, o)
        _take(self.backward, o, s)
        return True

    def take_over(self, others: Links) -> None:
        """Hold what others hold, and nothing else."""
        self.forward = {s: _copied(held) for s, held in others.forward.items()}
        self.backward = {o: _copied(held) for o, held in others.backward.items()}

    def pairs(self) -> Iterator[tuple[Term, Term]]:
        """Give every fact as its two ends."""
        for s, held in self.forward.items():
            if isinstance(held, str):
                yield s, held
            else:
                for o in held:
                    yield s, o


def _put(ends: Ends, key: Term, value: Term) -> None:
    held = ends.get(key)
    if held is None:
        ends[key] = value
    elif isinstance(held, str):
        ends[key] = {held, value}
    else:
        held.add(value)


def _copied(held: Term | set[Term]) -> Term | set[Term]:
    return held if isinstance(held, str) else set(held)


def _take(ends: Ends, key: Term, value: Term) -> None:
    held = ends[key]
    if isinstance(held, str) or len(held) == 1:
        del ends[key]
    else:
        held.discard(value)


class Known:
    """Facts of the properties that rules look at or give; all others are left out."""

    def __init__(self, predicates: Iterable[Term]) -> None:
        self._links = {predicate: Links() for predicate in predicates}

    def size(self) -> int:
        """Tell how much is held: properties of things, however many values they have."""
        return sum(len(links.forward) for links in self._links.values())

    @property
    def properties(self) -> frozenset[Term]:
        """The properties whose facts are kept here."""
        return frozenset(self._links)

    def has(self, predicate: Term) -> bool:
        """Tell whether facts of a property are kept here."""
        return predicate in self._links

    def links(self, predicate: Term) -> Links:
        """Give all facts of a property; it is one of those kept here."""
        return self._links[predicate]

    def add(self, fact: Fact) -> bool:
        """Take a fact in; tells whether it was not there."""
        return self._links[fact[1]].add(fact[0], fact[2])

    def remove(self, fact: Fact) -> bool:
        """Let a fact go; tells whether it was there."""
        return self._links[fact[1]].remove(fact[0], fact[2])

    def __contains__(self, fact: Fact) -> bool:
        links = self._links.get(fact[1])
        return links is not None and links.contains(fact[0], fact[2])

    def objects(self, s: Term, p: Term) -> Collection[Term]:
        """Give what a thing leads to by a property; ask before the facts change."""
        links = self._links.get(p)
        return _NONE if links is None else links.objects(s)

    def subjects(self, p: Term, o: Term) -> Collection[Term]:
        """Give what leads to a thing by a property; ask before the facts change."""
        links = self._links.get(p)
        return _NONE if links is None else links.subjects(o)

    def facts(
        self, s: Term | None = None, p: Term | None = None, o: Term | None = None
    ) -> Iterator[Fact]:
        """Give the facts of a property that match a pattern; None is anything."""
        if p is None or (links := self._links.get(p)) is None:
            return
        if s is None and o is None:
            yield from ((one, p, other) for one, other in links.pairs())
        elif s is None:
            assert o is not None
            yield from ((found, p, o) for found in links.subjects(o))
        elif o is None:
            yield from ((s, p, found) for found in links.objects(s))
        elif links.contains(s, o):
            yield s, p, o
