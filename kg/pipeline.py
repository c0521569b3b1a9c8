"""The pipeline: sources → journal → lift → merge → derive → store → validate → answer.

The only place where the stages are joined. One `Pipeline` owns a plant's journal and store.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Self
from zoneinfo import ZoneInfo

from kg import assets, offset, vocab
from kg.answer import Answers
from kg.answer.finding.gazetteer import Names
from kg.applied import Applied, Replayed, unlifted
from kg.asof import PlantHistory
from kg.canonical import Canonical
from kg.changes import Changes
from kg.closing import Closing
from kg.errors import StoreError, StoreFull, StoreLocked
from kg.forget import People
from kg.gaps import Gaps
from kg.intake import Intake
from kg.journal import Journal
from kg.lifted import Lifters
from kg.merge import Change, Merge, NoGraphs
from kg.reason import Reasoner
from kg.reason.held import read_held
from kg.reason.kept import rules_of
from kg.recipe import Recipe, check_folds
from kg.records import newest_of
from kg.space import Space
from kg.store.engines import open_generations
from kg.tally import Tally
from kg.times import parse_time
from kg.turns import Turns
from kg.validate.gaps import plant_shapes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from datetime import datetime

    from kg.applied import Place
    from kg.arrivals import Balance
    from kg.canonical import Said
    from kg.journal import Forgotten, Quarantined
    from kg.records import Record, Term
    from kg.settings import Plant, SourceSettings
    from kg.sources import Message
    from kg.store import Graphs, Store

    Report = Callable[[str, str], None]
    """Told a stage and what it is at, for progress on a screen."""

APPLY_BATCH = 2_000
SHORT_BATCH = 100
"""Records of a batch while somebody waits for an answer, and so for the end of the batch."""
OWNER_FILE = "OWNER"
"""In the store's folder while it is served: where its owner answers."""
RULES_FILE = "RULES"
"""In the store's folder: what the ontology was compiled to."""
REBUILD_ABOVE = 20_000
"""Records waiting above which a new generation is written instead of applying batches."""


def _silent(_stage: str, _what: str) -> None:
    """Report nothing."""


