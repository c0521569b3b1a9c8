"""What was, what was believed, and what is no longer or not yet known."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from kg.asof import Then, read_then
from kg.asof.history import INDEX_FILE
from kg.asof.times import ALL_ON_RECORD
from kg.errors import ConfigError, HistoryError, UnknownEntity
from kg.pipeline import Pipeline
from kg.settings import load_plant
from tests.unit.asof.past_shop import TR, Shop, at, busy_shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kg.answer.bundle import Context

STOCKHOLM = ZoneInfo("Europe/Stockholm")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop that no test changes: see ``busy_shop``."""
    with busy_shop(tmp_path_factory.mktemp("past") / "shop") as shop:
        yield shop


def runs(context: Context) -> list[tuple[str, str, str | None]]:
    return [(run.run, run.end, run.quantity["good"]) for run in context.runs]


def test_what_was_true_is_told_by_all_that_is_known_today(shop: Shop) -> None:
    assert runs(shop.context("machine/M1", 4)) == [("run/shop/run/1", "open", "0")]
    assert runs(shop.context("machine/M1", 8)) == []
    assert shop.context("machine/M1", 4).status["activity"] == "production"
    assert shop.context("machine/M1", 8).status["activity"] == "idle"
    assert shop.context("machine/M1", 8).entity["label"] == "Mill"
    assert shop.context("machine/M1", 13).entity["label"] == "Old mill"
    assert runs(shop.context("job/1", 8)) == [("run/shop/run/1", "recorded", "4")]


def test_what_was_believed_leaves_out_what_was_recorded_later(shop: Shop) -> None:
    # At 06:08 nobody had recorded that the run was over.
    assert runs(shop.context("machine/M1", 8, 8)) == [("run/shop/run/1", "open", "0")]
    assert runs(shop.context("machine/M1", 8, 10)) == []
    assert shop.context("machine/M1", 8, 8).applied_seq == 5


def test_facts_are_cited_in_the_version_that_counted(shop: Shop) -> None:
    fact = shop.context("machine/M1", 8).slots["work_center"].facts[0]
    assert (fact.record, fact.recorded_at) == ("record/shop/machine/M1", "2026-11-23T06:01:00Z")


def test_what_was_not_known_yet_or_any_more_is_told(tmp_path: Path) -> None:
    with busy_shop(tmp_path / "shop") as shop:
        _what_was_not_known_yet_or_any_more_is_told(shop)


def _what_was_not_known_yet_or_any_more_is_told(shop: Shop) -> None:
    with pytest.raises(UnknownEntity, match="machine/M1 was not known then"):
        shop.context("machine/M1", 0.5)
    shop.tell(14, "machine", "M1", is_gone=True)
    assert shop.context("machine/M1", 13).entity["label"] == "Old mill"
    assert shop.context("Shaft", 2).entity["id"] == "job/1"
    with pytest.raises(UnknownEntity, match="nothing here is called 'Lathe'"):
        shop.context("Lathe", 2)


def test_gaps_are_those_of_then(tmp_path: Path) -> None:
    with busy_shop(tmp_path / "shop") as shop:
        _gaps_are_those_of_then(shop)


def _gaps_are_those_of_then(shop: Shop) -> None:
    def lacking(minute: float) -> set[str]:
        return {gap.slot for gap in shop.context("job/1", minute).gaps if gap.state == "missing"}

    shop.tell(15, "order", "O1", customer="C1")
    row = {"name": "Shaft", "part": "P1", "qty": "5", "status": "released"}
    shop.tell(16, "job", "1", ts="16", order="O1", **row)
    assert lacking(15) - lacking(16) == {"customer"}
    assert shop.context("job/1", 16).slots["customer"].facts[0].value == "customer/C1"


def test_a_version_that_cannot_be_lifted_leaves_the_one_before_and_a_doubt(tmp_path: Path) -> None:
    with busy_shop(tmp_path / "shop") as shop:
        _a_version_that_cannot_be_lifted_leaves_the_one_before_and_a_doubt(shop)


