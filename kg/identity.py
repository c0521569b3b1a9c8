"""Identity: every source's id leads to one canonical IRI before anything is merged.

A crosswalk or machine list is an ordinary source that asserts ``canonical owl:sameAs alias``.
Those facts stay as they were said in their record's graph; everywhere else the alias is rewritten,
so that the present holds canonical IRIs only. An alias that is said to be two different things is
neither: it stays itself, and is a conflict.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from kg.keys import keyed_facts, merge_by_keys
from kg.vocab import OWL_SAME_AS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kg.keys import Key, Keyed
    from kg.records import Fact, Term

    Said = tuple[Term, Term]
    """A canonical IRI and its alias."""


class Aliases:
    """Which IRIs are other names of which, as far as the records say, graph by graph.

    ``keys`` are those of the ontology: what agrees in one is the same without being said to be.
    """

    def __init__(self, keys: Sequence[Key] = ()) -> None:
        self._keys = keys
        self._said: dict[Term, set[Said]] = {}
        self._keyed: dict[Term, frozenset[Keyed]] = {}
        self._pairs: dict[Term, Term] | None = {}

    def replace(self, graph: Term, facts: Iterable[Fact]) -> None:
        """Take in what a record's graph says now: by ``owl:sameAs`` canonical side, alias."""
        facts = list(facts)
        keyed = keyed_facts(facts, self._keys)
        if keyed != self._keyed.get(graph, frozenset()):
            self._keyed[graph] = keyed
            self._pairs = None
        said = {(s, o) for s, p, o in facts if p == OWL_SAME_AS and s != o}
        if said == self._said.get(graph, set()):
            return
        self._said[graph] = said
        if not said:
            del self._said[graph]
        self._pairs = None

    def pairs(self) -> dict[Term, Term]:
        """Give every alias with its canonical IRI, the same whatever the order of learning."""
        if self._pairs is None:
            said = resolve(set().union(*self._said.values())).pairs
            keyed = frozenset().union(*self._keyed.values())
            self._pairs = merge_by_keys(said, keyed, self._keys) if keyed else said
        return self._pairs

    def rewrite(self, facts: list[Fact]) -> list[Fact]:
        """Put canonical IRIs in the place of aliases; ``owl:sameAs`` itself stays as said."""
        names = self.pairs()
        if not names:
            return facts
        return [
            (s, p, o) if p == OWL_SAME_AS else (names.get(s, s), p, names.get(o, o))
            for s, p, o in facts
        ]


def moved(before: Mapping[Term, Term], after: Mapping[Term, Term]) -> set[Term]:
    """Give the IRIs under which those are known that another canonical IRI has now."""
    return {
        before.get(alias, alias)
        for alias in before.keys() | after.keys()
        if before.get(alias, alias) != after.get(alias, alias)
    }


class Resolved(NamedTuple):
    """Every alias with its canonical IRI; and the disputed ones, which have none."""

    pairs: dict[Term, Term]
    disputed: dict[Term, set[Term]]


def resolve(said: Iterable[Said]) -> Resolved:
    """Lead each alias to its canonical IRI; one that leads to two different ones leads nowhere."""
    canonicals: dict[Term, set[Term]] = defaultdict(set)
    for canonical, alias in said:
        canonicals[alias].add(canonical)
    names: dict[Term, Term] = {}
    disputed: dict[Term, set[Term]] = {}
    # What a circle leads to has its name before it: several ways to one name are no conflict.
    for circle in _Circles(canonicals).find():
        ups = set().union(*(canonicals.get(term, ()) for term in circle)) - circle
        leads_to = {names[up] for up in ups}
        if len(leads_to) > 1:
            disputed[min(circle)] = leads_to
        names |= dict.fromkeys(circle, leads_to.pop() if len(leads_to) == 1 else min(circle))
    return Resolved({alias: name for alias, name in names.items() if alias != name}, disputed)


class _Circles:
    """Finds what is called the same in a circle; mostly each term is alone (Tarjan, 1972)."""

    def __init__(self, canonicals: Mapping[Term, set[Term]]) -> None:
        self._canonicals = canonicals
        self._number: dict[Term, int] = {}
        self._lowest: dict[Term, int] = {}
        self._open: list[Term] = []
        self._way: list[tuple[Term, Iterator[Term]]] = []

    def find(self) -> Iterator[set[Term]]:
        """Give the circles; those that one leads to come before it."""
        for start in sorted(self._canonicals):
            if start not in self._number:
                self._enter(start)
            while self._way:
                term, ups = self._way[-1]
                for up in ups:
                    if up not in self._number:
                        self._enter(up)
                        break
                    if up in self._lowest:
                        self._lowest[term] = min(self._lowest[term], self._number[up])
                else:
                    yield from self._leave(term)

    def _enter(self, term: Term) -> None:
        self._number[term] = self._lowest[term] = len(self._number)
        self._open.append(term)
        self._way.append((term, iter(sorted(self._canonicals.get(term, ())))))

    def _leave(self, term: Term) -> Iterator[set[Term]]:
        self._way.pop()
        lowest = self._lowest[term]
        if self._way:
            before = self._way[-1][0]
            self._lowest[before] = min(self._lowest[before], lowest)
        if lowest == self._number[term]:
            circle: set[Term] = set()
            while term not in circle:
                member = self._open.pop()
                circle.add(member)
                del self._lowest[member]
            yield circle
