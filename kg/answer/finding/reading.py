"""Reading: which words of a question can mean which things.

Words and numbers that stand together are looked up as one name, the longest first; what is left is
looked for as a part of a name, or as one that is spelt much like it. Digits are never read loosely.
A word for a kind before a name says of which kind it is: ``job 1043`` is no customer.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rapidfuzz import fuzz, process

from kg.answer.finding.found import STRONG, Match
from kg.answer.finding.gazetteer import local_id
from kg.answer.finding.tokens import read_tokens, text_of
from kg.answer.finding.words import KIND_WORDS, POINTERS
from kg.answer.names import LEGAL_FORMS, key_of, split_words

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
SHORT_NUMBER, LONG_NUMBER = 2, 4
"""With so few digits a number means nothing by itself; with so many it ends an id."""
MUCH = 0.5
"""Of a name that is known by so much of its letters, or by its first word, it is meant."""
_SHORTEST_LIKE = 4
_SCORES: dict[By, float] = {"id": 1.0, "identifier": 1.0, "source-id": 1.0, "label": 0.97}
_BY_NUMBER, _WEAK, _UNLIKE = 0.9, 0.5, 0.75


@dataclass(slots=True)
class Mention:
    """Words of a question, from one token to another, and what they can mean, best first.

    ``total`` counts all of it; ``kinds`` is what a word before them says.
    """

    first: int
    last: int
    text: str
    matches: list[Match]
    total: int
    kinds: frozenset[str] = frozenset()

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


def kind_before(tokens: Sequence[Token], at: int) -> int | None:
    """Give where the word stands that says of which kind a name is; None where there is none."""
    before = at - 1
    for _ in range(2):
        if before < 0:
            return None
        if tokens[before].word in KIND_WORDS:
            return before
        if tokens[before].word not in POINTERS:
            return None
        before -= 1
    return before if before >= 0 and tokens[before].word in KIND_WORDS else None


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
            if _can_be_name(tokens, first, last):
                found = self._named(tokens, first, last)
                if found is not None:
                    return found
        return None

    def _named(self, tokens: list[Token], first: int, last: int) -> Mention | None:
        key = key_of(token.word for token in tokens[first : last + 1])
        tiers = _kinds_of(tokens, first)
        shorts, kinds = self._tiered(self._lookup.called, key, tiers)
        by: By | None = None
        if not shorts and first == last and tokens[first].is_number:
            shorts, kinds = self._tiered(self._lookup.numbered, key, tiers)
            by = "number"
        is_sure = bool(shorts)
        if not shorts and tiers and not key.isdigit():
            # A name of another kind than the word before it says: it may be meant, or not.
            shorts = self._lookup.called(key, self._wanted)
        if not shorts:
            return None
        text = text_of(tokens, first, last)
        most = _UNLIKE if not is_sure else _trust(tokens, first, last, has_kind=bool(tiers))
        matches = [
            self._scored(self._lookup.match(short, key, text, 1.0, first, by), most)
            for short in shorts[:MOST_LISTED]
        ]
        matches.sort(key=lambda match: (-match.score, match.id))
        return Mention(first, last, text, matches, len(shorts), kinds)

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
        numbers = [t.word for t in part if t.is_number and not t.is_counted]
        spelt, likeness = self._spelt(words[:MOST_LIKE])
        if not spelt:
            return None
        names = self._names_with(spelt)
        tiers = _kinds_of(tokens, first)
        scored: dict[str, tuple[float, str]] = {}
        is_much = bool(tiers)
        for key, own in names.items():
            if not set(numbers) <= set(own) or not _has_ids(part, own):
                continue
            share = _share(spelt, own)
            is_much = is_much or share >= MUCH or own[0] in spelt
            for short in self._tiered(self._lookup.called, key, tiers)[0]:
                score = (0.55 + 0.35 * share) * likeness
                scored[short] = max(scored.get(short, (0.0, "")), (score, key))
        if not scored:
            return None
        # One thing only has the words in its name: that is nearly as good as all of the name.
        is_sure = len(scored) == 1 and likeness == 1.0 and is_much and (tiers or not is_known)
        bonus = 0.15 if is_sure else 0.0
        text = text_of(tokens, first, last)
        by: By = "part-of-name" if likeness == 1.0 else "likeness"
        ranked = sorted(scored.items(), key=lambda item: (-item[1][0], item[0]))[:MOST_LISTED]
        most = 0.95 if bonus else STRONG - 0.01
        matches = [
            self._lookup.match(short, key, text, min(score + bonus, most), first, by)
            for short, (score, key) in ranked
        ]
        return Mention(first, last, text, matches, len(scored))

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

    # ---- ids that are not there

    def _find_absent(self, reading: Reading) -> None:
        tokens, at = reading.tokens, 0
        while at < len(tokens):
            last = _end_of_id(tokens, at)
            if not reading.is_used(at) and any(t.is_number for t in tokens[at : last + 1]):
                self._miss(reading, at, last)
            at = last + 1

    def _miss(self, reading: Reading, first: int, last: int) -> None:
        """Note an id that is not there, or a number of which nothing is known."""
        tokens = reading.tokens
        part = tokens[first : last + 1]
        tiers = _kinds_of(tokens, first)
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


def _kinds_of(tokens: Sequence[Token], at: int) -> tuple[frozenset[str], ...]:
    before = kind_before(tokens, at)
    return () if before is None else KIND_WORDS[tokens[before].word]


def _can_be_name(tokens: Sequence[Token], first: int, last: int) -> bool:
    """Tell whether tokens can be one name: they cut no id, and are not only words of the asking."""
    part = tokens[first : last + 1]
    if _is_cut(tokens, first) or (last + 1 < len(tokens) and _is_cut(tokens, last + 1)):
        return False
    if all(t.is_number for t in part) and any(t.glue is None for t in part[1:]):
        return False  # numbers that were written apart
    word, is_short = part[0].word, first == last and len(part[0].word) <= SHORT_NUMBER
    if is_short and len(word) == SHORT_NUMBER and part[0].text.isupper():
        return any(token.text.islower() for token in tokens)  # a code, such as a person's
    if all(token.is_plain for token in part):
        return False
    has_kind = kind_before(tokens, first) is not None
    if all(token.is_counted or token.is_plain for token in part) and not has_kind:
        return False
    return has_kind or not is_short or part[0].is_number


def _is_cut(tokens: Sequence[Token], at: int) -> bool:
    """Tell whether an id or word goes on over the border before a token.

    Words of the asking may be glued to a name (``SAW-01-Auftrag``, ``job1043``), and so are those
    of scripts that write no spaces.
    """
    if at == 0 or not tokens[at].is_glued:
        return False
    one, two = tokens[at - 1], tokens[at]
    if not (one.word.isascii() and two.word.isascii()):
        return False
    return not (one.word in KIND_WORDS or two.is_plain)


def _trust(tokens: Sequence[Token], first: int, last: int, *, has_kind: bool) -> float:
    """Give the most that a match by these tokens can score: short numbers alone say little."""
    token = tokens[first]
    if first < last or has_kind:
        return 1.0
    if token.is_number:
        return _WEAK if len(token.word) <= SHORT_NUMBER else 1.0
    return 0.85 if len(token.word) <= SHORT_NUMBER else 1.0


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


def _has_ids(part: Sequence[Token], name: Sequence[str]) -> bool:
    """Tell whether a name has every id of a piece of a question whole: ``42CrMo4``."""
    at = 0
    while at < len(part):
        end = _end_of_id(part, at) + 1
        own = [token.word for token in part[at:end]]
        if len(own) > 1 and any(token.is_number for token in part[at:end]):
            starts = range(len(name) - len(own) + 1)
            if not any(list(name[start : start + len(own)]) == own for start in starts):
                return False
        at = end
    return True


def _end_of_id(tokens: Sequence[Token], first: int) -> int:
    last = first
    while last + 1 < len(tokens) and tokens[last + 1].is_glued and _is_cut(tokens, last + 1):
        last += 1
    return last


def _share(words: Collection[str], name: Sequence[str]) -> float:
    """Give how much of a name's letters some words are; its legal form does not count."""
    own = [w for w in name if not w[0].isdigit() and w not in LEGAL_FORMS]
    letters = sum(map(len, own)) or 1
    return min(1.0, sum(len(word) for word in own if word in words) / letters)


if TYPE_CHECKING:
    from collections.abc import Callable

    Look = Callable[[str, Collection[str]], list[str]]
