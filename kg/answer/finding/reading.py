"""Reading: which words of a question can mean which things.

Words and numbers that stand together are looked up as one name, the longest first; what is left is
looked for as a part of a name, or as one that is spelt much like it. Digits are never read loosely.
A word for a kind before a name says of which kind it is: ``job 1043`` is no customer.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rapidfuzz import fuzz, process

from kg.answer.finding.found import ALL_SEEN, STRONG, Match
from kg.answer.finding.gazetteer import local_id
from kg.answer.finding.spans import (
    SHORT_NUMBER,
    can_be_name,
    end_of_id,
    has_ids,
    kind_before,
    kinds_before,
    share_of,
    trust,
)
from kg.answer.finding.tokens import read_tokens, text_of
from kg.answer.names import key_of, split_words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from kg.answer.finding.found import By
    from kg.answer.finding.lookup import Lookup
    from kg.answer.finding.tokens import Token

LONGEST = 8
"""So many words and numbers are looked up as one name."""
MOST_LISTED = 10
"""Of so many things that one name can mean it is said which they are."""
MOST_KINDS = 2
MOST_SEGMENTS = 6
MOST_LIKE = 8
"""So many pieces of a question, and words in it, are looked for among parts of names."""
LIKE_ENOUGH = 80.0
MUCH = 0.5
"""Of a name that is known by so much of its letters, or by its first word, it is meant."""
NEARLY = 0.8
"""So much of what a step is called is taken for all of it, where its job is named."""
_SHORTEST_LIKE = 4
_SCORES: dict[By, float] = {"id": 1.0, "identifier": 1.0, "source-id": 1.0, "label": 0.97}
_BY_NUMBER, _OF_JOB, _UNLIKE = 0.9, 0.9, 0.75


@dataclass(slots=True)
class Mention:
    """Words of a question, from one token to another, and what they can mean, best first.

    ``total`` counts all of it; ``kinds`` is what a word before them says. What so many things are
    called that it means none of them has no matches. ``keys`` are those of the names.
    """

    first: int
    last: int
    text: str
    matches: list[Match]
    total: int
    kinds: frozenset[str] = frozenset()
    keys: tuple[str, ...] = ()

    @property
    def is_common(self) -> bool:
        """Whether too many things are called so for any of them to be meant."""
        return not self.matches

    @property
    def best(self) -> list[Match]:
        """What it can mean equally well."""
        top = self.matches[0].score if self.matches else 0.0
        return [match for match in self.matches if match.score >= top]

    @property
    def is_strong(self) -> bool:
        """Whether it surely means one of its best."""
        return bool(self.matches) and self.matches[0].score >= STRONG

    @property
    def is_one(self) -> bool:
        """Whether it means one thing only."""
        return self.is_strong and len(self.best) == 1 == min(self.total, len(self.best))


@dataclass(slots=True)
class Reading:
    """A question's tokens, what they mention, and what is not there by the ids that it names."""

    tokens: list[Token]
    mentions: list[Mention] = field(default_factory=list)
    absent: list[Absent] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    is_cut: bool = False

    def is_used(self, at: int) -> bool:
        """Tell whether a token belongs to a name."""
        return any(one.first <= at <= one.last for one in self.mentions)

    def kind_words(self) -> set[int]:
        """Give the places of the words that say of which kind a name is."""
        starts = {one.first for one in self.mentions} | {one.first for one in self.absent}
        return {at for start in starts if (at := kind_before(self.tokens, start)) is not None}


@dataclass(frozen=True, slots=True)
class Absent:
    """An id that a question names and nothing here has; ``near`` are those with its number."""

    first: int
    last: int
    text: str
    kind: str
    near: tuple[str, ...]

    def __str__(self) -> str:
        near = f"; by its number there is {', '.join(self.near)}" if self.near else ""
        return f"there is no {self.kind} {self.text!r}{near}"


@dataclass(slots=True)
class _Partly:
    """What has some words in its name: of each thing the share of them, and the name's key.

    ``common`` counts what is called so by too many; ``whole`` are the names that are nearly no more
    than the words.
    """

    shares: dict[str, tuple[float, str]] = field(default_factory=dict)
    common: int = 0
    whole: list[str] = field(default_factory=list)
    is_much: bool = False


