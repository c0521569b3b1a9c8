from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.answer.planning.planner import number_text, read_number
from kg.answer.planning.quantities import Rate, convert, rates_of
from tests.unit.answer.planners import planner_of, term

BAR = Rate("pcs", "m", Fraction(6))
KILO = Rate("m", "kg", Fraction(3, 2))


@pytest.mark.parametrize(
    ("value", "start", "end", "rates", "made"),
    [
        (1, "m", "mm", (), 1000),
        (1, "[in_i]", "mm", (), Fraction(254, 10)),
        (1, "KiloGM", "g", (), 1000),
        (100, "Cel", "[degF]", (), 212),
        (3, "pcs", "pcs", (), 3),
        (3, "pcs", "mm", (BAR,), 18_000),
        (12, "m", "pcs", (BAR,), 2),
        (2, "pcs", "g", (BAR, KILO), 18_000),
        (9000, "g", "pcs", (KILO, BAR), 1),
    ],
)
def test_a_quantity_is_converted_exactly(value, start, end, rates, made) -> None:
    converted = convert(Fraction(value), start, end, rates)
    assert converted is not None
    assert converted.value == made


@pytest.mark.parametrize(
    ("start", "end", "rates"),
    [("m", "kg", ()), ("pcs", "m", (KILO,)), ("box", "pcs", (BAR, KILO)), ("", "m", (BAR,))],
)
def test_what_nothing_converts_is_not_guessed(start, end, rates) -> None:
    assert convert(Fraction(1), start, end, rates) is None


@given(st.fractions(min_value=0, max_value=10**6, max_denominator=1000))
def test_there_and_back_is_the_same(value: Fraction) -> None:
    there = convert(value, "pcs", "g", (BAR, KILO))
    assert there is not None
    back = convert(there.value, "g", "pcs", (BAR, KILO))
    assert back is not None
    assert back.value == value


def test_conversions_are_data_of_one_part() -> None:
    planner = planner_of(
        """
        <conversion/1> tr:conversionOf <part/bar> ; tr:fromUnit "m" ; tr:toUnit "kg" ;
            tr:conversionFactor 2.5 .
        <conversion/2> tr:conversionOf <part/bar> ; tr:fromUnit "m" ; tr:toUnit "pcs" .
        <conversion/3> tr:conversionOf <part/bar> ; tr:fromUnit "kg" ; tr:toUnit "m" ;
            tr:conversionFactor 0.0 .
        """
    )
    rates = rates_of(planner, [term("part/bar"), term("part/rod")])
    assert [(r.start, r.end, r.factor) for r in rates[term("part/bar")]] == [
        ("m", "kg", Fraction(5, 2))
    ]
    assert len(rates[term("part/bar")][0].facts) == 3
    assert rates[term("part/rod")] == []


@pytest.mark.parametrize(
    "text", ['"NaN"', '"INF"', '"1e999999999"', '"-1E-99999"', '"one"', '""', '"' + "9" * 99 + '"']
)
def test_a_number_of_no_size_that_can_be_is_none(text: str) -> None:
    assert read_number(text) is None


@pytest.mark.parametrize(
    ("number", "shown"),
    [(Fraction(7), "7"), (Fraction(1, 3), "0.333333"), (Fraction(-1, 8), "-0.125"), (100, "100")],
)
def test_a_number_is_written_for_people(number, shown: str) -> None:
    assert number_text(number) == shown
