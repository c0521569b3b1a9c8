"""Forget: find all that is recorded of a person, so that it can be erased.

People are codes in the graph and in every record; their names stand apart. What describes a person
and what is written in free text about one is told by the graph, and by lifting older versions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from kg.errors import UnknownEntity
from kg.journal import Forgetting
from kg.mentions import mentioning
from kg.vocab import PERSON, RDF_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kg.canonical import Canonical
    from kg.journal import Journal
    from kg.journal.people import Place
    from kg.records import Record, Term
    from kg.settings import Plant
    from kg.store import Store

_CHUNK = 5_000


class People:
    """The people of one plant: by which records they are described, and what they are called."""

    def __init__(self, plant: Plant, journal: Journal, store: Store) -> None:
        self._base = plant.base
        self._journal = journal
        self._store = store
        tables = {(s.name, t.name): t for s in plant.every_source for t in s.tables}
        self._personal = {name: table.personal for name, table in tables.items() if table.personal}
        self._free_text = {
            name: table.free_text for name, table in tables.items() if table.free_text
        }

    def names(self) -> dict[str, str]:
        """Give what people are called, by short id; a person of several records once for each."""
        known = self._journal.names()
        found = {}
        for graph, person in self._described():
            place = self._place(graph)
            parts = [
                known.get(place, {}).get(name, "") for name in self._personal.get(place[:2], ())
            ]
            if any(parts):
                found[person[1:-1].removeprefix(self._base)] = " ".join(filter(None, parts))
        return dict(sorted(found.items()))

    def what_to_erase(self, reference: str, canonical: Canonical) -> Forgetting:
        """Find what there is of a person, by short id (``person/P12``), IRI or an alias of it.

        Raises:
            UnknownEntity: no record speaks of such a person.
        """
        person = canonical.name_of(self._term(reference))
        graphs = mentioning(self._store, [person])
        people = {
            place: self._personal[place[:2]]
            for graph, who in self._described()
            if who == person and (place := self._place(graph))[:2] in self._personal
        }
        ids = {person, *canonical.aliases_of(person)}
        codes = frozenset(unquote(term[1:-1].rsplit("/", 1)[-1]) for term in ids)
        notes = dict(self._notes(person, codes, canonical))
        if not graphs and not notes:
            raise UnknownEntity(
                f"no record speaks of {reference!r}", hint="name a person by code: person/P12"
            )
        return Forgetting(people, notes, self._free_text, codes)

    def _notes(
        self, person: Term, codes: frozenset[str], canonical: Canonical
    ) -> Iterator[tuple[int, Place]]:
        """Find every version with free text, old ones too, that speaks of a person."""
        for source, kind in self._free_text:
            for versions in _chunks(self._journal.versions_of(source, kind)):
                for record, facts in canonical.read(versions):
                    # Of one that cannot be lifted the code is all there is to go by.
                    is_named = not facts and not codes.isdisjoint(map(str, record.row.values()))
                    if is_named or any(person in (s, o) for s, _, o in facts):
                        yield record.seq, (source, kind, record.key)

    def _described(self) -> Iterator[tuple[Term, Term]]:
        """Give (graph, person) of every record that says of somebody to be a person."""
        prefix = f"<{self._base}record/"
        for person, _, _, graph in self._store.match(p=RDF_TYPE, o=PERSON):
            if graph.startswith(prefix):
                yield graph, person

    def _term(self, reference: str) -> Term:
        path = reference.removeprefix(self._base)
        return f"<{self._base}{quote(unquote(path), safe='/-._~')}>"

    def _place(self, graph: Term) -> Place:
        source, kind, key = graph[1:-1].removeprefix(f"{self._base}record/").split("/", 2)
        return unquote(source), unquote(kind), unquote(key)


def _chunks(records: Iterable[Record]) -> Iterator[list[Record]]:
    chunk: list[Record] = []
    for record in records:
        chunk.append(record)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    yield chunk