def _a_version_that_cannot_be_lifted_leaves_the_one_before_and_a_doubt(shop: Shop) -> None:
    broken = {"name": "Shaft", "part": "P2", "qty": "many", "status": "released", "order": ""}
    shop.tell(14, "job", "1", ts="14", **broken)
    shop.tell(16, "job", "1", ts="16", **broken | {"qty": "6"})
    part = shop.context("job/1", 15).slots["part"].facts[0]
    assert (part.value, part.is_stale) == ("part/P1", True)
    assert "in quarantine" in str(part.note)
    assert shop.context("job/1", 16).slots["part"].facts[0].value == "part/P2"


def test_who_vouched_when_is_known_only_where_it_is_on_record(tmp_path: Path) -> None:
    with busy_shop(tmp_path / "shop") as shop:
        _who_vouched_when_is_known_only_where_it_is_on_record(shop)


def _who_vouched_when_is_known_only_where_it_is_on_record(shop: Shop) -> None:
    shop.work.journal.set_cursor("shop", "machine", "", at(13))

    def confirmed(minute: float) -> list[str | None]:
        context = shop.context("machine/M1", minute)
        return [fact.confirmed_at for fact in context.slots["work_center"].facts]

    assert confirmed(13.5) == ["2026-11-23T06:13:00Z"]
    assert confirmed(12.5) == [None]
    shop.work.journal.set_cursor("shop", "machine", "", at(45))
    assert confirmed(13.5) == ["2026-11-23T06:13:00Z"]
    assert confirmed(44) == ["2026-11-23T06:13:00Z"]
    # A journal that was brought up knows only of the last time.
    with closing(sqlite3.connect(shop.work.plant.journal_path)) as file, file:
        file.execute("DELETE FROM confirmation WHERE since < '2026-11-23T06:45'")
        file.execute("INSERT INTO meta VALUES ('confirmations', '2026-11-23T06:45:00Z')")
    (fact,) = shop.context("machine/M1", 13.5).slots["work_center"].facts
    assert (fact.confirmed_at, fact.age_s, fact.is_stale) == (None, None, False)
    assert "not on record" in str(fact.note)
    assert confirmed(46) == ["2026-11-23T06:45:00Z"]


def test_what_lies_before_the_horizon_is_refused_whole(tmp_path: Path) -> None:
    with busy_shop(tmp_path / "shop") as shop:
        _what_lies_before_the_horizon_is_refused_whole(shop)


def _what_lies_before_the_horizon_is_refused_whole(shop: Shop) -> None:
    shop.work.journal.prune(at(9))
    for minute, believed in ((8, None), (13, 8)):
        with pytest.raises(HistoryError, match="before 2026-11-23T06:09:00Z") as refused:
            shop.context("machine/M1", minute, believed)
        assert refused.value.code == "before-horizon"
    assert shop.context("machine/M1", 9).entity["label"] == "Mill"


def test_a_question_of_the_whole_plant_is_refused_and_not_half_answered(shop: Shop) -> None:
    query = f"SELECT ?m WHERE {{ ?m a <{TR}Machine> }}"
    with pytest.raises(HistoryError) as refused:
        shop.work.history.ask(shop.then(8), lambda answers: answers.store.select(query))
    assert refused.value.code == "as-of-everything"


def test_the_index_of_the_past_can_be_lost(tmp_path: Path) -> None:
    with busy_shop(tmp_path / "shop") as shop:
        before = shop.context("machine/M1", 8).to_dict()
    files = list((tmp_path / "shop").rglob(f"{INDEX_FILE}*"))
    assert files
    for file in files:
        file.unlink()
    with Pipeline.open(load_plant(tmp_path / "shop")) as work:
        assert Shop(work).context("machine/M1", 8).to_dict() == before


def test_a_record_that_is_overtaken_while_it_is_asked_about_is_asked_again(tmp_path: Path) -> None:
    with busy_shop(tmp_path / "shop") as shop:
        _a_record_that_is_overtaken_while_it_is_asked_about_is_asked_again(shop)


