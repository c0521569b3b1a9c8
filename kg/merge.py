"""Merge: what the live records say, as one graph without duplicates, told as a change.

A record's graph is replaced as a whole. The present holds a fact as long as one live record (or
one event's surviving contribution, graph ``…#now``) supports it. Where a shape allows one value
only, the source with the greatest authority wins, then the newest claim; the losers stay in their
record's graph and make the slot conflicting.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote, unquote

from kg import vocab
from kg.fold import Event, fold_latest, fold_runs, group_of
from kg.moments import Moment, Moments
from kg.times import sortable
from kg.vocab import OWL_SAME_AS, RDF_TYPE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from kg.records import Fact, Record, Term
    from kg.settings import FoldSettings, Plant, TableSettings
    from kg.store import Graphs, Quad

Slot = tuple["Term", "Term"]
Claim = tuple["Term", "Term"]
NOW = "#now"
_METADATA = (RDF_TYPE, vocab.RECORD_KIND, vocab.EFFECTIVE_AT, vocab.IN_GROUP, vocab.TIME_DOUBT)
CURRENT: Term = ""


class Effective(Protocol):
    """When a record's claim became true, by its graph; "" where that is not known."""

    def __getitem__(self, graph: Term) -> str: ...


class NoGraphs:
    """A store with nothing in it: the first load and the rebuild."""

    def graph(self, name: Term) -> set[Fact]:
        """Give no facts."""
        return set()

    def claims(self, subject: Term, predicate: Term) -> list[Claim]:
        """Give no claims."""
        return []

    def subjects(self, predicate: Term, value: Term) -> list[Term]:
        """Give no subjects."""
        return []


@dataclass(slots=True)
class Change:
    """What a batch changes: quads of the whole dataset, and the asserted facts of the present."""

    removed: set[Quad] = field(default_factory=set)
    added: set[Quad] = field(default_factory=set)
    present_removed: set[Fact] = field(default_factory=set)
    present_added: set[Fact] = field(default_factory=set)

    def dataset(self, derived: Iterable[Fact], derived_graph: Term) -> Iterator[Quad]:
        """Give what all is added, with what was derived from it: a whole dataset."""
        yield from self.added
        for fact in self.present_added:
            yield (*fact, "")
        for fact in derived:
            yield (*fact, "")
            yield (*fact, derived_graph)


class Merge:
    """Merges lifted records of one plant into the present."""

    def __init__(self, plant: Plant, single_valued: frozenset[Term]) -> None:
        self._plant = plant
        self._base = plant.base
        self._single_valued = single_valued
        self._tables: dict[tuple[str, str], TableSettings] = {
            (source.name, table.name): table
            for source in plant.every_source
            for table in source.tables
        }
        self.moments = Moments(plant)
        self._authority = {source.name: source.authority for source in plant.every_source}
        self._records = f"<{plant.base}graph/records>"
        self._record_prefix = f"<{plant.base}record/"

    def merge(
        self,
        batch: Iterable[tuple[Record, list[Fact]]],
        graphs: Graphs,
        unknown: Collection[str] = (),
    ) -> Change:
        """Compare a batch (newest version of a record last) with the store; tell the change.

        Of records whose paths are ``unknown`` the store holds nothing, and is not asked.
        """
        newest = {self.graph_of(record): (record, facts) for record, facts in batch}
        fresh = {f"<{self._base}{path}>" for path in unknown}
        return _Batch(self, newest, graphs, fresh).run()

    def graph_of(self, record: Record) -> Term:
        """Give the named graph of a record."""
        return f"<{self._base}{record.path()}>"

    def is_single_valued(self, predicate: Term) -> bool:
        """Tell whether a shape allows one value of a property only."""
        return predicate in self._single_valued

    def group_term(self, name: str) -> Term:
        """Give the IRI of a group of events that are folded together."""
        return f"<{self._base}group/{quote(name, safe='/')}>"

    def table_of(self, record: Record) -> TableSettings | None:
        """Give the settings of a record's table; None where the plant no longer has it."""
        return self._tables.get((record.source, record.kind))

    def is_support(self, graph: Term) -> bool:
        """Tell whether a graph can support present facts: state records and contributions."""
        if not graph.startswith(self._record_prefix):
            return False
        if graph.endswith(NOW + ">"):
            return True
        source, kind = graph.removeprefix(self._record_prefix).split("/", 2)[:2]
        table = self._tables.get((unquote(source), unquote(kind)))
        return table is not None and table.row != "event"

    def choose(self, predicate: Term, claims: Iterable[Claim], effective: Effective) -> set[Term]:
        """Choose what is current among the claims for one slot."""
        claims = list(claims)
        objects = {value for value, _ in claims}
        if len(objects) < 2 or predicate not in self._single_valued:
            return objects
        best = max(claims, key=lambda claim: self._rank(claim, effective))
        return {best[0]}

    def _rank(self, claim: Claim, effective: Effective) -> tuple[int, str, Term, Term]:
        value, graph = claim
        source = graph.removeprefix(self._record_prefix).split("/", 1)[0]
        record = graph.replace(NOW + ">", ">")
        return self._authority.get(source, 0), sortable(effective[record]), graph, value

    def metadata(self, record: Record, group: Term, moment: Moment) -> set[Quad]:
        """Describe a record in the records graph.

        Nothing here depends on the clock; on the receipt only where the record's time cannot be.
        """
        graph = self.graph_of(record)
        kind = f"<{self._base}kind/{record.source}/{record.kind}>"
        quads: set[Quad] = {
            (graph, RDF_TYPE, vocab.RECORD, self._records),
            (graph, vocab.RECORD_KIND, kind, self._records),
        }
        if moment.at:
            when = f'"{moment.at}"^^<{vocab.XSD}dateTime>'
            quads.add((graph, vocab.EFFECTIVE_AT, when, self._records))
        if moment.doubt:
            quads.add((graph, vocab.TIME_DOUBT, f'"{moment.doubt}"', self._records))
        if group:
            quads.add((graph, vocab.IN_GROUP, group, self._records))
        return quads


