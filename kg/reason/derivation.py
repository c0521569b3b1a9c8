"""Derivation: all that follows from known facts by the rules without negation, from the beginning.

Rules run over whole properties, in an order in which each finds its premises ready. Where rules
feed each other, what is new is followed until nothing is. How deep and how much is bounded: an
ontology that would fill the memory says so instead.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

from kg.errors import OntologyError
from kg.reason.known import Links
from kg.reason.rederive import Rules, walk
from kg.reason.rules import INVERSE, TRANSITIVE
from kg.vocab import RDF_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kg.reason.known import Known
    from kg.reason.rules import Rule
    from kg.records import Fact, Term

MAX_DEPTH = 1_000
"""How many times rules that feed each other may run upon what they gave before."""
LEAST_BOUND = 1_000_000
_BLOCK = 10_000
DERIVED_PER_FACT = 20
"""Derived facts may be so many times the asserted ones, or ``LEAST_BOUND``."""


def most_derived(asserted: int) -> int:
    """Give how many facts may be derived from so many asserted ones."""
    return max(LEAST_BOUND, DERIVED_PER_FACT * asserted)


@contextmanager
def without_collecting() -> Iterator[None]:
    """Look for no circles of objects while very many that are in none are made."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class Derivation:
    """Adds to ``known`` what follows, and to ``derived`` as well.

    Raises:
        OntologyError: it is too deep or too much; the message names the rule and the size.
    """

    def __init__(self, known: Known, derived: set[Fact], asserted: int) -> None:
        self._known = known
        self._derived = derived
        self._asserted = asserted
        self._most = most_derived(asserted)

    def close(self, steps: Iterable[Sequence[Rule]]) -> None:
        """Run every step to its end."""
        for step in steps:
            if is_recursive(step):
                self._rest(step)
            else:
                for rule in step:
                    self._fire(rule)

    def learn(self, facts: Iterable[Fact], rule: str) -> list[Fact]:
        """Take in what a rule gives; gives what of it is new."""
        fresh = [fact for fact in facts if self._known.add(fact)]
        self._derived.update(fresh)
        if len(self._derived) > self._most:
            raise self._too_many(rule)
        return fresh

    def _fire(self, rule: Rule) -> list[Fact]:
        """Run a rule over all that is known; gives what is new."""
        predicate = rule.head[1]
        fresh: list[Fact] = []
        new = self._known.links(predicate).add_all(_heads(rule, self._known))
        while block := [(s, predicate, o) for s, o in islice(new, _BLOCK)]:
            fresh += block
            self._derived.update(block)
            if len(self._derived) > self._most:
                raise self._too_many(rule.title)
        return fresh

    def _rest(self, step: Sequence[Rule]) -> None:
        """Run rules that feed each other until nothing is new."""
        plain_rules = [rule for rule in step if rule.name != TRANSITIVE]
        paths = _Paths(step, self._known)
        plain = Rules(plain_rules)
        titles = " and ".join(sorted({rule.title for rule in plain_rules})[:3])
        fresh = [fact for rule in plain_rules for fact in self._fire(rule)]
        fresh += [fact for path in paths.begin() for fact in self.learn(path, paths.title)]
        for _ in range(MAX_DEPTH):
            if not fresh:
                return
            given: list[Fact] = []
            waiting = iter(fresh)
            while block := list(islice(waiting, _BLOCK // 10)):
                heads = [head for fact in block for head in plain.follow(fact, self._known)]
                steps = self.learn(heads, titles)
                paths.take_steps(steps)
                longer = [path for fact in block for path in paths.follow(fact)]
                given += steps + self.learn(longer, paths.title)
            fresh = given
        if fresh:
            raise OntologyError(
                f"the rules {paths.title or titles} do not come to rest {MAX_DEPTH:,} deep, with"
                f" {len(self._derived):,} facts derived from {self._asserted:,} asserted ones",
                hint="look for a property chain that feeds itself, or for records in a long line",
            )

    def _too_many(self, rule: str) -> OntologyError:
        return OntologyError(
            f"the rule {rule} has derived so much that there are {len(self._derived):,} derived"
            f" facts from {self._asserted:,} asserted ones; {self._most:,} may be",
            hint="a transitive property or a chain joins far too much: look at what it links",
        )


class _Paths:
    """The transitive properties among some rules: a path is made longer by one step at a time.

    A step is a fact that no transitivity gave. Joining paths with paths would find each path as
    often as it has places to be cut.
    """

    def __init__(self, rules: Iterable[Rule], known: Known) -> None:
        self._known = known
        transitive = {rule.head[1]: rule for rule in rules if rule.name == TRANSITIVE}
        self._steps = {predicate: Links() for predicate in transitive}
        self.title = " and ".join(sorted(rule.title for rule in transitive.values())[:3])

    def begin(self) -> Iterator[list[Fact]]:
        """Take all that is known as steps; gives the paths of two, by their middle."""
        for predicate, steps in self._steps.items():
            steps.take_over(self._known.links(predicate))
            for via in steps.forward.keys() & steps.backward.keys():
                ends = steps.objects(via)
                yield [(s, predicate, o) for s in steps.subjects(via) for o in ends]

    def take_steps(self, facts: Iterable[Fact]) -> None:
        """Take facts as steps that another rule has given."""
        for s, p, o in facts:
            if p in self._steps:
                self._steps[p].add(s, o)

    def follow(self, fact: Fact) -> Iterator[Fact]:
        """Make a path longer by the steps from its end; a step also the paths to its start."""
        s, p, o = fact
        steps = self._steps.get(p)
        if steps is None:
            return
        if steps.contains(s, o):
            yield from ((s, p, end) for end in self._known.objects(o, p))
            yield from ((start, p, o) for start in self._known.subjects(p, s))
        else:
            yield from ((s, p, end) for end in steps.objects(o))


def _heads(rule: Rule, known: Known) -> Iterable[tuple[Term, Term]]:
    """Give the ends of what a rule makes of all that is known, also while it is taken in."""
    (s, p, o), (hs, hp, ho) = rule.body[0], rule.head
    links = known.links(p)
    if len(rule.body) > 1:
        first = list(links.pairs()) if hp in {q for _, q, _ in rule.body} else links.pairs()
        after = tuple(q for _, q, _ in rule.body[1:])
        if len(after) == 1:
            ends = known.links(after[0]).objects
            return ((start, end) for start, via in first for end in ends(via))
        return ((start, end) for start, via in first for end in walk(via, after, known))
    if hp != RDF_TYPE:
        pairs = list(links.pairs()) if hp == p else links.pairs()
        if hs == s:
            return pairs
        return ((other, one) for one, other in pairs if other[0] != '"')
    things = links.subjects(o) if p == RDF_TYPE else links.forward if hs == s else links.backward
    there = set(known.subjects(RDF_TYPE, ho))
    return [(x, ho) for x in things if x not in there and x[0] != '"']


def in_order(rules: Iterable[Rule]) -> list[list[Rule]]:
    """Put rules into steps, in an order in which each finds its premises ready.

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
    for step in steps.values():
        # Inverses last: what the other rules of the step add is turned round at once.
        step.sort(key=lambda rule: rule.name == INVERSE)
    types = ("prp-dom", "prp-rng", "cax-sco")
    last = [[rule for rule in listed if rule.name == name] for name in types]
    return [steps[place] for place in sorted(steps)] + [step for step in last if step]


def after_these(steps: list[list[Rule]], heads: Iterable[Fact]) -> list[list[Rule]]:
    """Choose what must run again where such facts came: types, or all where links read them."""
    given = {predicate for _, predicate, _ in heads}
    read = {
        p for step in steps for rule in step if rule.head[1] != RDF_TYPE for _, p, _ in rule.body
    }
    return steps if given & read else [step for step in steps if step[0].head[1] == RDF_TYPE]


def is_recursive(step: Iterable[Rule]) -> bool:
    """Tell whether running each rule of a step once is not enough; a pair of inverses is done."""
    rules = list(step)
    heads = {rule.head[1] for rule in rules}
    if heads == {RDF_TYPE}:
        return False
    inside = [rule for rule in rules if heads & {p for _, p, _ in rule.body}]
    return bool(inside) and (len(heads) > 2 or any(rule.name != INVERSE for rule in inside))


def _reachable(start: Term, feeds: Mapping[Term, set[Term]]) -> set[Term]:
    found: set[Term] = set()
    waiting = list(feeds[start])
    while waiting:
        predicate = waiting.pop()
        if predicate not in found:
            found.add(predicate)
            waiting.extend(feeds.get(predicate, ()))
    return found
