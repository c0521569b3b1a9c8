"""From one unit to another: exact numbers at compile time, so that rows need integers alone.

Pint says what units are worth, in fractions. A conversion is ``(a * value + b) / (d * 10**k)``
with whole a, b, d and k, which the engines' 38 digits hold for values of 18 digits.
"""

from __future__ import annotations

import difflib
import itertools
import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from kg.lift.unitcodes import Code, compounds_like, read_code, simple_codes

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pint

VALUE_DIGITS = 18
"""How many digits a value may have that is converted."""

ROUNDED_DIGITS = 15
"""How many digits a result keeps that no finite decimal is: what a double keeps too."""

_DIGITS = 19
_DIVISOR_DIGITS = 18
_ROUGH_DIGITS = 17

# Compounds that stand for one unit in plants, beside those built like the unit that is wanted.
_COMPOUNDS = """
N/mm2 N/m2 N/cm2 kN/m2 kN/mm2 kgf/cm2 kgf/mm2 [lbf_av]/[in_i]2 kW.h W.h MW.h W.s kW.s N.m kN.m J/s
kJ/h V.A kV.A m3/h m3/min m3/s L/min L/h L/s [gal_us]/min dm3 cm3 mm3 m3 [in_i]3 [ft_i]3 mm2 cm2
dm2 m2 km2 [in_i]2 [ft_i]2 km/h m/s [ft_i]/min [mi_i]/h Pa.s mPa.s mm2/s m2/s A.h mA.h 1/s 1/min
1/h kg.m/s2 N-PER-MilliM2 N-PER-M2 KiloN-PER-M2 KiloGM_F-PER-CentiM2 KiloW-HR W-HR MegaW-HR W-SEC
N-M KiloN-M KiloV-A M3-PER-HR M3-PER-MIN M3-PER-SEC L-PER-MIN L-PER-HR L-PER-SEC DeciM3 CentiM3
MilliM3 M3 IN3 FT3 MilliM2 CentiM2 DeciM2 M2 KiloM2 IN2 FT2 M-PER-SEC KiloM-PER-HR FT-PER-MIN
MI-PER-HR PA-SEC MilliPA-SEC A-HR MilliA-HR PER-SEC PER-MIN PER-HR
"""

# An angle is no mere number here, as it is in Pint: revolutions per minute are no hertz.
_ANGLES = (
    "plane_radian = [angle]",
    "plane_degree = π / 180 * plane_radian",
    "plane_minute = plane_degree / 60",
    "plane_second = plane_degree / 3600",
    "plane_grade = π / 200 * plane_radian",
    "plane_turn = 2 * π * plane_radian",
)


@dataclass(frozen=True, slots=True)
class Conversion:
    """A conversion in whole numbers; not ``is_exact``: by an irrational number such as π."""

    factor: int
    shift: int
    scale: int
    divisor: int
    is_exact: bool

    def packed(self) -> str:
        """Write it as the engines' functions take it."""
        kind = "exact" if self.is_exact else "rounded"
        return f"{self.factor} {self.shift} {self.scale} {self.divisor} {kind}"


def unknown_unit(written: str) -> str:
    """Say which code is near to one that is none."""
    near = difflib.get_close_matches(written, simple_codes(), 3, 0.6)
    near = [code for code in near if not code.startswith("http")]
    return f"did you mean {', '.join(near)}?" if near else "write it in UCUM or QUDT: mm, unit:IN"


def is_unit(written: str) -> bool:
    """Tell whether a code is known."""
    return read_code(written) is not None


def dimension_of(written: str) -> str:
    """Name the dimension of a known code, as ``[length] / [time]``."""
    code = read_code(written)
    worth = _worth_of(code) if code else None
    if worth is None:
        return "a scale with a zero of its own, that stands alone"
    parts = [name if power == 1 else f"{name}^{power}" for name, power in worth.dimension]
    return " ".join(parts) or "a number"


def find_conversion(start: str, end: str) -> Conversion | None:
    """Find the conversion between two known codes.

    None where their dimensions differ, or where they are too far apart for the engines' digits.
    """
    first, second = read_code(start), read_code(end)
    if first is None or second is None:
        return None
    return _convert(first, second)


def conversions_to(end: str) -> dict[str, Conversion]:
    """Give the conversion from every code that a column may hold, by the code."""
    wanted = read_code(end)
    if wanted is None:
        return {}
    made: dict[str, Conversion] = {}
    for code, unit in _candidates(end, wanted):
        conversion = _convert(unit, wanted)
        if conversion is None:
            continue
        bare = code.removeprefix("unit:")
        for name in (bare, f"unit:{bare}") if "-" in bare or bare != code else (code,):
            if read_code(name) == unit:
                made[name] = conversion
    return made


