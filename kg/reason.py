"""Reason: what follows from the present by the ontology and its rules.

The rules are run as SPARQL updates on an in-memory copy of the asserted present, to a fixpoint;
those that look for what is absent (``ontology/rules``) run between two fixpoints. After that a
change is followed where it leads, and nothing else is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from kg import vocab
from kg.concerned import Concern
from kg.errors import OntologyError
from kg.fold import Started, infer_ends
from kg.rederive import Rules
from kg.rules import Rule, unify
from kg.step import ASSERTED as _ASSERTED
from kg.step import DERIVED as _DERIVED
from kg.step import Step
from kg.store import EmbeddedStore
from kg.timeline import Timeline
from kg.vocab import RDF_TYPE

if TYPE_CHECKING:
    from collections.abc import Collection as Facts
    from collections.abc import Iterable, Iterator, Mapping

    from kg.records import Fact, Term
    from kg.rules import ConstructRule, RuleSet
    from kg.settings import Plant
    from kg.store import Store

_OF_TIMELINES = {vocab.ON_MACHINE, vocab.STARTED_AT, vocab.ENDED_AT}
MAX_ROUNDS = 50
FOLLOWED_ANYWAY = 500
TIMES_DEARER = 20
"""How much more it costs to follow a fact than to derive one anew among many."""
MAX_WAYS = 20
"""How many ways of one rule to give one fact are looked at when explaining."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a fact is there: the rule, and the facts it was drawn from."""

    rule: str
    premises: tuple[Fact, ...]


