"""Touched: of what answers have read, what has changed since, told by whoever changes it.

What is read has a key, a number of 64 bits: two things with one key only make an answer end too
early. A reader registers a key before it reads. Whoever changes the graph tells after it did. So a
reader that saw any of a change finds its keys touched by something newer than where it began.
"""

from __future__ import annotations

from itertools import chain
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from kg.records import Term
    from kg.store import Quad

PRESENT, NAMED = 0, 1
"""The current graph, and all named ones."""


def of_slot(graphs: int, subject: Term, predicate: Term) -> int:
    """Give the key of what a subject's property is."""
    return hash((graphs, 1, subject, predicate))


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


class Touched:
    """Numbers what is told, and keeps for each registered key the number that last touched it.

    Any thread may.
    """

    def __init__(self) -> None:
        self._last: dict[int, int] = {EVERYTHING: 0}
        self._lock = Lock()
        self._at_once = 0
        self.number = 0
        """Of what was told last."""
        self.seq = 0
        """The journal's record that the graph had reached then."""

    def __len__(self) -> int:
        return len(self._last)

    def register(self, key: int) -> None:
        """Watch a key from now on."""
        self._last.setdefault(key, 0)

    def is_untouched(self, keys: Iterable[int], since: int) -> bool:
        """Tell whether nothing has touched any of the keys after a number."""
        if self._at_once > since:
            return False
        last = self._last
        try:
            return max(map(last.__getitem__, keys), default=0) <= since
        except KeyError:  # forgotten
            return False

    def tell(
        self, removed: Iterable[Quad], added: Iterable[Quad], records: Iterable[str], seq: int
    ) -> None:
        """Say what a batch has changed in the store, and the paths of the records it was of."""
        with self._lock:
            number, last = self.number + 1, self._last
            last[EVERYTHING] = number
            for key in chain(
                chain.from_iterable(map(_keys_of, chain(removed, added))), map(of_record, records)
            ):
                if key in last:
                    last[key] = number
            self.seq = seq
            self.number = number

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
            number, last = self.number + 1, self._last
            for key in keys:
                if key in last:
                    last[key] = number
            self.number = number

    def tell_all(self, seq: int) -> None:
        """Say that anything may have changed."""
        with self._lock:
            self._at_once = self.number + 1
            self.seq = seq
            self.number += 1

    def forget_but(self, keys: Collection[int]) -> None:
        """Watch no other keys than these; whoever is reading meanwhile counts as touched."""
        with self._lock:
            last = self._last
            self._last = {key: last[key] for key in keys if key in last}
            self._last.setdefault(EVERYTHING, self.number)


def _keys_of(quad: Quad) -> tuple[int, ...]:
    """Give all keys by which a quad may have been read: as the functions above make them."""
    subject, predicate, value, graph = quad
    graphs = NAMED if graph else PRESENT
    return (
        hash((graphs, 1, subject, predicate)),
        hash((graphs, 2, subject)),
        hash((graphs, 3, predicate, value)),
        hash((graphs, 4, value)),
        hash((graphs, 5, predicate)),
    )
