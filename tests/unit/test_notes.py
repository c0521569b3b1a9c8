"""What people say, what becomes of it, and that nobody's word is lost or changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kg.answer.noted import STATES, Wanted, newest_notes, read_note
from kg.asof import Then
from kg.backup import back_up, checkpoint_unowned, restore
from kg.cli import people
from kg.errors import ConfigError, UnknownEntity
from kg.journal.people import REDACTED
from kg.notes import CONFIRMATION, LONGEST_TEXT, NOTE, Notes
from kg.settings import OWN_SOURCE, load_plant
from kg.store import EmbeddedStore
from tests.unit.noted_plant import BASE, load, say, write_noted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.answer.noted import Note
    from kg.pipeline import Pipeline

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Pipeline]:
    write_noted(tmp_path)
    with load(tmp_path, NOW) as opened:
        yield opened


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A plant that no test changes."""
    with load(write_noted(tmp_path_factory.mktemp("still")), NOW) as opened:
        yield opened


def listed(work: Pipeline, now: datetime = NOW, **wanted: str | int | None) -> list[Note]:
    answers = work.answers()
    found = newest_notes(answers.store, answers.evidence(now), Wanted(**wanted), now)  # type: ignore[arg-type]
    return found[0]


def read(work: Pipeline, note: str, now: datetime = NOW) -> Note:
    answers = work.answers()
    found = read_note(answers.store, answers.evidence(now), note, now)
    assert found is not None
    return found


def confirm(work: Pipeline, note: str, by: str, now: datetime = NOW) -> bool:
    written = Notes(work.answers()).confirm(note, by, now)
    work.apply(now)
    return written.is_new


def state_then(work: Pipeline, at: datetime, believed_at: datetime) -> list[str | None]:
    context = work.history.ask(
        Then(at, believed_at), lambda answers: answers.context("machine/SAW-01", at)
    )
    return [note["state"] for note in context.notes]


def test_a_note_is_in_the_answers_of_its_thing_with_its_author(work: Pipeline) -> None:
    written = say(
        work, NOW, "Blade wanders.", about="Saw 1", by="person/P06", expires_at="2026-11-24"
    )
    (told,) = work.answers().context("SAW-01", NOW).notes
    note = told["id"]
    assert written.note == f"<{BASE}{note}>"
    assert told == {
        "id": note,
        "about": "machine/SAW-01",
        "text": "Blade wanders.",
        "stated_by": "person/P06",
        "stated_at": "2026-11-23T09:00:00Z",
        "expires_at": "2026-11-25T00:00:00Z",
        "confirmed_by": None,
        "contradicts": None,
        "contradicted_by": None,
        "state": "unconfirmed",
    }
    (listed_one,) = listed(work)
    assert (listed_one.label, listed_one.source) == ("Saw 1", "traveler")
    assert listed_one.record == written.record
    assert listed_one.recorded_at == "2026-11-23T09:00:00Z"
    (row,) = work.answers().ask("what-people-said", {"thing": "machine/SAW-01"}, NOW)
    assert (row["text"], row["person"]) == ("Blade wanders.", "person/P06")


def test_a_date_holds_until_the_plants_day_is_over_and_an_hour_is_the_plants(
    tmp_path: Path,
) -> None:
    write_noted(tmp_path)
    plant = tmp_path / "plant.toml"
    zoned = plant.read_text("utf-8").replace("[[source]]", 'zone = "Europe/Stockholm"\n[[source]]')
    plant.write_text(zoned, encoding="utf-8")
    with load(tmp_path, NOW) as work:
        say(work, NOW, "a day", expires_at="2026-11-23")
        # The night in which clocks go back: its day has 25 hours.
        say(work, NOW, "a long day", expires_at="2027-10-31")
        say(work, NOW, "an hour", stated_at="2026-11-23T09:30", expires_at="2026-11-23 15:00")
        until = {note.text: (note.stated_at, note.expires_at) for note in listed(work)}
    assert until == {
        "a day": ("2026-11-23T09:00:00Z", "2026-11-23T23:00:00Z"),
        "a long day": ("2026-11-23T09:00:00Z", "2027-10-31T23:00:00Z"),
        "an hour": ("2026-11-23T08:30:00Z", "2026-11-23T14:00:00Z"),
    }


