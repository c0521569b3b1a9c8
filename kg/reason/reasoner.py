"""Reasoner: keeps what follows from the present by the ontology and its rules.

All is derived once (``derivation``), and after that a change is followed where it leads, and
nothing else is looked at (``step``). Rules that look for what is absent (``ontology/rules``) come
after those without negation.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from sys import intern
from threading import Lock
from typing import TYPE_CHECKING

from kg import vocab
from kg.fold import Started, infer_ends
from kg.reason.concerned import Concerned, concern_of
from kg.reason.derivation import (
    Derivation,
    after_these,
    in_order,
    most_derived,
    without_collecting,
)
from kg.reason.known import Known
from kg.reason.present import Present
from kg.reason.rederive import Rules
from kg.reason.rules import Rule, unify
from kg.reason.step import ASSERTED, DERIVED, Step, TooFar
from kg.reason.timeline import Timeline
from kg.reason.ways import filled, ways_in
from kg.store import stored_form
from kg.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Collection as Facts
    from collections.abc import Iterable, Iterator

    from kg.reason.concerned import Concern
    from kg.reason.held import Held
    from kg.reason.rules import ConstructRule, RuleSet
    from kg.records import Fact, Term
    from kg.settings import Plant
    from kg.store import Store

_OF_TIMELINES = {vocab.ON_MACHINE, vocab.STARTED_AT, vocab.ENDED_AT}
_LOOKED_AT = (*_OF_TIMELINES, vocab.CAPACITY, vocab.INFERRED_END_AT, vocab.RDF_TYPE)
FOLLOWED_ANYWAY = 500
TIMES_DEARER = 20
"""How much more it costs to follow a fact than to derive one anew among many."""
LEAST_LOOKED_AT = 50_000
"""How many facts following a change may look at; in a larger plant as many as it has."""
_INFERRED_END = Rule(
    "a start beyond the machine's capacity ends the oldest run",
    ("?run", vocab.INFERRED_END_AT, "?end"),
    (
        ("?run", vocab.STARTED_AT, "?start"),
        ("?run", vocab.ON_MACHINE, "?machine"),
        ("?other", vocab.ON_MACHINE, "?machine"),
        ("?other", vocab.STARTED_AT, "?end"),
    ),
)
"""How an inferred end is explained; ``kg.reason.timeline`` tells them."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a fact is there: the rule, and the facts it was drawn from."""

    rule: str
    premises: tuple[Fact, ...]


