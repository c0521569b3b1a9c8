"""Notes: what people say of machines, jobs and batches, read and written; who confirms it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.access import note as audit
from api.access import principal_of, sight_of
from api.desk import desk_of
from api.guard import MAX_BODY_BYTES
from api.models import Answer
from kg.access.shownnotes import require_shown, shown_notes
from kg.answer.noted import NoteState, Wanted, newest_notes, read_note
from kg.errors import AccessError, UnknownEntity
from kg.notes import LONGEST_NAME, LONGEST_TEXT, Saying
from kg.times import format_time

if TYPE_CHECKING:
    from kg.notes import Written

router = APIRouter(tags=["Notes"], max_body_size=MAX_BODY_BYTES)
MOST = 500
CONFIRM = "/v1/notes/{note:path}/confirm"
_CODE = Field(
    min_length=1, max_length=LONGEST_NAME, description="Your code as a person.", examples=["P12"]
)


class NewNote(BaseModel):
    """What somebody says of a thing, until when it holds, and what it says is wrong."""

    model_config = ConfigDict(extra="forbid")

    about: str = Field(
        "",
        max_length=LONGEST_NAME,
        description="The thing, by any of its names; of what it contradicts where none is named.",
        examples=["machine/SAW-01"],
    )
    text: str = Field(
        min_length=1, max_length=LONGEST_TEXT, examples=["Blade wanders above 50 mm; cut slowly."]
    )
    by: str = _CODE
    stated_at: str = Field(
        "",
        max_length=40,
        description="When it was said or written down, if not now; local where it has no offset.",
        examples=["2026-11-23T05:40:00Z"],
    )
    expires_at: str = Field(
        "",
        max_length=40,
        description="Until when it holds; of a date the whole day.",
        examples=["2026-11-24"],
    )
    contradicts: str = Field(
        "",
        max_length=2 * LONGEST_NAME,
        description="The note, or the fact of an answer, that is wrong.",
        examples=["note/said-3fa2c1d03fa2c1d0"],
    )
    key: str = Field(
        "",
        max_length=LONGEST_NAME,
        description="One of your own for each note: sent again under it, it is written once.",
        examples=["phone-7/1763890800"],
    )


class Confirming(BaseModel):
    """Who confirms a note, or takes that back."""

    model_config = ConfigDict(extra="forbid")

    by: str = _CODE


class ConfirmedBy(Answer):
    """Who has seen for himself that a note holds, and when."""

    by: str = Field(examples=["person/P07"])
    at: str | None = Field(examples=["2026-11-23T08:00:00Z"])


class NoteEntry(Answer):
    """What one person said of one thing. `expired` is what has passed, whoever confirmed it.

    `record`, `source` and `recorded_at` say where it came from; null where your role is not told.
    """

    id: str = Field(examples=["note/said-3fa2c1d03fa2c1d0"])
    about: str = Field(examples=["machine/SAW-01"])
    label: str = Field(description="What people call the thing.", examples=["Saw 1"])
    text: str = Field(examples=["Blade wanders above 50 mm; cut slowly."])
    stated_by: str | None = Field(examples=["person/P12"])
    stated_at: str | None = Field(examples=["2026-11-23T08:00:00Z"])
    expires_at: str | None = Field(examples=["2026-11-24T23:00:00Z"])
    state: str = Field(
        description="unconfirmed, confirmed, contradicted, expired; withheld from your role.",
        examples=["unconfirmed"],
    )
    confirmed_by: list[ConfirmedBy]
    contradicts: str | None = Field(description="A note or a fact.", examples=[None])
    contradicted_by: list[str] = Field(description="Notes that say it is wrong.", examples=[[]])
    source: str | None = Field(examples=["traveler"])
    record: str | None = Field(examples=["record/traveler/note/3fa2c1d03fa2c1d0"])
    recorded_at: str | None = Field(examples=["2026-11-23T08:00:00Z"])


class NoteWritten(NoteEntry):
    """A note as it stands now."""

    is_new: bool = Field(description="Whether this request made it, or it stood before.")


class NotesAnswer(Answer):
    """Notes, the newest first; `next` is what to ask for `after`, if there are more."""

    as_of: str = Field(examples=["2026-11-23T08:00:00Z"])
    notes: list[NoteEntry]
    next: str | None = Field(examples=[None])


class Which(BaseModel):
    """Which notes."""

    model_config = ConfigDict(extra="forbid")

    about: str = Field(
        "", max_length=LONGEST_NAME, description="Only those about this thing, by any of its names."
    )
    state: NoteState | None = Field(None, description="Only those that are so now.")
    after: str = Field("", max_length=1_000, description="What the page before says as `next`.")
    limit: int = Field(50, ge=1, le=MOST, description="No more than so many.")


@router.get("/v1/notes", summary="What did people say?")
def list_notes(request: Request, which: Annotated[Which, Query()]) -> NotesAnswer:
    """List what people said, the newest first: of one thing, or of everything.

    Notes from sheets stand among those that were written here. Where something is hidden from your
    role, name one thing: its notes are told as in its context.
    """
    desk = desk_of(request)
    answers, now = desk.answers(), desk.clock()
    sight = sight_of(request, answers, now)
    after = None
    if sight is None:
        about = answers.finder.find(which.about).term if which.about else None
        wanted = Wanted(about, which.state, which.after, which.limit)
        notes, after = newest_notes(answers.store, answers.evidence(now), wanted, now)
    elif which.about:
        seen = shown_notes(answers, which.about, now, sight)
        notes = [note for note in seen if which.state in {None, note.state}]
    else:
        raise AccessError(
            "notes of everything are told only to those from whom nothing is hidden",
            hint="name one thing: about=machine/SAW-01",
            code="withheld",
        )
    audit(request, about=which.about, rows=len(notes))
    entries = [NoteEntry(**asdict(note)) for note in notes]
    return NotesAnswer(as_of=format_time(now), notes=entries, next=after)


@router.post("/v1/notes", status_code=201, summary="What do you know that no system does?")
def write_note(request: Request, response: Response, said: NewNote) -> NoteWritten:
    """Write down what somebody says of a thing; it is in the answers when this returns.

    A note is a claim by its author, whose code `by` is: it changes no fact. One that `contradicts`
    another, or a fact, stands beside it. The same note sent again is written once (200, not 201).
    """
    spoken_of = said.contradicts
    if "~" in spoken_of and "context:read" not in principal_of(request).scopes:
        raise AccessError(
            "to contradict a fact needs the scope context:read",
            hint="say what is wrong in the text, about the thing",
            code="forbidden",
        )
    _require_shown(request, about=said.about, spoken_of=spoken_of)
    saying = Saying(**said.model_dump())
    written = desk_of(request).owner.say(lambda notes, now: notes.write(saying, now))
    response.status_code = 201 if written.is_new else 200
    return _told(request, written)


@router.post(CONFIRM, summary="Does it hold, as you have seen?")
def confirm_note(request: Request, note: str, confirming: Confirming) -> NoteWritten:
    """Confirm a note of somebody else; to confirm it again says that it still holds.

    One's own note (409), and one that has expired (410), cannot be confirmed.
    """
    _require_shown(request, spoken_of=note)
    by = confirming.by
    return _told(
        request, desk_of(request).owner.say(lambda notes, now: notes.confirm(note, by, now))
    )


@router.delete(CONFIRM, summary="Have you not seen it after all?")
def withdraw_confirmation(request: Request, note: str, confirming: Confirming) -> NoteWritten:
    """Take back that somebody confirmed a note. Both stay in the journal."""
    _require_shown(request, spoken_of=note)
    by = confirming.by
    return _told(
        request, desk_of(request).owner.say(lambda notes, now: notes.withdraw(note, by, now))
    )


def _require_shown(request: Request, *, about: str = "", spoken_of: str = "") -> None:
    desk = desk_of(request)
    answers, now = desk.answers(), desk.clock()
    if (sight := sight_of(request, answers, now)) is not None:
        require_shown(answers, now, sight, about=about, spoken_of=spoken_of)


def _told(request: Request, written: Written) -> NoteWritten:
    """Give a note as it stands now, as whoever asks sees it."""
    desk = desk_of(request)
    answers, now = desk.answers(), desk.clock()
    sight = sight_of(request, answers, now)
    found = read_note(answers.store, answers.evidence(now), written.note, now)
    if found is not None and sight is not None:
        seen = shown_notes(answers, found.about, now, sight)
        found = next((note for note in seen if note.id == found.id), None)
    if found is None:
        raise UnknownEntity(
            "the note was written, and nothing is shown of it",
            hint="it says nothing, or what it is about is hidden from your role",
        )
    audit(request, about=found.about, rows=1)
    return NoteWritten(**asdict(found), is_new=written.is_new)
