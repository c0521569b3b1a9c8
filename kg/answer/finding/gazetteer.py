"""Gazetteer: every name of a plant's things, in memory, so that none is looked for by scanning.

A name is kept by its key, what is left of it without case, accents, separators and leading zeros
(`kg.answer.names`). A thing goes by its own id, its labels and identifiers, and the ids that other
sources have for it. Runs are too many to be called by a name; they are found by their full id.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from functools import cache, lru_cache
from sys import intern
from threading import RLock
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote

from kg import vocab
from kg.answer.context import KINDS
from kg.answer.evidence import literal_text
from kg.answer.finding.words import KIND_WORDS
from kg.answer.lookup import all_rows
from kg.answer.names import LEGAL_FORMS, key_of, split_words
from kg.errors import TravelerError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from kg.records import Term
    from kg.store import Store

NAMED: dict[Term, str] = {class_: kind for class_, kind in KINDS.items() if kind != "run"}
"""The classes whose things are known by name, with the kind that answers call them."""
NAMES = (vocab.RDFS_LABEL, vocab.IDENTIFIER)
LONGEST_NAME = 300
"""Characters of a name that are looked at; what is longer is told apart by them, or by its id."""
LONG_NUMBER = 1_000
"""From here on the last number of an id stands for it, also where other numbers precede it."""
MOST_NAMES = 2_000
"""Of a word that stands in more names it is not looked at which: it tells too little."""
MOST_CALLED = 2_000
"""A name that more things have says what sort of thing it is, and means none of them."""
LOST = ""
"""Told in place of names where it is not known which have come or gone; no name has this key."""
_NUMBERED = re.compile(r"(?:.*[^\d])?(?<!\d)(\d+)$", re.DOTALL)
_NUMBER = re.compile(r"\d+")
_WITH_FORMS = frozenset({"customer", "supplier"})
_SHORTEST_WORD = 3

_Held = str | set[str]
"""One short id, or several."""
Spell: TypeAlias = "Callable[[str], tuple[str, tuple[str, ...]]]"
"""Gives the key of a name, and its words."""


@lru_cache(maxsize=4_096)  # what the steps of many jobs are called comes again and again
def number_in(key: str) -> str | None:
    """Give the number by which people say an id, the last one: 1043 of WO-001043.

    None where the key is nothing else, or a smaller number follows others, as in 1043-20.
    """
    found = _NUMBERED.fullmatch(key)
    if found is None or found[1] == key:
        return None
    is_only = len(_NUMBER.findall(key)) == 1
    return found[1] if is_only or int(found[1][:9]) >= LONG_NUMBER else None


@lru_cache(maxsize=4_096)
def form_of(key: str) -> str | None:
    """Give how an id is built: ``saw#`` of SAW-01; None for one without a number."""
    form, count = _NUMBER.subn("#", key)
    return form if count else None


