"""Evidence: for a fact of the present, the records that say it, how old it is, how sure it is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

from kg import reason, vocab
from kg.answer.bundle import Citation, Fact, FactState
from kg.answer.freshness import Freshness
from kg.answer.lookup import in_order
from kg.answer.trust import trust_of, vouchers_of
from kg.merge import NOW
from kg.moments import SAID, Moments
from kg.times import sortable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from kg import records
    from kg.answer.freshness import Age, Place
    from kg.journal import Journal
    from kg.reason.rules import RuleSet
    from kg.records import Term
    from kg.settings import Plant
    from kg.store import Store

MAX_DEPTH = 12
_NOW_END = f"{NOW}>"
UNTOLD = "whether its source vouched for it then is not on record"
IN_DOUBT = "its source no longer says so, or in a row that waits in quarantine"


@dataclass(frozen=True, slots=True)
class Lineage:
    """How a present fact came about: asserted by records, or drawn by a rule from premises."""

    fact: records.Fact
    graphs: tuple[Term, ...]
    rule: str | None
    premises: tuple[Lineage, ...]

    def leaves(self) -> list[Lineage]:
        """Give the asserted facts it rests on, itself where it is one."""
        if not self.premises:
            return [self]
        return [leaf for premise in self.premises for leaf in premise.leaves()]


class Evidence:
    """Looks up evidence; one per answer, so that a clock and a journal state are fixed."""

    def __init__(
        self,
        plant: Plant,
        store: Store,
        journal: Journal,
        rules: RuleSet,
        single_valued: frozenset[Term],
        now: datetime,
    ) -> None:
        self._plant = plant
        self._store = store
        self._journal = journal
        self._rules = rules
        self._single_valued = single_valued
        self._now = now
        self.freshness = Freshness(plant, journal.confirmations(), journal.doubts())
        self._moments = Moments(plant)
        self._time_notes: dict[str, str] = {}
        # Within an answer many facts rest on the same records, and some are told of twice.
        self._cited: dict[Term, Citation] = {}
        self._states: dict[str, bool] = {}
        self._asserted: dict[records.Fact, Lineage | None] = {}
        self._lineages: dict[records.Fact, Lineage] = {}
        self._labels: dict[Term, str] = {}
        self._ages: dict[tuple[Place, ...], Age] = {}
        self._prefix = f"<{plant.base}record/"
        self._authority = {s.name: s.authority for s in plant.every_source}
        self._tables = {(s.name, t.name): t for s in plant.every_source for t in s.tables}
        self._vouchers = vouchers_of(plant)

    def lineage(self, fact: records.Fact) -> Lineage:
        """Follow a fact down to the records that assert what it rests on; the newest such way."""
        found = self._lineages.get(fact)
        if found is None:
            ways = list(self._ways(fact, frozenset()))
            if len(ways) > 1:
                found = max(ways, key=self._newest)
            else:
                found = ways[0] if ways else Lineage(fact, (), None, ())
            self._lineages[fact] = found
        return found

    def _newest(self, lineage: Lineage) -> str:
        cited = [self.cite(graph) for leaf in lineage.leaves() for graph in leaf.graphs]
        return max((citation.observed_at or "" for citation in cited), default="")

    def _follow(self, fact: records.Fact, above: frozenset[records.Fact]) -> Lineage | None:
        """Follow a fact by the first way that comes to rest on records; None where none does."""
        return next(self._ways(fact, above), None)

    def _ways(self, fact: records.Fact, above: frozenset[records.Fact]) -> Iterator[Lineage]:
        """Find the ways in which a fact comes to rest on records, never through itself."""
        asserted = self._assertion_of(fact)
        if asserted is not None:
            yield asserted
            return
        if len(above) > MAX_DEPTH:
            return
        seen = above | {fact}
        for way in reason.explanations(fact, self._rules, self._store):
            if seen.isdisjoint(way.premises):
                followed = [self._follow(premise, seen) for premise in way.premises]
                premises = tuple(premise for premise in followed if premise is not None)
                if len(premises) == len(followed):
                    yield Lineage(fact, (), way.rule, premises)

    def _assertion_of(self, fact: records.Fact) -> Lineage | None:
        """Give the records that assert a fact themselves; None where there is none."""
        if fact not in self._asserted:
            graphs = sorted(g for g in self._store.holders(fact) if self.is_support(g))
            found = Lineage(fact, tuple(graphs), None, ()) if graphs else None
            self._asserted[fact] = found
        return self._asserted[fact]

    def is_support(self, graph: Term) -> bool:
        """Tell whether a graph is a record's that can support the present."""
        if not graph.startswith(self._prefix):
            return False
        if graph.endswith(_NOW_END):
            return True
        start = len(self._prefix)
        place = graph[start : graph.find("/", graph.find("/", start) + 1)]
        is_state = self._states.get(place)
        if is_state is None:
            source, kind, _ = self._parts(graph)
            table = self._tables.get((source, kind))
            is_state = self._states[place] = table is not None and table.row != "event"
        return is_state

    def _parts(self, graph: Term) -> tuple[str, str, str]:
        path = graph[len(self._prefix) : -1].removesuffix(NOW)
        found = path.split("/", 2)
        source, kind, key = map(unquote, found) if "%" in path else found
        return source, kind, key

    def place(self, graph: Term) -> tuple[str, str, str]:
        """Give source, table and path of the record whose graph this is, without looking at it."""
        source, kind, _ = self._parts(graph)
        return source, kind, graph[len(self._plant.base) + 1 : -1].removesuffix(NOW)

    def cite(self, graph: Term) -> Citation:
        """Cite the record whose graph this is."""
        if graph not in self._cited:
            self._cited[graph] = self._cite(graph)
        return self._cited[graph]

    def _cite(self, graph: Term) -> Citation:
        source, kind, key = self._parts(graph)
        record = self._journal.current(source, kind, key)
        path = graph[len(self._plant.base) + 1 : -1].removesuffix(NOW)
        if record is None:
            return Citation(source, path, None, None)
        moment = self._moments.of(record)
        if moment.doubt:
            self._time_notes[path] = f"{SAID[moment.doubt]} ({record.effective})"
        return Citation(source, path, moment.at or None, record.recorded)

    def facts(
        self,
        subject: Term,
        predicate: Term,
        slot: str,
        *,
        is_inferred: bool = False,
        note: str | None = None,
    ) -> list[Fact]:
        """Give every present fact for a subject and predicate, and the losers of a conflict."""
        current = self._store.objects(subject, predicate)
        current = in_order(self._store, subject, predicate, current)
        rivals = self._rivals(subject, predicate) if current else {}
        if rivals:
            return self._disputed((subject, predicate), slot, current, rivals)
        state: FactState = "inferred" if is_inferred else "known"
        return [self.fact((subject, predicate, v), slot, state, note=note) for v in current]

    def _rivals(self, subject: Term, predicate: Term) -> dict[Term, list[Term]]:
        """Give the graphs that claim each of several values where only one can be."""
        if predicate not in self._single_valued:
            return {}
        rivals: dict[Term, list[Term]] = {}
        for value, graph in self._store.claims(subject, predicate):
            if self.is_support(graph):
                rivals.setdefault(value, []).append(graph)
        return rivals if len(rivals) > 1 else {}

    def _disputed(
        self,
        said: tuple[Term, Term],
        slot: str,
        current: list[Term],
        rivals: Mapping[Term, list[Term]],
    ) -> list[Fact]:
        """Give the facts of a conflict: the one that counts first, each with what decided."""
        losers = sorted(value for value in rivals if value not in current)
        best = max(self._authority_of(rivals.get(value, [])) for value in current)
        found = []
        for value in [*current, *losers]:
            own = self._authority_of(rivals.get(value, []))
            is_current = value in current
            rival = max((self._authority_of(rivals[v]) for v in losers), default=own)
            note = decided(best, rival if is_current else own, is_current=is_current)
            fact = self.fact((*said, value), slot, "conflicting", note=note)
            found.append(replace(fact, is_current=is_current))
        return found

    def _authority_of(self, graphs: Iterable[Term]) -> tuple[int, str]:
        """Give the greatest authority among the sources of graphs, and whose it is."""
        sources = {self._parts(graph)[0] for graph in graphs}
        return max(((self._authority.get(s, 0), s) for s in sources), default=(0, ""))

    def fact(
        self, fact: records.Fact, slot: str, state: FactState, *, note: str | None = None
    ) -> Fact:
        """Make an answer's fact from a present one, with citations and ages."""
        lineage = self.lineage(fact)
        leaves = lineage.leaves()
        said = {leaf.fact[1] for leaf in leaves}
        if vocab.PLANNED_ON in said and vocab.ON_MACHINE not in said:
            note = note or "planned"
        cited = [self._best(leaf.graphs) for leaf in leaves if leaf.graphs]
        via = tuple(dict.fromkeys(cited))
        age = self._age_of(via)
        doubts, notes = self.freshness.doubts, self._time_notes
        if doubts and any(citation.record in doubts for citation in via):
            note = note or IN_DOUBT
        if not age.is_on_record:
            note = note or UNTOLD
        if notes and not note:
            note = next((n for c in via if (n := notes.get(c.record))), None)
        main = via[0] if via else None
        subject, predicate, value = fact
        return Fact(
            id=self.fact_id(fact, slot),
            about=self.short(subject),
            predicate=_local(predicate),
            value=self.short(value),
            label=self.label(value),
            state=state,
            source=main.source if main else None,
            record=main.record if main else None,
            via=via,
            observed_at=_latest([c.observed_at for c in via]),
            recorded_at=_latest([c.recorded_at for c in via]),
            confirmed_at=age.confirmed_at,
            age_s=age.age_s,
            is_stale=age.is_stale,
            is_entity=value.startswith("<") and not value[1:].startswith(vocab.TRC),
            unit=self._unit(subject, value),
            note=note,
            trust=trust_of(lineage.rule, state, via, self._vouchers),
            datatype=datatype_of(value),
        )

    def _age_of(self, via: tuple[Citation, ...]) -> Age:
        places = places_of(via, self.freshness)
        if places not in self._ages:
            self._ages[places] = self.freshness.age(places, self._now)
        return self._ages[places]

    def _unit(self, subject: Term, value: Term) -> str | None:
        """Give the unit that a thing is counted in, for its numbers."""
        if not value.endswith(f"^^<{vocab.XSD}decimal>"):
            return None
        units = self._store.objects(subject, vocab.UNIT)
        return literal_text(units[0]) if len(units) == 1 else None

    def record_of(self, entity: Term, sources: list[str]) -> str | None:
        """Give the record that describes an entity, of one of the sources where that can be."""
        claims = self._store.claims(entity, vocab.RDF_TYPE)
        cited = sorted(
            (self.cite(graph) for _, graph in claims if self.is_support(graph)),
            key=lambda c: (c.source not in sources, c.record),
        )
        return cited[0].record if cited else None

    def _best(self, graphs: tuple[Term, ...]) -> Citation:
        """Cite the newest of the records that hold a fact."""
        if len(graphs) == 1:
            return self.cite(graphs[0])
        return max(map(self.cite, graphs), key=lambda c: (c.observed_at or "", c.record))

    def is_source_stale(self, source: str) -> bool:
        """Tell whether a source has not vouched for anything within its own schedule."""
        return self.freshness.is_source_stale(source, self._now)

    def fact_id(self, fact: records.Fact, slot: str) -> str:
        """Name a fact so that it can be asked for again: ``job/1043~customer~3fa2c1d0``."""
        digest = hashlib.sha256(" ".join(fact).encode()).hexdigest()[:8]
        return f"{self.short(fact[0])}~{slot}~{digest}"

    def short(self, term: Term) -> str:
        """Shorten a term for people: ``job/1043``, ``released``, ``60``."""
        return short(term, self._plant.base)

    def label(self, term: Term) -> str:
        """Give what people call it: its label, else its identifier, else its short id."""
        if not term.startswith("<"):
            return literal_text(term)
        if term not in self._labels:
            self._labels[term] = self._label(term)
        return self._labels[term]

    def _label(self, term: Term) -> str:
        for predicate in (vocab.RDFS_LABEL, vocab.IDENTIFIER):
            found = first_object(self._store, term, predicate)
            if found is not None:
                return literal_text(found)
        return unquote(self.short(term).rsplit("/", 1)[-1])


