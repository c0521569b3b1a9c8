"""A plant's history: its answers as of any time, by what was believed at any time."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, TypeVar, cast
from zoneinfo import ZoneInfo

from kg.asof.asserted import Asserted
from kg.asof.demand import Demand
from kg.asof.earlier import find_earlier
from kg.asof.find import FinderThen
from kg.asof.journal import JournalThen
from kg.asof.past import Past
from kg.asof.said import Graphs
from kg.asof.store import StoreThen
from kg.asof.times import ALL_ON_RECORD, Then, check_horizon, read_then
from kg.asof.versions import Versions
from kg.asof.views import View, compare_views, in_context, spoken_of
from kg.errors import HistoryError, UnknownEntity
from kg.identity import Aliases, moved
from kg.lifted import Lifters
from kg.mentions import mentioning, said_aliases
from kg.merge import Merge
from kg.reason.backward import Backward
from kg.times import format_time
from kg.vocab import OWL_SAME_AS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from kg.answer import Answers
    from kg.answer.asking.hindsight import Difference, Times
    from kg.answer.bundle import Context
    from kg.asof.earlier import Earlier
    from kg.asof.past import Place
    from kg.journal import Journal
    from kg.records import Fact, Record, Term
    from kg.settings import Plant
    from kg.store import Store
    from kg.validate.gaps import PlantShapes

T = TypeVar("T")
AS_IT_STANDS = ("", "now", "latest")
"""What the graph of today is asked at; all other times are asked of what was."""
INDEX_FILE = "past.sqlite"
MOST_MOVED = 20_000
"""Of how many records it is told what they change; of more, only of one thing."""
TRIES = 5
"""How often a question is asked again that a batch has overtaken."""


class PlantHistory:
    """Answers for one plant as of other times; any thread may ask, one is answered at a time.

    ``recipe`` names the mappings and settings that records are lifted by; ``answers`` gives the
    answers of today.
    """

    def __init__(
        self,
        plant: Plant,
        journal: Journal,
        recipe: str,
        answers: Callable[[], Answers],
        shapes: PlantShapes,
    ) -> None:
        self._plant = plant
        self._journal = journal
        self._answers = answers
        self._shapes = shapes
        # Of its own: an engine that lifts is used by one thread at a time.
        self._lifters: Lifters | None = None
        self._past = Past(plant.store_path / INDEX_FILE, journal, recipe, self._lift_each)
        self._turn = Lock()

    def ask_at(
        self,
        times: tuple[str, str],
        now: datetime,
        latest: Callable[[], datetime | None],
        question: Callable[[Answers, datetime], T],
    ) -> T:
        """Ask the answers of a time, and by what was on record at a time, as people write them.

        ``times`` are both: ``now``, ``latest`` (the newest record's time, for an old export) or
        one that has passed; "" is now, and of the second that all is believed that is known.
        As it stands the graph is asked itself.

        Raises:
            ConfigError: one is no time, or has not come yet.
            HistoryError: what was then is no longer known as a whole.
        """
        at, believed_at = times
        clock = (latest() if at == "latest" else None) or now
        if at in AS_IT_STANDS and not believed_at:
            return question(self._answers(), clock)
        given = format_time(clock) if at == "latest" else at
        then = read_then(given, believed_at, max(now, clock), ZoneInfo(self._plant.zone))
        return self.ask(then, lambda answers: question(answers, then.at))

    def follow(self) -> None:
        """Bring the index of the past up to date, which a question does otherwise."""
        self._past.follow()

    def close(self) -> None:
        """Let the index go."""
        self._past.close()

    def ask(self, then: Then, question: Callable[[Answers], T]) -> T:
        """Ask the answers of a time.

        Raises:
            HistoryError: it lies before what is still known, or the question is of all the plant.
        """
        return self._at([then], lambda views: question(views[0].answers))

    def context_at(self, entity: Term, times: Times) -> Context | None:
        """Give the context of a thing at a time; None where it was not known then."""
        then = _then(times)
        try:
            return self.ask(then, lambda answers: answers.context(entity[1:-1], then.at))
        except UnknownEntity:
            return None

    def differences(self, one: Times, other: Times, entity: Term | None = None) -> list[Difference]:
        """Give what records said otherwise at one time than at another, sorted.

        With an entity, of what its context spoke of at either time.

        Raises:
            HistoryError: so much was recorded since that only one thing can be asked about.
        """
        thens = [_then(one), _then(other)]
        if entity is not None:
            return self._at(thens, lambda views: compare_views(views, in_context(views, entity)))
        places = self._journal.history.moved_since(thens[0].at_text, MOST_MOVED + 1)
        if len(places) > MOST_MOVED:
            raise HistoryError(
                f"more than {MOST_MOVED:,} records have come since",
                hint="ask for a later time, or about one machine",
                code="as-of-everything",
            )
        return self._at(thens, lambda views: compare_views(views, spoken_of(views, places)))

    def earlier(
        self, records: Sequence[Record], wanted: Collection[tuple[Term, Term]]
    ) -> list[Earlier]:
        """Give what records said by properties of things before they said something else."""
        with self._turn:
            return find_earlier(self._journal.history, self._lift_each, records, wanted)

    def _at(self, thens: Sequence[Then], question: Callable[[list[View]], T]) -> T:
        """Ask views of times, all of the same state of journal and graph."""
        for then in thens:
            check_horizon(then, self._journal.horizon())
        with self._turn:
            for _ in range(TRIES):
                today = self._answers()
                if today.rules.keys:
                    raise _keyed()
                seq = today.store.applied_seq()
                self._past.follow()
                views = [self._view(today, then, seq) for then in thens]
                answer = question(views)
                # What was read of a record in the graph is of the version that was looked up.
                looked_at = set().union(*(view.versions.standing() for view in views))
                overtaken = looked_at & self._journal.history.touched(seq)
                if self._answers().store is today.store and not overtaken:
                    return answer
        raise HistoryError(
            "the graph changes faster than the question can be answered",
            hint="ask again in a moment",
            code="not-ready",
        )

    def _view(self, today: Answers, then: Then, seq: int) -> View:
        """Make the answers of a time, from the graph of today and what else was said then."""
        versions = Versions(then, self._journal.history, self._lift_versions, seq)
        graphs = Graphs(self._plant, versions)
        merge = Merge(self._plant, today.single_valued)
        asserted = Asserted(today.store, merge, versions, self._past, graphs)
        names = self._name(today.store, versions, asserted, graphs)
        said = today.producers.said() | {OWL_SAME_AS}
        backward = Backward(today.rules, asserted, said, graphs.folded_runs())
        store = StoreThen(self._plant.base, versions.last_seq(), asserted)
        store.demand = Demand(self._plant.base, backward, asserted.predicates, store.take)
        journal = JournalThen(self._journal, versions, then, store, self._shapes)
        finder = FinderThen(cast("Store", store), self._plant.base, today.finder, names)
        answers = today.as_of(cast("Store", store), cast("Journal", journal), finder)
        return View(then, answers, versions, asserted, graphs)

    def _name(
        self, today: Store, versions: Versions, asserted: Asserted, graphs: Graphs
    ) -> Mapping[Term, Term]:
        """Tell what was the same as what; records that used other names than today are lifted."""
        aliases_today, aliases = Aliases(), Aliases()
        said = {graphs.place(graph): facts for graph, facts in said_aliases(today).items()}
        versions.find({*said, *(sayers := self._past.aliasing())})
        for place in {*said, *sayers}:
            name = graphs.name(place)
            aliases_today.replace(name, said.get(place, ()))
            counted = versions.of(place)
            told = said.get(place, ()) if counted.stands else counted.facts
            if graphs.table(place) is not None:
                aliases.replace(name, told)
        pairs = aliases.pairs()
        renamed = moved(aliases_today.pairs(), pairs)
        places: set[Place] = {graphs.place(g) for g in mentioning(today, renamed)}
        versions.rename(places, aliases.rewrite)
        for alias, name in pairs.items():
            asserted.said.names.setdefault(name, set()).add(alias)
        asserted.said.take(places)
        return pairs

    def _lift_each(self, records: Sequence[Record]) -> list[tuple[Record, list[Fact]]]:
        return self._own_lifters().lift_each(records)

    def _lift_versions(
        self, records: Sequence[Record]
    ) -> tuple[list[tuple[Record, list[Fact]]], list[Record]]:
        return self._own_lifters().lift_versions(records)

    def _own_lifters(self) -> Lifters:
        if self._lifters is None:
            self._lifters = Lifters(self._plant, self._journal, _silent, is_strict=False)
        return self._lifters


def _silent(_stage: str, _what: str) -> None:
    """Report nothing."""


def _then(times: Times) -> Then:
    return Then(times.at, times.believed_at or ALL_ON_RECORD)


def _keyed() -> HistoryError:
    return HistoryError(
        "a plant whose ontology has keys (owl:hasKey) is not answered as of another time",
        hint="say what is the same by a crosswalk instead",
        code="as-of-everything",
    )
