"""Asserted: what records said then, merged as the present is, one property of a thing at a time.

What stands in today's graph is read from there. Records whose newest version did not count then
are left out, and read in the version that did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.answer.lookup import all_rows
from kg.asof.folds import Folds
from kg.asof.said import Said
from kg.merge import NOW
from kg.store import EmbeddedStore, stored_form

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from kg.asof.past import Past, Place
    from kg.asof.said import Graphs
    from kg.asof.versions import Versions
    from kg.merge import Claim, Merge
    from kg.records import Term
    from kg.store import Store

MANY = 40
"""From so many things on a property of theirs is asked for in one query."""
_AT_ONCE = 2_000
MOST_LOOKED_AT = 100


class Asserted:
    """What was asserted at one time; it remembers what it was asked."""

    def __init__(
        self, today: Store, merge: Merge, versions: Versions, past: Past, graphs: Graphs
    ) -> None:
        self._today = today
        self._merge = merge
        self._versions = versions
        self._graphs = graphs
        self.said = Said(versions, past, graphs)
        self._folds = Folds(today, merge, versions, self.said, graphs)
        self._claims: dict[tuple[Term, Term], set[Claim]] = {}
        self._chosen: dict[tuple[Term, Term], frozenset[Term]] = {}
        self._leading: dict[tuple[Term, Term], frozenset[Term]] = {}
        self._candidates: dict[tuple[Term, Term], frozenset[Term]] = {}
        self._by_records: dict[tuple[Term, Term], frozenset[Term]] = {}

    def claims(self, s: Term, p: Term) -> set[Claim]:
        """Give every value that a record gave a property of a thing, with the record's graph."""
        if (s, p) not in self._claims:
            self.find([s], p)
        return self._claims[s, p]

    def objects(self, s: Term, p: Term) -> frozenset[Term]:
        """Give the values of a property of a thing that were current."""
        chosen = self._chosen.get((s, p))
        if chosen is None:
            found = self._merge.choose(p, self.claims(s, p), self._graphs)
            chosen = self._chosen[s, p] = frozenset(found)
        return chosen

    def subjects(self, p: Term, o: Term) -> frozenset[Term]:
        """Give the things of which a property currently had a value that few things share."""
        found = self._leading.get((p, o))
        if found is None:
            claimed = self.candidates(p, o)
            if self._merge.is_single_valued(p):
                self.find(claimed, p)
                value = stored_form(o)
                claimed = frozenset(s for s in claimed if value in self.objects(s, p))
            found = self._leading[p, o] = claimed
        return found

    def is_value(self, p: Term, o: Term) -> bool:
        """Tell whether ``subjects`` gives anything, without looking at all of them."""
        if (p, o) in self._leading or not self._merge.is_single_valued(p):
            return bool(self.subjects(p, o))
        value = stored_form(o)
        return any(value in self.objects(s, p) for s in self.candidates(p, o))

    def candidates(self, p: Term, o: Term) -> frozenset[Term]:
        """Give the things of which some record said that a property has a value, current or not."""
        found = self._candidates.get((p, o))
        if found is None:
            found = self._candidates[p, o] = frozenset(self._claimed(p, o))
        return found

    def lacking(self, things: Collection[Term], p: Term, o: Term, other: Term) -> Collection[Term]:
        """Leave out candidates of which the same record gives another property a value, too.

        Of very many things that is a sixth of the cost of looking at each, where the graph is here.
        """
        if len(things) < MANY or not isinstance(self._today, EmbeddedStore):
            return things
        o = stored_form(o)
        without = f"GRAPH ?g {{ ?s {p} {o} FILTER NOT EXISTS {{ ?s {other} ?value }} }}"
        may_lack = {s for (s,) in all_rows(self._today, "s", without)}
        return [s for s in things if s in may_lack or s not in self._by_records[p, o]]

    def find(self, subjects: Collection[Term], p: Term) -> None:
        """Look at one property of many things."""
        wanted = [s for s in dict.fromkeys(subjects) if s[0] == "<" and (s, p) not in self._claims]
        self._claims |= {(s, p): set() for s in subjects if (s, p) not in self._claims}
        self.said.about(wanted)
        rows = [row for row in self._rows(wanted, p) if self._merge.is_support(row[2])]
        rows = [row for row in rows if not row[2].endswith(NOW + ">")]
        self._versions.find(self._graphs.place(graph) for _, _, graph in rows)
        for s, o, graph in rows:
            if self._versions.of(self._graphs.place(graph)).stands:
                self._claims[s, p].add((o, graph))
        for s in wanted:
            held = self._claims[s, p]
            held |= self.said.claims(s, p)
            held |= self._folds.claims(s, p)

    def predicates(self, s: Term) -> set[Term]:
        """Give the properties that something may have been said for."""
        self.said.about([s])
        found = {p for p, _, _ in self._today.about(s)} if s[0] == "<" else set()
        return found | self.said.predicates(s) | self._folds.predicates(s)

    def spoken_of(self, place: Place) -> set[Term]:
        """Give the things that a record said something of, also by what was folded of it."""
        table, counted = self._graphs.table(place), self._versions.of(place)
        if table is None or not counted.is_there:
            return set()
        if table.row == "event":
            return self._folds.spoken_of(place)
        facts = self._today.graph(self._graphs.name(place)) if counted.stands else counted.facts
        return {s for s, _, _ in facts}

    def _rows(self, subjects: list[Term], p: Term) -> Iterable[tuple[Term, Term, Term]]:
        if len(subjects) < MANY:
            for s in subjects:
                for o, graph in self._today.claims(s, p):
                    yield s, o, graph
            return
        for start in range(0, len(subjects), _AT_ONCE):
            given = " ".join(subjects[start : start + _AT_ONCE])
            pattern = f"VALUES ?s {{ {given} }} GRAPH ?g {{ ?s {p} ?o }}"
            for s, o, graph in all_rows(self._today, "s o g", pattern):
                yield s, o, graph

    def _giving(self, p: Term, o: Term) -> Iterable[tuple[Term, ...]]:
        """Give (thing, graph) of every record that gives a property a value.

        Of a few a look is forty times as fast as a query, of very many it is slower.
        """
        if isinstance(self._today, EmbeddedStore):
            found = self._today.giving(p, o, MOST_LOOKED_AT)
            if found is not None:
                return found
        return all_rows(self._today, "s g", f"GRAPH ?g {{ ?s {p} {o} }}")

    def _claimed(self, p: Term, o: Term) -> set[Term]:
        self.said.about([o])
        o = stored_form(o)
        found: set[Term] = set()
        rows = self._giving(p, o)
        records = [(s, g) for s, g in rows if self._graphs.is_record(g) and g[-5:] != NOW + ">"]
        self._versions.find(self._graphs.place(graph) for _, graph in records)
        events = []
        for s, graph in records:
            place = self._graphs.place(graph)
            if not self._versions.of(place).stands:
                continue
            table = self._graphs.table(place)
            if table is not None and table.row != "event":
                found.add(s)
            else:
                events.append(place)
        self._by_records[p, o] = frozenset(found)
        found |= self.said.subjects(p, o)
        return found | self._folds.subjects(p, o, events)
