"""Worded: questions in words, as one role may ask them.

Nothing is found by a name that is hidden, and nothing near is told of it: a name is looked up, and
left out where whoever asks does not see it, before anything is made of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.access.withhold import withhold_context
from kg.answer.finding.found import ALL_SEEN
from kg.answer.planning.next import DEFAULT_RULE

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from kg.access.sight import Sight
    from kg.answer import Answers
    from kg.answer.bundle import Context, Focus
    from kg.answer.finding.found import Asked, Eyes, Found
    from kg.answer.planning.next import Rule


@dataclass(frozen=True, slots=True)
class Worded:
    """A question in words: ``kind`` and ``focus`` are given where they are settled already."""

    text: str
    kind: str | None = None
    focus: Focus | None = None
    rule: Rule = DEFAULT_RULE


class SightEyes:
    """What a role sees of names; only names that stand in shown records count, and its own ids."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight

    def names(self, short: str) -> set[str] | None:
        """Give every name of a thing that is shown."""
        return self._sight.names(short)

    def hides(self, short: str) -> bool:
        """Tell whether the thing is hidden, or nobody but hidden sources says that it is there."""
        sight = self._sight
        term = sight.term(short)
        if sight.hides_thing(short) or not sight.is_told_by_others(term):
            return True
        return bool(sight.hiding.sources) and not sight.is_known_openly(term)

    def label(self, short: str) -> str:
        """Give what the thing is called, as far as it is shown."""
        return self._sight.label(short)


def eyes_of(sight: Sight | None) -> Eyes:
    """Give what whoever asks sees of names; ``sight`` is None for who sees everything."""
    return ALL_SEEN if sight is None else SightEyes(sight)


def find_in_words(
    answers: Answers,
    query: str,
    sight: Sight | None = None,
    kinds: Collection[str] = (),
    limit: int = 5,
) -> Found:
    """Give what words can mean to whoever asks, the best first.

    Raises:
        ConfigError: the query is empty, or too long.
    """
    return answers.finder.find_entities(query, kinds, limit, eyes_of(sight))


def ask_in_words(
    answers: Answers, question: Worded, now: datetime, sight: Sight | None = None
) -> tuple[Asked, Context]:
    """Answer a question in words: how it was read, and the context of its subject.

    Raises:
        UnknownEntity: nothing known is named, or something of which several can be meant.
        ConfigError: the question is empty, or too long.
    """
    asked = answers.finder.read_question(
        question.text, question.kind, question.focus, eyes_of(sight)
    )
    subject = asked.subject
    found = answers.context(subject.id, now, subject.kind, focus=asked.focus, rule=question.rule)
    return asked, found if sight is None else withhold_context(found, sight, answers.covering)
