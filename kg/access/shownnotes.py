"""Notes as a role sees them: those that the context of their thing shows, as it shows them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kg import vocab
from kg.access.seenfinder import SeenFinder
from kg.access.shown import show_context
from kg.access.withheldgaps import unseen, withhold_explained
from kg.answer.evidence import short
from kg.answer.noted import Wanted, newest_notes
from kg.errors import UnknownEntity

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from kg.access.sight import Sight
    from kg.answer import Answers
    from kg.answer.noted import Note

MOST = 1_000


def shown_notes(answers: Answers, about: str, now: datetime, sight: Sight) -> list[Note]:
    """Give the notes about a thing that a role sees, the newest first.

    Raises:
        UnknownEntity: there is no such thing, or it is hidden.
    """
    context = show_context(lambda: answers.context(about, now), about, sight, answers.covering)
    thing = context.entity["id"]
    told = {str(note["id"]): note for note in context.notes if note["about"] == thing}
    wanted = Wanted(sight.term(thing), limit=MOST)
    notes, _ = newest_notes(answers.store, answers.evidence(now), wanted, now)
    return [
        _as_told(note, told[note.id], context.entity["label"]) for note in notes if note.id in told
    ]


def _as_told(note: Note, told: Mapping[str, str | None], label: str) -> Note:
    return replace(
        note,
        label=label,
        text=told["text"] or "",
        stated_by=told["stated_by"],
        stated_at=told["stated_at"],
        expires_at=told["expires_at"],
        confirmed_by=note.confirmed_by if told["confirmed_by"] else (),
        contradicts=told["contradicts"],
        contradicted_by=note.contradicted_by if told["contradicted_by"] else (),
        state=told["state"] or "",
        source=None,
        record=None,
        recorded_at=None,
    )


def require_shown(
    answers: Answers, now: datetime, sight: Sight, *, about: str = "", spoken_of: str = ""
) -> None:
    """See that whoever writes a note names what is shown to him: a thing, a note or a fact.

    Raises:
        UnknownEntity: it is not there, or hidden: both are told alike.
    """
    if about:
        SeenFinder(answers.finder, sight).find(about)
    if not spoken_of:
        return
    try:
        if "~" in spoken_of:
            withhold_explained(answers.explain(spoken_of, now), sight)
            return
        note = answers.finder.find(spoken_of, None if "/" in spoken_of else "note")
    except UnknownEntity:
        raise unseen(spoken_of) from None
    base = answers.plant.base
    things = [short(one, base) for one in answers.store.objects(note.term, vocab.ABOUT)]
    if not any(note.id == one.id for thing in things for one in _of(answers, thing, now, sight)):
        raise unseen(spoken_of)


def _of(answers: Answers, thing: str, now: datetime, sight: Sight) -> list[Note]:
    try:
        return shown_notes(answers, thing, now, sight)
    except UnknownEntity:
        return []
