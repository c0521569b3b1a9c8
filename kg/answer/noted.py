"""Noted: what people said of things, until when it holds, who vouches for it, and who denies it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args
from urllib.parse import quote
from zoneinfo import ZoneInfo

from kg import vocab
from kg.answer.lookup import may_lead
from kg.errors import ConfigError
from kg.times import format_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from kg.answer.evidence import Evidence
    from kg.records import Term
    from kg.store import Store

_UTC = ZoneInfo("UTC")
_DATE_TIME = "<http://www.w3.org/2001/XMLSchema#dateTime>"
NoteState = Literal["unconfirmed", "confirmed", "contradicted", "expired"]
STATES: tuple[NoteState, ...] = get_args(NoteState)
"""What a note can be: one that has passed is expired, whoever confirmed it, and one that another
note denies is contradicted, whether that one has passed or not."""
_OF_NOTE = (
    f"OPTIONAL {{ ?note {vocab.STATED_BY} ?by }} "
    f"OPTIONAL {{ ?note {vocab.STATED_AT} ?at }} "
    f"OPTIONAL {{ ?note {vocab.EXPIRES_AT} ?until }} "
)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Who has seen for himself that a note holds, and when."""

    by: str
    at: str | None


@dataclass(frozen=True, slots=True)
class Note:
    """What one person said of one thing; ids are short ones, times those of records.

    ``contradicts`` is a note's id, or a fact's. A note that was asked for by itself says too what
    its thing is called (``label``), which record of which source has it, and when that came.
    """

    id: str
    about: str
    text: str
    stated_by: str | None
    stated_at: str | None
    expires_at: str | None
    confirmed_by: tuple[Confirmed, ...]
    contradicts: str | None
    contradicted_by: tuple[str, ...]
    state: str = "unconfirmed"
    label: str = ""
    source: str | None = None
    record: str | None = None
    recorded_at: str | None = None

    def told(self) -> dict[str, str | None]:
        """Give it as a context tells it: several ids stand in one text, with commas."""
        return {
            "id": self.id,
            "about": self.about,
            "text": self.text,
            "stated_by": self.stated_by,
            "stated_at": self.stated_at,
            "expires_at": self.expires_at,
            "confirmed_by": ", ".join(one.by for one in self.confirmed_by) or None,
            "contradicts": self.contradicts,
            "contradicted_by": ", ".join(self.contradicted_by) or None,
            "state": self.state,
        }


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which notes: of a thing, in a state, after the place where a page before ended."""

    about: Term | None = None
    state: NoteState | None = None
    after: str = ""
    limit: int = 50


def is_past(until: str | None, as_of: str) -> bool:
    """Tell whether a time or date has come at another one; what is no time never does."""
    if until is None:
        return False
    try:
        return parse_time(until, "iso", _UTC) <= parse_time(as_of, "iso", _UTC)
    except ValueError:
        return False


def standing(told: Mapping[str, str | None]) -> NoteState:
    """Give what a note is, as a context tells it, as long as it has not expired."""
    if told["contradicted_by"]:
        return "contradicted"
    return "confirmed" if told["confirmed_by"] else "unconfirmed"


def state_of(told: Mapping[str, str | None], as_of: str) -> NoteState:
    """Give what a note is at a time, as a context tells it."""
    return "expired" if is_past(told["expires_at"], as_of) else standing(told)


def notes_about(
    store: Store, evidence: Evidence, things: Iterable[Term], as_of: str
) -> list[dict[str, str | None]]:
    """Tell what was said of some things, the oldest first, as of a time."""
    named = dict.fromkeys(things)
    if not may_lead(store, vocab.ABOUT, named):
        return []
    rows = store.select(
        f"SELECT ?note ?about ?text ?by ?at ?until WHERE {{ VALUES ?about {{ {' '.join(named)} }} "
        f"?note {vocab.ABOUT} ?about ; {vocab.TEXT} ?text . {_OF_NOTE} }} ORDER BY ?at ?note"
    )
    return [_note(store, evidence, row, as_of).told() for row in rows]


def newest_notes(
    store: Store, evidence: Evidence, wanted: Wanted, now: datetime
) -> tuple[list[Note], str | None]:
    """Give a page of notes, the newest first, and where the next one begins, if there is more.

    Raises:
        ConfigError: ``after`` is not what a page gave.
    """
    as_of = format_time(now)
    found = _dated(store, wanted, as_of)
    if len(found) <= wanted.limit:
        found += _undated(store, wanted, as_of)
    page = found[: wanted.limit]
    told: dict[Term, list[Note]] = {row["note"]: [] for row in page}
    for row in _rows_of(store, told):
        note = _note(store, evidence, row, as_of)
        told[row["note"]].append(_cited(store, evidence, row, note))
    is_more = len(found) > wanted.limit
    after = _place_of(page[-1], evidence) if is_more else None
    return [note for notes in told.values() for note in notes], after


def read_note(store: Store, evidence: Evidence, note: Term, now: datetime) -> Note | None:
    """Give one note; None where there is none, or it says nothing of anything."""
    rows = _rows_of(store, [note])
    if not rows:
        return None
    return _cited(store, evidence, rows[0], _note(store, evidence, rows[0], format_time(now)))


def _rows_of(store: Store, notes: Iterable[Term]) -> list[dict[str, Term]]:
    named = " ".join(notes)
    if not named:
        return []
    return store.select(
        f"SELECT ?note ?about ?text ?by ?at ?until WHERE {{ VALUES ?note {{ {named} }} "
        f"?note {vocab.ABOUT} ?about ; {vocab.TEXT} ?text . {_OF_NOTE} }} ORDER BY ?note ?about"
    )


def _note(store: Store, evidence: Evidence, row: Mapping[str, Term], as_of: str) -> Note:
    note = row["note"]
    shown = {name: evidence.short(term) for name, term in row.items()}
    denied = [*store.objects(note, vocab.CONTRADICTS), *store.objects(note, vocab.CONTRADICTS_FACT)]
    deniers = set(store.subjects(vocab.CONTRADICTS, note))
    made = Note(
        id=shown["note"],
        about=shown["about"],
        text=shown["text"],
        stated_by=shown.get("by"),
        stated_at=shown.get("at"),
        expires_at=shown.get("until"),
        confirmed_by=_confirmations(store, evidence, note),
        contradicts=evidence.short(min(denied)) if denied else None,
        contradicted_by=tuple(sorted(map(evidence.short, deniers))),
    )
    return replace(made, state=state_of(made.told(), as_of))


def _confirmations(store: Store, evidence: Evidence, note: Term) -> tuple[Confirmed, ...]:
    """Give who confirmed a note; each says so in a record of his own, which has the time too."""
    people = store.claims(note, vocab.CONFIRMED_BY)
    times = {graph: at for at, graph in store.claims(note, vocab.CONFIRMED_AT)} if people else {}
    newest: dict[str, str] = {}
    for person, graph in people:
        by, at = evidence.short(person), times.get(graph)
        newest[by] = max(newest.get(by, ""), evidence.short(at) if at else "")
    return tuple(Confirmed(by, newest[by] or None) for by in sorted(newest))


def _cited(store: Store, evidence: Evidence, row: Mapping[str, Term], note: Note) -> Note:
    """Say where a note came from, and what people call the thing that it is about."""
    named = replace(note, label=evidence.label(row["about"]))
    graphs = sorted(graph for _, graph in store.claims(row["note"], vocab.TEXT))
    if not graphs:
        return named
    cited = evidence.cite(graphs[0])
    return replace(named, source=cited.source, record=cited.record, recorded_at=cited.recorded_at)


def _dated(store: Store, wanted: Wanted, as_of: str) -> list[dict[str, Term]]:
    """Give the notes that say when they were said, one more than is wanted, the newest first.

    A page of a hundred thousand notes is found by their times alone, without a look at each.
    """
    time, _, note = wanted.after.partition("~")
    if wanted.after and not time:
        return []
    after = ""
    if time:
        at = f'"{_cursor_time(wanted.after, time)}"^^{_DATE_TIME}'
        iri = _iri_of(note, store.base)
        after = f"FILTER (?last < {at} || (?last = {at} && STR(?note) < {iri}))"
    return store.select(
        f"SELECT DISTINCT ?note ?last WHERE {{ ?note {vocab.STATED_AT} ?last . "
        f"{_of_thing(wanted)} {_of_state(store, wanted.state, as_of)} {after} }} "
        f"ORDER BY DESC(?last) DESC(?note) LIMIT {wanted.limit + 1}"
    )


def _undated(store: Store, wanted: Wanted, as_of: str) -> list[dict[str, Term]]:
    """Give the notes that do not say when; they come last."""
    time, _, note = wanted.after.partition("~")
    is_among = bool(wanted.after) and not time
    after = f"FILTER (STR(?note) < {_iri_of(note, store.base)})" if is_among else ""
    return store.select(
        f"SELECT DISTINCT ?note WHERE {{ ?note a {vocab.NOTE} . {_of_thing(wanted)} "
        f"{_of_state(store, wanted.state, as_of)} {after} "
        f"MINUS {{ ?note {vocab.STATED_AT} ?at }} }} "
        f"ORDER BY DESC(?note) LIMIT {wanted.limit + 1}"
    )


def _of_thing(wanted: Wanted) -> str:
    return f"?note {vocab.ABOUT} {wanted.about} ." if wanted.about else ""


def _of_state(store: Store, state: NoteState | None, as_of: str) -> str:
    """Write what a note must be to have a state, as ``state_of`` tells it."""
    if state is None:
        return ""
    over = f'?note {vocab.EXPIRES_AT} ?until FILTER (?until <= "{as_of}"^^{_DATE_TIME})'
    denied = f"?denier {vocab.CONTRADICTS} ?note ."
    vouched = f"?note {vocab.CONFIRMED_BY} ?person ."
    if state == "expired":
        return over
    if state == "unconfirmed":
        # Most are: what is not is taken away at once, for a twentieth of a look at each note.
        return " ".join(f"MINUS {{ {one} }}" for one in (over, denied, vouched))
    # Few are: they are named, so that only they are looked at.
    found = store.select(
        f"SELECT DISTINCT ?note WHERE {{ {denied if state == 'contradicted' else vouched} }}"
    )
    others = [over] if state == "contradicted" else [over, denied]
    named = " ".join(row["note"] for row in found)
    return f"VALUES ?note {{ {named} }} " + " ".join(
        f"FILTER NOT EXISTS {{ {one} }}" for one in others
    )


def _place_of(row: Mapping[str, Term], evidence: Evidence) -> str:
    """Name the end of a page: the time of its last note, and the note."""
    last = row.get("last")
    return f"{evidence.short(last) if last else ''}~{evidence.short(row['note'])}"


def _iri_of(note: str, base: str) -> str:
    """Write the IRI of a short id as a literal of SPARQL."""
    return f'"{base}{quote(note, safe="/-._~%")}"'


def _cursor_time(place: str, time: str) -> str:
    try:
        return format_time(parse_time(time, "iso", _UTC))
    except (ValueError, OverflowError) as error:
        raise ConfigError(
            f"no page of notes ends at {place[:80]!r}",
            hint="after = what the page before says as next",
            code="parameter",
        ) from error