def test_another_confirms_and_each_has_a_record_of_his_own(work: Pipeline) -> None:
    note = say(work, NOW).note
    short = note[1:-1].removeprefix(BASE)
    assert confirm(work, short, "P20", NOW + MINUTE) is True
    assert confirm(work, short.removeprefix("note/"), "P 12", NOW + 2 * MINUTE) is True
    assert confirm(work, short, "P20", NOW + 3 * MINUTE) is False
    found = read(work, note)
    assert [(one.by, one.at) for one in found.confirmed_by] == [
        ("person/P%2012", "2026-11-23T09:02:00Z"),
        ("person/P20", "2026-11-23T09:03:00Z"),
    ]
    assert found.state == "confirmed"
    (told,) = work.answers().context("machine/SAW-01", NOW).notes
    assert told["confirmed_by"] == "person/P%2012, person/P20"
    assert work.answers().ask("notes-that-nobody-vouches-for", {}, NOW) == []
    records = [one for one in work.journal.live_records(OWN_SOURCE) if one.kind == CONFIRMATION]
    assert len(records) == 2
    Notes(work.answers()).withdraw(short, "P20", NOW + 4 * MINUTE)
    work.apply(NOW)
    assert [one.by for one in read(work, note).confirmed_by] == ["person/P%2012"]
    with pytest.raises(UnknownEntity, match="person/P20 has not confirmed"):
        Notes(work.answers()).withdraw(short, "P20", NOW)


def test_nobody_confirms_his_own_note_or_one_that_is_over_or_is_none(work: Pipeline) -> None:
    note = say(work, NOW, expires_at="2026-11-23T10:00Z").note[1:-1].removeprefix(BASE)
    length = work.journal.last_seq()
    for given, by, now, code in (
        (note, "P06", NOW, "own-note"),
        (note, "P20", NOW + 61 * MINUTE, "note-expired"),
        ("note/said-0", "P20", NOW, "unknown-entity"),
        ("machine/SAW-01", "P20", NOW, "unknown-entity"),
        (note, "P99", NOW, "unknown-person"),
        (note, "", NOW, "body"),
    ):
        with pytest.raises((ConfigError, UnknownEntity)) as refused:
            confirm(work, given, by, now)
        assert refused.value.code == code
    assert work.journal.last_seq() == length


def test_a_note_against_another_changes_no_word_of_it(work: Pipeline) -> None:
    first = say(work, NOW, "Blade wanders.")
    short = first.note[1:-1].removeprefix(BASE)
    before = work.journal.newest(OWN_SOURCE, NOTE, first.record.rsplit("/", 1)[1])
    second = say(
        work,
        NOW + MINUTE,
        "It was changed.",
        about="",
        by="P20",
        contradicts=short,
        expires_at="2026-11-23",
    )
    after = work.journal.newest(OWN_SOURCE, NOTE, first.record.rsplit("/", 1)[1])
    assert before == after
    denied, denial = read(work, first.note), read(work, second.note)
    assert (denied.state, denied.text) == ("contradicted", "Blade wanders.")
    assert denied.contradicted_by == (denial.id,)
    assert (denial.about, denial.contradicts, denial.state) == (
        "machine/SAW-01",
        short,
        "unconfirmed",
    )
    confirm(work, short, "P 12")
    assert read(work, first.note).state == "contradicted", "confirmed and denied: it is disputed"
    assert [note["state"] for note in work.answers().context("SAW-01", NOW).notes] == [
        "contradicted",
        "unconfirmed",
    ]


def test_a_note_against_a_fact_is_told_as_long_as_a_record_says_the_fact(
    work: Pipeline, tmp_path: Path
) -> None:
    facts = work.answers().context("job/1043", NOW).slots["part"].facts
    fact = facts[0].id
    say(work, NOW, "It is P-200.", about="", contradicts=fact)
    (row,) = work.answers().ask("notes-that-contradict-a-system", {}, NOW)
    assert (row["thing"], row["property"], row["note_says"]) == (
        "job/1043",
        "makes",
        "not part/P-100",
    )
    assert (row["system"], row["system_says"], row["person"]) == (
        "shop",
        "part/P-100",
        "person/P06",
    )
    told = work.answers().context("job/1043", NOW)
    assert told.slots["part"].facts[0].state == "known", "a claim changes no fact"
    assert [note["contradicts"] for note in told.notes] == [fact]
    with pytest.raises(UnknownEntity, match="no fact"):
        say(work, NOW, "No.", about="", contradicts="job/1043~part~00000000")
    (tmp_path / "job.csv").write_text("id,name,part\n1043,Shaft,P-200\n", encoding="utf-8")
    work.read(NOW + MINUTE)
    work.apply(NOW + MINUTE)
    assert work.answers().ask("notes-that-contradict-a-system", {}, NOW) == []


