"""The one place where a plant is asked; everything it answers is as of one clock."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from kg import vocab
from kg.answer.asking.answerers import ANSWERERS
from kg.answer.asking.given import read_given
from kg.answer.asking.producers import Producers
from kg.answer.asking.questions import Question, load_questions
from kg.answer.asking.readiness import find_readiness, shipped_mappings
from kg.answer.asking.reads import readers
from kg.answer.context import ContextBuilder
from kg.answer.evidence import Evidence, Lineage, short
from kg.answer.find import Finder
from kg.answer.focus import expand
from kg.answer.gaps.contradictions import name_contradictions
from kg.answer.gaps.coverage import Check, Checker
from kg.answer.gaps.details import Details
from kg.answer.gaps.history import note_check
from kg.answer.gaps.placeholders import Placeholders
from kg.answer.gaps.ranking import find_repairs, ranked
from kg.answer.gaps.strangers import offer
from kg.answer.gaps.suspicions import Suspicions
from kg.answer.glance import Wide, glance
from kg.answer.opengaps import OpenGaps
from kg.answer.planning.computed import NAMES as COMPUTED
from kg.answer.planning.next import DEFAULT_RULE
from kg.answer.planning.planner import Planner
from kg.answer.slots import LINK_RULES, Slots
from kg.errors import UnknownEntity
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from kg.answer.asking.answerers import Row
    from kg.answer.asking.hindsight import Hindsight
    from kg.answer.asking.readiness import Readiness
    from kg.answer.bundle import Context, Focus
    from kg.answer.finding.gazetteer import Names
    from kg.answer.freshness import Freshness
    from kg.answer.gaps.candidates import Candidates
    from kg.answer.gaps.placeholders import Columns
    from kg.answer.planning.next import Rule
    from kg.journal import Journal
    from kg.reason.rules import RuleSet
    from kg.records import Fact, Record, Term
    from kg.settings import Plant
    from kg.store import Store
    from kg.tally import Tally

_RUN_NEEDS = frozenset({vocab.STARTED_AT, vocab.RUN_STARTED})


@dataclass(frozen=True, slots=True)
class Explained:
    """A fact traced back: the facts it was drawn from, and the rows that say them."""

    fact: Fact
    lineage: Lineage
    records: tuple[Record, ...]


class Answers:
    """Answers questions about one plant from its store and journal.

    ``produced`` is, for each source, what its mappings can produce: (table, class, predicate);
    ``columns`` tells of which columns they make it, ``names`` what things of the graph are called.
    """

    def __init__(
        self,
        plant: Plant,
        store: Store,
        journal: Journal,
        rules: RuleSet,
        single_valued: frozenset[Term],
        produced: Mapping[str, Collection[tuple[str, str, str]]],
        columns: Columns,
        names: Names | None = None,
    ) -> None:
        self.plant = plant
        self.store = store
        self.journal = journal
        self.rules = rules
        self.single_valued = single_valued
        self.producers = Producers(plant, produced)
        self._placeholders = Placeholders(plant, journal, columns)
        self._suspicions = Suspicions(store)
        self._wide = Wide()
        self.is_past = False
        """Whether these are the answers of another time, each look of which takes longer."""
        self.hindsight: Hindsight | None = None
        """The plant's history, where there is one."""
        self.tally: Tally | None = None
        """What this process counted, where it folds the plant."""
        self.finder = Finder(store, plant.base, {one.name for one in plant.sources}, names)

    def as_of(self, store: Store, journal: Journal, finder: Finder) -> Answers:
        """Give the answers from another store and journal, by the same rules and mappings."""
        other = copy(self)
        other.store, other.journal, other.finder = store, journal, finder
        other.is_past = True
        other._suspicions = Suspicions(store)  # noqa: SLF001 - its own
        return other

    @cached_property
    def questions(self) -> dict[str, Question]:
        """The saved questions, by name."""
        return load_questions()

    @cached_property
    def readers(self) -> dict[Term, tuple[str, ...]]:
        """For each property the saved questions that have no full answer without it."""
        return readers(self.questions.values())

    @cached_property
    def covering(self) -> dict[str, list[str]]:
        """For each link, and ``now``, the sources whose mappings can produce it, best first."""
        needs = {slot: rule.needs for slot, rule in LINK_RULES.items()} | {"now": _RUN_NEEDS}
        return {slot: self.producers.sources_of(wanted, slot) for slot, wanted in needs.items()}

    def evidence(self, now: datetime, store: Store | None = None) -> Evidence:
        """Fix a clock for citations and ages, and the view of the store that they are read by."""
        view = store or self.store
        return Evidence(self.plant, view, self.journal, self.rules, self.single_valued, now)

    def planner(self, now: datetime) -> Planner:
        """Fix a clock for what planning knows of operations."""
        evidence = self.evidence(now)
        slots = Slots(self.store, evidence, OpenGaps(self.journal.gaps_of), self.covering)
        return self._planner(evidence, slots, now)

    def _planner(self, evidence: Evidence, slots: Slots, now: datetime) -> Planner:
        zone = ZoneInfo(self.plant.zone)

        def is_said(predicate: Term) -> bool:
            return bool(self.producers.of(predicate))

        return Planner(self.store, evidence, slots, zone, now, is_said)

    def candidates(self, evidence: Evidence) -> Candidates:
        """Give the ids that have no partner and their likely ones, as the graph stands."""
        return self._suspicions.find(evidence).candidates

    def context(
        self,
        reference: str,
        now: datetime,
        kind: str | None = None,
        *,
        focus: Focus = "now",
        rule: Rule = DEFAULT_RULE,
    ) -> Context:
        """Answer what is going on with an entity, by any of its names, and what a focus adds.

        Raises:
            UnknownEntity: the name means nothing here, or several things.
        """
        entity = self.finder.find(reference, kind)
        store, gaps = glance(self.store, self._wide), OpenGaps(self.journal.gaps_of)
        evidence = self.evidence(now, store)
        slots = Slots(store, evidence, gaps, self.covering)
        builder = ContextBuilder(store, evidence, slots, gaps)
        sources = self._sources(evidence.freshness, now)
        found = builder.build(entity.term, entity.kind, format_time(now), sources)
        expand(found, self._planner(evidence, slots, now), entity.term, focus, rule)
        return found

    def check(self, now: datetime) -> Check:
        """Count coverage and list gaps, as of the last validation; count the rows that wait.

        What differs from the check before is noted in the journal.
        """
        evidence = self.evidence(now)
        gaps = {(gap.entity, gap.slot): gap for gap in self.journal.open_gaps()}
        slots = Slots(self.store, evidence, gaps, self.covering)
        checker = Checker(self.store, evidence, slots, gaps, self.covering, self.single_valued)
        found = checker.check()
        checked_at = self.journal.gaps.checked.at or None
        details = Details(self.plant, self.store, evidence, self.producers, self.readers)
        suspected = self._suspicions.find(evidence)
        # Of an id that is two things it need not be told that it is none.
        disputed = {gap.entity for gap in found.gaps if gap.kind == "identity"}
        others = [gap for gap in suspected.gaps if gap.entity not in disputed]
        detailed = details.complete([*found.gaps, *others], checked_at)
        told = name_contradictions(self._placeholders.name(detailed.gaps))
        offering = offer(told, suspected.candidates, self.plant.base)
        first = ranked(note_check(self.journal.checks, found.coverage, offering, now))
        repairs = find_repairs(first, detailed.lost_at)
        return Check(found.coverage, first, self.journal.waiting_counts(), repairs, checked_at)

    def sources(self, now: datetime) -> list[dict[str, Any]]:
        """Tell each connected source: owner, when it last vouched for anything, stale or not."""
        return self._sources(self.evidence(now).freshness, now)

    def _sources(self, freshness: Freshness, now: datetime) -> list[dict[str, Any]]:
        return [
            {
                "name": source.name,
                "title": source.title or source.name,
                "system": source.system,
                "owner": source.owner,
                "confirmed_at": freshness.newest(source.name),
                "is_stale": freshness.is_source_stale(source.name, now),
                "covers": [slot for slot, names in self.covering.items() if source.name in names],
            }
            for source in self.plant.sources
        ]

    def ask(self, name: str, parameters: Mapping[str, str], now: datetime) -> list[Row]:
        """Answer a saved question; values are short ids, labels and plain literals.

        Raises:
            UnknownEntity: there is no such question, or a parameter names nothing.
            ConfigError: a parameter is missing, unknown or impossible.
        """
        question = self.question(name)
        given = read_given(question, parameters, self.finder, ZoneInfo(self.plant.zone))
        if question.computed:
            return ANSWERERS[question.computed](self, given, now)
        return [self.shortened(row) for row in self.store.select(given.query(now))]

    def question(self, name: str) -> Question:
        """Give a saved question by its name.

        Raises:
            UnknownEntity: there is none; the nearest names stand in the hint.
        """
        question = self.questions.get(name)
        if question is None:
            near = get_close_matches(name, self.questions, n=3, cutoff=0.4)
            listed = "all stand in traveler ask --list, and in /v1/questions"
            raise UnknownEntity(
                f"there is no question {name!r}",
                hint=f"did you mean {', '.join(near)}?" if near else listed,
            )
        return question

    def readiness(self) -> Readiness:
        """Tell which questions the connected sources can answer, and what to connect next."""
        return self._readiness

    @cached_property
    def _readiness(self) -> Readiness:
        # By mappings and rules alone, which are read once; records change nothing of it.
        shipped = shipped_mappings(self.plant.base)
        return find_readiness(self.plant, self.questions, self.producers, self.rules, shipped)

    def shortened(self, row: Mapping[str, Term]) -> Row:
        """Shorten a solution's terms for people."""
        return {key: short(term, self.plant.base) for key, term in row.items()}

    def explain(self, fact_id: str, now: datetime) -> Explained:
        """Trace a fact, by its id or by the entity and slot it stands in, to its source's rows.

        Raises:
            UnknownEntity: there is no such fact now; it may have been corrected.
        """
        entity = self.finder.find(fact_id.rsplit("~", 2)[0])
        evidence = self.evidence(now)
        slot = fact_id.rsplit("~", 2)[1] if fact_id.count("~") >= 2 else ""
        # Also the losers of a conflict have ids, and stand only in their records' graphs.
        said = {
            (p, o)
            for p, o, graph in self.store.about(entity.term)
            if not graph or evidence.is_support(graph)
        }
        for predicate, value in sorted(said):
            fact = (entity.term, predicate, value)
            if evidence.fact_id(fact, slot) == fact_id:
                return self._explained(fact, evidence)
        if slot in COMPUTED:
            raise UnknownEntity(
                f"{fact_id!r} was computed when the answer was made, and stands in no record",
                hint="explain one of its inputs, which the answer names",
            )
        raise UnknownEntity(
            f"there is no fact {fact_id!r} now",
            hint="it may have been corrected; ask for the entity's context again",
        )

    def _explained(self, fact: Fact, evidence: Evidence) -> Explained:
        lineage = evidence.lineage(fact)
        paths = [evidence.cite(graph).record for leaf in lineage.leaves() for graph in leaf.graphs]
        found = self.journal.current_by_path(dict.fromkeys(paths))
        return Explained(fact, lineage, tuple(found.values()))
