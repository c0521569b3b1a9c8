"""The pipeline: sources → journal → lift → merge → derive → store → validate → answer.

The only place where the stages are joined. One `Pipeline` owns a plant's journal and store.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

from kg import assets, vocab
from kg.answer import Answers
from kg.errors import SourceError
from kg.identity import Aliases
from kg.journal import Journal
from kg.lift import Lifter
from kg.merge import Change, Merge, NoGraphs
from kg.reason import Reasoner, compile_rules, load_graph
from kg.recipe import Recipe, check_folds
from kg.records import Filtered, Record, Rejected
from kg.sources import read_source
from kg.store import EmbeddedStore, generations
from kg.times import parse_time
from kg.validate import find_gaps, read_shapes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime
    from types import TracebackType

    from kg.records import Fact, Term
    from kg.settings import Plant, SourceSettings
    from kg.sources import Reading

    Report = Callable[[str, str], None]
    """Told a stage and what it is at, for progress on a screen."""

JOURNAL_BATCH = 5_000
APPLY_BATCH = 2_000
OWNER_FILE = "OWNER"
"""In the store's folder while it is served: where its owner answers."""
REBUILD_ABOVE = 20_000
"""Records waiting above which a new generation is written instead of applying batches."""


@dataclass(slots=True)
class Balance:
    """What became of the rows of one table: read = new + unchanged + filtered + quarantined."""

    source: str
    kind: str
    read: int = 0
    new: int = 0
    unchanged: int = 0
    retired: int = 0
    filtered: Counter[str] = field(default_factory=Counter)
    quarantined: int = 0
    waits: str = ""
    error: SourceError | None = None


@dataclass(slots=True)
class Applied:
    """What applying did: records folded in, rows the lift rejected, seconds per stage."""

    records: int = 0
    rejected: int = 0
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    is_rebuild: bool = False

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the time of a block to a stage's seconds."""
        start = perf_counter()
        yield
        self.seconds[stage] += perf_counter() - start


def _silent(_stage: str, _what: str) -> None:
    """Report nothing."""


