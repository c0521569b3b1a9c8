"""Canonical: what records say by canonical IRIs, with all that a changed crosswalk renames."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kg.identity import Aliases, moved
from kg.mentions import mentioning, said_aliases
from kg.vocab import OWL_SAME_AS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from kg.journal import Journal
    from kg.keys import Key
    from kg.lifted import Lifters
    from kg.records import Fact, Record, Term
    from kg.store import Store

    Quad = tuple[Term, Term, Term, Term]
    Lifts = list[tuple[Record, list[Fact]]]
    """Versions of records with what they say."""


@dataclass(slots=True)
class Said:
    """Records with their facts by canonical IRIs; what became of aliases; how many rows failed."""

    facts: Lifts
    removed: set[Quad] = field(default_factory=set)
    added: set[Quad] = field(default_factory=set)
    rejected: int = 0


class Canonical:
    """Lifts records and resolves identity, as far as the records lifted so far tell it.

    ``mappings`` is the version of what each (source, table) is lifted by. What cannot be lifted
    goes into the journal's quarantine.
    """

    def __init__(
        self,
        base: str,
        journal: Journal,
        lifters: Lifters,
        mappings: Mapping[tuple[str, str], str],
        keys: Sequence[Key] = (),
    ) -> None:
        self._base = base
        self._journal = journal
        self._lifters = lifters
        self._mappings = mappings
        self._keys = keys
        self._aliases = Aliases(keys)
        self._alias_graph = f"<{base}graph/aliases>"

    def start(self, store: Store) -> None:
        """Learn what the records of a store say of identity."""
        self._aliases = Aliases(self._keys)
        if self._keys:
            # A graph of the store tells no longer by which IRI its record spoke of a thing.
            for record, facts in self._lifters.lift(self._journal.live_records()).facts:
                self._aliases.replace(self._graph_of(record), facts)
            return
        for graph, facts in said_aliases(store).items():
            self._aliases.replace(graph, facts)

    def lift_all(self, now: datetime) -> Said:
        """Lift every live record, forgetting what was known of identity."""
        self._aliases = Aliases(self._keys)
        said = self._lift(None, now)
        for record, facts in said.facts:
            self._aliases.replace(self._graph_of(record), facts)
        return self._rewritten(said, {})

    def lift(
        self, records: Sequence[Record], store: Store, now: datetime, most: int
    ) -> Said | None:
        """Lift the newest versions of records, and what they give another canonical IRI.

        None where more than ``most`` records would be lifted: then all may as well be.
        """
        before = self._aliases.pairs()
        said = self._lift(records, now)
        batch, lifted = said.facts, dict[str, tuple["Record", list["Fact"]]]()
        while batch:
            for record, facts in batch:
                graph = self._graph_of(record)
                lifted[graph] = record, facts
                self._aliases.replace(graph, facts)
            # What is lifted again may be newer than the graph, and itself say what is the same.
            after = self._aliases.pairs()
            renamed = moved(before, after) if after is not before else set()
            speaking = mentioning(store, renamed) - lifted.keys()
            if len(lifted) + len(speaking) > most:
                return None
            paths = [graph[1:-1].removeprefix(self._base) for graph in sorted(speaking)]
            batch = self._lifters.lift(self._journal.current_by_path(paths).values()).facts
        said.facts = list(lifted.values())
        return self._rewritten(said, before)

    def read(self, records: Sequence[Record]) -> Lifts:
        """Give what versions say, old ones too, by today's mappings and canonical IRIs."""
        lifts = self._lifters.lift_each(records)
        return [(record, self._aliases.rewrite(facts)) for record, facts in lifts]

    def name_of(self, entity: Term) -> Term:
        """Give an entity's canonical IRI."""
        return self._aliases.pairs().get(entity, entity)

    def aliases_of(self, entity: Term) -> set[Term]:
        """Give the other IRIs of an entity."""
        return {alias for alias, name in self._aliases.pairs().items() if name == entity}

    def _lift(self, records: Sequence[Record] | None, now: datetime) -> Said:
        """Lift the newest versions of records, of all where None; what fails goes on record."""
        tried = self._journal.unlifted_of(records)
        lifted = self._lifters.lift(self._journal.live_records() if records is None else records)
        self._journal.quarantine(lifted.rejected, now, self._mappings, replacing=tried)
        self._journal.set_stand_ins(records, lifted.stand_ins)
        return Said(lifted.facts, rejected=len(lifted.rejected))

    def _rewritten(self, said: Said, before: Mapping[Term, Term]) -> Said:
        said.facts = [(record, self._aliases.rewrite(facts)) for record, facts in said.facts]
        after = self._aliases.pairs()
        if after is not before:
            old, new = self._alias_quads(before), self._alias_quads(after)
            said.removed, said.added = old - new, new - old
        return said

    def _alias_quads(self, pairs: Mapping[Term, Term]) -> set[Quad]:
        return {(alias, OWL_SAME_AS, name, self._alias_graph) for alias, name in pairs.items()}

    def _graph_of(self, record: Record) -> Term:
        return f"<{self._base}{record.path()}>"
