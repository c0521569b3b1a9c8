from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg.lift.duckdb import Engine, PreparedSelect
from kg.lift.natural import to_natural, write_double

XSD = "http://www.w3.org/2001/XMLSchema#"
NOON = datetime(2026, 11, 23, 12, 0, 0, 500_000, tzinfo=timezone(timedelta(hours=2)))


@pytest.mark.parametrize(
    ("value", "text", "datatype"),
    [
        ("x", "x", None),
        (True, "true", "boolean"),
        (-5, "-5", "integer"),
        (Decimal("-5.9000"), "-5.9", "decimal"),
        (Decimal("1E+3"), "1000", "decimal"),
        (Decimal("-0.0"), "0", "decimal"),
        (30.5, "3.05E1", "double"),
        (0.00014770215, "1.4770215E-4", "double"),
        (0.0, "0.0E0", "double"),
        (float("-inf"), "-INF", "double"),
        (date(2011, 8, 23), "2011-08-23", "date"),
        (NOON.replace(tzinfo=None), "2026-11-23T12:00:00.5", "dateTime"),
        (NOON, "2026-11-23T10:00:00.5Z", "dateTime"),
        (datetime(2011, 8, 23, 22, 17, tzinfo=UTC), "2011-08-23T22:17:00Z", "dateTime"),
        (time(22, 17, 34, 885_000), "22:17:34.885", "time"),
        (b"RRML", "52524D4C", "hexBinary"),
    ],
)
def test_a_value_is_written_as_the_standard_maps_it(
    value: object, text: str, datatype: str | None
) -> None:
    assert to_natural(value) == (text, XSD + datatype if datatype else None)


def test_what_is_no_single_value_is_none() -> None:
    assert [to_natural(value) for value in (None, [1], {"a": 1})] == [None, None, None]


@pytest.fixture(scope="module")
def select() -> Iterator[PreparedSelect]:
    engine = Engine()
    yield engine.prepare("SELECT tr_natural_double(v::DOUBLE) AS r FROM batch", ["v"])
    engine.close()


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.floats(), min_size=1, max_size=20))
def test_duckdb_writes_a_double_alike(select: PreparedSelect, values: list[float]) -> None:
    (written,) = select.run({"v": [repr(value) for value in values]})
    assert written == [write_double(value) for value in values]
