"""Producers: which tables of which sources can say a thing, as their mappings tell."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from kg import vocab

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from kg.records import Term
    from kg.settings import Plant


class Producer(NamedTuple):
    """A table of a source."""

    source: str
    table: str

    def __str__(self) -> str:
        return f"{self.source}.{self.table}"


class Producers:
    """Knows what each source can say; ``produced`` are (table, class, predicate) by source."""

    def __init__(
        self, plant: Plant, produced: Mapping[str, Collection[tuple[str, Term, Term]]]
    ) -> None:
        self._tables: dict[Term, list[Producer]] = {}
        self._kinds: dict[Producer, set[Term]] = defaultdict(set)
        self._said = {term for said in produced.values() for _, *terms in said for term in terms}
        self._ranked = sorted(plant.sources, key=lambda source: (-source.authority, source.name))
        for source in self._ranked:
            said = produced.get(source.name, ())
            for table, kind, _ in said:
                self._kinds[Producer(source.name, table)].add(kind)
            pairs = {(table, term) for table, *terms in said for term in terms}
            for table, term in sorted(pairs):
                self._tables.setdefault(term, []).append(Producer(source.name, table))

    def of(self, term: Term) -> list[Producer]:
        """Give the tables that can say a predicate or class, of the best source first."""
        return self._tables.get(term, [])

    def said(self) -> set[Term]:
        """Give the predicates and classes that can be said: by what is connected, or noted here."""
        return self._said

    def said_by(self, source: str) -> set[Term]:
        """Give the predicates and classes that a source's tables can say."""
        return {
            term
            for term, tables in self._tables.items()
            if term and any(table.source == source for table in tables)
        }

    def kinds_of(self, table: Producer) -> set[Term]:
        """Give the classes of the things that a table's rows become."""
        return {kind for kind in self._kinds.get(table, ()) if kind}

    def is_of_notes(self, source: str, table: str) -> bool:
        """Tell whether a table's rows become notes and nothing else."""
        return self._kinds.get(Producer(source, table)) == {vocab.NOTE}

    def sources_of(self, terms: Collection[Term], slot: str) -> list[str]:
        """Give the sources that can say one of several, the best first.

        ``covers`` in source.toml narrows what a source is asked for.
        """
        able = {producer.source for term in terms for producer in self.of(term)}
        return [
            source.name
            for source in self._ranked
            if source.name in able and (source.covers is None or slot in source.covers)
        ]
