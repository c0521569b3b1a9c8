"""Backward: what follows from facts that are looked up only where a question leads to them.

The same rules as everywhere, asked from their heads: a goal is one property of one thing, or what
has one thing as the value of a property. A goal is evaluated again when another that it asked has
grown, until nothing grows (tabling; Tamaki and Sato 1986, OLD resolution). A rule with negation is
believed when all that it asked is at rest. So nothing is ever derived that does not hold.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, cast

from kg import vocab
from kg.fold import infer_ends
from kg.reason.concerned import THIS
from kg.reason.goals import Goal, cannot_look, is_shared
from kg.reason.groups import join, variables
from kg.reason.reach import Reach
from kg.store import stored_form
from kg.vocab import RDF_TYPE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from kg.reason.concerned import Concern
    from kg.reason.goals import Asserted
    from kg.reason.known import Known
    from kg.reason.rules import Rule, RuleSet
    from kg.records import Fact, Term

    Bindings = dict[str, Term]

_NONE: frozenset[Term] = frozenset()
_VERY_MANY = 1 << 40


class Backward:
    """Answers goals over facts that are looked up; it remembers what it was asked.

    ``said`` are the properties that records can say anything for, ``folded`` the prefixes of the
    runs that were folded from events, whose end can be inferred. One thread at a time.
    """

    def __init__(
        self,
        rules: RuleSet,
        asserted: Asserted,
        said: Collection[Term],
        folded: tuple[str, ...],
    ) -> None:
        self.asserted = asserted
        self._folded = folded
        reach = Reach(rules, frozenset(said), is_folded=bool(folded))
        self._said = reach.said
        self._giving, self._concerns, self._possible = reach.giving, reach.concerns, reach.possible
        self._supers: dict[Term, set[Term]] = defaultdict(set)
        for rule in self._giving.get(RDF_TYPE, ()):
            ((_, p, kind), *others) = rule.body
            if p == RDF_TYPE and not others:
                self._supers[kind].add(rule.head[2])
        self._table: dict[Goal, frozenset[Term]] = {}
        self._asking: dict[Goal, set[Goal]] = defaultdict(set)
        self._waiting: dict[Goal, None] = {}
        self._undecided: dict[Goal, int] = {}
        self._ends: dict[Term, dict[Term, str]] = {}
        self._given: dict[Goal, frozenset[Term]] = {}
        self.heads = frozenset({*self._giving, *self._concerns, vocab.INFERRED_END_AT})
        """The properties that something can be derived for."""

    def find(self, subjects: Collection[Term], p: Term) -> None:
        """Look ahead at one property of many things."""
        self.asserted.find(subjects, p)

    def objects(self, s: Term, p: Term) -> Collection[Term]:
        """Give the values of a property of a thing."""
        if s[0] != "<" or p not in self._possible:
            return _NONE
        if p not in self.heads:
            return self.asserted.objects(s, p)
        return self._solve(Goal(s, p, is_backward=False))

    def is_a(self, thing: Term, kind: Term) -> bool:
        """Tell whether a thing is of a class."""
        if thing[0] != "<":
            return False
        return bool(self._solve(Goal(thing, RDF_TYPE, is_backward=False, of_class=kind)))

    def subjects(self, p: Term, o: Term) -> Collection[Term]:
        """Give the things of which a property has a value, which must be a thing itself.

        Raises:
            HistoryError: it is a code, a class or a literal, which very many things share.
        """
        if is_shared(o):
            raise cannot_look(p)
        if p not in self._possible:
            return _NONE
        if p not in self.heads:
            return self.asserted.subjects(p, o)
        return self._solve(Goal(o, p, is_backward=True))

    def is_possible(self, goal: Goal) -> bool:
        """Tell whether anything can be said or derived for a goal's property."""
        return goal.predicate in self._possible

    def _solve(self, goal: Goal) -> frozenset[Term]:
        if goal not in self._table:
            self._begin(goal)
            self._rest()
        return self._table[goal]

    def ask(self, goal: Goal, by: Goal | None) -> frozenset[Term]:
        """Give what is known of a goal so far; who asked is evaluated again when it grows."""
        if by is not None:
            self._asking[goal].add(by)
        if goal not in self._table:
            self._begin(goal)
        return self._table[goal]

    def _begin(self, goal: Goal) -> None:
        self._table[goal] = _NONE
        self._waiting[goal] = None
        if goal.predicate in self._concerns:
            self._undecided[goal] = min(p for p, _, _ in self._concerns[goal.predicate])

    def _rest(self) -> None:
        """Evaluate until nothing grows, rules with negation in their order and last."""
        while self._waiting or self._undecided:
            while self._waiting:
                goal = next(iter(self._waiting))
                del self._waiting[goal]
                self._grow(goal, self._evaluate(goal))
            if self._undecided and not self._decide_one():
                first = min(self._undecided, key=lambda goal: (self._undecided[goal], goal))
                self._settle(first, self._judge(first)[0])

    def _grow(self, goal: Goal, found: frozenset[Term]) -> None:
        if found - self._table[goal]:
            self._table[goal] |= found
            self._waiting |= dict.fromkeys(self._asking[goal])

    # ---- rules without negation

    def _evaluate(self, goal: Goal) -> frozenset[Term]:
        term, p, is_backward, _ = goal
        found = {*self._held(goal)} | self._given.get(goal, _NONE)
        if p == RDF_TYPE and not is_backward:
            return self._kinds(goal, found)
        if p == vocab.INFERRED_END_AT and not is_backward:
            found |= self._inferred_end(term)
        for rule in self._giving.get(p, ()):
            head_s, _, head_o = rule.head
            near, far = (head_o, head_s) if is_backward else (head_s, head_o)
            if near[0] == "?" or near == term:
                found.update(self._by_rule(rule, near, far, goal))
        return frozenset(one for one in found if not is_backward or one[0] == "<")

    def _kinds(self, goal: Goal, found: set[Term]) -> frozenset[Term]:
        """Give the classes of a thing; what is known of it already is not looked for again.

        What records said of it shows most of them; what follows from that is asked for the rest,
        as it may be of very many things: of all that a machine ever ran, where it is a machine.
        """
        wanted = {goal.of_class} if goal.of_class else None
        found = self._with_supers(found | self._table[goal])
        for is_shown in (self._is_domain_said, self._is_range_said, self._follows):
            for rule in self._giving.get(RDF_TYPE, ()):
                kind = rule.head[2]
                if kind in found or (wanted is not None and kind not in wanted):
                    continue
                if is_shown(rule, goal):
                    found |= self._with_supers({kind})
        return frozenset(found if wanted is None else found & wanted)

    def _is_domain_said(self, rule: Rule, goal: Goal) -> bool:
        """Tell whether records themselves give a thing what a rule of domain asks."""
        ((s, p, o), *others) = rule.body
        is_of_domain = s == rule.head[0] and o[0] == "?" and not others and p in self._said
        return is_of_domain and bool(self.asserted.objects(goal.term, p))

    def _is_range_said(self, rule: Rule, goal: Goal) -> bool:
        """Tell whether records themselves lead to a thing as a rule of range asks."""
        ((s, p, o), *others) = rule.body
        is_of_range = o == rule.head[0] and s[0] == "?" and not others and p in self._said
        return is_of_range and self.asserted.is_value(p, goal.term)

    def _follows(self, rule: Rule, goal: Goal) -> bool:
        head_s, _, kind = rule.head
        return any(True for _ in self._by_rule(rule, head_s, kind, goal))

    def _with_supers(self, kinds: set[Term]) -> set[Term]:
        fresh, found = set(kinds), set(kinds)
        while fresh:
            fresh = {up for kind in fresh for up in self._supers.get(kind, ())} - found
            found |= fresh
        return found

    def _held(self, goal: Goal) -> Collection[Term]:
        if goal.predicate not in self._said:  # today's graph holds much that was derived of it
            return _NONE
        if goal.is_backward:
            return self.asserted.subjects(goal.predicate, goal.term)
        return self.asserted.objects(goal.term, goal.predicate)

    def _by_rule(self, rule: Rule, near: str, far: str, goal: Goal) -> Iterable[Term]:
        if len(rule.body) == 1 and near[0] == "?" and far[0] == "?":
            ((s, p, _),) = rule.body
            if goal.term[0] != "<" and s == near:
                return ()
            if p not in self._possible:
                return ()
            return self.ask(Goal(goal.term, p, is_backward=s != near), goal)
        asked = cast("Known", _Asked(self, goal))
        bindings = {near: goal.term} if near[0] == "?" else {}
        if far[0] != "?":
            return (far,) if any(True for _ in join(rule.body, bindings, asked)) else ()
        return (found[far] for found in join(rule.body, bindings, asked))

    def _inferred_end(self, run: Term) -> set[Term]:
        """Tell when a run whose end was not recorded must have ended."""
        said = self.asserted
        if not run.startswith(self._folded) or said.objects(run, vocab.ENDED_AT):
            return set()
        ends = [self._ends_on(machine).get(run) for machine in said.objects(run, vocab.ON_MACHINE)]
        return {stored_form(f'"{end}"^^<{vocab.XSD}dateTime>') for end in ends if end is not None}

    def _ends_on(self, machine: Term) -> dict[Term, str]:
        if machine not in self._ends:
            said = self.asserted
            runs = [
                run
                for run in said.subjects(vocab.ON_MACHINE, machine)
                if run.startswith(self._folded)
            ]
            for predicate in (vocab.STARTED_AT, vocab.ENDED_AT):
                said.find(runs, predicate)
            spans = [span for run in runs if (span := self._span(run)) is not None]
            held = said.objects(machine, vocab.CAPACITY)
            capacity = max((int(_lexical(value)) for value in held), default=1)
            self._ends[machine] = infer_ends(spans, capacity)
        return self._ends[machine]

    def _span(self, run: Term) -> tuple[Term, str, str | None] | None:
        starts = self.asserted.objects(run, vocab.STARTED_AT)
        ends = self.asserted.objects(run, vocab.ENDED_AT)
        if not starts:
            return None
        return run, _lexical(min(starts)), _lexical(min(ends)) if ends else None

    # ---- rules with negation

    def _decide_one(self) -> bool:
        """Believe the rules of some goal, if all that they asked is at rest."""
        for goal in sorted(self._undecided, key=lambda goal: (self._undecided[goal], goal)):
            found, is_at_rest = self._judge(goal)
            if is_at_rest:
                self._settle(goal, found)
                return True
            if self._waiting:
                return True
        return False

    def _settle(self, goal: Goal, found: frozenset[Term]) -> None:
        del self._undecided[goal]
        self._given[goal] = found
        self._grow(goal, found)

    def _judge(self, goal: Goal) -> tuple[frozenset[Term], bool]:
        """Give what rules with negation say of a goal, and whether all that they ask is at rest."""
        found: set[Term] = set()
        asked = _Asked(self, None)
        for _, head, concern in self._concerns[goal.predicate]:
            near = head[2] if goal.is_backward else head[0]
            if near[0] != "?" and near != goal.term:
                continue
            bindings = {near: goal.term} if near[0] == "?" else {}
            for start in self._starts(concern, bindings, asked):
                for s, p, o in concern.given(start, cast("Known", asked)):
                    if p == goal.predicate and (o if goal.is_backward else s) == goal.term:
                        found.add(s if goal.is_backward else o)
        open_goals = asked.goals & (self._undecided.keys() | self._waiting.keys())
        return frozenset(found), not (open_goals - {goal})

    def _starts(self, concern: Concern, bindings: Bindings, asked: _Asked) -> Iterator[Bindings]:
        """Bind ``?this`` by what is bound already."""
        patterns = (
            (s, p, o) for s, p, o in concern.outer if THIS in (s, o) and (bindings.keys() & {s, o})
        )
        pattern = None if THIS in bindings else next(patterns, None)
        if pattern is None:
            yield bindings
            return
        for thing in sorted(self._meant(concern, pattern, bindings, asked)):
            yield {**bindings, THIS: thing}

    def _meant(
        self, concern: Concern, pattern: Fact, bindings: Bindings, asked: _Asked
    ) -> Collection[Term]:
        """Give what ``?this`` can be, without what a single look shows not to be meant."""
        s, p, o = pattern
        is_looked_up = s == THIS and p not in self.heads
        if s != THIS:
            things = asked.objects(bindings[s], p)
        elif is_looked_up:
            things = self.asserted.candidates(p, bindings[o])
        else:
            things = asked.subjects(p, bindings[o])
        outer = frozenset().union(*map(variables, concern.outer))
        for one, predicate, other in concern.absent:
            if one == THIS and other[0] == "?" and other not in outer:
                if is_looked_up:
                    things = self.asserted.lacking(things, p, bindings[o], predicate)
                self.asserted.find(things, predicate)
                things = [t for t in things if not self.asserted.objects(t, predicate)]
        return things