class Gazetteer:
    """The names of a plant's things by their keys; any thread may look one up.

    ``sources`` are the names of the plant's sources, which begin the ids that they give.
    """

    def __init__(self, base: str, sources: Collection[str] = ()) -> None:
        self._base = base
        self._sources = sources
        self._lock = RLock()
        self._things: dict[str, _Held] = {}
        self._numbers: dict[str, _Held] = {}
        self._keys: dict[str, tuple[str, ...]] = {}
        """Of each thing that has more keys than that of its own id: all of them."""
        self._kinds: dict[str, str] = {}
        """Of each thing whose IRI does not say it."""
        self._spelt: dict[str, tuple[str, ...]] = {}
        """The words of each key that can be found by some of them."""
        self._words: dict[str, set[str]] = {}
        self._lengths: dict[int, dict[str, None]] = defaultdict(dict)
        self._forms: dict[str, Counter[str]] = defaultdict(Counter)

    def __len__(self) -> int:
        return len(self._things)

    # ---- filling

    def load(self, store: Store) -> None:
        """Take in everything that a store's present calls by a name."""
        names: dict[Term, list[str]] = defaultdict(list)
        for predicate in NAMES:
            for thing, name in all_rows(store, "s o", f"?s {predicate} ?o"):
                names[thing].append(literal_text(name))
        graph = f"GRAPH <{self._base}graph/aliases> {{ ?a {vocab.OWL_SAME_AS} ?c }}"
        for alias, thing in all_rows(store, "a c", graph):
            names[thing] += self._alias_names(alias)
        seen: set[Term] = set()
        spell = cache(spell_name)  # steps of many jobs are called alike
        with self._lock:
            for class_, kind in NAMED.items():
                for (thing,) in all_rows(store, "s", f"?s a {class_}"):
                    if thing not in seen:
                        seen.add(thing)
                        self.put(self.short(thing), kind, names.pop(thing, ()), spell)

    def refresh(self, store: Store, thing: Term) -> set[str]:
        """Take in anew what one thing is called now; give the keys that came or went."""
        short = self.short(thing)
        types = set(store.objects(thing, vocab.RDF_TYPE))
        kind = next((name for class_, name in NAMED.items() if class_ in types), None)
        names = [literal_text(name) for p in NAMES for name in store.objects(thing, p)]
        names += self.alias_names(store, thing)
        with self._lock:
            before = self._keys_of(short)
            self.drop(short)
            if kind is not None:
                self.put(short, kind, names)
            moved = before ^ self._keys_of(short)
        return moved | {number for key in moved if (number := number_in(key)) is not None}

    def alias_names(self, store: Store, thing: Term) -> list[str]:
        """Give the ids that other sources have for a thing, with and without the source's name."""
        rows = store.select(
            f"SELECT ?a WHERE {{ GRAPH <{self._base}graph/aliases> "
            f"{{ ?a {vocab.OWL_SAME_AS} {thing} }} }}"
        )
        return [name for row in rows for name in self._alias_names(row["a"])]

    def _alias_names(self, alias: Term) -> Iterator[str]:
        local = local_id(self.short(alias))
        yield local
        source, _, rest = local.partition("-")
        if rest and source in self._sources:
            yield rest

    def put(self, short: str, kind: str, names: Iterable[str], spell: Spell | None = None) -> None:
        """Take in a thing by its short id and all that it is called otherwise."""
        spell = spell or spell_name
        own, own_words = spell_name(local_id(short))
        spelt = {own: own_words}
        for name in names:
            key, words = spell(name)
            spelt[key] = words
            if kind in _WITH_FORMS:
                spelt[key_of(bare_words(words))] = bare_words(words)
        spelt.pop("", None)
        if spelt.keys() - {own}:
            self._keys[short] = tuple(spelt)
        if short.split("/", 1)[0] != kind:
            self._kinds[short] = kind
        for key, words in spelt.items():
            self._add(key, words, short, kind)

    def drop(self, short: str) -> None:
        """Forget a thing."""
        kind = self.kind(short)
        for key in self._keys_of(short):
            _take(self._things, key, short)
            if (number := number_in(key)) is not None:
                _take(self._numbers, number, short)
            if (form := form_of(key)) is not None:
                self._forms[form][kind] -= 1
            if key not in self._things:
                self._unspell(key)
        self._keys.pop(short, None)
        self._kinds.pop(short, None)

    def _keys_of(self, short: str) -> set[str]:
        if short in self._keys:
            return set(self._keys[short])
        own, _ = spell_name(local_id(short))
        return {own} if self.is_called(short, own) else set()

    def _add(self, key: str, words: tuple[str, ...], short: str, kind: str) -> None:
        _give(self._things, key, short)
        if (number := number_in(key)) is not None:
            _give(self._numbers, number, short)
        if (form := form_of(key)) is not None:
            self._forms[form][kind] += 1
        if key in self._spelt:
            return
        if telling := {word for word in words if _is_telling(word)}:
            self._spelt[key] = tuple(map(intern, words))
            for word in map(intern, telling):
                if word not in self._words:
                    self._words[word] = set()
                    self._lengths[len(word)][word] = None
                self._words[word].add(key)

    def _unspell(self, key: str) -> None:
        for word in set(self._spelt.pop(key, ())):
            keys = self._words.get(word, set())
            keys.discard(key)
            if not keys and word in self._words:
                del self._words[word]
                del self._lengths[len(word)][word]

    # ---- looking up

    def short(self, term: Term) -> str:
        """Give the short id of a term."""
        return term[1:-1].removeprefix(self._base)

    def term(self, short: str) -> Term:
        """Give the term of a short id."""
        return f"<{short}>" if "://" in short else f"<{self._base}{short}>"

    def kind(self, short: str) -> str:
        """Give the kind of a thing that is known here."""
        return self._kinds.get(short) or short.split("/", 1)[0]

    def called(self, key: str) -> list[str]:
        """Give the short ids of all that has a key, sorted."""
        with self._lock:
            return _listed(self._things.get(key))

    def count(self, key: str) -> int:
        """Tell how many things have a key."""
        with self._lock:
            held = self._things.get(key)
            return len(held) if isinstance(held, set) else int(held is not None)

    def is_called(self, short: str, key: str) -> bool:
        """Tell whether a thing has a key."""
        with self._lock:
            held = self._things.get(key)
            return short in held if isinstance(held, set) else held == short

    def numbered(self, number: str) -> list[str]:
        """Give the short ids of all whose id ends in a number, sorted."""
        with self._lock:
            return _listed(self._numbers.get(number))

    def kinds_of_form(self, key: str) -> list[str]:
        """Give the kinds that have ids built like this one, the one with most first."""
        form = form_of(key)
        with self._lock:
            counts = self._forms.get(form or "", Counter())
            return [kind for kind, count in counts.most_common() if count > 0]

    def knows_word(self, word: str) -> bool:
        """Tell whether some name has a word."""
        return word in self._words

    def names_with(self, words: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Give the keys of the names that have all of some words, with their words.

        Where too many have even the rarest of them, none are given.
        """
        with self._lock:
            sets = sorted((self._words.get(word, set()) for word in words), key=len)
            if not sets or len(sets[0]) > MOST_NAMES:
                return {}
            return {key: self._spelt[key] for key in sets[0].intersection(*sets[1:])}

    def words_near(self, length: int, within: int) -> list[str]:
        """Give the words of names that are about as long."""
        with self._lock:
            lengths = range(length - within, length + within + 1)
            return [word for n in lengths for word in self._lengths.get(n, ())]


def local_id(short: str) -> str:
    """Give a thing's own id: ``1043`` of ``job/1043``."""
    return unquote(short.split("/", 1)[-1])


def spell_name(name: str) -> tuple[str, tuple[str, ...]]:
    """Give the key of a name, and its words."""
    words = split_words(name[:LONGEST_NAME])
    return key_of(words), words


def bare_words(words: Iterable[str]) -> tuple[str, ...]:
    """Leave out the legal form that a company writes after its name."""
    return tuple(word for word in words if word not in LEGAL_FORMS)


def _is_telling(word: str) -> bool:
    return len(word) >= _SHORTEST_WORD and not word[0].isdigit() and word not in KIND_WORDS


def _give(held: dict[str, _Held], key: str, short: str) -> None:
    there = held.get(key)
    if there is None:
        held[key] = short
    elif isinstance(there, set):
        there.add(short)
    elif there != short:
        held[key] = {there, short}


def _take(held: dict[str, _Held], key: str, short: str) -> None:
    there = held.get(key)
    if isinstance(there, set):
        there.discard(short)
        if len(there) == 1:
            held[key] = next(iter(there))
    elif there == short:
        del held[key]


def _listed(held: _Held | None) -> list[str]:
    if held is None:
        return []
    return [held] if isinstance(held, str) else sorted(held)


class Names:
    """Keeps the gazetteer of a plant's graph current; any thread may ask for it.

    ``standing`` gives the store as it stands, which changes are told of; without it names are
    read again where the graph has moved.
    """

    def __init__(
        self,
        base: str,
        sources: Collection[str] = (),
        standing: Callable[[], Store] | None = None,
    ) -> None:
        self._base = base
        self._sources = sources
        self._standing = standing
        self._lock = RLock()
        self._held: tuple[tuple[Store, int, Gazetteer], ...] = ()

    def of(self, store: Store) -> Gazetteer:
        """Give the gazetteer of a store; it is read when it is first asked for."""
        if (found := self._find(store)) is not None:
            return found
        with self._lock:
            return self._find(store) or self._read(store)

    def renew(self, store: Store) -> None:
        """Read a new graph ahead of its taking the place of the one that is known."""
        if self._held:
            with self._lock:
                self._read(store)

    def follow(
        self, removed: Iterable[tuple[str, ...]], added: Iterable[tuple[str, ...]]
    ) -> set[str]:
        """Follow a batch that was applied to the standing store; give the keys that it concerns."""
        if not self._held or self._standing is None:
            return set()
        store = self._standing()
        with self._lock:
            gazetteer = self._find(store)
            if gazetteer is None:
                return set()
            things = self._concerned(removed) | self._concerned(added)
            try:
                keys = [gazetteer.refresh(store, thing) for thing in sorted(things)]
            except TravelerError:  # the graph has the batch, whatever becomes of its names
                self.forget()
                return {LOST}
            return set().union(*keys)

    def forget(self) -> None:
        """Forget all: what is asked next is read anew."""
        with self._lock:
            self._held = ()

    def _concerned(self, quads: Iterable[tuple[str, ...]]) -> set[str]:
        aliases, start = f"<{self._base}graph/aliases>", f"<{self._base}"
        told = set()
        for subject, predicate, value, graph in quads:
            if not graph:
                if predicate in _TELLING and subject.startswith(start):
                    told.add(subject)
            elif graph == aliases:
                told |= {subject, value}
        return told

    def _find(self, store: Store) -> Gazetteer | None:
        held = self._held
        for place, (known, seq, gazetteer) in enumerate(held):
            if known is store and (self._standing is not None or seq == store.applied_seq()):
                if place and self._held is held:
                    self._held = held[place:]
                return gazetteer
        return None

    def _read(self, store: Store) -> Gazetteer:
        made = Gazetteer(self._base, self._sources)
        seq = store.applied_seq()
        made.load(store)
        # The one before answers until the new graph is asked.
        self._held = (*self._held[-1:], (store, seq, made))
        return made


_TELLING = {vocab.RDF_TYPE, *NAMES}