class Reasoner:
    """Keeps the present of one plant in memory and derives from it.

    ``looked_at`` are the properties that others read from ``present``; None: they can be any, and
    ``memory`` is kept.
    """

    def __init__(
        self, plant: Plant, rules: RuleSet, looked_at: Iterable[Term] | None = None
    ) -> None:
        self._memory = MemoryStore.in_memory(plant.base)
        self._untold: deque[tuple[Term, Facts[Fact], Facts[Fact]]] = deque()
        self._telling = Lock()
        self._concerns = [concern_of(rule) for rule in rules.constructs]
        self._concerned = Concerned(self._concerns)
        self._steps = in_order(rules.rules)
        heads = [head for concern in self._concerns for head in concern.heads]
        self._steps_again = after_these(self._steps, heads)
        self._plain = Rules(rules.rules)
        self._known = Known(_looked_at(rules, self._concerns).union(looked_at or ()))
        self._keeps_memory = looked_at is None
        self.present = Present(self._known, lambda: self.memory)
        self._folded = tuple(
            f"<{plant.base}run/{source.name}/{table.name}/"
            for source in plant.sources
            for table in source.tables
            if table.fold is not None and table.fold.kind == "open-close"
        )
        self._timelines: dict[Term, Timeline] = {}
        self._is_whole = False
        self._size = 0
        self.derived: set[Fact] = set()

    @property
    def memory(self) -> MemoryStore:
        """All of the present: what is asserted and what is derived in a graph of its own each.

        It is brought up to date when it is asked for; any thread may ask.
        """
        with self._telling:
            while self._untold:
                graph, removed, added = self._untold.popleft()
                self._memory.replace([(*f, graph) for f in removed], [(*f, graph) for f in added])
        return self._memory

    @property
    def properties(self) -> frozenset[Term] | None:
        """The properties whose facts it has to be told of to go on; None: all of them."""
        return None if self._keeps_memory else self._known.properties

    @without_collecting()
    def start(self, asserted: Iterable[Fact]) -> None:
        """Take in the asserted present as it stands; nothing is derived of it yet."""
        facts = list(asserted)
        self._size = len(facts)
        self.derived = set()
        self._tell_memory(ASSERTED, (), facts)
        self._learn(facts)
        self._is_whole = False

    @without_collecting()
    def resume(self, held: Held) -> None:
        """Take in the present as it was held, with all that these rules derive of it."""
        present, self.derived, self._size = held
        every: set[Fact] = set()
        for p, subjects, values in present:
            if self._keeps_memory:
                every.update((s, p, o) for s, o in zip(subjects, values, strict=True))
            if self._known.has(p):
                self._known.links(p).take_in(subjects, values)
        if self._keeps_memory:
            self._tell_memory(ASSERTED, (), every - self.derived)
            self._tell_memory(DERIVED, (), self.derived.copy())
        self._is_whole = True

    def change(self, removed: Facts[Fact], added: Facts[Fact]) -> None:
        """Change the asserted present."""
        self._set_back()
        for fact in self._looked_at(removed):
            self._known.remove(fact)
        self._learn(added)
        self._tell_memory(ASSERTED, removed, added)

    @without_collecting()
    def derive(self) -> tuple[set[Fact], set[Fact]]:
        """Derive anew and tell what went and what came, compared with the last time.

        Raises:
            OntologyError: it is too deep or too much; the message names the rule and the size.
        """
        self._set_back()
        before, self.derived = self.derived, set()
        derivation = Derivation(self._known, self.derived, self._size)
        derivation.learn(list(self._inferred_ends()), "inferred ends")
        derivation.close(self._steps)
        for concern in self._concerns:
            derivation.learn(list(concern.about(None, self._known)), concern.name)
        if self._concerns:
            derivation.close(self._steps_again)
        self._timelines.clear()
        self._is_whole = True
        gone, come = before - self.derived, self.derived - before
        self._tell_memory(DERIVED, gone, come)
        return gone, come

    def update(self, removed: Facts[Fact], added: Facts[Fact]) -> tuple[set[Fact], set[Fact]]:
        """Change the asserted present, and tell what went and what came of what is derived.

        It is what ``change`` and ``derive`` give together, at the cost of what changes.

        Raises:
            OntologyError: it is too deep or too much; the message names the rule and the size.
        """
        size = len(removed) + len(added)
        is_small = size <= FOLLOWED_ANYWAY or size * TIMES_DEARER <= self._size
        step = self._step() if self._is_whole and is_small else None
        fresh = set(added)
        gone = set(removed) - fresh
        self._size += len(fresh) - len(gone)
        if step is None or not self._follow(step, gone, fresh):
            self.change(gone, fresh)
            return self.derive()
        self._tell_memory(ASSERTED, gone, fresh)
        outcome = step.outcome()
        self._tell_memory(DERIVED, *outcome)
        return outcome

    def _step(self) -> Step:
        return Step(
            self._known,
            self.derived,
            self._plain,
            self._concerns,
            self._concerned,
            most_derived(self._size),
            max(LEAST_LOOKED_AT, self._size),
        )

    def _follow(self, step: Step, removed: Facts[Fact], added: Facts[Fact]) -> bool:
        """Follow a change; False where it leads so far that all may as well be derived anew."""
        try:
            step.change(set(self._looked_at(removed)), set(self._looked_at(added)))
            step.change_derived(*self._moved_ends(step.changed))
            step.ask_again()
        except TooFar:
            self._set_back()
            self.derived = step.before()
            return False
        return True

    def _set_back(self) -> None:
        """Know only what is asserted, until all is derived anew."""
        if self._is_whole:
            self._is_whole = False
            for fact in self.derived:
                self._known.remove(fact)

    def _learn(self, facts: Iterable[Fact]) -> None:
        for fact in self._looked_at(facts):
            self._known.add(fact)

    def _looked_at(self, facts: Iterable[Fact]) -> Iterator[Fact]:
        """Choose what rules look at, in the form in which stores keep it."""
        has = self._known.has
        for fact in facts:
            if has(fact[1]):
                # A term stands in many facts: it is kept once.
                s, p, o = fact
                yield intern(s), p, intern(stored_form(o) if o[0] == '"' else o)

    def _tell_memory(self, graph: Term, removed: Facts[Fact], added: Facts[Fact]) -> None:
        if self._keeps_memory:
            self._untold.append((graph, removed, added))

    def _moved_ends(self, changed: Facts[Fact]) -> tuple[set[Fact], set[Fact]]:
        """Tell which inferred ends went and came with a change of the asserted present."""
        runs = {s for s, p, _ in changed if p in _OF_TIMELINES and s.startswith(self._folded)}
        gone: set[Fact] = set()
        come: set[Fact] = set()
        for run in self._replay(runs, changed):
            ends = [self._timeline(machine).inferred_end(run) for machine in self._machines(run)]
            new = {(run, vocab.INFERRED_END_AT, _time(end)) for end in ends if end is not None}
            old = set(self._known.facts(run, vocab.INFERRED_END_AT)) & self.derived
            gone |= old - new
            come |= new - old
        return gone, come

    def _replay(self, runs: set[Term], changed: Facts[Fact]) -> set[Term]:
        """Play the timelines that runs or capacities changed; gives whose end may differ."""
        touched = set(runs)
        machines = {o for s, p, o in changed if p == vocab.ON_MACHINE and s in runs}
        machines = machines.union(*(self._machines(run) for run in runs))
        for machine in {s for s, p, _ in changed if p == vocab.CAPACITY} & self._timelines.keys():
            touched.update(self._timelines.pop(machine).runs())
        for machine in machines | {s for s, p, _ in changed if p == vocab.CAPACITY}:
            if machine in self._timelines:
                here = {run: self._started(run, machine) for run in runs}
                touched |= self._timelines[machine].replace(here.items())
            else:
                touched.update(self._timeline(machine).runs())
        return touched

    def _timeline(self, machine: Term) -> Timeline:
        """Give a machine's timeline; the first time it is made of the runs that there are."""
        if machine not in self._timelines:
            found = self._known.subjects(vocab.ON_MACHINE, machine)
            runs = sorted(run for run in found if run.startswith(self._folded))
            started = [one for run in runs if (one := self._started(run, machine))]
            self._timelines[machine] = Timeline(self._capacity(machine), started)
        return self._timelines[machine]

    def _machines(self, run: Term) -> set[Term]:
        return set(self._said(run, vocab.ON_MACHINE))

    def _capacity(self, machine: Term) -> int:
        said = self._said(machine, vocab.CAPACITY)
        return max((int(_lexical(value)) for value in said), default=1)

    def _started(self, run: Term, machine: Term) -> Started | None:
        """Give how a run stands on a machine; None where it is not there or did not start."""
        span = self._span(run) if machine in self._machines(run) else None
        return Started.of(*span) if span is not None else None

    def _span(self, run: Term) -> tuple[Term, str, str | None] | None:
        """Give a run with its start and end as they are written; None where it did not start."""
        starts = self._said(run, vocab.STARTED_AT)
        ends = self._said(run, vocab.ENDED_AT)
        if not starts:
            return None
        return run, _lexical(min(starts)), _lexical(min(ends)) if ends else None

    def _said(self, s: Term, p: Term) -> list[Term]:
        """Give what is asserted of a thing."""
        return [o for o in self._known.objects(s, p) if (s, p, o) not in self.derived]

    def _inferred_ends(self) -> Iterator[Fact]:
        """Tell when runs whose end was not recorded must have ended."""
        runs: dict[Term, list[tuple[Term, str, str | None]]] = {}
        for run, machine in self._known.links(vocab.ON_MACHINE).pairs():
            if run.startswith(self._folded) and (span := self._span(run)) is not None:
                runs.setdefault(machine, []).append(span)
        for machine, spans in runs.items():
            for run, moment in infer_ends(spans, self._capacity(machine)).items():
                yield run, vocab.INFERRED_END_AT, _time(moment)