class EffectiveOf:
    """Looks up when a record's claim became true: in the batch first, then in the store."""

    def __init__(
        self, batch: Mapping[Term, Moment], graphs: Graphs, fresh: Collection[Term]
    ) -> None:
        self._batch = batch
        self._graphs = graphs
        self._fresh = fresh

    def __getitem__(self, graph: Term) -> str:
        if graph in self._batch:
            return self._batch[graph].at
        return self.before(graph)

    def before(self, graph: Term) -> str:
        """Give what the store holds, whatever the batch says."""
        if graph in self._fresh:
            return ""
        found = self._graphs.claims(graph, vocab.EFFECTIVE_AT)
        return found[0][0].split('"')[1] if found else ""


class EffectiveBefore:
    """When a record's claim became true as the store has it, before the batch."""

    def __init__(self, effective: EffectiveOf) -> None:
        self._effective = effective

    def __getitem__(self, graph: Term) -> str:
        return self._effective.before(graph)


class _Batch:
    """One merge under way."""

    def __init__(
        self,
        merge: Merge,
        records: dict[Term, tuple[Record, list[Fact]]],
        graphs: Graphs,
        fresh: Collection[Term],
    ) -> None:
        self._merge = merge
        self._records = records
        self._graphs = graphs
        self._fresh = fresh
        self._moments = {g: merge.moments.of(record) for g, (record, _) in records.items()}
        self._effective = EffectiveOf(self._moments, graphs, fresh)
        self._change = Change()
        self._gone: dict[Slot, set[Claim]] = defaultdict(set)
        self._come: dict[Slot, set[Claim]] = defaultdict(set)
        self._groups: dict[Term, tuple[TableSettings, dict[Term, Event]]] = {}

    def run(self) -> Change:
        """Replace the graphs, refold the touched groups, then settle each touched slot."""
        for graph, (record, facts) in self._records.items():
            self._replace_record(graph, record, facts)
        contributions: dict[Term, set[Fact]] = {}
        for group, (table, fresh) in self._groups.items():
            # An event that moved from one group to another stands in both refolds.
            for graph, given in self._refold(group, table, fresh).items():
                contributions.setdefault(graph, set()).update(given)
        for graph, given in contributions.items():
            name = f"{graph[:-1]}{NOW}>"
            old = set() if graph in self._fresh else self._graphs.graph(name)
            self._replace_graph(name, old, given, is_support=True)
            self._touch(graph, given)
        for slot in self._gone.keys() | self._come.keys():
            self._settle(slot)
        return self._change

    def _replace_record(self, graph: Term, record: Record, facts: list[Fact]) -> None:
        table = self._merge.table_of(record)
        is_event = table is not None and table.row == "event"
        new = set() if record.deleted or table is None else set(facts)
        old = set() if graph in self._fresh else self._graphs.graph(graph)
        self._replace_graph(graph, old, new, is_support=not is_event)
        if not is_event:  # what an event says supports nothing by itself
            self._touch(graph, new)
        group = ""
        if is_event and table is not None and table.fold is not None:
            group = self._note_event(graph, record, table, facts, was_live=bool(old))
        self._replace_metadata(
            graph, record, group if new else "", was_live=bool(old), is_live=bool(new)
        )

    def _touch(self, graph: Term, facts: set[Fact]) -> None:
        """Settle a record's slots anew where only its time changed: it may win or lose by that."""
        slots = {(s, p) for s, p, _ in facts if self._merge.is_single_valued(p)}
        if slots and self._effective.before(graph) != self._effective[graph]:
            for slot in slots:
                self._gone[slot].update()

    def _note_event(
        self,
        graph: Term,
        record: Record,
        table: TableSettings,
        facts: list[Fact],
        *,
        was_live: bool,
    ) -> str:
        """Put the event into its group's refold; the group it was in before is refolded too."""
        assert table.fold is not None
        for value, _ in self._graphs.claims(graph, vocab.IN_GROUP) if was_live else ():
            self._groups.setdefault(value, (table, {}))
        if record.deleted or not facts:
            return ""
        at = self._moments[graph].at or record.recorded
        event = Event(graph, at, _key(graph), tuple(facts))
        named = group_of(table.fold, event, f"{record.source}/{record.kind}")
        if not named:
            return ""
        group = self._merge.group_term(named)
        self._groups.setdefault(group, (table, {}))[1][graph] = event
        return group

    def _replace_metadata(
        self, graph: Term, record: Record, group: Term, *, was_live: bool, is_live: bool
    ) -> None:
        """Say anew what the record is; where its graph was empty nothing was said of it."""
        name = self._merge._records  # noqa: SLF001 - the two classes are one algorithm
        old = {
            (graph, predicate, value, name)
            for predicate in (_METADATA if was_live else ())
            for value, where in self._graphs.claims(graph, predicate)
            if where == name
        }
        moment = self._moments[graph]
        new = self._merge.metadata(record, group, moment) if is_live else set()
        self._change.removed |= old - new
        self._change.added |= new - old

    def _replace_graph(
        self, graph: Term, old: set[Fact], new: set[Fact], *, is_support: bool
    ) -> None:
        for fact in old - new:
            self._change.removed.add((*fact, graph))
            if is_support:
                self._gone[fact[0], fact[1]].add((fact[2], graph))
        for fact in new - old:
            self._change.added.add((*fact, graph))
            if is_support:
                self._come[fact[0], fact[1]].add((fact[2], graph))

    def _refold(
        self, group: Term, table: TableSettings, fresh: dict[Term, Event]
    ) -> dict[Term, set[Fact]]:
        """Fold a group anew; gives what each event contributes now that did or does."""
        assert table.fold is not None
        if table.fold.kind == "latest":
            return self._refold_latest(group, table.fold, fresh)
        events = self._whole_group(group, fresh)
        stored = self._graphs.subjects(vocab.IN_GROUP, group)
        now = fold_runs(table.fold, events.values(), self._merge._base)  # noqa: SLF001
        return {graph: now.get(graph, set()) for graph in (*stored, *events)}

    def _refold_latest(
        self, group: Term, fold: FoldSettings, fresh: dict[Term, Event]
    ) -> dict[Term, set[Fact]]:
        """Fold a group of which the newest event counts; its history is looked at in need only."""
        leading = self._graphs.subjects(vocab.LEADS_GROUP, group)
        if len(leading) == 1 and leading[0] not in self._records:
            events = {leading[0]: self._stored_event(leading[0]), **fresh}
        else:
            events = self._whole_group(group, fresh)
        now = fold_latest(fold, events.values())
        name = self._merge._records  # noqa: SLF001 - the two classes are one algorithm
        old = {(graph, vocab.LEADS_GROUP, group, name) for graph in leading}
        new = {(graph, vocab.LEADS_GROUP, group, name) for graph in now}
        self._change.removed |= old - new
        self._change.added |= new - old
        return {graph: now.get(graph, set()) for graph in (*leading, *now)}

    def _whole_group(self, group: Term, fresh: dict[Term, Event]) -> dict[Term, Event]:
        """Give all events that are in a group after this batch."""
        stored = self._graphs.subjects(vocab.IN_GROUP, group)
        events = {g: self._stored_event(g) for g in stored if g not in self._records}
        return events | fresh

    def _stored_event(self, graph: Term) -> Event:
        facts = tuple(self._graphs.graph(graph))
        return Event(graph, self._effective[graph], _key(graph), facts)

    def _settle(self, slot: Slot) -> None:
        subject, predicate = slot
        if predicate == OWL_SAME_AS:
            return
        before = {claim for claim in self._graphs.claims(*slot) if self._merge.is_support(claim[1])}
        after = (before - self._gone[slot]) | self._come[slot]
        old = self._merge.choose(predicate, before, EffectiveBefore(self._effective))
        new = self._merge.choose(predicate, after, self._effective)
        for value in old - new:
            self._change.present_removed.add((subject, predicate, value))
        for value in new - old:
            self._change.present_added.add((subject, predicate, value))


def _key(graph: Term) -> str:
    return graph[1:-1].rsplit("/", 1)[1]
