from __future__ import annotations

import re

import pytest

from kg.draft.forms import TimeForm, day_patterns, decimal_mark, time_form


@pytest.mark.parametrize(
    ("values", "mark"),
    [
        (["1", "2.5", ".0000"], "."),
        (["5,0", "12"], ","),
        (["0,480", "1,000"], ","),
        (["1,000", "12,500"], "?"),
        (["1.000,0"], ""),
        (["twelve"], ""),
    ],
)
def test_a_comma_is_a_decimal_mark_unless_it_may_part_thousands(
    values: list[str], mark: str
) -> None:
    assert decimal_mark(values) == mark


@pytest.mark.parametrize(
    ("values", "form"),
    [
        (["2026-11-23", "2026-01-01"], TimeForm("iso", is_day=True)),
        (["2026-11-23 00:00:00"], TimeForm("iso", is_day=True)),
        (["2026-11-23T08:15:00+01:00"], TimeForm("iso")),
        (["2026-13-01"], TimeForm("", doubt="some are no days of the calendar")),
        (["24.12.2025", "01.02.2026"], TimeForm("%d.%m.%Y", is_day=True)),
        (["24.12.2025 07:30"], TimeForm("%d.%m.%Y %H:%M")),
        (["12/24/2025"], TimeForm("%m/%d/%Y", is_day=True)),
        (["24/12/2025"], TimeForm("%d/%m/%Y", is_day=True)),
        (["01/02/2026"], TimeForm("", doubt="day and month cannot be told apart")),
        (["1767225600"], TimeForm("epoch-s")),
        (["1767225600000"], TimeForm("epoch-ms")),
        (["638712345678901234"], TimeForm("ticks")),
        (["12", "13"], None),
        (["P-100"], None),
        ([], None),
    ],
)
def test_the_form_of_times_is_told_by_all_values(values: list[str], form: TimeForm | None) -> None:
    assert time_form(values) == form


@pytest.mark.parametrize(
    ("form", "text"),
    [("%d.%m.%Y", "24.12.2025"), ("%m/%d/%Y", "12/24/2025"), ("%Y/%m/%d", "2025/12/24")],
)
def test_a_day_is_taken_apart_by_its_pattern(form: str, text: str) -> None:
    patterns = day_patterns(form)
    assert patterns is not None
    assert [re.findall(pattern, text) for pattern in patterns] == [["2025"], ["12"], ["24"]]


def test_a_time_of_day_is_not_taken_apart() -> None:
    assert day_patterns("%d.%m.%Y %H:%M") is None