class Pipeline:
    """One plant's journal, store and stages; one process may own a plant's at a time."""

    def __init__(self, plant: Plant, journal: Journal, report: Report = _silent) -> None:
        self.plant = plant
        self.journal = journal
        self._report = report
        ontology = assets.ontology_folder()
        self.rules = compile_rules(ontology)
        self.shapes = read_shapes(load_graph(ontology / "shapes"))
        self._lifters = {source.name: Lifter(source, plant.base) for source in plant.sources}
        check_folds(plant, {name: lifter.produces() for name, lifter in self._lifters.items()})
        self._recipe = Recipe.of(plant, ontology)
        self._merge = Merge(plant, self.shapes.single_valued)
        self._aliases = Aliases()
        self._reasoner: Reasoner | None = None
        self._answers: Answers | None = None
        self._derived_graph = f"<{plant.base}graph/derived>"
        self._alias_graph = f"<{plant.base}graph/aliases>"
        opened = generations.open_current(plant.store_path, plant.base)
        self.store = opened if opened is not None else self._first_generation()
        # Whoever left word here no longer holds the store: this process does.
        (plant.store_path / OWNER_FILE).unlink(missing_ok=True)

    @classmethod
    def open(cls, plant: Plant, report: Report = _silent) -> Self:
        """Open a plant's journal and store; a new plant starts empty.

        Raises:
            StoreLocked: another process owns the store.
            MappingError: a mapping cannot be used.
        """
        plant.store_path.mkdir(parents=True, exist_ok=True)
        plant.journal_path.parent.mkdir(parents=True, exist_ok=True)
        journal = Journal.open(plant.journal_path)
        try:
            return cls(plant, journal, report)
        except BaseException:
            journal.close()
            raise

    def close(self) -> None:
        """Flush and let go of store and journal."""
        self.store.flush()
        self.store.close()
        self.journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _first_generation(self) -> EmbeddedStore:
        folder = generations.begin(self.plant.store_path)
        store = EmbeddedStore.open(folder, self.plant.base)
        store.flush()
        generations.publish(self.plant.store_path, folder)
        return store

    # ---- answers

    def answers(self) -> Answers:
        """Give the answers from the store as it stands."""
        if self._answers is None or self._answers.store is not self.store:
            produced = {
                name: frozenset(
                    term for _, kind, predicate in lifter.produces() for term in (kind, predicate)
                )
                for name, lifter in self._lifters.items()
            }
            self._answers = Answers(
                self.plant,
                self.store,
                self.journal,
                self.rules,
                self.shapes.single_valued,
                produced,
            )
        return self._answers

    def latest(self) -> datetime | None:
        """Give when the newest record became true: the clock of an old export."""
        rows = self.store.select(
            f"SELECT (MAX(?at) AS ?latest) WHERE {{ GRAPH <{self.plant.base}graph/records> "
            f"{{ ?record {vocab.EFFECTIVE_AT} ?at }} }}"
        )
        if not rows or "latest" not in rows[0]:
            return None
        return parse_time(rows[0]["latest"].split('"')[1], "iso", ZoneInfo("UTC"))

    def line_of(self, source: str, kind: str, predicate: Term) -> tuple[str, int] | None:
        """Give the file and line of the mapping that makes a predicate; None where none does."""
        lifter = self._lifters.get(source)
        return lifter.line_of(kind, predicate) if lifter is not None else None

    # ---- sources → journal

    def read(self, now: datetime) -> list[Balance]:
        """Read every source once into the journal; what it holds is durable when this returns.

        A table that cannot be read as a whole says so in its balance; the others are read.
        """
        return [
            balance for source in self.plant.sources for balance in self._read_source(source, now)
        ]

    def _read_source(self, source: SourceSettings, now: datetime) -> Iterator[Balance]:
        cursors = self.journal.cursors(source.name)
        try:
            for reading in read_source(source, cursors, now):
                self._report("journal", f"{source.name}.{reading.table.name}")
                balance = Balance(source.name, reading.table.name)
                try:
                    self._read_table(source, reading, balance, now)
                except SourceError as error:
                    balance.error = error
                yield balance
        except SourceError as error:
            yield Balance(source.name, "", error=error)

    def _read_table(
        self, source: SourceSettings, reading: Reading, balance: Balance, now: datetime
    ) -> None:
        kind = reading.table.name
        batch: list[Record] = []
        rejected: list[Rejected] = []
        for item in reading.items:
            balance.read += 1
            if isinstance(item, Record):
                batch.append(item)
            elif isinstance(item, Filtered):
                balance.filtered[item.rule] += 1
            else:
                rejected.append(item)
            if len(batch) >= JOURNAL_BATCH:
                self._append(batch, balance, now)
                batch = []
        self._append(batch, balance, now)
        balance.waits = reading.waits
        is_snapshot = reading.table.arrives == "snapshot"
        if is_snapshot and not reading.waits:
            self.journal.clear_quarantine(source.name, kind, "read")
        self.journal.quarantine(rejected, now)
        balance.quarantined = len(rejected)
        if reading.is_whole and is_snapshot:
            self._retire(source.name, reading, balance, now)
        if balance.read == 0 or balance.quarantined < balance.read:
            # A source whose every row is unreadable vouches for nothing.
            self.journal.set_cursor(source.name, kind, reading.cursor, now)

    def _retire(self, source: str, reading: Reading, balance: Balance, now: datetime) -> None:
        """Take back the records that a whole snapshot does not hold, unless it may be a fault.

        Raises:
            SourceError: it holds none at all, and its table does not allow that.
        """
        kind, seen = reading.table.name, reading.seen_keys
        gone = self.journal.count_missing(source, kind, seen)
        if not gone:
            return
        if not seen and not reading.table.allow_empty:
            raise SourceError(
                f"source {source}, table {kind}: it is empty now, and held {gone} row(s) before",
                hint="nothing was taken back; if this is right, set allow_empty = true for it",
            )
        if reading.is_settled():
            balance.retired = self.journal.retire_missing(source, kind, seen, now)
        else:
            balance.waits = f"{gone} row(s) are missing while it is still being written"

    def _append(self, batch: list[Record], balance: Balance, now: datetime) -> None:
        if batch:
            appended = self.journal.append(batch, now)
            balance.new += appended.new
            balance.unchanged += appended.unchanged

    # ---- journal → store

    def apply(self, now: datetime) -> Applied:
        """Fold what the journal holds beyond the store's offset into the store."""
        waiting = self.journal.last_seq() - self.store.applied_seq()
        is_first = waiting > 0 and self.store.applied_seq() == 0
        # A journal that ends before the graph does is another journal than it was made from.
        if is_first or waiting < 0 or waiting > REBUILD_ABOVE or self._is_stale():
            return self.rebuild(now)
        if waiting == 0:
            return Applied()
        applied = Applied()
        while records := self.journal.records_after(self.store.applied_seq(), APPLY_BATCH):
            if not self._apply_batch(records, applied, now):
                return self.rebuild(now)
        return applied

    def _apply_batch(self, records: list[Record], applied: Applied, now: datetime) -> bool:
        """Apply one batch in one atomic call; False where identity changed: lift all again."""
        self._start_reasoner()
        self.journal.release(records)
        batch = self._lift(_newest(records), applied, now)
        before = self._aliases.pairs()
        self._aliases.learn(fact for _, facts in batch for fact in facts)
        if self._aliases.pairs() != before or self._drops_alias(batch):
            return False
        with applied.timed("merge"):
            change = self._merge.merge(self._rewritten(batch), self.store)
        with applied.timed("derive"):
            self._derive(change)
        with applied.timed("store"):
            self.store.apply(change.removed, change.added, records[-1].seq)
        applied.records += len(records)
        return True

    def _drops_alias(self, batch: list[tuple[Record, list[Fact]]]) -> bool:
        """Tell whether a record that said ``owl:sameAs`` no longer says all of it."""
        for record, facts in batch:
            graph = self._merge.graph_of(record)
            said = {f for f in self.store.graph(graph) if f[1] == vocab.OWL_SAME_AS}
            if said - set(facts):
                return True
        return False

    def _rewritten(
        self, batch: Iterable[tuple[Record, list[Fact]]]
    ) -> list[tuple[Record, list[Fact]]]:
        return [(record, self._aliases.rewrite(facts)) for record, facts in batch]

    def _lift(
        self, records: Iterable[Record], applied: Applied, now: datetime
    ) -> list[tuple[Record, list[Fact]]]:
        """Lift records source by source; those of a source that is gone give no facts."""
        by_source: dict[str, list[Record]] = defaultdict(list)
        for record in records:
            by_source[record.source].append(record)
        result: list[tuple[Record, list[Fact]]] = []
        for name, group in by_source.items():
            lifter = self._lifters.get(name)
            if lifter is None:
                result += [(record, []) for record in group]
                continue
            self._report("lift", f"{name}: {len(group)} records")
            with applied.timed("lift"):
                lifted = lifter.lift(group)
            result += zip(group, lifted.facts, strict=True)
            applied.rejected += len(lifted.rejected)
            self.journal.quarantine(lifted.rejected, now)
        return result

    def _derive(self, change: Change) -> None:
        """Derive on the present as it will be, and put what changes into the same batch."""
        assert self._reasoner is not None
        if not change.present_removed and not change.present_added:
            return
        self._reasoner.change(change.present_removed, change.present_added)
        gone, come = self._reasoner.derive()
        present_gone = (change.present_removed | gone) - change.present_added - come
        for fact in present_gone:
            if fact not in self._reasoner.derived:
                change.removed.add((*fact, ""))
        change.added |= {(*fact, "") for fact in change.present_added | come}
        change.removed |= {(*fact, self._derived_graph) for fact in gone}
        change.added |= {(*fact, self._derived_graph) for fact in come}

    def _start_reasoner(self) -> None:
        """Fill the reasoner's memory and the aliases from the store, once."""
        if self._reasoner is not None:
            return
        derived = self.store.graph(self._derived_graph)
        asserted = self.store.graph("") - derived
        self._reasoner = Reasoner(self.plant, self.rules)
        self._reasoner.start(asserted, derived)
        self._aliases = Aliases()
        self._aliases.learn((c, p, alias) for alias, p, c in self.store.graph(self._alias_graph))

    # ---- rebuild

    def rebuild(self, now: datetime) -> Applied:
        """Refold the whole journal into a new generation and swap it in; the old one answers on."""
        applied = Applied(is_rebuild=True)
        seq = self.journal.last_seq()
        for source in self.plant.sources:
            for table in source.tables:
                self.journal.clear_quarantine(source.name, table.name, "lift")
        batch = self._lift(self.journal.live_records(), applied, now)
        aliases = Aliases()
        aliases.learn(fact for _, facts in batch for fact in facts)
        self._aliases = aliases
        self._report("merge", f"{len(batch)} records")
        with applied.timed("merge"):
            change = self._merge.merge(self._rewritten(batch), NoGraphs())
        change.added |= {
            (alias, vocab.OWL_SAME_AS, canonical, self._alias_graph)
            for alias, canonical in aliases.pairs().items()
        }
        self._report("derive", f"{len(change.present_added)} facts")
        reasoner = Reasoner(self.plant, self.rules)
        with applied.timed("derive"):
            reasoner.start(change.present_added)
            reasoner.derive()
        self._report("store", f"{len(change.added)} quads")
        with applied.timed("store"):
            self._write_generation(change, reasoner.derived, seq)
        self._reasoner = reasoner
        applied.records = len(batch)
        return applied

    def _is_stale(self) -> bool:
        """Tell whether the graph was made by other mappings, settings or ontology than today's."""
        path = self.store.path
        return path is not None and self.store.applied_seq() > 0 and not self._recipe.made(path)

    def _write_generation(self, change: Change, derived: set[Fact], seq: int) -> None:
        folder = generations.begin(self.plant.store_path)
        store = EmbeddedStore.open(folder, self.plant.base)
        store.bulk_load(_lines(change, derived, self._derived_graph))
        store.set_seq(seq)
        store.flush()
        generations.publish(self.plant.store_path, folder)
        self._recipe.note(folder)
        # Readers may still hold the old generation: its folder goes when the plant is next opened.
        self.store = store

    # ---- validate

    def validate(self, now: datetime) -> int:
        """Validate the present and put the gaps on record; gives how many are open."""
        seq = self.store.applied_seq()
        self._report("validate", "shapes")
        gaps = find_gaps(self.store.graph(""), self.shapes)
        self.journal.replace_gaps(gaps, seq, now)
        return len(gaps)


def _newest(records: Iterable[Record]) -> list[Record]:
    """Keep the newest version of each record of a batch."""
    newest: dict[tuple[str, str, str], Record] = {}
    for record in records:
        place = (record.source, record.kind, record.key)
        newest.pop(place, None)
        newest[place] = record
    return list(newest.values())


def _lines(change: Change, derived: set[Fact], derived_graph: Term) -> Iterator[str]:
    """Write a whole dataset as N-Quads lines."""
    for s, p, o, g in change.added:
        yield f"{s} {p} {o} {g} ."
    for s, p, o in change.present_added:
        yield f"{s} {p} {o} ."
    for s, p, o in derived:
        yield f"{s} {p} {o} ."
        yield f"{s} {p} {o} {derived_graph} ."