def _lexical(literal: Term) -> str:
    return literal.split('"')[1]


def _time(text: str) -> Term:
    return f'"{text}"^^<{vocab.XSD}dateTime>'


def _looked_at(rules: RuleSet, concerns: Iterable[Concern]) -> set[Term]:
    """Give the properties that something here looks at or gives."""
    found = set(_LOOKED_AT).union(*(concern.looks_at() for concern in concerns))
    for rule in rules.rules:
        found.update(p for _, p, _ in (rule.head, *rule.body))
    return found


def explanations(fact: Fact, rules: RuleSet, store: Store) -> Iterator[Explanation]:
    """Find the ways in which a rule and premises in the present give a derived fact.

    Inverses explain each other in a circle: who follows premises must not come back to a fact.
    """
    for rule in _giving(rules, fact[1]):
        bindings = unify(rule.head, fact)
        if bindings is None:
            continue
        body = [filled(pattern, bindings) for pattern in rule.body]
        for row in ways_in(body, store):
            premises = tuple(
                (row.get(s[1:], s), row.get(p[1:], p), row.get(o[1:], o)) for s, p, o in body
            )
            if fact not in premises:
                yield Explanation(rule.name, premises)


def _giving(rules: RuleSet, predicate: Term) -> tuple[Rule, ...]:
    """Find the rules that can give a property, in their order; each property is asked often."""
    if predicate not in rules.giving:
        given = chain.from_iterable(map(_positive, rules.constructs))
        every = (*rules.rules, *given, _INFERRED_END)
        fitting = (rule for rule in every if rule.head[1] == predicate or rule.head[1][0] == "?")
        rules.giving[predicate] = tuple(fitting)
    return rules.giving[predicate]


@lru_cache(maxsize=256)
def _positive(construct: ConstructRule) -> tuple[Rule, ...]:
    """Give a rule with negation as rules by what it finds: what is absent has no record."""
    concern = concern_of(construct)
    body = tuple(dict.fromkeys(concern.outer))
    return tuple(Rule(construct.name, head, body) for head in concern.heads)
