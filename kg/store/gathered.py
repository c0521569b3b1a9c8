"""Reading by pattern over a network: many patterns in one query, each asked once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.store.terms import checked, stored_form

if TYPE_CHECKING:
    from collections.abc import Callable

    from kg.records import Fact, Term
    from kg.store.terms import Quad

    Read = Callable[[str], list[Quad]]
    """Gives the quads of the named graphs that agree with a VALUES block over ?s ?p ?o ?g."""

PATTERNS_AT_ONCE = 200


class Gathered:
    """Answers patterns that were gathered; one that was not is answered with nothing, and noted.

    Work that reads is done over it again and again, with ``gather`` between, until nothing was
    missing (``is_short``): the last time it has seen what is there.
    """

    def __init__(self, read: Read) -> None:
        self._by_graph = _Patterns(read, 3)
        self._by_slot = _Patterns(read, 0, 1)
        self._by_value = _Patterns(read, 1, 2)

    def graph(self, name: Term) -> set[Fact]:
        """Give the facts of one named graph."""
        return {(s, p, o) for s, p, o, _ in self._by_graph.look(name)}

    def claims(self, subject: Term, predicate: Term) -> list[tuple[Term, Term]]:
        """Give (object, graph) of every named graph that says something for the slot."""
        return [(o, g) for _, _, o, g in self._by_slot.look(subject, predicate)]

    def subjects(self, predicate: Term, value: Term) -> list[Term]:
        """Give every subject that has the value in any named graph, once, sorted."""
        return sorted({s for s, _, _, _ in self._by_value.look(predicate, stored_form(value))})

    @property
    def is_short(self) -> bool:
        """Whether something was answered with nothing for want of asking."""
        return any(patterns.missing for patterns in self._all())

    def gather(self) -> None:
        """Ask for everything that was missing."""
        for patterns in self._all():
            patterns.gather()

    def _all(self) -> tuple[_Patterns, ...]:
        return self._by_graph, self._by_slot, self._by_value


class _Patterns:
    """Patterns of one form: which places of a quad are given."""

    def __init__(self, read: Read, *places: int) -> None:
        self._read = read
        self._places = places
        self._known: dict[tuple[Term, ...], list[Quad]] = {}
        self.missing: dict[tuple[Term, ...], None] = {}

    def look(self, *given: Term) -> list[Quad]:
        """Give the quads of a pattern, as far as they were gathered."""
        if given not in self._known:
            self.missing[given] = None
            return []
        return self._known[given]

    def gather(self) -> None:
        """Ask for what was missing, in queries of bounded length."""
        names = " ".join("?" + "spog"[place] for place in self._places)
        wanted = list(self.missing)
        self.missing = {}
        for start in range(0, len(wanted), PATTERNS_AT_ONCE):
            block = wanted[start : start + PATTERNS_AT_ONCE]
            self._known |= {given: [] for given in block}
            values = " ".join(f"({' '.join(map(checked, given))})" for given in block)
            for quad in self._read(f"VALUES ({names}) {{ {values} }}"):
                given = tuple(quad[place] for place in self._places)
                if given in self._known:
                    self._known[given].append(quad)
