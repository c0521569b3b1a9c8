"""Worded: what goes on with whatever a question in words is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from fastapi import Response

from api.access import note, sight_of
from api.desk import desk_of
from kg.access.worded import ask_in_words, eyes_of
from kg.answer.render import to_json

if TYPE_CHECKING:
    from datetime import datetime

    from fastapi import Request

    from kg.access.worded import Worded
    from kg.answer import Answers
    from kg.answer.bundle import Context
    from kg.answer.finding.found import Asked


class Writer(Protocol):
    """Writes an answer in a form; of a question in words, a card says how it was read."""

    def __call__(self, found: Context, asked: Asked | None = None) -> Response:
        """Write the answer."""
        ...


def is_name(request: Request, text: str, kind: str | None) -> bool:
    """Tell whether a text as a whole is an id or a name that whoever asks sees."""
    desk = desk_of(request)
    answers = desk.answers()
    sight = sight_of(request, answers, desk.clock())
    return bool(answers.finder.called(text, kind, eyes_of(sight)))


def answer_words(
    request: Request,
    question: Worded,
    times: tuple[str, str],
    write: Writer | None,
) -> Response:
    """Answer a question in words: as JSON without ``write``, which is told how it was read.

    Raises:
        UnknownEntity: nothing known is named, or something of which several can be meant.
        ConfigError: the question is empty, or too long.
    """

    def look(answers: Answers, now: datetime) -> tuple[Asked, Context]:
        return ask_in_words(answers, question, now, sight_of(request, answers, now))

    asked, found = desk_of(request).ask(*times, look)
    facts = sum(len(slot.facts) for slot in found.slots.values())
    note(request, about=found.entity["id"], rows=facts, withheld=found.withheld)
    if write is None:
        told = {"asked": asked.to_dict(), **found.to_dict()}
        return Response(to_json(told, is_dense=True), 200, {"Vary": "Accept"}, "application/json")
    return write(found, asked)
