from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kg.moments import Moment, Moments
from kg.records import Record
from kg.settings import Plant, SourceSettings, TableSettings
from kg.times import format_time, parse_time

TABLE = TableSettings(
    name="log", mapping="m.yml", key=("id",), row="event", event_time="ts", times={"at": "iso"}
)
ORDERS = TableSettings(name="job", mapping="j.yml", key=("id",), changed=("changed", "made"))
MES = SourceSettings(name="mes", adapter="files", zone="Europe/Stockholm", tables=(TABLE, ORDERS))
PLANT = Plant(name="Test", base="https://plant.example/", sources=(MES,))
RECEIVED = datetime(2026, 11, 23, 8, tzinfo=UTC)


def moment(text: str, received: datetime = RECEIVED, kind: str = "log", column: str = "ts"):
    at = format_time(parse_time(text, "iso", MES.zone_info))
    record = Record(
        *("mes", kind, "1", {column: text}, "log:1"),
        effective=at,
        effective_by="event",
        recorded=format_time(received),
    )
    return Moments(PLANT).of(record)


@pytest.mark.parametrize("skew", [-3600, 0, 599, 600])
def test_a_clock_that_is_ten_minutes_ahead_is_believed(skew: int) -> None:
    at = format_time(RECEIVED + timedelta(seconds=skew))
    assert moment(at) == Moment(at, "")


@pytest.mark.parametrize("text", ["2026-11-23T08:10:01Z", "2099-01-01T00:00:00Z"])
def test_a_clock_that_is_further_ahead_is_not(text: str) -> None:
    assert moment(text) == Moment("2026-11-23T08:00:00Z", "ahead")


def test_the_end_of_time_counts_from_its_receipt() -> None:
    assert moment("9999-12-31T00:00:00Z") == Moment("2026-11-23T08:00:00Z", "ahead")


@pytest.mark.parametrize("text", ["1970-01-01T00:00:07Z", "0001-01-01T00:00:00Z", "2000-01-01"])
def test_a_clock_that_was_reset_counts_from_its_receipt(text: str) -> None:
    assert moment(f"{text}" if "T" in text else f"{text}T12:00:00Z") == Moment(
        "2026-11-23T08:00:00Z", "reset"
    )


def test_the_missing_hour_is_read_with_the_offset_before_it() -> None:
    assert moment("2026-03-29T02:30:00") == Moment("2026-03-29T01:30:00Z", "missing-hour")


def test_the_double_hour_is_read_as_the_first() -> None:
    assert moment("2026-10-25T02:30:00") == Moment("2026-10-25T00:30:00Z", "double-hour")


@pytest.mark.parametrize(
    "text", ["2026-10-25T02:30:00+01:00", "2026-10-25T00:30:00Z", "2026-10-25T01:59:59"]
)
def test_a_time_with_its_offset_or_beside_that_hour_is_believed(text: str) -> None:
    assert moment(text).doubt == ""


def test_the_column_that_gave_the_time_is_the_one_that_is_judged() -> None:
    found = moment("2026-10-25T02:30:00", kind="job", column="made")
    assert found == Moment("2026-10-25T00:30:00Z", "double-hour")


def test_a_record_without_a_time_of_its_own_has_no_moment() -> None:
    record = Record("mes", "job", "1", {}, "job:1", recorded="2026-11-23T08:00:00Z")
    assert Moments(PLANT).of(record) == Moment("", "")
