"""Candidates: likely partners for a thing that one system speaks of and no other knows.

A kind of things has a holder: the source that describes most of them. What the holder does not
describe is a stranger to it (a job number of the shop floor that the ERP lacks), and is compared
with what the holder has by ids, names and shared facts. What they share is looked up, never all
compared with all, and nothing is applied by itself.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote

from kg import vocab
from kg.answer.gaps.alike import SAME_ID, SAME_NUMBER, Clue, Name, compare
from kg.answer.gaps.kinds import KINDS
from kg.answer.lookup import all_rows
from kg.answer.names import id_key, numbers_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from kg.answer.evidence import Evidence
    from kg.answer.gaps.kinds import Kind, Shared
    from kg.records import Term
    from kg.store import Store

_T = TypeVar("_T")
ENOUGH = 0.5
"""The score from which a candidate is offered."""
HARDLY = 0.3
"""The score up to which no count that agrees makes up for it."""
MOST_OFFERED = 5
MOST_REASONS = 5
MOST_ALIKE = 200
"""Things that share a value above which it tells nothing."""
MOST_STRANGERS = 5_000
"""Strangers of a kind that are looked at; who has more has a mapping to mend."""
DAYS = 4
"""So far apart a plan and what became of it may be, to count for anything."""
EDGE = 5
"""Letters by whose likeness at the beginning names are compared."""
SAME_COUNT = 0.35
MADE_TOO_MUCH, HAS_ITS_OWN, OTHER_STEPS = 0.3, 0.3, 0.5
"""What a score is multiplied by where something speaks against it."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One likely partner of a gap's entity, never applied by itself.

    ``entity`` is its path below the base, ``score`` from 0 to 1, ``reasons`` plain words, the
    strongest first.
    """

    entity: str
    score: float
    reasons: tuple[str, ...]
    label: str


@dataclass(frozen=True, slots=True)
class Strangers:
    """The things of a kind that its holder does not describe; ``nobody`` describes some at all."""

    kind: Kind
    holder: str
    all: tuple[Term, ...]
    nobodys: frozenset[Term]
    held: frozenset[Term]


class Candidates:
    """Finds the candidates of one plant, as its graph stands; all at once when first asked."""

    def __init__(self, store: Store, evidence: Evidence) -> None:
        self._store = store
        self._evidence = evidence

    def of(self, entity: Term) -> tuple[Candidate, ...]:
        """Give the likely partners of an entity, the likeliest first."""
        return tuple(
            Candidate(
                self._evidence.short(partner),
                round(score, 2),
                reasons,
                self._evidence.label(partner),
            )
            for score, partner, reasons in self._pairs.get(entity, ())
        )

    @cached_property
    def strangers(self) -> tuple[Strangers, ...]:
        """The strangers of each kind that some source describes things of, each once."""
        found: list[Strangers] = []
        seen: set[Term] = set()
        for kind in KINDS:
            one = self._strangers(kind, seen)
            if one is not None and one.all:
                found.append(one)
                seen.update(one.all)
        return tuple(found)

    @cached_property
    def _pairs(self) -> dict[Term, list[tuple[float, Term, tuple[str, ...]]]]:
        pairs: dict[Term, list[tuple[float, Term, tuple[str, ...]]]] = defaultdict(list)
        for strangers in self.strangers:
            ground = _Ground(self._store, self._evidence, strangers)
            for stranger in strangers.all[:MOST_STRANGERS]:
                for score, partner, reasons in ground.partners(stranger):
                    pairs[stranger].append((score, partner, reasons))
                    pairs[partner].append((score, stranger, reasons))
        for found in pairs.values():
            found.sort(key=lambda one: (-one[0], one[1]))
            del found[MOST_OFFERED:]
        return dict(pairs)

    def _strangers(self, kind: Kind, but: set[Term]) -> Strangers | None:
        prefix = f"<{self._store.base}record/"
        described: dict[Term, set[str]] = defaultdict(set)
        types = " ".join((kind.type, *kind.subclasses))
        said = f"VALUES ?type {{ {types} }} GRAPH ?g {{ ?e a ?type }}"
        for entity, graph in all_rows(self._store, "e g", said):
            if graph.startswith(prefix):
                described[entity].add(graph[len(prefix) :].split("/", 1)[0])
        sources = Counter(source for names in described.values() for source in names)
        if not sources:
            return None
        holder = max(sorted(sources), key=lambda name: sources[name])
        there = {e for (e,) in all_rows(self._store, "e", f"?e a {kind.type}")} - but
        held = {entity for entity in there if holder in described.get(entity, ())}
        # A material is a part as well: one is missed only where such things have their names.
        spaces = {entity.rsplit("/", 1)[0] for entity in described}
        nobodys = {
            entity
            for entity in there - described.keys()
            if entity.rsplit("/", 1)[0] in spaces and not self._is_described(entity, prefix)
        }
        others = nobodys | (there & described.keys() - held)
        return Strangers(kind, holder, tuple(sorted(others)), frozenset(nobodys), frozenset(held))

    def _is_described(self, entity: Term, prefix: str) -> bool:
        """Tell whether a record says what it is, by the name of another class."""
        claims = self._store.claims(entity, vocab.RDF_TYPE)
        return any(graph.startswith(prefix) for _, graph in claims)


class _Ground:
    """What the things of one kind can be compared by, indexed by what they can share."""

    def __init__(self, store: Store, evidence: Evidence, strangers: Strangers) -> None:
        self._store = store
        self._evidence = evidence
        self._kind = strangers.kind
        self._held = strangers.held
        self._strangers = frozenset(strangers.all)
        self._ids: dict[str, dict[Term, str]] = defaultdict(dict)
        self._numbers: dict[tuple[str, ...], dict[Term, str]] = defaultdict(dict)
        self._words: dict[str, set[tuple[Term, Name]]] = defaultdict(set)
        self._called: dict[Term, list[str]] = defaultdict(list)
        self._index_names()
        self._shared = [_SharedFacts(self, shared) for shared in self._kind.shared]

    def rows(self, pattern: str) -> Iterable[tuple[Term, ...]]:
        """Give ``?e`` and ``?v`` of a pattern's solutions, and ``?t`` where it has one."""
        return all_rows(self._store, "e v t" if "?t" in pattern else "e v", pattern)

    def described(self, pattern: str) -> Iterator[tuple[Term, ...]]:
        """Give what a pattern finds of things that the holder describes."""
        return (row for row in self.rows(pattern) if row[0] in self._held)

    def spoken_of(self, pattern: str) -> Iterator[tuple[Term, ...]]:
        """Give what a pattern finds of strangers."""
        return (row for row in self.rows(pattern) if row[0] in self._strangers)

    def short(self, term: Term) -> str:
        """Shorten a term for people."""
        return unquote(self._evidence.short(term))

    def partners(self, stranger: Term) -> Iterator[tuple[float, Term, tuple[str, ...]]]:
        """Give what is likely the same as a stranger: score, entity, reasons."""
        clues: dict[Term, list[Clue]] = defaultdict(list)
        for name in self._called[stranger]:
            for partner, clue in self._alike(name):
                clues[partner].append(clue)
        for shared in self._shared:
            for partner, clue in shared.clues(stranger):
                clues[partner].append(clue)
        for partner, found in clues.items():
            told = list({clue.reason: clue for clue in found}.values())
            if _score(told) < HARDLY:
                continue
            doubt = self._doubt(stranger, partner, told)
            if (score := _score(told) * doubt) >= ENOUGH:
                best = sorted(told, reverse=True)[:MOST_REASONS]
                yield score, partner, tuple(clue.reason for clue in best)

    # ---- ids and names

    def _index_names(self) -> None:
        for entity in self._held:
            self._index_id(self._own_id(entity), entity)
        for entity in self._strangers:
            self._called[entity].append(self._own_id(entity))
        for predicate in (*self._kind.ids, *self._kind.names):
            is_name = predicate in self._kind.names
            for entity, value in self.rows(f"?e {predicate} ?v"):
                text = self._evidence.short(value)
                if entity in self._strangers:
                    self._called[entity].append(text)
                elif is_name and entity in self._held:
                    self._index_name(text, entity)
                elif entity in self._held:
                    self._index_id(text, entity)

    def _own_id(self, entity: Term) -> str:
        return self.short(entity).split("/", 1)[-1]

    def _index_id(self, text: str, entity: Term) -> None:
        self._ids[id_key(text)][entity] = text
        if len("".join(numbers := numbers_of(text))) >= 3:
            self._numbers[numbers][entity] = text

    def _index_name(self, text: str, entity: Term) -> None:
        name = Name.of(text)
        for word in {name.key, name.key[:EDGE], *name.words}:
            self._words[word].add((entity, name))

    def _alike(self, name: str) -> Iterator[tuple[Term, Clue]]:
        key = id_key(name)
        for partner, text in _few(self._ids.get(key, {}).items()):
            yield partner, Clue(SAME_ID, _same(name, text, self.short(partner)))
        if len("".join(numbers := numbers_of(name))) >= 3:
            for partner, text in _few(self._numbers.get(numbers, {}).items()):
                if id_key(text) != key:
                    told = f"{name!r} and {text!r} have the same number"
                    yield partner, Clue(SAME_NUMBER, told)
        yield from self._alike_names(name)

    def _alike_names(self, name: str) -> Iterator[tuple[Term, Clue]]:
        own = Name.of(name)
        near: set[tuple[Term, Name]] = set()
        for word in {own.key, own.key[:EDGE], *own.words}:
            near.update(_few(self._words.get(word)))
        for partner, other in near:
            if (clue := compare(own, other)) is not None:
                yield partner, clue

    # ---- what speaks against it

    def _doubt(self, stranger: Term, partner: Term, clues: list[Clue]) -> float:
        """Give what a score is multiplied by; may add a clue that counts agree."""
        if self._kind.type == vocab.OPERATION:
            same = numbers_of(self._own_id(stranger))[-1:] == numbers_of(self._own_id(partner))[-1:]
            if same:
                clues.append(Clue(SAME_COUNT, "both have the same number in the routing"))
            return 1.0 if same else OTHER_STEPS
        if self._kind.type != vocab.JOB:
            return 1.0
        doubt = 1.0
        if any(clue.weight >= SAME_ID for clue in clues):
            return doubt
        if stranger in self._made and partner in self._has_runs:
            doubt *= HAS_ITS_OWN
        made, planned = self._made.get(stranger, 0.0), self._planned.get(partner, 0.0)
        if made and made == planned:
            clues.append(Clue(SAME_COUNT, f"{made:g} were made, and {planned:g} were planned"))
        elif planned and made > planned * 1.1:
            doubt *= MADE_TOO_MUCH
        return doubt

    @cached_property
    def _made(self) -> dict[Term, float]:
        """The most pieces that one run of each stranger made; 0 where none are counted."""
        made = dict.fromkeys(self._strangers & self._has_runs, 0.0)
        for job, count in self.spoken_of(f"?run {vocab.OF_JOB} ?e ; {vocab.GOOD_QUANTITY} ?v"):
            made[job] = max(made[job], _number(count))
        return made

    @cached_property
    def _planned(self) -> dict[Term, float]:
        rows = self.described(f"?e {vocab.PLANNED_QUANTITY} ?v")
        return {job: _number(count) for job, count in rows}

    @cached_property
    def _has_runs(self) -> set[Term]:
        return {job for (job,) in all_rows(self._store, "e", f"?run {vocab.OF_JOB} ?e")}


