"""Kept: an answer as text with holes for what only the moment of sending tells.

What an answer says of the plant stays as long as nothing of what was read for it changes. How old
it is, whether that is stale, whether a note has expired, how far the graph is and when gaps were
last looked for is filled in each time, from the clock and from when sources last vouched.
"""

from __future__ import annotations

import re
import zlib
from array import array
from copy import copy
from dataclasses import dataclass
from hashlib import blake2b
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import pydantic_core

from kg.answer.evidence import places_of
from kg.answer.freshness import Freshness
from kg.answer.keeping.aging import Aging, Moment, slots_of
from kg.answer.keeping.watched import LAST_CHECK, Reads, WatchedJournal, WatchedStore
from kg.answer.noted import is_past, standing
from kg.answer.render import to_json
from kg.store import EmbeddedStore
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from kg.answer.answers import Answers
    from kg.answer.bundle import Context, Fact
    from kg.answer.freshness import Place
    from kg.touched import Touched

_HOLE = f"hole {token_hex(8)} "
_HOLES = re.compile(rf'"{_HOLE}(\d+)"')
_AS_OF, _SEQ, _CHECKED, _FIRST = range(4)
_BETWEEN = b"\0"
"""What no JSON has in it (RFC 8259, section 7)."""
_BYTES_A_KEY = 8
_TRUTH = (b"false", b"true")


@dataclass(frozen=True, slots=True)
class Basis:
    """What an answer rests on: what was read for it, and which of it sources did not vouch for."""

    reads: Reads
    doubted: frozenset[int]

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes."""
        return _BYTES_A_KEY * len(self.reads)

    def is_current(self, freshness: Freshness) -> bool:
        """Tell whether nothing has changed of what an answer says, apart from ages."""
        doubts = freshness.doubted_keys
        if (doubts or self.doubted) and doubts.intersection(self.reads.keys) != self.doubted:
            return False
        return self.reads.are_current()


@dataclass(frozen=True, slots=True)
class Kept:
    """One answer as text: its parts, or them ``packed``, between which the numbered holes are.

    Of holes there are those of every answer, three for each group of places that facts rest on,
    two for each source, one for each note (until when it holds, and what it is until then). Facts
    are told of several times over, so that the text is a tenth as long when it is packed; to unpack
    it is a third of sending it.
    """

    parts: tuple[bytes, ...]
    packed: bytes
    holes: array[int]
    groups: tuple[tuple[Place, ...], ...]
    sources: tuple[str, ...]
    notes: tuple[tuple[str | None, str], ...]
    digest: str
    basis: Basis

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes."""
        distinct = set(self.parts)
        parts = sum(map(len, distinct)) + 40 * len(distinct) + 8 * len(self.parts)
        return parts + len(self.packed) + 4 * len(self.holes) + self.basis.size_bytes + 1_000

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
            values += (_json(age.confirmed_at), _json(age.age_s), _TRUTH[age.is_stale])
            flips.append(age.is_stale)
        for source in self.sources:
            is_stale = freshness.is_source_stale(source, now)
            values += (_json(freshness.newest(source)), _TRUTH[is_stale])
            flips.append(is_stale)
        for until, state in self.notes:
            has_expired = is_past(until, as_of)
            values.append(_json("expired" if has_expired else state))
            flips.append(has_expired)
        parts = self.parts or zlib.decompress(self.packed).split(_BETWEEN)
        told = [b""] * (2 * len(parts) - 1)
        told[::2] = parts
        told[1::2] = map(values.__getitem__, self.holes)
        states = "".join("01"[flip] for flip in flips)
        return b"".join(told), f'W/"{self.digest}-{int("1" + states, 2):x}"'


@dataclass(frozen=True, slots=True)
class KeptContext:
    """One answer before it is written in any form."""

    context: Context
    basis: Basis

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes."""
        facts = {id(fact) for slot in slots_of(self.context) for fact in slot.facts}
        return 1_000 * (len(facts) + len(self.context.gaps) + 5) + self.basis.size_bytes

    def as_of(self, moment: Moment) -> Context:
        """Give it as of a moment."""
        return Aging(moment).aged(self.context)


def keep_context(
    answers: Answers, touched: Touched, ask: Callable[[Answers], Context]
) -> KeptContext | None:
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
    twin.finder = answers.finder.watched(store, reads.note)
    freshness = freshness_of(answers)
    context = ask(twin)
    reads.close()
    return KeptContext(context, Basis(reads, freshness.doubted_keys.intersection(reads.keys)))


def keep_text(kept: KeptContext, freshness: Freshness, *, is_packed: bool = False) -> Kept:
    """Write an answer as JSON, with holes; ``freshness`` is what its facts' places are told by."""
    return _Template(freshness).fill(kept, is_packed=is_packed)


def freshness_of(answers: Answers) -> Freshness:
    """Tell how fresh a plant's sources are now."""
    seen = answers.journal.seen()
    return Freshness(answers.plant, seen.confirmed, seen.doubts)


class _Template:
    """Makes the text of one answer, a hole where only the moment tells."""

    def __init__(self, freshness: Freshness) -> None:
        self._freshness = freshness
        self._groups: dict[tuple[Place, ...], int] = {}

    def fill(self, kept: KeptContext, *, is_packed: bool) -> Kept:
        """Take an answer's text apart."""
        done: dict[int, Any] = {}
        told = kept.context.to_dict(done)
        told["as_of"], told["applied_seq"] = _hole(_AS_OF), _hole(_SEQ)
        for number, fact in {id(f): f for s in slots_of(kept.context) for f in s.facts}.items():
            self._age(done[number], fact)
        place = _FIRST + 3 * len(self._groups)
        for source in told["sources"]:
            source["confirmed_at"], source["is_stale"] = _hole(place), _hole(place + 1)
            place += 2
        for note in told["notes"]:
            note["state"] = _hole(place)
            place += 1
        text = to_json(told, is_dense=True).replace(f'"{LAST_CHECK}"', f'"{_hole(_CHECKED)}"')
        parts = _HOLES.split(text)
        alike: dict[str, bytes] = {}
        for part in parts[::2]:
            if part not in alike:
                alike[part] = part.encode()
        texts = tuple(map(alike.__getitem__, parts[::2]))
        return Kept(
            parts=() if is_packed else texts,
            packed=zlib.compress(_BETWEEN.join(texts), 1) if is_packed else b"",
            holes=array("I", map(int, parts[1::2])),
            groups=tuple(self._groups),
            sources=tuple(source["name"] for source in told["sources"]),
            notes=tuple((note["expires_at"], standing(note)) for note in told["notes"]),
            digest=blake2b(text.replace(_HOLE, "").encode(), digest_size=9).hexdigest(),
            basis=kept.basis,
        )

    def _age(self, told: dict[str, Any], fact: Fact) -> None:
        places = places_of(fact.via, self._freshness)
        number = self._groups.setdefault(places, len(self._groups))
        first = _FIRST + 3 * number
        for place, name in enumerate(("confirmed_at", "age_s", "is_stale")):
            told[name] = _hole(first + place)


def _hole(number: int) -> str:
    return f"{_HOLE}{number}"


def _json(value: Any) -> bytes:
    return pydantic_core.to_json(value)