def test_said_again_it_is_one_note_and_a_key_is_for_one_note(work: Pipeline) -> None:
    assert say(work, NOW).is_new is True
    assert say(work, NOW).is_new is False
    assert say(work, NOW + MINUTE).is_new is True, "somebody says it again"
    sent = say(work, NOW, "Oil is low.", key="page-1")
    again = say(work, NOW + MINUTE, "Oil is low.", key="page-1")
    assert (again.note, again.is_new) == (sent.note, False)
    with pytest.raises(ConfigError) as refused:
        say(work, NOW, "Oil is high.", key="page-1")
    assert refused.value.code == "said-otherwise"
    assert len(listed(work)) == 3


@pytest.mark.parametrize(
    "given",
    [
        {"text": " \n "},
        {"text": "x" * (LONGEST_TEXT + 1)},
        {"text": "a\0b"},
        {"text": "a\ud800b"},
        {"text": "a\ufffe"},
        {"text": "a\x1b[31mb"},
        {"about": ""},
        {"about": "machine/\u202eSAW"},
        {"by": " "},
        {"expires_at": "soon"},
        {"expires_at": "2026-11-23T08:00:00Z"},
        {"expires_at": "9999-12-31"},
        {"stated_at": "2026-11-23T10:00:00Z"},
        {"stated_at": "yesterday"},
        {"key": "a\0"},
    ],
    ids=str,
)
def test_what_is_no_note_is_refused_and_nothing_is_written(
    still: Pipeline, given: dict[str, str]
) -> None:
    length = still.journal.last_seq()
    with pytest.raises(ConfigError) as refused:
        say(still, NOW, **given)
    assert refused.value.code == "body"
    assert refused.value.hint
    assert still.journal.last_seq() == length


def test_what_phones_write_is_kept_as_it_is(work: Pipeline) -> None:
    text = "Å\u00a0ä ‘quoted’ 👷🏽\u200d♂️ \u202eback <script>alert(1)</script> $(id) {x} \"'\\"
    say(work, NOW, f" {text}\r\nsecond\tline\r\n")
    (note,) = listed(work)
    assert note.text == f"{text}\nsecond line"


def test_where_no_record_describes_people_any_code_is_somebodys(tmp_path: Path) -> None:
    write_noted(tmp_path)
    (tmp_path / "person.csv").write_text("id,name\n", encoding="utf-8")
    source = tmp_path / "shop" / "source.toml"
    source.write_text(source.read_text("utf-8") + "allow_empty = true\n", encoding="utf-8")
    with load(tmp_path, NOW) as work:
        say(work, NOW, by="P 77")
        say(work, NOW + MINUTE, by="P06")
        assert {note.stated_by for note in listed(work)} == {"person/P%2077", "person/P06"}


def test_a_thing_that_is_not_there_or_several_is_told(work: Pipeline) -> None:
    with pytest.raises(UnknownEntity) as refused:
        say(work, NOW, about="SAW-9")
    assert refused.value.hint == "there is no machine 'SAW-9'"
    with pytest.raises(ConfigError) as stranger:
        say(work, NOW, by="P99")
    assert stranger.value.code == "unknown-person"
    say(work, NOW, about="machine/SAW 2")
    assert [note.about for note in listed(work)] == ["machine/SAW%202"]


def test_notes_come_in_pages_the_newest_first_and_by_their_state(work: Pipeline) -> None:
    for minute in range(7):
        say(
            work, NOW + minute * MINUTE, f"note {minute}", about="SAW 2" if minute % 2 else "SAW-01"
        )
    late = NOW + timedelta(hours=1)
    answers = work.answers()
    texts, after = [], ""
    for _ in range(5):
        wanted = Wanted(after=after, limit=2)
        page, more = newest_notes(answers.store, answers.evidence(late), wanted, late)
        texts += [note.text for note in page]
        if more is None:
            break
        after = more
    assert texts == [f"note {minute}" for minute in reversed(range(7))]
    saw = answers.finder.find("SAW 2").term
    assert [note.text for note in listed(work, about=saw)] == ["note 5", "note 3", "note 1"]
    with pytest.raises(ConfigError, match="no page of notes"):
        listed(work, after="soon~note/x")
    ids = {note.text: note.id for note in listed(work)}
    confirm(work, ids["note 1"], "P20", late)
    confirm(work, ids["note 2"], "P20", late)
    say(work, late, "not so", contradicts=ids["note 2"])
    say(work, late, "short", expires_at="2026-11-23T10:30Z")
    later = NOW + timedelta(hours=2)
    found = {state: {n.text for n in listed(work, later, state=state)} for state in STATES}
    assert found == {
        "confirmed": {"note 1"},
        "contradicted": {"note 2"},
        "expired": {"short"},
        "unconfirmed": {"note 0", "note 3", "note 4", "note 5", "note 6", "not so"},
    }
    for state, notes in found.items():
        assert {n.text for n in listed(work, later) if n.state == state} == notes