class Reader:
    """Reads one question; ``kinds`` are those that are looked for, none for all."""

    def __init__(self, lookup: Lookup, kinds: Collection[str] = ()) -> None:
        self._lookup = lookup
        self._wanted = frozenset(kinds)

    def read(self, question: str) -> Reading:
        """Find what a question mentions.

        Raises:
            ConfigError: it is empty, or too long to be a question.
        """
        tokens, is_cut = read_tokens(question)
        reading = Reading(tokens, is_cut=is_cut)
        self._find_names(reading)
        self._find_parts(reading)
        self._find_steps(reading)
        self._find_absent(reading)
        reading.mentions.sort(key=lambda mention: mention.first)
        return reading

    # ---- whole names

    def _find_names(self, reading: Reading) -> None:
        at = 0
        while at < len(reading.tokens):
            found = self._longest(reading.tokens, at)
            if found is not None:
                reading.mentions.append(found)
                at = found.last
            at += 1

    def _longest(self, tokens: list[Token], first: int) -> Mention | None:
        for last in range(min(first + LONGEST, len(tokens)) - 1, first - 1, -1):
            if can_be_name(tokens, first, last):
                found = self._named(tokens, first, last)
                if found is not None:
                    return found
        return None

    def _named(self, tokens: list[Token], first: int, last: int) -> Mention | None:
        key = key_of(token.word for token in tokens[first : last + 1])
        tiers = kinds_before(tokens, first)
        shorts, kinds = self._tiered(self._lookup.called, key, tiers)
        by: By | None = None
        if not shorts and first == last and tokens[first].is_number:
            shorts, kinds = self._tiered(self._lookup.numbered, key, tiers)
            by = "number"
        is_sure = bool(shorts)
        if not shorts and tiers and not key.isdigit():
            # A name of another kind than the word before it says: it may be meant, or not.
            shorts = self._lookup.called(key, self._wanted)
        text = text_of(tokens, first, last)
        if not shorts:
            common = self._lookup.common(key)
            return Mention(first, last, text, [], common, keys=(key,)) if common else None
        most = _UNLIKE if not is_sure else trust(tokens, first, last, has_kind=bool(tiers))
        matches = [
            self._scored(self._lookup.match(short, key, text, 1.0, first, by), most)
            for short in shorts[:MOST_LISTED]
        ]
        matches.sort(key=lambda match: (-match.score, match.id))
        return Mention(first, last, text, matches, len(shorts), kinds, (key,))

    def _scored(self, match: Match, most: float) -> Match:
        score = _BY_NUMBER if match.by == "number" else _SCORES.get(match.by, 0.97)
        return replace(match, score=min(score, most))

    def _tiered(
        self, look: Look, key: str, tiers: tuple[frozenset[str], ...]
    ) -> tuple[list[str], frozenset[str]]:
        """Look a key up among the kinds that a word names first, then among those it can mean."""
        for tier in tiers or (frozenset(),):
            kinds = tier & self._wanted if tier and self._wanted else tier or self._wanted
            if (not tier or kinds) and (found := look(key, kinds)):
                return found, tier
        return [], frozenset()

    # ---- parts of names

    def _find_parts(self, reading: Reading) -> None:
        is_known = any(mention.is_strong for mention in reading.mentions)
        for first, last in list(_segments(reading))[:MOST_SEGMENTS]:
            found = self._part(reading.tokens, first, last, is_known=is_known)
            if found is not None:
                reading.mentions.append(found)
        reading.mentions.sort(key=lambda mention: mention.first)

    def _part(
        self, tokens: list[Token], first: int, last: int, *, is_known: bool
    ) -> Mention | None:
        part = tokens[first : last + 1]
        words = [t.word for t in part if not t.is_number and len(t.word) > SHORT_NUMBER]
        spelt, likeness = self._spelt(words[:MOST_LIKE])
        if not spelt:
            return None
        tiers = kinds_before(tokens, first)
        found = self._called_partly(part, spelt, tiers)
        text = text_of(tokens, first, last)
        keys = tuple(found.whole) if likeness == 1.0 else ()
        if not found.shares:
            common = Mention(first, last, text, [], found.common, keys=keys)
            return common if found.common else None
        # One thing only has the words in its name: that is nearly as good as all of the name.
        is_one = len(found.shares) == 1 and likeness == 1.0
        is_sure = is_one and (tiers or (found.is_much and not is_known))
        bonus = 0.15 if is_sure else 0.0
        by: By = "part-of-name" if likeness == 1.0 else "likeness"
        most = 0.95 if bonus else STRONG - 0.01
        ranked = sorted(found.shares.items(), key=lambda item: (-item[1][0], item[0]))
        matches = [
            self._lookup.match(
                short, key, text, min((0.55 + 0.35 * share) * likeness + bonus, most), first, by
            )
            for short, (share, key) in ranked[:MOST_LISTED]
        ]
        return Mention(first, last, text, matches, len(found.shares), keys=keys)

    def _called_partly(
        self, part: list[Token], spelt: list[str], tiers: tuple[frozenset[str], ...]
    ) -> _Partly:
        """Find what has some words in its name, and every id and number beside them."""
        numbers = {t.word for t in part if t.is_number and not t.is_counted}
        found = _Partly()
        for key, own in self._names_with(spelt).items():
            if not numbers <= set(own) or not has_ids(part, own):
                continue
            share = share_of(spelt, own)
            found.is_much = found.is_much or share >= MUCH or own[0] in spelt
            found.common += self._lookup.common(key)
            if tiers or share >= NEARLY:
                found.whole.append(key)
            for short in self._tiered(self._lookup.called, key, tiers)[0]:
                found.shares[short] = max(found.shares.get(short, (0.0, "")), (share, key))
        return found

    def _spelt(self, words: list[str]) -> tuple[list[str], float]:
        """Give the words as names spell them, and how much alike they are, from 0 to 1."""
        spelt, likeness = [], 1.0
        for word in words:
            if self._lookup.gazetteer.knows_word(word):
                spelt.append(word)
            elif len(word) >= _SHORTEST_LIKE:
                near = process.extractOne(
                    word, self._lookup.words_near(word), scorer=fuzz.ratio, score_cutoff=LIKE_ENOUGH
                )
                if near is not None:
                    spelt.append(near[0])
                    likeness = min(likeness, near[1] / 100)
        return spelt, likeness

    def _names_with(self, words: list[str]) -> dict[str, tuple[str, ...]]:
        """Give the names that have all of the words, or else the longest of them."""
        found = self._lookup.names_with(words)
        if found or len(words) == 1:
            return found
        for word in sorted(words, key=len, reverse=True):
            if found := self._lookup.names_with([word]):
                return found
        return {}

    # ---- steps by what all their kind are called

    def _find_steps(self, reading: Reading) -> None:
        """Take a name of many operations for that of the job's: ``10 Saw of job 1043``.

        To whom something is hidden, it may be which operations a job has.
        """
        if self._lookup.eyes is not ALL_SEEN:
            return
        jobs = {m.best[0].id for m in reading.mentions if m.is_one and m.best[0].kind == "job"}
        if len(jobs) != 1:
            return
        for mention in list(reading.mentions):
            kinds = {match.kind for match in mention.matches}
            if mention.total > 1 and kinds <= {"operation"}:
                self._narrow(reading, mention, *jobs)

    def _narrow(self, reading: Reading, mention: Mention, job: str) -> None:
        steps = self._lookup.steps_called(mention.keys, job)
        if mention.is_strong and not steps:  # steps of other jobs are called so
            reading.mentions.remove(mention)
            kind = f"operation of {job}"
            reading.absent.append(Absent(mention.first, mention.last, mention.text, kind, ()))
        elif steps:
            mention.matches = [
                self._lookup.match(short, key, mention.text, _OF_JOB, mention.first)
                for short, key in steps
            ]
            mention.total = len(steps)

    # ---- ids that are not there

    def _find_absent(self, reading: Reading) -> None:
        tokens, at = reading.tokens, 0
        while at < len(tokens):
            last = end_of_id(tokens, at)
            if not reading.is_used(at) and any(t.is_number for t in tokens[at : last + 1]):
                self._miss(reading, at, last)
            at = last + 1

    def _miss(self, reading: Reading, first: int, last: int) -> None:
        """Note an id that is not there, or a number of which nothing is known."""
        tokens = reading.tokens
        part = tokens[first : last + 1]
        tiers = kinds_before(tokens, first)
        if not tiers and (part[0].is_counted or any(map(reading.is_used, range(first, last + 1)))):
            return
        key = key_of(token.word for token in part)
        text = text_of(tokens, first, last)
        # `M7` is built as ids are, `42CrMo4` as none is.
        kinds = self._lookup.kinds_of_form(key) if first < last else []
        if tiers and (step := self._step_of(reading, first, key, tiers)) is not None:
            reading.mentions.append(step)
        elif tiers:
            kind = " or ".join(sorted(tiers[0]))
            reading.absent.append(Absent(first, last, text, kind, self._near(part)))
        elif kinds and (not self._wanted or not self._wanted.isdisjoint(kinds)):
            kind = " or ".join(sorted(kinds[:MOST_KINDS]))
            reading.absent.append(Absent(first, last, text, kind, self._near(part)))
        elif len(key) > SHORT_NUMBER:
            reading.strange.append(text)

    def _step_of(
        self, reading: Reading, first: int, key: str, tiers: tuple[frozenset[str], ...]
    ) -> Mention | None:
        """Find the step of a job that a question names elsewhere: ``operation 20 of job 1043``."""
        if "operation" not in tiers[0]:
            return None
        jobs = [one.best[0] for one in reading.mentions if one.is_one and one.best[0].kind == "job"]
        for job in jobs:
            whole = key_of((*split_words(local_id(job.id)), key))
            shorts = self._lookup.called(whole, {"operation"})
            if len(shorts) == 1:
                text = reading.tokens[first].text
                step = self._lookup.match(shorts[0], whole, text, 1.0, first)
                return Mention(first, first, text, [step], 1)
        return None

    def _near(self, part: Sequence[Token]) -> tuple[str, ...]:
        """Give what has the last number of an id, digit for digit."""
        number = [token.word for token in part if token.is_number][-1]
        if len(number) <= SHORT_NUMBER:
            return ()
        found = dict.fromkeys(self._lookup.called(number) + self._lookup.numbered(number))
        return tuple(list(found)[:3])


def _segments(reading: Reading) -> Iterator[tuple[int, int]]:
    """Give the pieces of what is left that can be a part of a name: words of none of the tables."""
    tokens, first = reading.tokens, None
    for at, token in enumerate([*tokens, None]):
        is_left = token is not None and not reading.is_used(at) and not token.is_plain
        if is_left and first is None:
            first = at
        elif not is_left and first is not None:
            if any(not t.is_number for t in tokens[first:at]):
                yield first, at - 1
            first = None


if TYPE_CHECKING:
    from collections.abc import Callable

    Look = Callable[[str, Collection[str]], list[str]]
