"""Accepting a candidate: what it makes of two ids, and that it can be taken back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.accepted import LONGEST, Acceptances, Choice
from kg.backup import back_up, checkpoint_unowned, restore
from kg.errors import ConfigError, UnknownEntity
from kg.pipeline import Pipeline
from kg.settings import load_plant
from tests.unit.two_names import write_two_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.answer.bundle import SlotGap

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
STRANGER = "job/RUSH-7~identity~533c0cce"
HEAT = "batch/H-0815~identity~b14fcf96"
DOUBLE = "customer/ALX~identity~51fe46ff"
PAIRS = {STRANGER: "job/1043", HEAT: "batch/4711", DOUBLE: "customer/ALP"}


def load(folder: Path) -> Pipeline:
    work = Pipeline.open(load_plant(folder))
    work.read(NOW)
    settle(work)
    return work


def settle(work: Pipeline) -> None:
    work.apply(NOW)
    work.validate(NOW)


def decisions(work: Pipeline) -> Acceptances:
    return Acceptances(work.plant, work.journal, work.store)


def gaps(work: Pipeline) -> list[SlotGap]:
    return work.answers().check(NOW).gaps


def accept(work: Pipeline, gap: str, candidate: str, now: datetime = NOW) -> None:
    offered = gaps(work)
    decisions(work).accept(offered, Choice(gap, candidate, "P12", "The paper says so."), now)
    settle(work)


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Pipeline]:
    write_two_names(tmp_path)
    with load(tmp_path) as opened:
        yield opened


def offered(work: Pipeline) -> dict[str, list[tuple[str, float]]]:
    """Give the gaps that offer something: id -> candidates with scores."""
    return {
        gap.id: [(candidate.entity, candidate.score) for candidate in gap.candidates]
        for gap in gaps(work)
        if gap.candidates
    }


def test_likely_partners_are_offered_and_nothing_is_applied(work: Pipeline) -> None:
    assert offered(work) == {
        STRANGER: [("job/1043", 0.61)],
        HEAT: [("batch/4711", 0.9)],
        DOUBLE: [("customer/ALP", 0.85)],
    }
    (stranger,) = (gap for gap in gaps(work) if gap.id == STRANGER)
    assert stranger.candidates[0].label == "1043 Shafts"
    assert stranger.candidates[0].reasons == (
        "one ran on machine/M1 on 2026-11-20, the other was planned there for 2026-11-20",
        "12 were made, and 12 were planned",
    )
    assert work.answers().context("job/1043", NOW).slots["machine"].state == "known"
    assert work.answers().context("RUSH-7", NOW).entity["id"] == "job/RUSH-7"


def test_an_accepted_batch_makes_its_job_likelier(work: Pipeline) -> None:
    accept(work, HEAT, "batch/4711")
    assert offered(work)[STRANGER] == [("job/1043", 0.8)]


def test_what_was_accepted_is_one_thing_with_a_note_of_who_said_so(work: Pipeline) -> None:
    accept(work, STRANGER, "job/1043")
    answer = work.answers().context("RUSH-7", NOW)
    assert answer.entity["id"] == "job/1043"
    assert [run.run for run in answer.runs] == ["run/1"]
    assert [(note["text"], note["stated_by"], note["stated_at"]) for note in answer.notes] == [
        (
            "It is the same as job/RUSH-7: The paper says so.",
            "person/P12",
            "2026-11-23T09:00:00Z",
        )
    ]
    assert STRANGER not in {gap.id for gap in gaps(work)}
    (one,) = decisions(work).standing()
    assert (one.canonical, one.alias, one.by) == ("job/1043", "job/RUSH-7", "P12")
    assert one.record == "record/traveler/accepted/job%2FRUSH-7"


def test_taken_back_the_graph_is_what_it_was(work: Pipeline) -> None:
    def current() -> set[tuple[str, str, str]]:
        return work.store.graph("")

    before = current()
    accept(work, STRANGER, "job/1043")
    assert current() != before
    undone = decisions(work).undo(STRANGER, "P13", "It was another job.", NOW)
    settle(work)
    assert (undone.canonical, undone.alias) == ("job/1043", "job/RUSH-7")
    assert current() == before
    assert decisions(work).standing() == []
    with pytest.raises(UnknownEntity, match="nothing stands"):
        decisions(work).undo(STRANGER, "P13", "", NOW)
    accept(work, STRANGER, "job/1043", NOW + timedelta(minutes=1))
    assert len(decisions(work).standing()) == 1


def test_accepting_again_changes_nothing_and_accepting_otherwise_is_refused(
    work: Pipeline,
) -> None:
    before = gaps(work)
    accept(work, STRANGER, "job/1043")
    length = work.journal.last_seq()
    again = decisions(work).accept(before, Choice(STRANGER, "job/1043", "P13"), NOW)
    assert (again.by, again.is_new, work.journal.last_seq()) == ("P12", False, length)
    for gap in (STRANGER, "job/RUSH-7~customer~4cf9175a"):
        with pytest.raises(ConfigError) as refused:
            decisions(work).accept(before, Choice(gap, "job/1044", "P13"), NOW)
        assert refused.value.code == "accepted-otherwise"
        assert "as P12 accepted" in refused.value.message


@pytest.mark.parametrize(
    ("gap", "candidate", "code"),
    [
        (STRANGER, "job/1044", "not-offered"),
        (STRANGER, "", "not-offered"),
        ("job/1044~batch~ebc4a831", "job/1043", "not-offered"),
        ("job/1043~machine~00000000", "job/RUSH-7", "gap-closed"),
        ("job/9~identity~00000000", "job/1043", "unknown-entity"),
        ("<x> ?y~a~b", "job/1043", "unknown-entity"),
        ("", "job/1043", "unknown-entity"),
    ],
)
def test_what_no_open_gap_offers_is_refused(
    work: Pipeline, gap: str, candidate: str, code: str
) -> None:
    with pytest.raises((ConfigError, UnknownEntity)) as refused:
        decisions(work).accept(gaps(work), Choice(gap, candidate, "P12"), NOW)
    assert refused.value.code == code
    assert refused.value.hint
    assert decisions(work).standing() == []


@pytest.mark.parametrize(
    ("by", "why"), [("", "x"), ("P\x1b[2J", "x"), ("P12", "x" * (LONGEST + 1)), ("\ud800", "x")]
)
def test_who_and_why_are_plain_text(work: Pipeline, by: str, why: str) -> None:
    with pytest.raises(ConfigError) as refused:
        decisions(work).accept(gaps(work), Choice(STRANGER, "job/1043", by, why), NOW)
    assert refused.value.code == "body"


def test_who_describes_with_more_authority_keeps_the_name(work: Pipeline) -> None:
    accept(work, STRANGER, "job/1043")
    accept(work, DOUBLE, "customer/ALP")
    assert {one.alias: one.canonical for one in decisions(work).standing()} == {
        "job/RUSH-7": "job/1043",
        "customer/ALX": "customer/ALP",
    }


def test_a_rebuild_and_a_restored_backup_remember_it(tmp_path: Path) -> None:
    plant, copy = tmp_path / "plant", tmp_path / "copy"
    plant.mkdir()
    write_two_names(plant)
    with load(plant) as work:
        accept(work, STRANGER, "job/1043")
        before = work.store.graph("")
        work.rebuild(NOW)
        assert work.store.graph("") == before
    described = load_plant(plant)
    back_up(described, copy, NOW, lambda: checkpoint_unowned(described))
    with Pipeline.open(described) as work:
        decisions(work).undo(STRANGER, "P12", "", NOW)
        work.apply(NOW)
        assert work.store.graph("") != before
    restore(described, copy, NOW, is_forced=True)
    with Pipeline.open(described) as work:
        work.apply(NOW)
        assert work.store.graph("") == before
        assert [one.gap for one in decisions(work).standing()] == [STRANGER]


@settings(max_examples=5, deadline=None)
@given(st.lists(st.sampled_from(sorted(PAIRS)), max_size=6))
def test_any_order_of_accepting_and_taking_back_is_what_a_rebuild_makes(moves: list[str]) -> None:
    with TemporaryDirectory() as name:
        write_two_names(Path(name))
        with load(Path(name)) as work:
            for minute, gap in enumerate(moves):
                now = NOW + timedelta(minutes=minute)
                if any(one.gap == gap for one in decisions(work).standing()):
                    decisions(work).undo(gap, "P12", "", now)
                    settle(work)
                else:
                    accept(work, gap, PAIRS[gap], now)
            followed = work.store.dump()
            work.rebuild(NOW)
            assert set(work.store.dump()) == set(followed)
            standing = {one.gap for one in decisions(work).standing()}
    assert standing == {gap for gap in moves if moves.count(gap) % 2}


def test_who_accepted_can_be_forgotten_and_the_decision_stands(work: Pipeline) -> None:
    accept(work, STRANGER, "job/1043")
    accept(work, HEAT, "batch/4711")
    decisions(work).undo(HEAT, "P12", "P12 was wrong, says Berg.", NOW)
    settle(work)
    work.forget("person/P12", NOW)
    (one,) = decisions(work).standing()
    assert (one.canonical, one.alias) == ("job/1043", "job/RUSH-7")
    told = [
        record.row.get("why", "") for record in work.journal.versions_of("traveler", "accepted")
    ]
    assert len(told) == 3
    assert not any("paper" in str(why) or "Berg" in str(why) for why in told)
    assert work.answers().context("RUSH-7", NOW).entity["id"] == "job/1043"


@pytest.mark.parametrize("odd", ["RUSH 7/8", "Eil-Ä 7", "100%7", "a~b~7", "7?x#y"])
def test_an_id_of_odd_letters_is_accepted_as_it_stands_in_answers(tmp_path: Path, odd: str) -> None:
    write_two_names(tmp_path)
    for name in ("run", "scan"):
        sheet = tmp_path / "mes" / f"{name}.csv"
        sheet.write_text(sheet.read_text(encoding="utf-8").replace("RUSH-7", odd), encoding="utf-8")
    with load(tmp_path) as work:
        (gap,) = (g for g in gaps(work) if g.kind == "identity" and g.entity.startswith("job/"))
        accept(work, gap.id, gap.candidates[0].entity)
        assert work.answers().context(odd, NOW).entity["id"] == "job/1043"
        assert gap.id not in {one.id for one in gaps(work)}
        decisions(work).undo(gap.id, "P12", "", NOW)
        settle(work)
        assert gap.id in {one.id for one in gaps(work)}
