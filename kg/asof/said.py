"""Said: what records said then whose newest version says something else, or did not count yet.

They are found by the things that their older versions speak of, and lifted; nobody looks for them
in today's graph.
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

from kg.records import record_path
from kg.store import stored_form

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.asof.past import Past, Place
    from kg.asof.versions import Counted, Versions
    from kg.merge import Claim
    from kg.records import Term
    from kg.settings import Plant, TableSettings


class Graphs:
    """Names of graphs: of which record one is, and since when that counted."""

    def __init__(self, plant: Plant, versions: Versions) -> None:
        self._base = plant.base
        self._prefix = f"<{plant.base}record/"
        self._versions = versions
        self.tables = {
            (source.name, table.name): table
            for source in plant.every_source
            for table in source.tables
        }
        """The tables of the plant, by source and name."""
        self.place = lru_cache(maxsize=None)(self._place)

    def __getitem__(self, graph: Term) -> str:
        """Give since when a record's claims counted."""
        return self._versions.of(self.place(graph)).at

    def is_record(self, graph: Term) -> bool:
        """Tell whether a graph is a record's, or what an event contributes."""
        return graph.startswith(self._prefix)

    def name(self, place: Place) -> Term:
        """Give the graph of a record."""
        return f"<{self._base}{record_path(*place)}>"

    def table(self, place: Place) -> TableSettings | None:
        """Give the settings of a record's table; None where the plant no longer has it."""
        return self.tables.get(place[:2])

    def folded_runs(self) -> tuple[str, ...]:
        """Give what the names of runs begin with that are folded from events."""
        return tuple(
            f"<{self._base}run/{source}/{kind}/"
            for (source, kind), table in self.tables.items()
            if table.fold is not None and table.fold.kind == "open-close"
        )

    def _place(self, graph: Term) -> Place:
        path = graph[len(self._prefix) : -1].removesuffix("#now")
        source, kind, key = path.split("/", 2)
        if "%" in path:
            return unquote(source), unquote(kind), unquote(key)
        return source, kind, key


class Said:
    """What was lifted of such records so far, by thing and by value."""

    def __init__(self, versions: Versions, past: Past, graphs: Graphs) -> None:
        self._versions = versions
        self._past = past
        self._graphs = graphs
        self._asked: set[Term] = set()
        self._taken: set[Place] = set()
        self._of: dict[Term, dict[Term, set[Claim]]] = defaultdict(dict)
        self._to: dict[tuple[Term, Term], set[Term]] = defaultdict(set)
        self.names: dict[Term, set[Term]] = {}
        """For each canonical IRI the others that a record may have called it by."""
        self.events: dict[Place, Counted] = {}
        """Events that were lifted; they say nothing of the present by themselves."""
        self.events_to: dict[tuple[Term, Term], set[Place]] = defaultdict(set)
        self.events_of: dict[Term, set[Place]] = defaultdict(set)

    def about(self, terms: Iterable[Term]) -> None:
        """Lift the records of which an older version spoke of a thing."""
        fresh = {term for term in terms if term[0] == "<" and term not in self._asked}
        if not fresh:
            return
        self._asked |= fresh
        names = fresh.union(*(self.names[term] for term in fresh if term in self.names))
        self.take(self._past.places_of(names))

    def take(self, places: Iterable[Place]) -> None:
        """Take in records, unless today's graph has them as they were."""
        fresh = {place for place in places if place not in self._taken}
        self._taken |= fresh
        self._versions.find(fresh)
        for place in fresh:
            counted = self._versions.of(place)
            if counted.is_there and not counted.stands:
                self._take_in(place, counted)

    def claims(self, s: Term, p: Term) -> set[Claim]:
        """Give the values and graphs of a property of a thing."""
        return self._of[s].get(p, set()) if s in self._of else set()

    def subjects(self, p: Term, o: Term) -> set[Term]:
        """Give the things of which a property has a value."""
        return self._to.get((p, o), set())

    def predicates(self, s: Term) -> set[Term]:
        """Give the properties of a thing."""
        return set(self._of.get(s, ()))

    def _take_in(self, place: Place, counted: Counted) -> None:
        table = self._graphs.table(place)
        if table is None:
            return
        if table.row == "event":
            self.events[place] = counted
            for s, p, o in counted.facts:
                self.events_to[p, stored_form(o)].add(place)
                self.events_of[s].add(place)
                self.events_of[o].add(place)
            return
        graph = self._graphs.name(place)
        for s, p, o in counted.facts:
            value = stored_form(o)
            self._of[s].setdefault(p, set()).add((value, graph))
            self._to[p, value].add(s)