def _candidates(end: str, wanted: Code) -> Iterator[tuple[str, Code]]:
    """Give every code that is looked for in a column, each as it may be written."""
    yield from simple_codes().items()
    yield from compounds_like(wanted, _are_alike)
    for code in (*_COMPOUNDS.split(), end):
        unit = read_code(code)
        if unit is not None:
            yield code, unit


@cache
def _registry() -> pint.UnitRegistry[Fraction]:
    # Few mappings convert units, and it takes a good part of a lift's start to load.
    registry: pint.UnitRegistry[Fraction] = import_module("pint").UnitRegistry(
        non_int_type=Fraction, on_redefinition="ignore", cache_folder=None
    )
    for definition in _ANGLES:
        registry.define(definition)
    return registry


@dataclass(frozen=True, slots=True)
class _Worth:
    """What a unit is worth in base units, where its zero is, and of what dimension it is."""

    factor: Fraction
    zero: Fraction
    dimension: tuple[tuple[str, int], ...]


@cache
def _worth(name: str) -> _Worth:
    registry = _registry()
    dimension = {part: int(str(power)) for part, power in registry.get_dimensionality(name).items()}
    base = registry.get_base_units(name)[1]
    zero, one = (Fraction(registry.convert(Fraction(n), name, base)) for n in (0, 1))
    return _Worth(one - zero, zero, tuple(sorted(dimension.items())))


@cache
def _worth_of(code: Code) -> _Worth | None:
    """Add up what the parts of a unit are worth; None for °C with others or with a prefix."""
    factor = code.factor
    dimension: dict[str, int] = {}
    for name, exponent in code.powers:
        part = _worth(name)
        if part.zero:
            is_alone = code.factor == 1 and code.powers == ((name, 1),)
            return part if is_alone else None
        factor *= part.factor**exponent
        for basis, power in part.dimension:
            dimension[basis] = dimension.get(basis, 0) + power * exponent
    kept = tuple(sorted((basis, power) for basis, power in dimension.items() if power))
    return _Worth(factor, Fraction(0), kept)


def _are_alike(first: Code, second: Code) -> bool:
    one, other = _worth_of(first), _worth_of(second)
    return one is not None and other is not None and one.dimension == other.dimension


@cache
def _convert(start: Code, end: Code) -> Conversion | None:
    one, other = _worth_of(start), _worth_of(end)
    if one is None or other is None or one.dimension != other.dimension:
        return None
    return _in_whole_numbers(one.factor / other.factor, (one.zero - other.zero) / other.factor)


def _in_whole_numbers(factor: Fraction, shift: Fraction) -> Conversion | None:
    divisor = _without_tens(math.lcm(factor.denominator, shift.denominator))
    a, b = factor * divisor, shift * divisor
    scale = max(_decimals(a.denominator), _decimals(b.denominator))
    whole, added = int(a * 10**scale), int(b * 10**scale)
    while whole % 10 == 0 and added % 10 == 0:
        whole, added, scale = whole // 10, added // 10, scale - 1
    if not _fits(whole, added, divisor):
        scale = _ROUGH_DIGITS - 1 - _magnitude(factor)
        whole, added = round(factor * Fraction(10) ** scale), round(shift * Fraction(10) ** scale)
        is_near = len(str(abs(added))) <= _DIGITS
        return Conversion(whole, added, scale, 1, is_exact=False) if is_near else None
    return Conversion(whole, added, scale, divisor, is_exact=True)


def _fits(whole: int, added: int, divisor: int) -> bool:
    sizes = [len(str(abs(number))) for number in (whole, added, divisor)]
    return max(sizes[:2]) <= _DIGITS and sizes[2] <= _DIVISOR_DIGITS


def _without_tens(number: int) -> int:
    for prime in (2, 5):
        while number % prime == 0:
            number //= prime
    return number


def _decimals(denominator: int) -> int:
    """Count the decimals of a fraction whose denominator has no primes but 2 and 5."""
    return next(count for count in itertools.count() if 10**count % denominator == 0)


def _magnitude(number: Fraction) -> int:
    """Give the power of ten of a number's first digit."""
    power = len(str(number.numerator)) - len(str(number.denominator))
    return power if number >= Fraction(10) ** power else power - 1