def first_object(store: Store, subject: Term, predicate: Term) -> Term | None:
    """Give a property's value, of several the first in the order of SPARQL; None: it has none."""
    found = in_order(store, subject, predicate, store.objects(subject, predicate))
    return found[0] if found else None


def _latest(times: list[str | None]) -> str | None:
    """Give the last of some times, as far as they are known."""
    known = [time for time in times if time]
    return known[0] if len(known) == 1 else max(known, key=sortable, default=None)


def places_of(via: Iterable[Citation], freshness: Freshness) -> tuple[Place, ...]:
    """Give what vouches for citations, each once."""
    return tuple(dict.fromkeys(freshness.place(c.source, c.record) for c in via))


def decided(winner: tuple[int, str], loser: tuple[int, str], *, is_current: bool) -> str:
    """Say by which policy one value of a conflict counts and another does not (authority, source).

    It is that of `kg.merge`: the source with the greatest authority, then the newest claim.
    """
    counts = "counts" if is_current else "does not count"
    if winner[0] == loser[0]:
        whose = f"{winner[1]} and {loser[1]}" if winner[1] != loser[1] else winner[1]
        return f"{counts}: of equal authority ({whose}) the newest claim decides"
    ranks = f"{winner[1]} {winner[0]}, {loser[1]} {loser[0]}"
    return f"{counts}: the source's authority decides ({ranks})"


