"""Kept: an answer as text with holes for what only the moment of sending tells.

What an answer says of the plant stays as long as nothing of what was read for it changes. How old
it is, whether that is stale, whether a note has expired, how far the graph is and when gaps were
last looked for is filled in each time, from the clock and from when sources last vouched.
"""

from __future__ import annotations

import re
from copy import copy
from dataclasses import dataclass
from hashlib import blake2b
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import pydantic_core

from kg.answer.context import is_past
from kg.answer.find import Finder
from kg.answer.freshness import Freshness
from kg.answer.keeping.watched import LAST_CHECK, Reads, WatchedJournal, WatchedStore
from kg.answer.render import to_json
from kg.store import EmbeddedStore
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kg.answer.answers import Answers
    from kg.answer.bundle import Context
    from kg.answer.freshness import Place
    from kg.touched import Touched

_HOLE = f"hole {token_hex(8)} "
_HOLES = re.compile(rf'"{_HOLE}(\d+)"')
_AS_OF, _SEQ, _CHECKED, _FIRST = range(4)


@dataclass(frozen=True, slots=True)
class Moment:
    """What is filled in: the clock, what sources said last, how far graph and gaps are."""

    now: datetime
    freshness: Freshness
    applied_seq: int
    checked_at: str


@dataclass(frozen=True, slots=True)
class Kept:
    """One answer; ``parts`` are text and, at every second place, the number of a hole.

    Of holes there are those of every answer, three for each group of places that facts rest on,
    two for each source, one for each note.
    """

    parts: tuple[bytes, ...]
    holes: tuple[int, ...]
    groups: tuple[tuple[Place, ...], ...]
    sources: tuple[str, ...]
    notes: tuple[str | None, ...]
    paths: frozenset[str]
    doubted: frozenset[str]
    reads: Reads
    digest: str

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes."""
        keys = 100 * (len(self.reads.keys) + len(self.paths))
        return sum(map(len, self.parts)) + 50 * len(self.parts) + keys + 1_000

    def is_current(self, freshness: Freshness) -> bool:
        """Tell whether nothing has changed of what it says, apart from ages."""
        doubts = freshness.doubts
        if (doubts or self.doubted) and self.paths & doubts.keys() != self.doubted:
            return False
        return self.reads.are_current()

    def write(self, moment: Moment) -> tuple[bytes, str]:
        """Give it as of a moment, as JSON, and its entity tag.

        The tag is of what it says and of the states, which time alone can change (RFC 9110,
        section 8.8.1: weak). Of ages, and of how lately somebody looked, it is not.
        """
        now, freshness = moment.now, moment.freshness
        as_of = format_time(now)
        values = [_json(as_of), b"%d" % moment.applied_seq, _json(moment.checked_at or None)]
        flips = []
        for places in self.groups:
            age = freshness.age(places, now)
            values += (_json(age.confirmed_at), _json(age.age_s), _json(age.is_stale))
            flips.append(age.is_stale)
        for source in self.sources:
            newest = freshness.newest(source)
            is_stale = freshness.is_source_stale(source, now)
            values += (_json(format_time(newest) if newest else None), _json(is_stale))
            flips.append(is_stale)
        for until in self.notes:
            has_expired = is_past(until, as_of)
            values.append(_json("expired" if has_expired else "unconfirmed"))
            flips.append(has_expired)
        parts = list(self.parts)
        parts[1::2] = [values[hole] for hole in self.holes]
        states = "".join("01"[flip] for flip in flips)
        return b"".join(parts), f'W/"{self.digest}-{int("1" + states, 2):x}"'


def keep_context(
    answers: Answers, touched: Touched, ask: Callable[[Answers], Context]
) -> Kept | None:
    """Answer, and make it such that it can be kept; None where it cannot.

    ``ask`` asks the given answers, as of any clock.
    """
    if not isinstance(answers.store, EmbeddedStore):
        return None
    reads = Reads(touched)
    twin = copy(answers)
    store: Any = WatchedStore(answers.store, reads)
    journal: Any = WatchedJournal(answers.journal, reads)
    twin.store, twin.journal = store, journal
    names = {source.name for source in answers.plant.sources}
    twin.finder = Finder(store, answers.plant.base, names)
    freshness = freshness_of(answers)
    context = ask(twin)
    doubted = frozenset(journal.paths & freshness.doubts.keys())
    return _Template(freshness).fill(context, reads, frozenset(journal.paths), doubted)


def freshness_of(answers: Answers) -> Freshness:
    """Tell how fresh a plant's sources are now."""
    seen = answers.journal.seen()
    return Freshness(answers.plant, seen.confirmed, seen.doubts)


class _Template:
    """Makes the text of one answer, a hole where only the moment tells."""

    def __init__(self, freshness: Freshness) -> None:
        self._freshness = freshness
        self._groups: dict[tuple[Place, ...], int] = {}
        self._walked: set[int] = set()

    def fill(
        self, context: Context, reads: Reads, paths: frozenset[str], doubted: frozenset[str]
    ) -> Kept:
        """Take an answer's text apart."""
        told = context.to_dict()
        told["as_of"], told["applied_seq"] = _hole(_AS_OF), _hole(_SEQ)
        self._walk(told)
        place = _FIRST + 3 * len(self._groups)
        for source in told["sources"]:
            source["confirmed_at"], source["is_stale"] = _hole(place), _hole(place + 1)
            place += 2
        for note in told["notes"]:
            note["state"] = _hole(place)
            place += 1
        text = to_json(told).replace(f'"{LAST_CHECK}"', f'"{_hole(_CHECKED)}"')
        parts = _HOLES.split(text)
        return Kept(
            parts=tuple(part.encode() for part in parts),
            holes=tuple(map(int, parts[1::2])),
            groups=tuple(self._groups),
            sources=tuple(source["name"] for source in told["sources"]),
            notes=tuple(note["expires_at"] for note in told["notes"]),
            paths=paths,
            doubted=doubted,
            reads=reads,
            digest=blake2b(text.replace(_HOLE, "").encode(), digest_size=9).hexdigest(),
        )

    def _walk(self, node: Any) -> None:
        if id(node) in self._walked:  # what is told of twice is one object
            return
        if isinstance(node, dict):
            self._walked.add(id(node))
            if "age_s" in node:
                self._age(node)
            for part in node.values():
                if part.__class__ in (dict, list):
                    self._walk(part)
        else:
            for part in node:
                if part.__class__ in (dict, list):
                    self._walk(part)

    def _age(self, fact: dict[str, Any]) -> None:
        places = tuple(
            dict.fromkeys(self._freshness.place(c["source"], c["record"]) for c in fact["via"])
        )
        number = self._groups.setdefault(places, len(self._groups))
        first = _FIRST + 3 * number
        for place, name in enumerate(("confirmed_at", "age_s", "is_stale")):
            fact[name] = _hole(first + place)


def _hole(number: int) -> str:
    return f"{_HOLE}{number}"


def _json(value: Any) -> bytes:
    return pydantic_core.to_json(value)
