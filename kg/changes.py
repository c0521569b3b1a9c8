"""Changes: what became different in a plant, one after the other, for whoever listens.

The last ones are kept, so that a listener who was away for a moment misses nothing.
"""

from __future__ import annotations

import secrets
from collections import defaultdict, deque
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

from kg.touched import Touched

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from kg.records import Gap, Record, Term
    from kg.store import Quad

    Topic = Literal["entity", "gap", "source", "reset"]
    Follower = Callable[[Collection[Quad], Collection[Quad]], Iterable[str]]

KEPT = 10_000
"""Changes that are kept; a batch that changes more entities than half of them is told as one."""
MOST_PROPERTIES = 8


@dataclass(frozen=True, slots=True)
class Changed:
    """One change: its number, the record that the graph had reached, and what it is about.

    ``entity`` is the short name of the entity that it concerns, "" where it is none.
    """

    number: int
    seq: int
    topic: Topic
    entity: str
    data: Mapping[str, Any]


class Changes:
    """The changes of one plant since this process began; any thread may tell and listen.

    ``life`` tells one process's numbers from another's.
    """

    def __init__(self, base: str, kept: int = KEPT) -> None:
        self._base = base
        self._ring: deque[Changed] = deque(maxlen=kept)
        self._most = kept // 2
        self._lock = Lock()
        self._listeners: set[Callable[[], None]] = set()
        self._states: dict[str, str] = {}
        self._last = 0
        self.life = secrets.token_hex(4)
        self.touched = Touched()
        """What of it answers have read: it is told first."""
        self.followers: list[Follower] = []
        """Told of every batch before anybody else; each gives the names that it saw come or go."""

    # ---- telling

    def tell_batch(
        self,
        removed: Collection[Quad],
        added: Collection[Quad],
        seq: int,
        records: Iterable[Record] = (),
    ) -> None:
        """Tell which entities a batch of records changed in the present, and which properties."""
        names = [name for follow in self.followers for name in follow(removed, added)]
        self.touched.tell(removed, added, (record.path() for record in records), seq)
        self.touched.tell_names(names)
        properties: dict[str, set[str]] = defaultdict(set)
        for quads in (removed, added):
            for subject, predicate, _, graph in quads:
                if not graph and (entity := self._short(subject)):
                    properties[entity].add(_last_word(predicate))
        if len(properties) > self._most:
            self._lose_count("many entities changed at once", seq)
            return
        told = [
            (entity, {**_named(entity), "what": sorted(words)[:MOST_PROPERTIES]})
            for entity, words in sorted(properties.items())
        ]
        self._put("entity", told, seq)

    def tell_gaps(self, before: Iterable[Gap], after: Iterable[Gap], seq: int) -> None:
        """Tell which gaps opened and which closed by a validation."""
        old = {(gap.entity, gap.slot, gap.shape): gap for gap in before}
        new = {(gap.entity, gap.slot, gap.shape): gap for gap in after}
        told = [
            (self._short(gap.entity) or gap.entity[1:-1], gap, state)
            for state, gaps, others in (("opened", new, old), ("closed", old, new))
            for key, gap in gaps.items()
            if key not in others
        ]
        if len(told) > self._most:
            self._lose_count("many gaps opened or closed at once", seq)
            return
        self._put("gap", [(name, _gap(name, gap, state)) for name, gap, state in told], seq)

    def tell_sources(
        self, sources: Iterable[Mapping[str, Any]], errors: Mapping[str, str], seq: int
    ) -> None:
        """Tell which sources failed, went silent or came back since they were last told of.

        ``sources`` are as answers give them, ``errors`` are of those that cannot be read.
        """
        told = []
        for source in sources:
            name, error = str(source["name"]), errors.get(str(source["name"]), "")
            state = "error" if error else "stale" if source["is_stale"] else "back"
            with self._lock:
                before = self._states.get(name, "back")
                self._states[name] = state
            if state != before:
                since = source["confirmed_at"]
                told.append(
                    ("", {"source": name, "state": state, "error": error, "confirmed_at": since})
                )
        self._put("source", told, seq)

    def tell_reset(self, reason: str, seq: int) -> None:
        """Tell that anything may have changed: whoever listens asks anew."""
        self.touched.tell_all(seq)
        self._lose_count(reason, seq)

    def _lose_count(self, reason: str, seq: int) -> None:
        """Tell listeners no single things; what answers have read is touched one by one as ever."""
        self._put("reset", [("", {"reason": reason})], seq)

    # ---- listening

    @contextmanager
    def listening(self, wake: Callable[[], None]) -> Iterator[None]:
        """Call ``wake``, in whatever thread, after each time that something was told."""
        with self._lock:
            self._listeners.add(wake)
        try:
            yield
        finally:
            with self._lock:
                self._listeners.discard(wake)

    def source_states(self) -> dict[str, str]:
        """Give how each source was when it was last told of: ``back``, ``stale`` or ``error``."""
        with self._lock:
            return dict(self._states)

    def last(self) -> int:
        """Give the number of the last change; 0 before the first."""
        return self._last

    def after(self, number: int, most: int = 500) -> list[Changed] | None:
        """Give what followed a change, at most so many; None where some of it is gone by now."""
        with self._lock:
            missing = self._last - number
            if missing > len(self._ring) or missing < 0:
                return None
            start = len(self._ring) - missing
            return list(islice(self._ring, start, start + most))

    def name_of(self, number: int, seq: int) -> str:
        """Give a change's name, by which a listener can take up again."""
        return f"{self.life}-{seq}-{number}"

    def number_of(self, name: str) -> int | None:
        """Give the number of a change by its name; None where what followed is not known here."""
        life, _, rest = name.partition("-")
        _, _, number = rest.partition("-")
        if life != self.life or not number.isascii() or not number.isdigit():
            return None
        return int(number) if self.after(int(number), 0) is not None else None

    def _put(self, topic: Topic, told: Iterable[tuple[str, Mapping[str, Any]]], seq: int) -> None:
        with self._lock:
            for entity, data in told:
                self._last += 1
                data = {**data, "applied_seq": seq}
                self._ring.append(Changed(self._last, seq, topic, entity, data))
            listeners = list(self._listeners)
        for wake in listeners:
            wake()

    def _short(self, term: Term) -> str:
        """Give an entity's short name; "" for what is none of the plant's."""
        return term[1:-1].removeprefix(self._base) if term.startswith(f"<{self._base}") else ""


def _named(entity: str) -> dict[str, str]:
    return {"kind": entity.partition("/")[0], "id": entity}


def _gap(entity: str, gap: Gap, state: str) -> dict[str, str]:
    told = {"state": state, "slot": gap.slot, "severity": gap.severity, "message": gap.message}
    return {**_named(entity), **told}


def _last_word(predicate: Term) -> str:
    return predicate[1:-1].replace("#", "/").rsplit("/", 1)[-1]