def short(term: Term, base: str) -> str:
    """Shorten a term for people: ids below the plant's base, codes by their last word."""
    if not term.startswith("<"):
        return literal_text(term)
    iri = term[1:-1]
    if iri.startswith(vocab.TRC):
        return iri.rsplit("/", 1)[-1]
    return iri.removeprefix(base)


def literal_text(term: Term) -> str:
    """Give the text of a literal term, escapes resolved (N-Triples, section 6.3)."""
    body = term[1 : term.rindex('"')]
    if "\\" not in body:
        return body
    plain = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f"}
    out: list[str] = []
    place = 0
    while place < len(body):
        if body[place] != "\\":
            out.append(body[place])
            place += 1
            continue
        kind = body[place + 1]
        width = {"u": 4, "U": 8}.get(kind, 0)
        if width:
            out.append(chr(int(body[place + 2 : place + 2 + width], 16)))
        else:
            out.append(plain.get(kind, kind))
        place += 2 + width
    return "".join(out)


def datatype_of(term: Term) -> str:
    """Say what the short form of a term is written in: see `kg.answer.bundle.Fact`."""
    if term.startswith("<"):
        scheme = term[1:-1].removeprefix(vocab.TRC).rpartition("/")[0]
        return f"trc:{scheme}" if term[1:].startswith(vocab.TRC) else "iri"
    said = term[term.rindex('"') + 1 :]
    if not said.startswith("^^"):
        return said or "xsd:string"
    iri = said[3:-1]
    return f"xsd:{iri.removeprefix(vocab.XSD)}" if iri.startswith(vocab.XSD) else iri


def _local(predicate: Term) -> str:
    return predicate[1:-1].rsplit("/", 1)[-1].rsplit("#", 1)[-1]
