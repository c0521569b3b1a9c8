"""Asking: what a question in words is about, and what of that it asks.

The rules are few and stand in tables (`kg.answer.finding.words`). What several things can be meant
by is given back, never guessed; of an id that is not there it is said that it is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.answer.finding.found import STRONG, Asked, Found, Match
from kg.answer.finding.tokens import MOST_WORDS
from kg.answer.finding.words import FOCUS_ORDER, FOCUS_PHRASES, KIND_WORDS, SUBJECTS
from kg.errors import UnknownEntity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.answer.bundle import Focus
    from kg.answer.finding.reading import Mention, Reading

MOST_NAMED = 5
"""So many candidates are named in a refusal."""
_LONGEST_PHRASE = 2
_FULL_ID = "ask for one of them by its full id"
_NAME_IT = (
    "name a thing by its id: job 1043, SAW-01; what concerns the whole plant is a saved question"
)
CUT = f"only the first {MOST_WORDS} words were looked at"


def found_of(reading: Reading, limit: int) -> Found:
    """Give the best of all that a question's words can mean, at most so many."""
    best: dict[str, Match] = {}
    for match in (match for mention in reading.mentions for match in mention.matches):
        if match.id not in best or match.score > best[match.id].score:
            best[match.id] = match
    ranked = sorted(best.values(), key=lambda match: (-match.score, match.place, match.id))
    total = len(ranked) + sum(max(0, m.total - len(m.matches)) for m in reading.mentions)
    return Found(
        tuple(ranked[:limit]),
        total,
        is_ambiguous=any(m.is_strong and not m.is_one for m in reading.mentions),
        absent=tuple(map(str, reading.absent)),
        remarks=_remarks(reading),
    )


def asked_of(reading: Reading, focus: Focus | None = None) -> Asked:
    """Say what a question is about; ``focus`` is what it asks, where that is settled already.

    Raises:
        UnknownEntity: it names nothing that is known, an id that is not there, or things of which
            several can be meant.
    """
    if reading.absent:
        raise _absent(reading)
    by = _Focused(focus, "as was asked for") if focus else focus_of(reading)
    clear, unclear = _settled(reading)
    clear.sort(key=lambda one: _rank([one.best], by.focus, one.mention))
    unclear.sort(key=lambda one: _rank(one.matches, by.focus, one.mention))
    if unclear and (
        not clear or _rank(unclear[0].matches, by.focus)[0] < _rank([clear[0].best], by.focus)[0]
    ):
        raise _ambiguous(unclear[0].mention, unclear[0].matches)
    if not clear:
        raise _partly(reading) or _unknown(reading)
    subject = clear[0].best
    others = {one.best.id: one.best for one in clear[1:] if one.best.id != subject.id}
    return Asked(
        subject,
        by.focus,
        by.why,
        tuple(others.values()),
        tuple(match for one in unclear for match in one.matches[:MOST_NAMED]),
        _remarks(reading),
    )


@dataclass(frozen=True, slots=True)
class _Settled:
    """A mention, and what it can mean once other words of the question were minded."""

    mention: Mention
    matches: list[Match]

    @property
    def best(self) -> Match:
        """The first of it."""
        return self.matches[0]


def _settled(reading: Reading) -> tuple[list[_Settled], list[_Settled]]:
    """Give the mentions that mean one thing, and those that can mean several."""
    clear: list[_Settled] = []
    unclear: list[_Settled] = []
    for mention in filter(lambda one: one.is_strong, reading.mentions):
        best = mention.best if mention.is_one else _by_kind_words(mention.best, reading, mention)
        (clear if mention.is_one or len(best) == 1 else unclear).append(_Settled(mention, best))
    return clear, unclear


def _rank(
    matches: Iterable[Match], focus: Focus, mention: Mention | None = None
) -> tuple[int, int]:
    place = mention.first if mention else 0
    return min(_rank_of(match.kind, focus) for match in matches), place


@dataclass(frozen=True, slots=True)
class _Focused:
    """A focus, and by which words."""

    focus: Focus
    why: str


def focus_of(reading: Reading) -> _Focused:
    """Give what a question asks of its subject: that of which it has most words.

    A word that says of which kind something is (``batch 4742``) counts where no other does.
    """
    found = _said(reading, is_of_kinds=False) or _said(reading, is_of_kinds=True)
    if not found:
        return _Focused("now", "no word of the question asks for more")
    best = min(found, key=lambda focus: (-len(set(found[focus])), FOCUS_ORDER.index(focus)))
    words = " and ".join(f'"{word}"' for word in dict.fromkeys(found[best]))
    return _Focused(best, f"the question says {words}")


