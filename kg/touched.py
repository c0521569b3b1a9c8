"""Touched: of what answers have read, what has changed since, told by whoever changes it.

What is read has a key, a number of 64 bits: two things with one key only make an answer end too
early. A reader registers a key before it reads. Whoever changes the graph tells after it did. So a
reader that saw any of a change finds its keys touched by something newer than where it began.
"""

from __future__ import annotations

from itertools import chain, repeat
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from kg.records import Fact, Term
    from kg.store import Quad

PRESENT, NAMED = 0, 1
"""The current graph, and all named ones."""


def of_slot(graphs: int, subject: Term, predicate: Term) -> int:
    """Give the key of what a subject's property is."""
    return hash((graphs, 1, subject, predicate))


def of_fact(graphs: int, fact: Fact) -> int:
    """Give the key of whether a fact is there, and of which graphs hold it."""
    return hash((graphs, *fact))


def of_subject(graphs: int, subject: Term) -> int:
    """Give the key of everything that is said of a subject."""
    return hash((graphs, 2, subject))


def of_value(graphs: int, predicate: Term, value: Term) -> int:
    """Give the key of which subjects have a value."""
    return hash((graphs, 3, predicate, value))


def of_mentions(graphs: int, value: Term) -> int:
    """Give the key of everything that points to a value."""
    return hash((graphs, 4, value))


def of_predicate(graphs: int, predicate: Term) -> int:
    """Give the key of every use of a property."""
    return hash((graphs, 5, predicate))


def of_record(path: str) -> int:
    """Give the key of a record's current version, by its path below the plant's base."""
    return hash((6, path))


def of_gaps(entity: Term) -> int:
    """Give the key of the gaps that are open of an entity."""
    return hash((8, entity))


def of_name(key: str) -> int:
    """Give the key of which things go by a name, or end in a number."""
    return hash((9, key))


ANY_NAME = hash((10,))
"""The key of what was looked for in all names."""
EVERYTHING = hash((7,))
"""The key of what was read in a way that names nothing: any change touches it."""


WATCHED = 1 << 24
"""Marks of what is watched: one each for very many keys."""
MOST_TOLD = 200_000
"""After so many touched keys those that were touched before the last so many are forgotten."""


class Touched:
    """Numbers what is told, and keeps for what is watched the number that last touched it.

    What is watched is a mark, which several keys may share: an answer that reads a hundred things
    costs no more than their keys, however many answers there are, as little of it is ever touched.
    Any thread may.
    """

    def __init__(self) -> None:
        self._marks = bytearray(WATCHED)
        self._next: bytearray | None = None
        self._told: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self._lock = Lock()
        self._known_since = self._forgetting = 0
        self.watched = 0
        """How many marks there are."""
        self.generation = 0
        """How often marks were renewed: who began to read before counts as touched."""
        self.number = 0
        """Of what was told last."""
        self.seq = 0
        """The journal's record that the graph had reached then."""

    def register(self, key: int) -> None:
        """Watch a key from now on."""
        place, marks, next_ = key % WATCHED, self._marks, self._next
        if not marks[place]:
            marks[place] = 1
            self.watched += 1
        if next_ is not None:
            next_[place] = 1

    def is_untouched(self, keys: Iterable[int], since: int) -> bool:
        """Tell whether nothing has touched any of the keys after a number."""
        told = self._told  # first: what is forgotten is known before it is gone
        if since < self._known_since:
            return False
        # Of most answers nothing was ever touched, which is found out in a fifth of the time.
        return all(
            one.keys().isdisjoint(keys) or max(map(one.get, keys, repeat(0))) <= since
            for one in told
        )

    def tell(
        self, removed: Iterable[Quad], added: Iterable[Quad], records: Iterable[str], seq: int
    ) -> None:
        """Say what a batch has changed in the store, and the paths of the records it was of."""
        keys = chain.from_iterable(map(_keys_of, chain(removed, added)))
        with self._lock:
            self._told[0][EVERYTHING] = self.number + 1
            self._touch(chain(keys, map(of_record, records)))
            self.seq = seq
            self.number += 1

    def tell_gaps(self, entities: Iterable[Term]) -> None:
        """Say of which entities gaps were opened, closed or told anew."""
        self.tell_keys([of_gaps(entity) for entity in entities])

    def tell_names(self, names: Iterable[str]) -> None:
        """Say which names some thing has now that it had not, or had and has no longer."""
        keys = [of_name(name) for name in names]
        self.tell_keys([*keys, ANY_NAME] if keys else [])

    def tell_keys(self, keys: Collection[int]) -> None:
        """Say what has changed, by keys."""
        if not keys:
            return
        with self._lock:
            self._touch(keys)
            self.number += 1

    def tell_all(self, seq: int) -> None:
        """Say that anything may have changed."""
        with self._lock:
            self._known_since = self.number + 1
            self.seq = seq
            self.number += 1

    def renew(self, kept: Iterable[Iterable[int]]) -> int:
        """Watch no other keys than these any more; gives the generation that they are now of."""
        self._next = marks = bytearray(WATCHED)
        for keys in kept:
            for key in keys:
                marks[key % WATCHED] = 1
        with self._lock:
            self._marks, self._next = marks, None
            self.watched = WATCHED - marks.count(0)
            self.generation += 1
            return self.generation

    def _touch(self, keys: Iterable[int]) -> None:
        number, marks, (last, _) = self.number + 1, self._marks, self._told
        for key in keys:
            if marks[key % WATCHED]:
                last[key] = number
        if len(last) > MOST_TOLD:
            self._known_since = max(self._known_since, self._forgetting)
            self._forgetting = number
            self._told = ({}, last)


def _keys_of(quad: Quad) -> tuple[int, ...]:
    """Give all keys by which a quad may have been read: as the functions above make them."""
    subject, predicate, value, graph = quad
    graphs = NAMED if graph else PRESENT
    return (
        hash((graphs, subject, predicate, value)),
        hash((graphs, 1, subject, predicate)),
        hash((graphs, 2, subject)),
        hash((graphs, 3, predicate, value)),
        hash((graphs, 4, value)),
        hash((graphs, 5, predicate)),
    )