class _SharedFacts:
    """One fact that strangers and described things can share, by its value."""

    def __init__(self, ground: _Ground, shared: Shared) -> None:
        self._ground = ground
        self._shared = shared
        self._values: dict[Term, set[tuple[Term, int]]] = defaultdict(set)
        for entity, value, *time in ground.spoken_of(shared.spoken_of):
            self._values[entity].add((value, _day(*time)))
        # Of what no stranger has nothing need be kept.
        wanted = {value for values in self._values.values() for value, _ in values}
        self._having: dict[tuple[Term, int], list[Term]] = defaultdict(list)
        if wanted:
            for entity, value, *time in ground.described(shared.described):
                if value in wanted:
                    self._having[value, _day(*time)].append(entity)

    def clues(self, stranger: Term) -> Iterator[tuple[Term, Clue]]:
        """Give what the stranger shares, and with whom; of one value the nearest day only."""
        best: dict[tuple[Term, Term], Clue] = {}
        for value, day in self._values.get(stranger, ()):
            for off in range(-DAYS, DAYS + 1) if day else (0,):
                if partners := _few(self._having.get((value, day + off))):
                    clue = self._clue(value, day, off)
                    for partner in partners:
                        best[partner, value] = max(best.get((partner, value), clue), clue)
        for (partner, _), clue in best.items():
            yield partner, clue

    def _clue(self, value: Term, day: int, off: int) -> Clue:
        told = self._shared.told.format(
            v=self._ground.short(value), t=_date(day), day=_date(day + off)
        )
        return Clue(self._shared.weight * (1 - abs(off) / (DAYS + 1)), told)


def _same(name: str, text: str, entity: str) -> str:
    if entity.split("/", 1)[-1] != text and name == text:
        return f"{entity} goes by {text!r} as well"
    return f"{name!r} and {text!r} are one id written in two ways"


def _few(having: Collection[_T] | None) -> Collection[_T]:
    return having if having and len(having) <= MOST_ALIKE else ()


def _score(clues: Iterable[Clue]) -> float:
    """Give how sure all clues together are, as if none had to do with another."""
    return 1 - prod(1 - clue.weight for clue in clues)


def _day(time: Term | None = None) -> int:
    """Give the day of a time as a number; 0 where there is none that a calendar has."""
    try:
        return date.fromisoformat(time[1:11]).toordinal() if time else 0
    except ValueError:
        return 0


def _date(day: int) -> str:
    return date.fromordinal(day).isoformat() if 0 < day <= date.max.toordinal() else ""


def _number(literal: Term) -> float:
    """Give the value of a numeric literal; 0 for what is no number."""
    try:
        return float(literal.split('"')[1])
    except (ValueError, IndexError):
        return 0.0