def _said(reading: Reading, *, is_of_kinds: bool) -> dict[Focus, list[str]]:
    """Give the words and phrases that ask for each focus; those of names only if they say a kind.

    Words that say of which kind a name is count where ``is_of_kinds``.
    """
    taken = set() if is_of_kinds else reading.kind_words()
    words = [
        ""
        if at in taken or (reading.is_used(at) and not (is_of_kinds and token.word in KIND_WORDS))
        else token.word
        for at, token in enumerate(reading.tokens)
    ]
    found: dict[Focus, list[str]] = {}
    for at in range(len(words)):
        for length in range(1, _LONGEST_PHRASE + 1):
            phrase = tuple(words[at : at + length])
            for focus, phrases in FOCUS_PHRASES.items():
                if phrase in phrases and len(phrase) == length:
                    found.setdefault(focus, []).append(" ".join(phrase))
    return found


def _rank_of(kind: str, focus: Focus) -> int:
    tiers = SUBJECTS[focus]
    return next((at for at, kinds in enumerate(tiers) if kind in kinds.split()), len(tiers))


def _by_kind_words(best: list[Match], reading: Reading, mention: Mention) -> list[Match]:
    """Keep what a word for a kind elsewhere in the question allows: ``which job is 1043``."""
    taken = reading.kind_words()
    for at, token in enumerate(reading.tokens):
        if at in taken or mention.first <= at <= mention.last or token.word not in KIND_WORDS:
            continue
        for kinds in KIND_WORDS[token.word]:
            if kept := [match for match in best if match.kind in kinds]:
                return kept
    return best


def _remarks(reading: Reading) -> tuple[str, ...]:
    strange = [f"nothing here goes by {text!r}" for text in dict.fromkeys(reading.strange)]
    common = [_common(mention) for mention in reading.mentions if mention.is_common]
    return (*strange[:MOST_NAMED], *common[:MOST_NAMED], *([CUT] if reading.is_cut else []))


def _common(mention: Mention) -> str:
    return f"{mention.total:,} things are called {mention.text!r}"


def _named(matches: Sequence[Match], total: int) -> str:
    shown = [f"{match.id} {match.label!r}" for match in matches[:MOST_NAMED]]
    more = total - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")


def _absent(reading: Reading) -> UnknownEntity:
    there = [mention.best[0].id for mention in reading.mentions if mention.is_one]
    known = f"known are: {', '.join(there[:MOST_NAMED])}; " if there else ""
    return UnknownEntity(
        "; ".join(dict.fromkeys(map(str, reading.absent))),
        hint=f"{known}digits are never read loosely, so look the id up and ask again",
    )


def _ambiguous(mention: Mention, best: Sequence[Match]) -> UnknownEntity:
    total = max(len(best), mention.total if len(best) == len(mention.matches) else 0)
    return UnknownEntity(
        f"{mention.text!r} can mean several things: {_named(best, total)}",
        hint=_FULL_ID,
        code="ambiguous-entity",
    )


def _partly(reading: Reading) -> UnknownEntity | None:
    """Refuse words that stand alike in the names of several things; None if there are none."""
    for mention in reading.mentions:
        if len(mention.best) > 1 and mention.best[0].by == "part-of-name":
            return _ambiguous(mention, mention.best)
    for mention in filter(lambda one: one.is_common, reading.mentions):
        return UnknownEntity(_common(mention), hint=_FULL_ID, code="ambiguous-entity")
    return None


def _unknown(reading: Reading) -> UnknownEntity:
    weak = sorted(
        (match for mention in reading.mentions for match in mention.matches),
        key=lambda match: (-match.score, match.place, match.id),
    )
    ids = list(dict.fromkeys(match.id for match in weak if match.score < STRONG))[:MOST_NAMED]
    strange = " or ".join(repr(text) for text in dict.fromkeys(reading.strange[:MOST_NAMED]))
    return UnknownEntity(
        f"nothing here goes by {strange}" if strange else "the question names nothing known here",
        hint=f"did you mean {', '.join(ids)}?" if ids else _NAME_IT,
    )