def _a_record_that_is_overtaken_while_it_is_asked_about_is_asked_again(shop: Shop) -> None:
    labels = []

    def question(answers: Any) -> str:
        if not labels:
            answers.context("machine/M1", at(13))
            shop.tell(12.5, "machine", "M1", name="New mill", capacity="1", center="W")
        labels.append(answers.context("machine/M1", at(13)).entity["label"])
        return labels[-1]

    assert shop.work.history.ask(shop.then(13), question) == "New mill"
    assert len(labels) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-23T07:30", datetime(2026, 11, 23, 6, 30, tzinfo=UTC)),
        ("2026-11-23T07:30:00+02:00", datetime(2026, 11, 23, 5, 30, tzinfo=UTC)),
        ("2026-11-23T07:30:00 02:00", datetime(2026, 11, 23, 5, 30, tzinfo=UTC)),
        ("now", at(100)),
        ("", at(100)),
    ],
)
def test_times_are_read_as_the_plant_writes_them(text: str, expected: datetime) -> None:
    assert read_then(text, "", at(100), STOCKHOLM) == Then(expected, ALL_ON_RECORD)


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "24:00", "-1", "9" * 40])
def test_times_that_cannot_be_are_refused(text: str) -> None:
    for times in ((text, ""), ("now", text)):
        with pytest.raises(ConfigError) as refused:
            read_then(*times, at(100), STOCKHOLM)
        assert refused.value.code == "parameter"


def test_times_to_come_are_refused() -> None:
    with pytest.raises(ConfigError, match="has not come yet"):
        read_then("2026-11-23T09:00:00Z", "", at(100), STOCKHOLM)


# ---- questions

GIVEN = {
    "what-was-true-on-a-machine": ("machine", "at"),
    "what-was-believed-about-a-machine": ("machine", "at"),
    "what-changed-since": ("since",),
    "answers-that-would-be-different-today": ("at",),
}
"""By question what it must be given; its rows stand in tests/questions."""


def short(rows: list[dict[str, Any]], *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row.get(column) for column in columns) for row in rows]


def test_what_was_true_and_what_was_believed_have_a_row_for_each_fact(shop: Shop) -> None:
    told = ("run", "slot", "value", "state", "record")
    some = {"machine": "M1", "at": "2026-11-23T06:04:00Z"}
    rows = short(shop.ask("what-was-true-on-a-machine", 13, **some), *told)
    assert ("run/shop/run/1", "job", "job/1", "known", "record/shop/run/1") in rows
    assert (None, "activity", "production", "known", "record/shop/state/1") in rows
    some = {"machine": "M1", "at": "2026-11-23T06:08:00Z"}
    rows = short(shop.ask("what-was-believed-about-a-machine", 13, **some), *told)
    assert ("run/shop/run/1", "job", "job/1", "known", "record/shop/run/1") in rows
    assert (None, "activity", "idle", "known", "record/shop/state/2") in rows


def test_what_changed_is_told_with_the_records_that_say_so(shop: Shop) -> None:
    told = ("about", "property", "before", "after", "record", "recorded_at")
    rows = short(shop.ask("what-changed-since", 13, since="2026-11-23T06:08:00Z"), *told)
    assert rows == [
        (
            *("machine/M1", "label", "Mill", "Old mill"),
            *("record/shop/machine/M1", "2026-11-23T06:12:00Z"),
        )
    ]
    since = {"since": "2026-11-23T06:04:00Z", "machine": "M1"}
    rows = short(
        shop.ask("what-changed-since", 13, **since), "about", "property", "before", "after"
    )
    assert ("machine/M1", "activity", "production", "idle") in rows


def test_what_was_corrected_is_told_with_the_record_that_came_late(shop: Shop) -> None:
    told = ("about", "property", "before", "after", "record")
    name = "answers-that-would-be-different-today"
    rows = short(shop.ask(name, 13, at="2026-11-23T06:08:00Z"), *told)
    late = "record/shop/run/2"
    assert rows == [
        ("run/shop/run/1", "endedAt", None, "2026-11-23T06:06:00Z", late),
        ("run/shop/run/1", "goodQuantity", "0", "4", late),
    ]
    rows = short(shop.ask(name, 13, at="2026-11-23T06:08:00Z", machine="M1"), *told)
    assert {row[0] for row in rows} >= {"run/shop/run/1"}


@pytest.mark.parametrize("name", GIVEN)
def test_a_question_about_a_time_to_come_is_refused(shop: Shop, name: str) -> None:
    given = {key: "M1" if key == "machine" else "2026-11-23T07:00:00Z" for key in GIVEN[name]}
    with pytest.raises(ConfigError, match="has not come yet"):
        shop.ask(name, 13, **given)