class _Asked:
    """What a rule may ask while it is evaluated: facts by either end, as far as they are known."""

    def __init__(self, backward: Backward, by: Goal | None) -> None:
        self._backward = backward
        self._by = by
        self.goals: set[Goal] = set()

    def has(self, _predicate: Term) -> bool:
        """Tell whether there can be facts of a property."""
        return True

    def links(self, predicate: Term) -> _Links:
        """Give all facts of a property, to be looked up by an end."""
        return _Links(self, predicate)

    def objects(self, s: Term, p: Term) -> Collection[Term]:
        """Give what a thing leads to by a property."""
        return _NONE if s[0] != "<" else self._ask(Goal(s, p, is_backward=False))

    def subjects(self, p: Term, o: Term) -> Collection[Term]:
        """Give what leads to a thing by a property."""
        return self._ask(Goal(o, p, is_backward=True))

    def facts(
        self, s: Term | None = None, p: Term | None = None, o: Term | None = None
    ) -> Iterator[Fact]:
        """Give the facts of a property that match a pattern."""
        assert p is not None
        if s is not None and p == RDF_TYPE and o is not None:
            kinds = self._ask(Goal(s, p, is_backward=False, of_class=o))
            yield from ((s, p, kind) for kind in kinds)
        elif s is not None:
            yield from ((s, p, found) for found in self.objects(s, p) if o in (None, found))
        elif o is not None:
            yield from ((found, p, o) for found in self.subjects(p, o))
        else:
            raise cannot_look(p)

    def _ask(self, goal: Goal) -> Collection[Term]:
        if goal.is_backward and is_shared(goal.term):
            raise cannot_look(goal.predicate)
        if not self._backward.is_possible(goal):
            return _NONE
        if goal.predicate not in self._backward.heads:
            asserted = self._backward.asserted
            if goal.is_backward:
                return asserted.subjects(goal.predicate, goal.term)
            return asserted.objects(goal.term, goal.predicate)
        self.goals.add(goal)
        return self._backward.ask(goal, self._by)


class _Links:
    """The facts of one property, as a join weighs them: what is shared by many is weighed so."""

    def __init__(self, asked: _Asked, predicate: Term) -> None:
        self._asked = asked
        self._predicate = predicate
        self.forward = _VeryMany()

    def objects(self, s: Term) -> Collection[Term]:
        return self._asked.objects(s, self._predicate)

    def subjects(self, o: Term) -> Collection[Term]:
        if is_shared(o):
            return cast("Collection[Term]", _VeryMany())
        return self._asked.subjects(self._predicate, o)

    def contains(self, s: Term, o: Term) -> bool:
        return any(True for _ in self._asked.facts(s, self._predicate, o))


class _VeryMany:
    """So many that nobody looks at them."""

    def __len__(self) -> int:
        return _VERY_MANY


def _lexical(literal: Term) -> str:
    return literal.split('"')[1]
