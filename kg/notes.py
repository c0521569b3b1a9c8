"""Notes: what people say of the plant's things, each word a record of its own.

A note is a claim and no fact: who said what of which thing, when, and until when it holds. Whoever
confirms one, or says that it is wrong, writes another record: nobody's word is written over another
person's, and no note changes what systems say. A note is durable when it is made.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

from kg import vocab
from kg.answer.evidence import short
from kg.answer.noted import is_past
from kg.errors import ConfigError, UnknownEntity
from kg.records import Record
from kg.settings import OWN_SOURCE
from kg.times import format_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from kg.answer import Answers
    from kg.records import Scalar, Term

NOTE, CONFIRMATION = "note", "confirmation"
LONGEST_TEXT, LONGEST_NAME = 2_000, 400
"""Characters that a note, and the name of anything, may have."""
CLOCKS_DIFFER = timedelta(minutes=10)
"""How far ahead of ours another clock may be."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_LINE_ENDS = re.compile(r"\r\n?|[\u0085\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Saying:
    """What somebody says of a thing, named as anywhere; ``by`` is the person's code.

    ``stated_at`` and ``expires_at`` are ISO 8601, local to the plant where they carry no offset;
    a date that something holds until is its whole day. ``contradicts`` is the id of a note or of a
    fact that is wrong; its thing is meant where none is named. Whoever sends a note again under
    the same ``key`` writes it once.
    """

    text: str
    by: str
    about: str = ""
    stated_at: str = ""
    expires_at: str = ""
    contradicts: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """Which note was written or confirmed, by which record; not new is what stood there before."""

    note: Term
    record: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class _Denied:
    """What a note contradicts: a note or a fact, by its short id, and the thing that it is of."""

    about: str
    note: str | None = None
    fact: str | None = None


class Notes:
    """What people say about one plant: written down by one thread at once."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._store = answers.store
        self._journal = answers.journal
        self._base = answers.plant.base
        self._zone = ZoneInfo(answers.plant.zone)

    def write(self, saying: Saying, now: datetime) -> Written:
        """Write down what somebody says. To say the same again changes nothing.

        Raises:
            ConfigError: a part of it is missing or impossible (``body``), nobody has the code
                (``unknown-person``), or the key was used for another note (``said-otherwise``).
            UnknownEntity: the thing, or what it contradicts, is not there, or can be several.
            JournalError: nothing was written, as the journal cannot be.
        """
        text, by = _checked_text(saying.text), self._person(saying.by)
        denied = self._denied(saying.contradicts, now)
        stated, until = self._times(saying, now)
        row: dict[str, Scalar] = {
            "about": self._about(saying, denied),
            "text": text,
            "by": self._short(by),
            "at": format_time(stated),
            "until": format_time(until) if until else None,
            "note": denied.note if denied else None,
            "fact": denied.fact if denied else None,
        }
        key = _name("key", saying.key)
        given = [key] if key else [str(row[name]) for name in sorted(row)]
        row["id"] = hashlib.sha256("\0".join(["note", *given]).encode()).hexdigest()[:16]
        return self._append_note(row, now, is_timed=bool(saying.stated_at))

    def confirm(self, note: str, by: str, now: datetime) -> Written:
        """Write down that somebody else has seen for himself that a note holds.

        To confirm it again says that it still does.

        Raises:
            ConfigError: it is the author's own (``own-note``), it has expired (``note-expired``),
                or nobody has the code (``unknown-person``).
            UnknownEntity: there is no such note.
            JournalError: nothing was written, as the journal cannot be.
        """
        term, person = self._note(note), self._person(by)
        if person in self._store.objects(term, vocab.STATED_BY):
            raise ConfigError(
                f"{self._short(term)} is {self._short(person)}'s own note",
                hint="somebody else confirms it, who has seen for himself that it holds",
                code="own-note",
            )
        untils = [self._short(until) for until in self._store.objects(term, vocab.EXPIRES_AT)]
        if any(is_past(until, format_time(now)) for until in untils):
            raise ConfigError(
                f"{self._short(term)} held until {max(untils)}",
                hint="write a new note, if it still holds",
                code="note-expired",
            )
        return self._append_confirmation(term, person, now)

    def withdraw(self, note: str, by: str, now: datetime) -> Written:
        """Take back that somebody confirmed a note; that he did stays in the journal.

        Raises:
            UnknownEntity: there is no such note, or he did not confirm it.
            JournalError: nothing was written, as the journal cannot be.
        """
        term, person = self._note(note), self._person(by)
        return self._append_confirmation(term, person, now, is_withdrawn=True)

    # ---- the journal

    def _append_note(self, row: dict[str, Scalar], now: datetime, *, is_timed: bool) -> Written:
        key = str(row["id"])
        record = Record(OWN_SOURCE, NOTE, key, row, f"note:{key}", None, str(row["at"]), "changed")
        written = Written(f"<{self._base}note/said-{key}>", record.path(), is_new=True)
        earlier = self._journal.newest(OWN_SOURCE, NOTE, key)
        if earlier is None:
            self._journal.append([record], now)
            return written
        # Whoever sends it again does so later: without a time of its own it is the same note.
        compared = row.keys() - (() if is_timed else ("at",))
        if any(earlier.row.get(name) != row[name] for name in compared):
            raise ConfigError(
                "another note was written under this key",
                hint="give each note a key of its own, or none",
                code="said-otherwise",
            )
        return Written(written.note, written.record, is_new=False)

    def _append_confirmation(
        self, note: Term, person: Term, now: datetime, *, is_withdrawn: bool = False
    ) -> Written:
        by, at = self._short(person), format_time(now)
        key = f"{self._short(note)}~{by}"
        earlier = self._journal.newest(OWN_SOURCE, CONFIRMATION, key)
        is_there = earlier is not None and not earlier.deleted
        if is_withdrawn and not is_there:
            raise UnknownEntity(
                f"{by} has not confirmed {self._short(note)}",
                hint="GET /v1/notes, or traveler note --list, tells who has",
            )
        row: dict[str, Scalar] = {"id": key, "note": self._short(note), "by": by, "at": at}
        position = f"{'withdraw' if is_withdrawn else 'confirm'}:{key}"
        record = Record(
            OWN_SOURCE, CONFIRMATION, key, row, position, None, at, "changed", is_withdrawn
        )
        self._journal.append([record], now)
        return Written(note, record.path(), is_new=not is_there)

    # ---- what is named

    def _note(self, name: str) -> Term:
        """Find a note by its id; its kind may be left out."""
        path = _name("note", name)
        found = self._answers.finder.by_iri(path, None if "/" in path else "note")
        if found is None or vocab.NOTE not in self._store.objects(found.term, vocab.RDF_TYPE):
            raise UnknownEntity(
                f"there is no note {path!r}",
                hint="GET /v1/notes, or traveler note --list, tells those that there are",
            )
        return found.term

    def _about(self, saying: Saying, denied: _Denied | None) -> str:
        if saying.about:
            return self._answers.finder.find(_name("about", saying.about)).id
        if denied is None or not denied.about:
            raise _impossible("nothing is named that the note is about", "about = machine/SAW-01")
        return denied.about

    def _denied(self, name: str, now: datetime) -> _Denied | None:
        if not name:
            return None
        if "~" not in name:
            note = self._note(name)
            about = sorted(self._store.objects(note, vocab.ABOUT))
            return _Denied(self._short(about[0]) if about else "", note=self._short(note))
        found = self._answers.explain(_name("contradicts", name), now)
        return _Denied(self._short(found.fact[0]), fact=name)

    def _person(self, code: str) -> Term:
        """Find a person by code; where records describe people it is that of one of them."""
        given = _name("by", code).removeprefix("person/")
        if not given:
            raise _impossible("nobody is named who says it", "by = the person's code: P12")
        found = self._answers.finder.by_iri(given, "person")
        if found is not None and self._is_described(self._store.claims(found.term, vocab.RDF_TYPE)):
            return found.term
        if self._is_described(
            (s, g) for s, _, _, g in self._store.match(p=vocab.RDF_TYPE, o=vocab.PERSON)
        ):
            raise ConfigError(
                f"nobody here has the code {given!r}",
                hint="by = the code of somebody whom a record describes",
                code="unknown-person",
            )
        return f"<{self._base}person/{quote(unquote(given), safe='-._~')}>"

    def _is_described(self, claims: Iterable[tuple[Term, Term]]) -> bool:
        """Tell whether a record says so, and not a rule alone: whoever wrote a note is a person."""
        return any(graph.startswith(f"<{self._base}record/") for _, graph in claims)

    def _short(self, term: Term) -> str:
        return short(term, self._base)

    # ---- times

    def _times(self, saying: Saying, now: datetime) -> tuple[datetime, datetime | None]:
        """Read when something was said, and until when it holds."""
        stated = self._time("stated_at", saying.stated_at) if saying.stated_at else now
        if stated > now + CLOCKS_DIFFER:
            raise _impossible(
                f"stated_at {saying.stated_at!r} has not come yet",
                "leave it out: it is said now; expires_at is until when it holds",
            )
        stated = min(stated, now)
        if not saying.expires_at:
            return stated, None
        until = self._time("expires_at", saying.expires_at, is_end=True)
        if until <= stated:
            raise _impossible(
                f"the note would be over ({format_time(until)}) before it is said"
                f" ({format_time(stated)})",
                "leave expires_at out where nobody knows until when it holds",
            )
        return stated, until

    def _time(self, name: str, text: str, *, is_end: bool = False) -> datetime:
        try:
            moment = parse_time(text, "iso", self._zone)
            is_day = is_end and _DAY.fullmatch(text.strip())
            if is_day:  # the next midnight of the plant, also where a day has 23 or 25 hours
                day = moment.astimezone(self._zone).replace(tzinfo=None) + timedelta(days=1)
                moment = parse_time(day.isoformat(), "iso", self._zone)
        except (ValueError, OverflowError) as error:
            raise _impossible(
                f"{name} {text[:80]!r} is no time",
                "2026-11-24T14:00, 2026-11-24, or with an offset",
            ) from error
        return moment


def _impossible(message: str, hint: str) -> ConfigError:
    return ConfigError(message, hint=hint, code="body")


def _name(what: str, text: str) -> str:
    """Refuse what names nothing: too long, or of what cannot be seen."""
    text = text.strip()
    if len(text) > LONGEST_NAME or not text.isprintable():
        raise _impossible(
            f"{what} is longer than {LONGEST_NAME} characters, or has some that cannot be shown",
            f"{what} = an id as it stands in answers",
        )
    return text


def _checked_text(text: str) -> str:
    """Refuse what no person writes; what may be shown of it, the border of answers sees to."""
    text = _LINE_ENDS.sub("\n", text).replace("\t", " ").strip()
    if not text:
        raise _impossible("the note says nothing", "text = one or two plain sentences")
    if len(text) > LONGEST_TEXT:
        raise _impossible(
            f"the note has {len(text):,} characters, and may have {LONGEST_TEXT:,}",
            "write what matters most, and where the rest stands",
        )
    if bad := next((c for c in text if _is_no_text(c)), None):
        raise _impossible(
            f"the note holds U+{ord(bad):04X}, which is no letter", "write plain sentences"
        )
    return text


def _is_no_text(character: str) -> bool:
    """Tell whether this is a control, half a character, or none for all time (Unicode, 23.7)."""
    kind, point = unicodedata.category(character), ord(character)
    is_none = point & 0xFFFE == 0xFFFE or 0xFDD0 <= point <= 0xFDEF
    return (kind in {"Cc", "Cs"} and character != "\n") or is_none