class Reasoner:
    """Keeps the asserted present of one plant in memory and derives from it."""

    def __init__(self, plant: Plant, rules: RuleSet) -> None:
        self._rules = rules
        self._base = plant.base
        self._memory = EmbeddedStore.in_memory(plant.base)
        steps = _steps(rules.rules)
        self._steps = [(_together(step), _is_recursive(step)) for step in steps]
        self._steps_again = [
            (_together(step), _is_recursive(step)) for step in _steps_after(steps, rules.constructs)
        ]
        self._constructs = [_insert_text(rule.head, rule.body) for rule in rules.constructs]
        self._plain = Rules(rules.rules)
        self._concerns = [_concern(rule) for rule in rules.constructs]
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

    def start(self, asserted: Iterable[Fact], derived: Iterable[Fact] = ()) -> None:
        """Take in the asserted present as it stands, and what was derived from it before."""
        self._memory.bulk_load(f"{s} {p} {o} {_ASSERTED} ." for s, p, o in asserted)
        self.derived = set(derived)

    def change(self, removed: Facts[Fact], added: Facts[Fact]) -> None:
        """Change the asserted present."""
        self._memory.apply([(*f, _ASSERTED) for f in removed], [(*f, _ASSERTED) for f in added], 0)

    def derive(self) -> tuple[set[Fact], set[Fact]]:
        """Derive anew and tell what went and what came, compared with the last time.

        Raises:
            OntologyError: the rules do not come to rest.
        """
        self._memory.update(f"DROP SILENT GRAPH {_DERIVED}")
        self._memory.apply([], [(*fact, _DERIVED) for fact in self._inferred_ends()], 0)
        self._close(self._steps)
        if self._constructs:
            self._memory.update(" ;\n".join(self._constructs))
            self._close(self._steps_again)
        self._memory.update(
            f"DELETE {{ GRAPH {_DERIVED} {{ ?s ?p ?o }} }} "
            f"WHERE {{ GRAPH {_DERIVED} {{ ?s ?p ?o }} GRAPH {_ASSERTED} {{ ?s ?p ?o }} }}"
        )
        derived = self._memory.graph(_DERIVED)
        gone, come = self.derived - derived, derived - self.derived
        self.derived = derived
        self._timelines.clear()
        self._is_whole = True
        self._size = len(self._memory)
        return gone, come

    def update(self, removed: Facts[Fact], added: Facts[Fact]) -> tuple[set[Fact], set[Fact]]:
        """Change the asserted present, and tell what went and what came of what is derived.

        It is what ``change`` and ``derive`` give together, at the cost of what changes.

        Raises:
            OntologyError: the rules do not come to rest.
        """
        size = len(removed) + len(added)
        is_small = size <= FOLLOWED_ANYWAY or size * TIMES_DEARER <= self._size
        if not (self._is_whole and is_small):
            self.change(removed, added)
            return self.derive()
        step = Step(self._memory, self.derived, self._plain, self._concerns)
        fresh = set(added)
        step.change(set(removed) - fresh, fresh)
        step.change_derived(*self._moved_ends(step.changed))
        step.ask_again()
        return step.outcome()

    def _moved_ends(self, changed: Facts[Fact]) -> tuple[set[Fact], set[Fact]]:
        """Tell which inferred ends went and came with a change of the asserted present."""
        runs = {s for s, p, _ in changed if p in _OF_TIMELINES and s.startswith(self._folded)}
        gone: set[Fact] = set()
        come: set[Fact] = set()
        for run in self._replay(runs, changed):
            ends = [self._timeline(machine).inferred_end(run) for machine in self._machines(run)]
            new = {(run, vocab.INFERRED_END_AT, _time(end)) for end in ends if end is not None}
            old = set(self._memory.facts(run, vocab.INFERRED_END_AT)) & self.derived
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
            found = self._memory.facts(None, vocab.ON_MACHINE, machine)
            runs = sorted({s for s, _, _ in found if s.startswith(self._folded)})
            started = [one for run in runs if (one := self._started(run, machine))]
            self._timelines[machine] = Timeline(self._capacity(machine), started)
        return self._timelines[machine]

    def _machines(self, run: Term) -> set[Term]:
        return set(self._memory.objects(run, vocab.ON_MACHINE, _ASSERTED))

    def _capacity(self, machine: Term) -> int:
        said = self._memory.objects(machine, vocab.CAPACITY, _ASSERTED)
        return max((int(_lexical(value)) for value in said), default=1)

    def _started(self, run: Term, machine: Term) -> Started | None:
        """Give how a run stands on a machine; None where it is not there or did not start."""
        starts = self._memory.objects(run, vocab.STARTED_AT, _ASSERTED)
        if not starts or machine not in self._machines(run):
            return None
        ends = self._memory.objects(run, vocab.ENDED_AT, _ASSERTED)
        return Started.of(run, _lexical(min(starts)), _lexical(min(ends)) if ends else None)

    def _close(self, steps: Iterable[tuple[str, bool]]) -> None:
        """Run every rule to the fixpoint: each once, and those that feed themselves until rest."""
        for text, is_recursive in steps:
            size = -1
            for _ in range(MAX_ROUNDS if is_recursive else 1):
                if is_recursive and len(self._memory) == size:
                    break
                size = len(self._memory) if is_recursive else size
                self._memory.update(text)
            else:
                if is_recursive:
                    raise OntologyError(
                        f"the ontology's rules do not come to rest in {MAX_ROUNDS} rounds",
                        hint="look for a property chain that feeds itself",
                    )

    def _inferred_ends(self) -> Iterator[Fact]:
        """Tell when runs whose end was not recorded must have ended."""
        rows = self._memory.select(
            f"SELECT ?machine ?run ?start ?end ?capacity FROM {_ASSERTED} WHERE {{ "
            f"?run {vocab.ON_MACHINE} ?machine ; {vocab.STARTED_AT} ?start . "
            f"OPTIONAL {{ ?run {vocab.ENDED_AT} ?end }} "
            f"OPTIONAL {{ ?machine {vocab.CAPACITY} ?capacity }} }}"
        )
        # A run is one, also on a machine that is said to have two capacities.
        machines: dict[Term, dict[tuple[Term, str, str | None], None]] = {}
        capacity: dict[Term, int] = {}
        for row in rows:
            if not row["run"].startswith(self._folded):
                continue
            start, end = _lexical(row["start"]), _lexical(row["end"]) if "end" in row else None
            machines.setdefault(row["machine"], {})[row["run"], start, end] = None
            if "capacity" in row:
                most = capacity.get(row["machine"], 0)
                capacity[row["machine"]] = max(most, int(_lexical(row["capacity"])))
        for machine, runs in machines.items():
            for run, moment in infer_ends(runs, capacity.get(machine, 1)).items():
                yield run, vocab.INFERRED_END_AT, _time(moment)


def _lexical(literal: Term) -> str:
    return literal.split('"')[1]


def _time(text: str) -> Term:
    return f'"{text}"^^<{vocab.XSD}dateTime>'


def _steps(rules: Iterable[Rule]) -> list[list[Rule]]:
    """Put rules into an order in which each finds its premises ready.

    Properties come first: those that feed each other stand in one step, after the steps that feed
    them. No rule draws a link from a type, so types come last, each kind of rule once.
    """
    listed = list(rules)
    links = [rule for rule in listed if rule.head[1] != RDF_TYPE]
    feeds: dict[Term, set[Term]] = {}
    for rule in links:
        for _, predicate, _ in rule.body:
            feeds.setdefault(predicate, set()).add(rule.head[1])
    reach = {predicate: _reachable(predicate, feeds) for predicate in feeds}
    nothing: set[Term] = set()
    steps: dict[tuple[int, Term], list[Rule]] = {}
    for rule in links:
        head = rule.head[1]
        feeding = {p for p, reached in reach.items() if head in reached}
        together = {head} | (reach.get(head, nothing) & feeding)
        steps.setdefault((len(feeding | together), min(together)), []).append(rule)
    types = ("prp-dom", "prp-rng", "cax-sco")
    last = [[rule for rule in listed if rule.name == name] for name in types]
    return [steps[place] for place in sorted(steps)] + [step for step in last if step]