class Pipeline(Closing):
    """One plant's journal, store and stages; one process may own a plant's at a time."""

    def __init__(
        self,
        plant: Plant,
        journal: Journal,
        report: Report = _silent,
        *,
        is_rebuild: bool = False,
    ) -> None:
        self.plant = plant
        self.journal = journal
        self.changes = Changes(plant.base)
        sources = {source.name for source in plant.sources}
        self.names = Names(plant.base, sources, lambda: self.store)
        self.changes.followers.append(self.names.follow)
        self.tally = Tally()
        self.turns = Turns()
        self.space = Space.of(plant)
        # A store that met a full disk may need the ballast's room to be opened.
        self.space.look()
        journal.room = self.space
        self._report = report
        ontology = assets.ontology_folder()
        self._lifters = Lifters(plant, journal, report)
        self._recipe = Recipe.of(plant, ontology)
        self.mappings = self._recipe.tables
        self.rules = rules_of(ontology, self._recipe.ontology, plant.store_path / RULES_FILE)
        self.shapes = plant_shapes(ontology, self._recipe.ontology)
        self._gaps = Gaps(self.shapes, self._recipe.digest, journal, self.changes)
        self._intake = Intake(plant, journal, self.mappings, report, self.tally)
        self._canonical = Canonical(
            plant.base, journal, self._lifters, self.mappings, self.rules.keys
        )
        check_folds(plant, self._lifters.produced())
        self._merge = Merge(plant, self.shapes.single_valued)
        self._reasoner: Reasoner | None = None
        self._answers: Answers | None = None
        self._found_well: Store | None = None
        self.history = PlantHistory(plant, journal, self._recipe.digest, self.answers, self.shapes)
        self._derived_graph = f"<{plant.base}graph/derived>"
        self._generations = open_generations(plant)
        opened = self._open_current(is_rebuild=is_rebuild)
        self.store = opened or self._generations.write((), 0, self._recipe.digest)
        self.lost_records = 0 if is_rebuild else self._check_journal()
        """Records that were on the disk in the graph, and were not found in it when it opened."""
        # Whoever left word here no longer holds the store: this process does.
        (plant.store_path / OWNER_FILE).unlink(missing_ok=True)

    @classmethod
    def open(cls, plant: Plant, report: Report = _silent, *, is_rebuild: bool = False) -> Self:
        """Open a plant's journal and store; a new plant starts empty.

        ``is_rebuild`` says that a graph of whatever journal is about to be replaced.

        Raises:
            StoreLocked: another process owns the store.
            JournalError: the graph was folded from another journal, or from more of this one.
            MappingError: a mapping cannot be used.
        """
        plant.store_path.mkdir(parents=True, exist_ok=True)
        plant.journal_path.parent.mkdir(parents=True, exist_ok=True)
        journal = Journal.open(plant.journal_path)
        journal.confirmed.steps |= {s.name: s.stale_after_seconds for s in plant.every_source}
        try:
            return cls(plant, journal, report, is_rebuild=is_rebuild)
        except BaseException:
            journal.close()
            raise

    def close(self) -> None:
        """Flush and let go of store and journal."""
        try:
            self.flush()
        finally:
            self.store.close()
            self._generations.close()
            self.history.close()
            self.journal.close()

    def flush(self) -> None:
        """Bring the graph to the disk for good, from any thread, and note how far it is there."""
        store = self.store
        seq = store.applied_seq()
        store.flush()
        offset.note_flushed(self.plant.store_path, self.journal, seq)

    def _open_current(self, *, is_rebuild: bool) -> Store | None:
        """Open the current graph; one that is damaged is none where it is about to be replaced."""
        try:
            return self._generations.current()
        except StoreLocked:
            raise
        except StoreError:
            if not is_rebuild or self.plant.store.endpoint:
                raise
            return None

    def _check_journal(self) -> int:
        try:
            return offset.check_journal(self.store, self.journal, self.plant)
        except BaseException:
            self.store.close()
            self._generations.close()
            raise

    # ---- answers

    def answers(self) -> Answers:
        """Give the answers from the store as it stands."""
        if self._answers is None or self._answers.store is not self.store:
            produced, columns = self._lifters.produced(), self._lifters.columns_of
            single_valued = self.shapes.single_valued
            self._answers = Answers(
                self.plant, self.store, self.journal, self.rules, single_valued, produced, columns,
                self.names,
            )  # fmt: skip
            self._answers.hindsight = self.history
            self._answers.tally = self.tally
        return self._answers

    def latest(self) -> datetime | None:
        """Give when the newest record became true: the clock of an old export.

        Times that are not believed are left out: an export has them from other clocks.
        """
        rows = self.store.select(
            f"SELECT (MAX(?at) AS ?latest) WHERE {{ GRAPH <{self.plant.base}graph/records> "
            f"{{ ?record {vocab.EFFECTIVE_AT} ?at "
            f"FILTER NOT EXISTS {{ ?record {vocab.TIME_DOUBT} ?doubt }} }} }}"
        )
        if not rows or "latest" not in rows[0]:
            return None
        return parse_time(rows[0]["latest"].split('"')[1], "iso", ZoneInfo("UTC"))

    def doubtful_times(self) -> Counter[str]:
        """Count the records whose times are not believed as they stand, by what is wrong."""
        return Counter(doubt.strip('"') for _, _, doubt, _ in self.store.match(p=vocab.TIME_DOUBT))

    def line_of(self, source: str, kind: str, predicate: Term) -> tuple[str, int] | None:
        """Give the file and line of the mapping that makes a predicate; None where none does."""
        lifter = self._lifters.of_source.get(source)
        return lifter.line_of(kind, predicate) if lifter is not None else None

    # ---- sources → journal

    def read(self, now: datetime, confirmed: Collection[str] = ()) -> list[Balance]:
        """Read every source once into the journal; what it holds is durable when this returns.

        A table that cannot be read as a whole says so in its balance; the others are read.
        ``confirmed`` are tables (``source.table``) of which any number of rows may be gone.
        """
        return self._intake.read(now, confirmed)

    def read_source(self, source: SourceSettings, now: datetime) -> list[Balance]:
        """Read one source once into the journal, from any thread, but one at a time each."""
        return self._intake.read_source(source, now)

    def take(self, source: str, table: str, messages: Sequence[Message], now: datetime) -> Balance:
        """Take in messages of a table; durable when this returns. Any thread may call.

        Raises:
            ConfigError: there is no such source or table.
            JournalError: nothing was taken, as it cannot be written.
        """
        return self._intake.take(source, table, messages, now)

    # ---- journal → store

    def apply(self, now: datetime) -> Applied:
        """Fold what the journal holds by now beyond the store's offset into the store."""
        until = self.journal.last_seq()
        waiting = until - self.store.applied_seq()
        is_first = waiting > 0 and self.store.applied_seq() == 0
        if is_first or waiting > REBUILD_ABOVE or self._is_stale():
            return self.rebuild(now)
        if waiting == 0:
            return Applied()
        self.store.recover()
        applied = Applied(tally=self.tally)
        while (done := self.store.applied_seq()) < until:
            most = SHORT_BATCH if self.turns.is_wanted("answering") else APPLY_BATCH
            if not (records := self.journal.records_after(done, most)):
                break
            with self.turns.take("folding"):
                is_applied = self._apply_batch(newest_of(records), records[-1].seq, applied, now)
            if not is_applied:
                return self.rebuild(now)
        return applied

    def _apply_batch(
        self, records: list[Record], seq: int, applied: Applied, now: datetime
    ) -> bool:
        """Apply one batch in one atomic call; False where it renames so much: lift all again."""
        self._start_reasoner()
        try:
            with applied.timed("lift"):
                said = self._canonical.lift(records, self.store, now, REBUILD_ABOVE)
            if said is None:
                self._reasoner = None
                return False
            applied.rejected += said.rejected
            with applied.timed("merge"):
                unknown = self.journal.history.unknown_at(self.store.applied_seq(), records)
                change = self.store.consult(lambda graphs: self._merged(said, graphs, unknown))
            with applied.timed("derive"):
                self._derive(change)
            with applied.timed("store"):
                self.store.apply(change.removed, change.added, seq)
        except BaseException as error:
            self._reasoner = None  # it may be ahead of the store: it starts from there again
            if isinstance(error, StoreFull):
                self.space.ran_out()
            raise
        applied.records += len(records)
        self.tally.apply(Counter(record.source for record in records))
        self.tally.see(((r.source, r.recorded) for r in records), applied.at(now))
        self.changes.tell_batch(change.removed, change.added, seq, records)
        return True

    def _merged(self, said: Said, graphs: Graphs, unknown: Collection[str] = ()) -> Change:
        change = self._merge.merge(said.facts, graphs, unknown)
        change.removed |= said.removed
        change.added |= said.added
        return change

    def _derive(self, change: Change) -> None:
        """Derive on the present as it will be, and put what changes into the same batch."""
        assert self._reasoner is not None
        if not change.present_removed and not change.present_added:
            return
        gone, come = self._reasoner.update(change.present_removed, change.present_added)
        self._gaps.note(change.present_removed | gone, change.present_added | come)
        present_gone = (change.present_removed | gone) - change.present_added - come
        for fact in present_gone:
            if fact not in self._reasoner.derived:
                change.removed.add((*fact, ""))
        change.added |= {(*fact, "") for fact in change.present_added | come}
        change.removed |= {(*fact, self._derived_graph) for fact in gone}
        change.added |= {(*fact, self._derived_graph) for fact in come}

    def prepare(self) -> None:
        """Do ahead of the first batch what it would wait for: plan the lift, read the present."""
        self._lifters.prepare()
        if self.store.applied_seq() > 0 and not self._is_stale():
            self._start_reasoner()

    def _start_reasoner(self) -> None:
        """Fill the reasoner's memory and the aliases from the store, once.

        What is derived was written with what it follows from, in one batch and by this recipe: it
        is not derived anew.
        """
        if self._reasoner is not None:
            return
        self.store.recover()
        reasoner = Reasoner(self.plant, self.rules, self.shapes.looked_at)
        reasoner.resume(read_held(self.store, self._derived_graph, reasoner.properties))
        self._reasoner = reasoner
        self._canonical.start(self.store)

    # ---- quarantine

    def described(self, row: Quarantined) -> dict[str, Any]:
        """Give a row in quarantine as plain data, told by today's mappings."""
        return row.to_dict(self.mappings)

    def replay(self, rows: Sequence[Quarantined], now: datetime) -> Replayed:
        """Read and lift again what waits in quarantine, by today's mappings and settings.

        The graph is then that of a run by which nothing of what is well now ever failed.
        """
        balances = self._intake.reread([r for r in rows if r.rejected.stage == "read"], now)
        applied = self.apply(now)
        places = unlifted(rows)
        if places and not applied.is_rebuild:
            self._lift_newest(places, applied, now)
        waiting = self.journal.waiting()
        there, still = {row.id for row in waiting}, unlifted(waiting)
        left = [row for row in rows if row.id not in there and not unlifted([row]) & still]
        errors = [balance.error for balance in balances if balance.error is not None]
        return Replayed(len(rows), left, len(waiting), errors)

    def _lift_newest(self, places: Iterable[Place], applied: Applied, now: datetime) -> None:
        """Lift the newest versions of records again, at the offset that the graph has reached."""
        found = [self.journal.newest(*place) for place in sorted(places)]
        records = [record for record in found if record is not None]
        self._gaps.doubt()
        if not self._apply_batch(records, self.store.applied_seq(), applied, now):
            self.rebuild(now)
        self._answers = None  # what it remembers of this offset holds no more

    # ---- people

    def people(self) -> People:
        """Give who is known by name."""
        return People(self.plant, self.journal, self.store)

    def forget(self, person: str, now: datetime) -> Forgotten:
        """Erase a person's names and what free text says of the person, and fold a graph without.

        The old graph is still on the disk until the plant is closed and opened again.

        Raises:
            UnknownEntity: no record speaks of such a person.
        """
        self._start_reasoner()
        what = self.people().what_to_erase(person, self._canonical)
        # Should this process end before the new graph is whole, the next one makes it.
        self._generations.outdate()
        self._found_well = None
        forgotten = self.journal.forget(what, now)
        self.journal.compact()
        self.rebuild(now)
        return forgotten

    # ---- rebuild

    def rebuild(self, now: datetime) -> Applied:
        """Refold the whole journal into a new generation and swap it in; the old one answers on."""
        applied = Applied(is_rebuild=True, tally=self.tally)
        self._reasoner = None
        self._gaps.doubt()
        seq = self.journal.last_seq()
        with applied.timed("lift"):
            said = self._canonical.lift_all(now)
        applied.rejected = said.rejected
        self._report("merge", f"{len(said.facts)} records")
        with applied.timed("merge"):
            change = self._merged(said, NoGraphs())
        change.added.add(offset.name_journal(self.plant.base, self.journal))
        self._report("derive", f"{len(change.present_added)} facts")
        reasoner = Reasoner(self.plant, self.rules, self.shapes.looked_at)
        with applied.timed("derive"):
            reasoner.start(change.present_added)
            reasoner.derive()
        self._report("store", f"{len(change.added)} quads")
        with applied.timed("store"):
            quads = change.dataset(reasoner.derived, self._derived_graph)
            fresh = self._generations.write(quads, seq, self._recipe.digest)
            self.names.renew(fresh)
            self.store = fresh
            offset.note_flushed(self.plant.store_path, self.journal, seq)
        self._reasoner = reasoner
        applied.records = len(said.facts)
        self.tally.apply(Counter(record.source for record, _ in said.facts))
        self.changes.tell_reset("the graph was folded anew", seq)
        return applied

    def _is_stale(self) -> bool:
        """Tell whether the graph was made by other mappings, settings or ontology than today's.

        A graph that does not say which journal it was folded from is of an earlier Traveler. Who
        owns a graph that was found well makes it worse no more: it is looked at once.
        """
        if self._found_well is not self.store and self.store.applied_seq() > 0:
            if not self._generations.made_by(self._recipe.digest):
                return True
            if not offset.folded_from(self.store):
                return True
            self._found_well = self.store
        return False

    # ---- validate

    def follow_gaps(self, now: datetime) -> int:
        """Put on record which gaps opened and closed by what was applied; counts the open ones."""
        if self._reasoner is None and self._gaps.are_known(self.store.applied_seq()):
            return self._gaps.count()
        self.prepare()
        present = None if self._reasoner is None else self._reasoner.present
        return self._gaps.follow(self.store, present, now)

    def validate(self, now: datetime) -> int:
        """Find all gaps, also those that changes do not lead to; counts those that are open."""
        self._report("validate", "shapes")
        if self.shapes.timed:
            self.prepare()
        self.follow_gaps(now)
        return self._gaps.look_at_timed(self.store.applied_seq(), now)
