"""Folds: the state that the events up to then made, one group of events at a time."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

from kg import vocab
from kg.fold import Event, fold_latest, fold_runs, group_of, predicate_of
from kg.merge import NOW
from kg.store import stored_form
from kg.times import sortable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from kg.asof.past import Place
    from kg.asof.said import Graphs, Said
    from kg.asof.versions import Versions
    from kg.merge import Claim, Merge
    from kg.records import Fact, Term
    from kg.settings import FoldSettings, TableSettings
    from kg.store import Store

    Contributions = dict[Term, dict[Term, set[Claim]]]
    """Thing → property → values with the graph of what an event contributes."""

_PAGE = 64


class Folds:
    """Folds events as they were at one time; each group once."""

    def __init__(
        self, today: Store, merge: Merge, versions: Versions, said: Said, graphs: Graphs
    ) -> None:
        self._today = today
        self._merge = merge
        self._versions = versions
        self._said = said
        self._graphs = graphs
        self._base = today.base
        self._runs = f"<{today.base}run/"
        self._latest = [
            place
            for place, table in graphs.tables.items()
            if table.fold is not None and table.fold.kind == "latest"
        ]
        self.of_group = lru_cache(maxsize=None)(self._of_group)
        self._group_of = lru_cache(maxsize=None)(self._find_group)

    def claims(self, s: Term, p: Term) -> set[Claim]:
        """Give what events made of a property of a thing."""
        found: set[Claim] = set()
        for group in self._groups_about(s):
            found |= self.of_group(*group).get(s, {}).get(p, set())
        return found

    def predicates(self, s: Term) -> set[Term]:
        """Give the properties of a thing that events made."""
        return {p for group in self._groups_about(s) for p in self.of_group(*group).get(s, ())}

    def subjects(self, p: Term, o: Term, events: Collection[Place]) -> set[Term]:
        """Give the things of which events made a property have a value.

        ``events`` are those of today's graph that say so, and counted.
        """
        groups = set()
        for place in (*events, *self._said.events_to.get((p, o), ())):
            table = self._graphs.table(place)
            if table is None or table.fold is None or _is_link(table.fold, p):
                continue
            if group := self._group_of(place):
                groups.add((place[0], place[1], group))
        return {
            s
            for group in groups
            for s, said in self.of_group(*group).items()
            if any(value == o for value, _ in said.get(p, ()))
        }

    def spoken_of(self, place: Place) -> set[Term]:
        """Give the things that the group of an event made something of."""
        group = self._group_of(place)
        return set(self.of_group(place[0], place[1], group)) if group else set()

    def _groups_about(self, s: Term) -> Iterator[tuple[str, str, str]]:
        """Give the groups that can say something of a thing: a run's own, or a subject's."""
        if s.startswith(self._runs):
            place = self._opening(s)
            if place is not None and (group := self._group_of(place)):
                yield (*place[:2], group)
            return
        for source, kind in self._latest:
            yield source, kind, f"{source}/{kind}/{s[1:-1]}"

    def _opening(self, run: Term) -> Place | None:
        """Give the event that opened a run, by the run's name."""
        parts = run[len(self._runs) : -1].split("/", 2)
        if len(parts) < 3:
            return None
        source, kind, key = map(unquote, parts)
        table = self._graphs.tables.get((source, kind))
        return (source, kind, key) if table is not None and table.row == "event" else None

    def _find_group(self, place: Place) -> str:
        """Name the group that an event was in; "" where it was not there, or is in none."""
        event = self._event(place)
        table = self._graphs.table(place)
        if event is None or table is None or table.fold is None:
            return ""
        return group_of(table.fold, event, f"{place[0]}/{place[1]}")

    def _event(self, place: Place) -> Event | None:
        counted = self._versions.of(place)
        if not counted.is_there:
            return None
        graph = self._graphs.name(place)
        facts = tuple(self._today.graph(graph)) if counted.stands else counted.facts
        if not facts:
            return None
        at = counted.at or counted.recorded
        return Event(graph, at, graph[1:-1].rsplit("/", 1)[1], facts)

    def _of_group(self, source: str, kind: str, group: str) -> Contributions:
        table = self._graphs.tables.get((source, kind))
        if table is None or table.fold is None:
            return {}
        terms = _terms_of(group.removeprefix(f"{source}/{kind}/"), table.fold)
        self._said.about(terms)
        lifted = {
            place
            for term in terms
            for place in self._said.events_of.get(term, ())
            if place[:2] == (source, kind) and self._group_of(place) == group
        }
        made: dict[Term, set[Fact]]
        if table.fold.kind == "latest":
            made = fold_latest(table.fold, [*self._newest(group, table), *self._events(lifted)])
        else:
            held = self._today.subjects(vocab.IN_GROUP, self._merge.group_term(group))
            places = {self._graphs.place(graph) for graph in held}
            self._versions.find(places)
            standing = {place for place in places if self._versions.of(place).stands}
            made = fold_runs(table.fold, self._events(standing | lifted), self._base)
        found: Contributions = {}
        for graph, facts in made.items():
            for s, p, o in facts:
                claim = (stored_form(o), f"{graph[:-1]}{NOW}>")
                found.setdefault(s, {}).setdefault(p, set()).add(claim)
        return found

    def _events(self, places: Collection[Place]) -> list[Event]:
        return [event for place in places if (event := self._event(place)) is not None]

    def _newest(self, group: str, table: TableSettings) -> list[Event]:
        """Give the newest of a group's events that today's graph has, as far as any can lead.

        A machine's states can be very many: they are looked at from the newest on.
        """
        found: list[Event] = []
        for page in self._pages(group):
            self._versions.find(page)
            places = [place for place in page if self._versions.of(place).stands]
            found += self._events(places)
            if not found:
                continue
            best = max(sortable(event.effective) for event in found)
            last = self._versions.of(page[-1])
            if last.at and sortable(last.at) < best:
                break
        return found

    def _pages(self, group: str) -> Iterator[list[Place]]:
        """Give a group's events without a time of their own, then the others, newest first."""
        term = self._merge.group_term(group)
        records = f"<{self._base}graph/records>"
        timed = f"?event {vocab.EFFECTIVE_AT} ?at"
        rows = self._today.select(
            f"SELECT ?event WHERE {{ GRAPH {records} {{ ?event {vocab.IN_GROUP} {term} "
            f"FILTER NOT EXISTS {{ {timed} }} }} }}"
        )
        yield [self._graphs.place(row["event"]) for row in rows] or []
        until = f'"{self._versions.until}"^^<{vocab.XSD}dateTime>'
        start = 0
        while True:
            rows = self._today.select(
                f"SELECT ?event WHERE {{ GRAPH {records} {{ ?event {vocab.IN_GROUP} {term} ; "
                f"{vocab.EFFECTIVE_AT} ?at }} FILTER (?at <= {until}) }} "
                f"ORDER BY DESC(?at) ?event LIMIT {_PAGE} OFFSET {start}"
            )
            if not rows:
                return
            yield [self._graphs.place(row["event"]) for row in rows]
            start += _PAGE


def _is_link(fold: FoldSettings, p: Term) -> bool:
    """Tell whether a property only says what a state is of: it is no part of the state."""
    return fold.kind == "latest" and p == predicate_of(fold.subject)


def _terms_of(names: str, fold: FoldSettings) -> list[Term]:
    """Give the things that a group of events is named by."""
    if fold.kind == "latest":
        return [f"<{names}>"]
    return [part for part in names.split("|") if part]
