"""A plant's graph and journal as they are read for one role: what is hidden is never looked at.

A question that a function answers may look anywhere. Behind this it finds nothing that is hidden;
where it looks for it, it is not answered, as it would take for absent what is only not shown.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

from kg import vocab
from kg.access.hiding import last_word
from kg.access.reading import ANYTHING, RECORDS, read_query, shape_of
from kg.access.withheldgaps import GapFilter
from kg.errors import AccessError
from kg.vocab import RDF_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from datetime import datetime

    from kg.access.sight import Sight
    from kg.journal import Journal, OpenGap
    from kg.records import Fact, Record, Term
    from kg.store import Graphs, Quad, Store

_T = TypeVar("_T")
_NAMES = (vocab.RDFS_LABEL, vocab.IDENTIFIER)


class VeiledStore:
    """A ``Store`` that shows what a role sees, and refuses to be asked for what it does not.

    ``hidden`` are properties and classes, ``blanked`` the queries that may be asked all the same,
    in the words in which nothing of them is hidden.
    """

    # Ways of reading that spare a query: here there is none but queries, which can be looked at.
    count_with = values_of = None

    def __init__(
        self, store: Store, sight: Sight, hidden: frozenset[Term], blanked: Mapping[str, str]
    ) -> None:
        self.base = store.base
        self._store = store
        self._sight = sight
        self._hidden = hidden
        self._blanked = blanked

    def select(self, query: str) -> list[dict[str, Term]]:
        """Give the rows of a SELECT. Raises: AccessError where it asks for what is hidden."""
        rows = self._store.select(self._allowed(query))
        return [row for row in rows if self._hidden_things(row.values()) == set()]

    def ask(self, query: str) -> bool:
        """Give the answer of an ASK. Raises: AccessError, as ``select``."""
        return self._store.ask(self._allowed(query))

    def applied_seq(self) -> int:
        """Give the last record in the graph."""
        return self._store.applied_seq()

    def objects(self, s: Term, p: Term, g: Term = "") -> list[Term]:
        """Give the values of a property; of names one that is shown, if there is one."""
        if g:
            refuse([RECORDS])
        if p in _NAMES:
            name = self._sight.shown_name(s, p)
            return [] if name is None or self._hidden_things([s]) else [name]
        return self._seen(s, p, self._store.objects(s, p))

    def claims(self, subject: Term, predicate: Term) -> list[tuple[Term, Term]]:
        """Give (value, graph) of every record that says something for a property."""
        found = self._store.claims(subject, predicate)
        seen = set(self._seen(subject, predicate, [value for value, _ in found]))
        return [(value, graph) for value, graph in found if value in seen and self._is_open(graph)]

    def holders(self, fact: Fact) -> list[Term]:
        """Give the graphs of the records that say a fact."""
        return [graph for graph in self._store.holders(fact) if self._is_open(graph)]

    def subjects(self, predicate: Term, value: Term) -> list[Term]:
        """Give the things of which a property has a value."""
        self._require([predicate])
        found = self._store.subjects(predicate, value)
        hidden = self._hidden_things(found)
        return [thing for thing in found if thing not in hidden]

    def about(self, s: Term) -> list[tuple[Term, Term, Term]]:
        """Give what is shown of a thing. Raises: AccessError, as something may not be."""
        refuse([ANYTHING])

    def match(
        self, s: Term | None = None, p: Term | None = None, o: Term | None = None
    ) -> Iterable[Quad]:
        """Give the quads of records by a property of a thing."""
        if s is None or p is None:
            refuse([ANYTHING])
        return [(s, p, value, g) for value, g in self.claims(s, p) if o in (None, value)]

    def graph(self, name: Term) -> set[Fact]:
        """Whole graphs are not shown. Raises: AccessError."""
        refuse([RECORDS])

    def consult(self, work: Callable[[Graphs], _T]) -> _T:
        """Do work that only reads by pattern."""
        return work(cast("Graphs", self))

    def __getattr__(self, name: str) -> NoReturn:
        refuse([ANYTHING])

    def _allowed(self, query: str) -> str:
        if query in self._blanked:
            return self._blanked[query]
        found = read_query(shape_of(query, self.base), self._hidden)
        if found.deciding or found.telling:
            refuse(found.deciding | found.telling)
        return query

    def _require(self, terms: Collection[Term]) -> None:
        if hidden := self._hidden.intersection(terms):
            refuse(hidden)

    def _seen(self, subject: Term, predicate: Term, values: list[Term]) -> list[Term]:
        if predicate == RDF_TYPE:
            return [value for value in values if value not in self._hidden]
        self._require([predicate])
        hidden = self._hidden_things([subject, *values])
        return [] if subject in hidden else [value for value in values if value not in hidden]

    def _hidden_things(self, terms: Iterable[Term]) -> set[Term]:
        return self._sight.hidden_among(term for term in terms if term.startswith("<"))

    def _is_open(self, graph: Term) -> bool:
        return self._sight.is_open([graph])


class VeiledJournal:
    """What a role sees of a journal: who vouched for what, and gaps; no row and no count."""

    def __init__(self, journal: Journal, sight: Sight, covering: Mapping[str, list[str]]) -> None:
        self._journal = journal
        self._gaps = GapFilter(sight, covering)
        self._hides_sources = bool(sight.hiding.sources)

    def confirmations(self) -> Mapping[tuple[str, str], datetime | None]:
        """Give when each table was last vouched for."""
        return self._journal.confirmations()

    def doubts(self) -> Mapping[str, datetime | None]:
        """Give the records that their source does not vouch for."""
        return self._journal.doubts()

    def current(self, source: str, kind: str, key: str) -> Record | None:
        """Give a record without its row."""
        found = self._journal.current(source, kind, key)
        return None if found is None else replace(found, row={})

    def gaps_of(self, entity: Term) -> list[OpenGap]:
        """Give the gaps of a thing that are shown. Raises: AccessError where a source is hidden."""
        if self._hides_sources:
            refuse([RECORDS])
        found = self._journal.gaps_of(entity)
        return [gap for gap in found if not self._gaps.hides_slot(gap.slot, "missing")]

    def __getattr__(self, name: str) -> Any:
        refuse([RECORDS])


_SAID = {
    ANYTHING: "everything that is said of a thing",
    RECORDS: "what records say, each for itself",
}


def refuse(terms: Iterable[Term]) -> NoReturn:
    """Say that an answer would be wrong without what is hidden.

    Raises:
        AccessError: always.
    """
    words = ", ".join(sorted(_SAID.get(term) or last_word(term) for term in terms))
    raise AccessError(
        f"the answer would be wrong without what is hidden from your role: it looks at {words}",
        hint="have somebody ask who sees everything, or ask for the context of one thing",
        code="withheld",
    )


def as_store(store: VeiledStore) -> Store:
    """Take it for a store: it has of one what answers read."""
    return cast("Store", store)
