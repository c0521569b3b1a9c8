"""Lookup: names looked up by whoever asks, who finds nothing by a name that is hidden from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg import touched, vocab
from kg.answer.evidence import literal_text
from kg.answer.finding.found import ALL_SEEN, By, Match
from kg.answer.finding.gazetteer import LOST, MOST_CALLED, bare_words, local_id, number_in
from kg.answer.lookup import look_up
from kg.answer.names import key_of, split_words

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from kg.answer.finding.found import Eyes
    from kg.answer.finding.gazetteer import Gazetteer
    from kg.records import Term
    from kg.store import Store

MOST_SEEN = 200
"""Of how many things with one name it is looked up whether whoever asks sees that name."""


class Lookup:
    """Looks up names of one store for one pair of eyes.

    ``note`` is told the key (`kg.touched`) of everything that is looked up.
    """

    def __init__(
        self, store: Store, gazetteer: Gazetteer, eyes: Eyes, note: Callable[[int], None]
    ) -> None:
        self.gazetteer = gazetteer
        self.eyes = eyes
        self._store = store
        self._note = note
        note(touched.of_name(LOST))

    # ---- things by names

    def called(self, key: str, kinds: Collection[str] = ()) -> list[str]:
        """Give the short ids of all that has a key, of any of some kinds; see `common` of many."""
        self._note(touched.of_name(key))
        if self.gazetteer.count(key) > MOST_CALLED:
            return []
        return self._seen(self.gazetteer.called(key), key, kinds)

    def common(self, key: str) -> int:
        """Count the things that have a key, where they are so many that it means none of them.

        To whom something is hidden, nothing is told of it.
        """
        count = self.gazetteer.count(key) if self.eyes is ALL_SEEN else 0
        return count if count > MOST_CALLED else 0

    def steps_called(self, keys: Collection[str], job: str) -> list[tuple[str, str]]:
        """Give the operations of a job that have one of some keys, each with its key, sorted."""
        rows = look_up(self._store, [self.term(job)], f"?step {vocab.OPERATION_OF} ?entity")
        shorts = sorted({self.gazetteer.short(row["step"]) for row in rows})
        return [
            (short, key) for short in shorts for key in keys if self.gazetteer.is_called(short, key)
        ]

    def numbered(self, number: str, kinds: Collection[str] = ()) -> list[str]:
        """Give the short ids of all whose id ends in a number."""
        self._note(touched.of_name(number))
        return self._seen(self.gazetteer.numbered(number), number, kinds)

    def names_with(self, words: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Give the keys, and words, of the names that have all of some words."""
        self._note(touched.ANY_NAME)
        return self.gazetteer.names_with(words)

    def words_near(self, word: str) -> list[str]:
        """Give the words of names that are about as long."""
        self._note(touched.ANY_NAME)
        return self.gazetteer.words_near(len(word), max(1, len(word) // 4))

    def kinds_of_form(self, key: str) -> list[str]:
        """Give the kinds that have ids built like this one.

        To whom something is hidden, nothing is told of ids that there might be.
        """
        self._note(touched.ANY_NAME)
        return self.gazetteer.kinds_of_form(key) if self.eyes is ALL_SEEN else []

    def _seen(self, shorts: list[str], key: str, kinds: Collection[str]) -> list[str]:
        if kinds:
            shorts = [short for short in shorts if self.gazetteer.kind(short) in kinds]
        if self.eyes is ALL_SEEN:
            return shorts
        return [short for short in shorts[:MOST_SEEN] if self._is_seen(short, key)]

    def _is_seen(self, short: str, key: str) -> bool:
        if self.eyes.hides(short):
            return False
        names = self.eyes.names(short)
        return names is None or any(key in _keys_of(name) for name in names)

    # ---- what they are called

    def match(
        self, short: str, key: str, words: str, score: float, place: int, by: By | None = None
    ) -> Match:
        """Make a match of a thing; ``by`` is looked up where it is not given."""
        found, name = self._name(short, key)
        way = by or found
        why = f'{_SAID[way]} "{name}"' if name else _SAID[way]
        kind = self.gazetteer.kind(short)
        label = self.eyes.label(short) or self._label(short)
        return Match(short, kind, label, round(score, 2), way, words, why, place)

    def term(self, short: str) -> Term:
        """Give the term of a short id."""
        return self.gazetteer.term(short)

    def _label(self, short: str) -> str:
        for predicate in (vocab.RDFS_LABEL, vocab.IDENTIFIER):
            if found := self._texts(short, predicate):
                return min(found)
        return local_id(short)

    def _texts(self, short: str, predicate: Term) -> list[str]:
        found = self._store.objects(self.term(short), predicate)
        return sorted(literal_text(value) for value in found)

    def _name(self, short: str, key: str) -> tuple[By, str]:
        """Give the name of a thing that has a key, and what kind of name it is."""
        named = list(self._named(short))
        whole = (one for one in named if key_of(split_words(one[1])) == key)
        part = (one for one in named if key in _keys_of(one[1]))
        return next(whole, None) or next(part, ("label", ""))

    def _named(self, short: str) -> Iterator[tuple[By, str]]:
        """Give every name of a thing that is shown."""
        yield "id", local_id(short)
        names = self.eyes.names(short)
        for by, predicate in _NAMES:
            for text in self._texts(short, predicate):
                if names is None or text in names:
                    yield by, text
        if names is None:
            for text in self.gazetteer.alias_names(self._store, self.term(short)):
                yield "source-id", text


_NAMES: tuple[tuple[By, Term], ...] = (
    ("identifier", vocab.IDENTIFIER),
    ("label", vocab.RDFS_LABEL),
)
_SAID: dict[By, str] = {
    "id": "its id is",
    "identifier": "its identifier is",
    "label": "its label is",
    "source-id": "a source calls it",
    "number": "the number ends its id",
    "part-of-name": "the words stand in its name",
    "likeness": "the words are written much like its name",
}


def _keys_of(name: str) -> set[str | None]:
    words = split_words(name)
    key = key_of(words)
    return {key, key_of(bare_words(words)), number_in(key)}