def test_as_of_then_a_note_is_there_from_when_it_was_recorded(work: Pipeline) -> None:
    hours = [NOW + timedelta(hours=hour) for hour in range(6)]
    note = say(
        work, hours[1], "on paper", stated_at="2026-11-23T09:30:00Z", expires_at="2026-11-23T14:00Z"
    )
    confirm(work, note.note[1:-1].removeprefix(BASE), "P20", hours[3])
    assert state_then(work, hours[2], hours[2]) == ["unconfirmed"]
    assert state_then(work, hours[4], hours[4]) == ["confirmed"]
    assert state_then(work, hours[5], hours[5]) == ["expired"]
    # It was said at half past nine, and nobody knew before ten.
    assert state_then(work, hours[0], hours[5]) == []
    half = NOW + timedelta(minutes=45)
    assert state_then(work, half, half) == []
    assert state_then(work, half, hours[2]) == ["unconfirmed"]


def test_a_rebuild_and_a_backup_keep_every_note(tmp_path: Path) -> None:
    with load(write_noted(tmp_path), NOW) as work:
        note = say(work, NOW).note[1:-1].removeprefix(BASE)
        confirm(work, note, "P20")
        say(work, NOW, "not so", by="P 12", contradicts=note)
        assert isinstance(work.store, EmbeddedStore)
        followed, told = set(work.store.dump()), listed(work)
        work.rebuild(NOW)
        assert set(work.store.dump()) == followed
        assert listed(work) == told
    described, copy = load_plant(tmp_path), tmp_path / "copy"
    back_up(described, copy, NOW, lambda: checkpoint_unowned(described))
    with load(tmp_path, NOW) as changed:
        say(changed, NOW, "later")
        assert listed(changed) != told
    restore(described, copy, NOW, is_forced=True)
    with load(tmp_path, NOW) as restored:
        assert listed(restored) == told


def test_who_is_forgotten_leaves_no_word_and_what_others_said_stays(tmp_path: Path) -> None:
    with load(write_noted(tmp_path), NOW) as work:
        note = say(work, NOW, "My back hurts.").note[1:-1].removeprefix(BASE)
        confirm(work, note, "P20")
        say(work, NOW, "He is right.", by="P20", contradicts=note)
        say(work, NOW, "Kim Lund said so.", by="P 12")
        say(work, NOW, "Ask him.", by="P 12", about="person/P06")
    people.forget("person/P06", tmp_path)
    with load(tmp_path, NOW) as work:
        texts = {one.id: one.text for one in listed(work)}
        assert texts[note] == REDACTED
        assert sorted(texts.values()) == sorted(
            [REDACTED, REDACTED, "He is right.", f"{REDACTED} said so."]
        )
        assert read(work, f"<{BASE}{note}>").state == "contradicted"
    files = [*tmp_path.glob("journal.sqlite*"), *(tmp_path / "store").rglob("*")]
    held = [path.read_bytes() for path in files if path.is_file()]
    assert len(held) > 5
    for words in (b"back hurts", b"Ask him", b"Kim Lund"):
        assert not any(words in content for content in held)


PAPER = """id,kind,about,person,text,stated,expires
N1,machine,SAW-01,P06,Blade wanders above 50 mm.,2026-11-20 05:40,2026-11-24 06:00
N2,machine,SAW-01,P06,When?,some day,
,machine,SAW-01,P06,No number.,2026-11-20 05:40,
N4,machine,SAW-01,,Nobody says this.,2026-11-20 05:40,
N5,machine,SAW-01,P20,Oil is low.,2026-11-21 06:10,
"""


def test_paper_typed_into_a_sheet_stands_beside_what_is_said_here(tmp_path: Path) -> None:
    write_noted(tmp_path)
    plant = tmp_path / "plant.toml"
    sheet = '[[source]]\nname = "notes"\nmapping = "mappings/notes"\npath = "."\n'
    plant.write_text(plant.read_text("utf-8") + sheet, encoding="utf-8")
    (tmp_path / "notes.csv").write_text(PAPER, encoding="utf-8")
    with load(tmp_path, NOW) as work:
        say(work, NOW, "It still does.", by="P20", contradicts="note/N5")
        confirm(work, "note/N1", "P20")
        told = {note.id: note for note in listed(work)}
        waiting = [(row.rejected.code, row.rejected.key) for row in work.journal.waiting()]
    assert told["note/N1"].stated_at == "2026-11-20T05:40:00Z"
    assert (told["note/N1"].source, told["note/N1"].state) == ("notes", "confirmed")
    assert told["note/N1"].recorded_at == "2026-11-23T09:00:00Z"
    assert told["note/N5"].state == "contradicted"
    assert len(told) == 3
    assert sorted(code for code, _ in waiting) == ["bad-time", "empty-key", "missing-required"]