def _reachable(start: Term, feeds: Mapping[Term, set[Term]]) -> set[Term]:
    found: set[Term] = set()
    waiting = list(feeds[start])
    while waiting:
        predicate = waiting.pop()
        if predicate not in found:
            found.add(predicate)
            waiting.extend(feeds.get(predicate, ()))
    return found


def _steps_after(steps: list[list[Rule]], constructs: Iterable[ConstructRule]) -> list[list[Rule]]:
    """Choose what must run again after the construct rules: types, or all where links read them."""
    heads = [construct.head for construct in constructs]
    read = {predicate for step in steps for rule in step for _, predicate, _ in rule.body}
    links = {p for p in read - {RDF_TYPE} for head in heads if p in head}
    draws_links = any(
        rule.head[1] != RDF_TYPE and links & {predicate for _, predicate, _ in rule.body}
        for step in steps
        for rule in step
    )
    return steps if draws_links else [step for step in steps if step[0].head[1] == RDF_TYPE]


def _is_recursive(step: list[Rule]) -> bool:
    """Tell whether running each rule of a step once is not enough; a pair of inverses is done."""
    heads = {rule.head[1] for rule in step}
    if heads == {RDF_TYPE}:
        return False
    inside = [rule for rule in step if heads & {predicate for _, predicate, _ in rule.body}]
    return bool(inside) and (len(heads) > 2 or any(rule.name != "prp-inv" for rule in inside))


def _together(step: list[Rule]) -> str:
    if step[0].head[1] == RDF_TYPE:
        return _insert(step)
    # Inverses last: what the other rules of the step add is turned round at once.
    ordered = sorted(step, key=lambda rule: rule.name == "prp-inv")
    return " ;\n".join(_insert([rule]) for rule in ordered)


def _insert(rules: list[Rule]) -> str:
    """Write one SPARQL update for rules of one form."""
    first = rules[0]
    if len(rules) == 1:
        patterns = " ".join(f"{s} {p} {o} ." for s, p, o in first.body)
        return _insert_text(" ".join(first.head), patterns)
    head, body = list(first.head), list(first.body[0])
    in_head = 2 if head[1] == RDF_TYPE else 1
    in_body = 2 if first.name == "cax-sco" else 1
    head[in_head], body[in_body] = "?to", "?from"
    table = " ".join(f"({rule.body[0][in_body]} {rule.head[in_head]})" for rule in rules)
    return _insert_text(" ".join(head), f"VALUES (?from ?to) {{ {table} }} {' '.join(body)} .")


def _insert_text(head: str, body: str) -> str:
    return (
        f"INSERT {{ GRAPH {_DERIVED} {{ {head} }} }} USING {_ASSERTED} USING {_DERIVED} "
        f"WHERE {{ {body} }}"
    )


def explanations(fact: Fact, rules: RuleSet, store: Store) -> Iterator[Explanation]:
    """Find the ways in which a rule and premises in the present give a derived fact.

    Inverses explain each other in a circle: who follows premises must not come back to a fact.
    """
    for rule in (*rules.rules, *chain.from_iterable(map(_positive, rules.constructs))):
        bindings = unify(rule.head, fact)
        if bindings is None:
            continue
        body = [tuple(bindings.get(part, part) for part in pattern) for pattern in rule.body]
        text = " ".join(f"{s} {p} {o} ." for s, p, o in body)
        # In order, so that every store shows the same ways, and the same one first.
        unknown = sorted({part for pattern in body for part in pattern if part[0] == "?"})
        order = f"ORDER BY {' '.join(unknown)}" if unknown else ""
        for row in store.select(f"SELECT * WHERE {{ {text} }} {order} LIMIT {MAX_WAYS}"):
            premises = tuple(
                (row.get(s[1:], s), row.get(p[1:], p), row.get(o[1:], o)) for s, p, o in body
            )
            if fact not in premises:
                yield Explanation(rule.name, premises)


@lru_cache(maxsize=256)
def _concern(construct: ConstructRule) -> Concern:
    """Look into a rule once: parsing it takes longer than a batch."""
    return Concern(construct)


@lru_cache(maxsize=256)
def _positive(construct: ConstructRule) -> tuple[Rule, ...]:
    """Give a rule with negation as rules by what it finds: what is absent has no record."""
    concern = _concern(construct)
    body = tuple(dict.fromkeys(concern.outer))
    return tuple(Rule(construct.name, head, body) for head in concern.heads)
