from __future__ import annotations

import random
import re
from decimal import Decimal
from fractions import Fraction

import pytest
from sqlglot import exp

from kg.lift.arithmetic import converted, number_text
from kg.lift.conversion import (
    Conversion,
    conversions_to,
    dimension_of,
    find_conversion,
    is_unit,
    unknown_unit,
)
from kg.lift.duckdb import Engine, to_sql
from kg.lift.levels import Levels
from kg.lift.unitcodes import read_code, simple_codes

from .functiontable import written

# As published: NIST SP 811, the international yard and pound, BIPM.
FACTORS = """[in_i] mm 25.4 0, unit:FT M 0.3048 0, [mi_i] km 1.609344 0, [lb_av] kg 0.45359237 0,
OZ g 28.349523125 0, t kg 1000 0, bar Pa 100000 0, atm kPa 101.325 0,
MilliM_HG Pa 133.322387415 0, kgf/cm2 bar 0.980665 0, MPa N/mm2 1 0, kW.h MJ 3.6 0,
BTU_IT J 1055.05585262 0, [HP] W 745.69987158227022 0, HP_Metric W 735.49875 0,
[gal_us] L 3.785411784 0, GAL_UK L 4.54609 0, Cel K 1 273.15, K Cel 1 -273.15, Cel [degF] 1.8 32,
DEG_R K 5/9 0, km/h m/s 5/18 0, MilliM-PER-MIN m/s 1/60000 0, 1/min Hz 1/60 0,
REV-PER-MIN deg/s 6 0, g/cm3 KiloGM-PER-M3 1000 0, % 1 0.01 0, L/min m3/h 0.06 0, N-M J 1 0,
mPa.s P 0.01 0, d h 24 0, mm2/s St 0.01 0, eV J 1.602176634e-19 0, {pcs}/h /min 1/60 0,
kg/(m.s2) Pa 1 0, m-1 cm-1 0.01 0, unit:PA bar 0.00001 0, http://qudt.org/vocab/unit/IN cm 2.54 0"""
ROWS = [tuple(row.split()) for row in FACTORS.replace("\n", " ").split(",")]


def value_of(number: Conversion, value: Fraction) -> Fraction:
    scale = Fraction(10) ** number.scale * number.divisor
    return (number.factor * value + number.shift) / scale


@pytest.mark.parametrize(("start", "end", "factor", "shift"), ROWS)
def test_a_conversion_is_exactly_the_published_one(
    start: str, end: str, factor: str, shift: str
) -> None:
    found = find_conversion(start, end)
    assert found is not None
    assert found.is_exact
    assert value_of(found, Fraction(0)) == Fraction(shift)
    assert value_of(found, Fraction(1)) == Fraction(factor) + Fraction(shift)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("kg", "mm"),
        ("REV-PER-MIN", "Hz"),
        ("Cel/m", "K/m"),
        ("mCel", "K"),
        ("N", "kg"),
        ("1", "rad"),
    ],
)
def test_units_of_different_dimensions_do_not_become_each_other(start: str, end: str) -> None:
    assert find_conversion(start, end) is None


NO_CODES = "inch KG m/ PER M-PER (m m) 5.5m unit:mm {x [in_i m2.3.x unit: m** kg/m^3"


@pytest.mark.parametrize("code", ["", "m m", *re.split(" ", NO_CODES)])
def test_what_is_no_code_is_none(code: str) -> None:
    assert not is_unit(code)


def test_a_code_of_both_vocabularies_means_the_same_in_one_dimension() -> None:
    for end in ("mm", "kg", "h", "bar", "J", "L", "kW", "V", "A", "Cel", "deg", "N", "m2", "m/s"):
        for code, found in conversions_to(end).items():
            unit = read_code(code)
            assert unit is not None
            assert find_conversion(code, end) == found
    assert all(read_code(code) == unit for code, unit in simple_codes().items())
    assert dimension_of("PA") == dimension_of("A")
    assert dimension_of("unit:PA") == dimension_of("Pa")


def test_an_unknown_code_is_answered_with_near_ones() -> None:
    assert "KiloGM" in unknown_unit("KiloGramm")
    assert "UCUM" in unknown_unit("qqq")
    assert dimension_of("mm/min") == "[length] [time]^-1"
    assert dimension_of("%") == "a number"


def test_random_values_convert_as_fractions_do() -> None:
    chance = random.Random(7)
    ends = ["mm", "kg", "bar", "kJ", "Cel", "[degF]", "m/s", "L", "h", "[psi]", "deg", "[gal_us]"]
    found = [(code, made) for end in ends for code, made in conversions_to(end).items()]
    rows = [chance.choice(found)[1] for _ in range(1500)]
    wholes = [chance.randrange(-(10**size), 10**size) for size in range(1, 19) for _ in rows]
    values = [
        format(Decimal(whole).scaleb(-chance.randrange(18)), "f")
        for whole in chance.sample(wholes, len(rows))
    ]
    levels = Levels()

    def place(made: exp.Expr) -> exp.Expr:
        return levels.add("value", made)

    made = converted(number_text(exp.column("v"), place), exp.column("p"), place)
    engine = Engine()
    batch = {"v": values, "p": [conversion.packed() for conversion in rows]}
    results = engine.prepare(to_sql(levels.select([made])), tuple(batch)).run(batch)[0]
    engine.close()
    exact = [
        (value, conversion, result)
        for value, conversion, result in zip(values, rows, results, strict=True)
        if conversion.is_exact
    ]
    assert len(exact) > 400
    assert [
        (value, conversion, result)
        for value, conversion, result in exact
        if result != written(value_of(conversion, Fraction(value)))
    ] == []
