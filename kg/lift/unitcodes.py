"""Codes of units, as UCUM (https://ucum.org/ucum) and QUDT (https://qudt.org) write them.

Here are names alone: what a unit is worth says `kg.lift.conversion`, by way of Pint.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

QUDT = "http://qudt.org/vocab/unit/"
"""Where QUDT's units are; ``unit:`` stands for it."""

_QUDT_START = re.compile(r"(?:unit:|https?://qudt\.org/vocab/unit/)")

# UCUM's letter, QUDT's name, and the power of ten of the prefixes.
_PREFIX_TABLE = """
Y Yotta 24, Z Zetta 21, E Exa 18, P Peta 15, T Tera 12, G Giga 9, M Mega 6, k Kilo 3, h Hecto 2,
da Deka 1, d Deci -1, c Centi -2, m Milli -3, u Micro -6, n Nano -9, p Pico -12, f Femto -15,
a Atto -18, z Zepto -21, y Yocto -24
"""
_PREFIXES = [row.split() for row in _PREFIX_TABLE.replace("\n", " ").split(",")]

# Pint's name, UCUM's code and QUDT's code ("-": it has none).
_METRIC = """
meter m M, gram g GM, second s SEC, kelvin K K, mole mol MOL, ampere A A, candela cd CD,
plane_radian rad RAD, hertz Hz HZ, newton N N, pascal Pa PA, joule J J, watt W W, volt V V,
ohm Ohm OHM, farad F FARAD, henry H H, coulomb C C, siemens S S, weber Wb WB, tesla T T,
liter L L, liter l -, bar bar BAR, metric_ton t TONNE, force_gram gf GM_F, dyne dyn DYN,
calorie cal CAL_TH, international_calorie cal_IT CAL_IT, electron_volt eV EV, erg erg ERG,
poise P POISE, stokes St STOKES, meter_H2O m[H2O] M_H2O, meter_Hg m[Hg] M_HG, are ar ARE,
volt_ampere - V-A
"""
_OTHER = """
inch [in_i] IN, foot [ft_i] FT, yard [yd_i] YD, mile [mi_i] MI, nautical_mile [nmi_i] MI_N,
thou [mil_i] MIL_Length, angstrom Ao ANGSTROM, pound [lb_av] LB, ounce [oz_av] OZ,
grain [gr] GRAIN, short_ton [ston_av] TON_SHORT, long_ton [lton_av] TON_LONG, slug - SLUG,
minute min MIN, hour h HR, day d DAY, week wk WK, year a YR, degree_Celsius Cel DEG_C,
degree_Fahrenheit [degF] DEG_F, degree_Rankine [degR] DEG_R, plane_degree deg DEG,
plane_minute ' ARCMIN, plane_second '' ARCSEC, plane_grade gon GON, plane_turn circ REV,
force_pound [lbf_av] LB_F, pound_force_per_square_inch [psi] PSI, atmosphere atm ATM,
technical_atmosphere att ATM_T, torr - TORR, inch_Hg [in_i'Hg] IN_HG, inch_H2O [in_i'H2O] IN_H2O,
international_british_thermal_unit [Btu_IT] BTU_IT, british_thermal_unit [Btu_th] BTU_TH,
horsepower [HP] HP, metric_horsepower - HP_Metric, hectare har HA, gallon [gal_us] GAL_US,
imperial_gallon [gal_br] GAL_UK, US_liquid_quart [qt_us] QT_US, US_pint [pt_us] PINT_US,
fluid_ounce [foz_us] OZ_VOL_US, oil_barrel [bbl_us] BBL_US_PET, knot [kn_i] KN,
percent % PERCENT, permille [ppth] PPTH, permille - PERMILLE, ppm [ppm] PPM, count - UNITLESS,
count - NUM
"""


@dataclass(frozen=True, slots=True)
class Code:
    """A unit as a number times powers of Pint's units."""

    factor: Fraction
    powers: tuple[tuple[str, int], ...]


def _rows(table: str) -> list[list[str]]:
    return [row.split() for row in table.replace("\n", " ").split(",")]


@cache
def _codes(column: int) -> dict[str, tuple[int, str]]:
    """Give every code with its prefix's power of ten and Pint's name; the plain ones win."""
    found = {row[column]: (0, row[0]) for row in _rows(_METRIC + "," + _OTHER)}
    for row in _rows(_METRIC):
        for prefix in _PREFIXES:
            code = prefix[column - 1] + row[column]
            found.setdefault(code, (int(prefix[2]), row[0]))
    return {code: made for code, made in found.items() if not code.endswith("-")}


@cache
def _usual(column: int) -> dict[str, tuple[int, str]]:
    prefixes = {prefix[column - 1] for prefix in _PREFIXES if prefix[0] in _USUAL_PREFIXES}
    metric = {row[column] for row in _rows(_METRIC)}
    plain = {row[column] for row in _rows(_METRIC + "," + _OTHER)}
    prefixed = {prefix + code for prefix in prefixes for code in metric}
    return {code: unit for code, unit in _codes(column).items() if code in plain | prefixed}


_UCUM, _QUDT = 1, 2  # the columns of the tables
_USUAL_PREFIXES = frozenset("Mkdcmu")
_NO_UNIT = "count"
_UCUM_TOKEN = re.compile(
    r"(?P<mark>[./()])|(?P<note>\{[^{}]*\})|(?P<unit>(?:\[[^\]]*\]|[^./(){}])+)"
)
_EXPONENT = re.compile(r"(.*?[^0-9+-])([+-]?[0-9]+)?", re.DOTALL)


def read_code(written: str) -> Code | None:
    """Read a code of UCUM, or of QUDT (by its name, ``unit:`` or its IRI); None if it is neither.

    What is both is UCUM's: QUDT's pascal is ``unit:PA``, and PA is a petaampere.
    """
    named = _QUDT_START.match(written)
    if named:
        return _read_qudt(written[named.end() :])
    return _read_ucum(written) or _read_qudt(written)


def plain_codes() -> list[str]:
    """Give the codes that a prefix may stand before, and those that stand alone."""
    rows = _rows(_METRIC + "," + _OTHER)
    return [code for row in rows for code in row[1:] if code != "-"]


def simple_codes() -> dict[str, Code]:
    """Give all codes of one unit with or without a prefix; QUDT's with ``unit:`` and without."""
    made = {code: _power(unit, 1) for code, unit in _codes(_UCUM).items()}
    for code, unit in _codes(_QUDT).items():
        made[f"unit:{code}"] = _power(unit, 1)
        made.setdefault(code, _power(unit, 1))
    return made


def compounds_like(
    code: Code, has_dimension: Callable[[Code, Code], bool]
) -> Iterator[tuple[str, Code]]:
    """Give compounds built like a unit of two parts, of all units that usually stand in one."""
    if len(code.powers) != 2:
        return
    parts = sorted(code.powers, key=lambda power: -power[1])
    for units, join in ((_usual(_UCUM), _join_ucum), (_usual(_QUDT), _join_qudt)):
        sides = [list(_alternatives(part, units, has_dimension)) for part in parts]
        for first, second in product(*sides):
            written = join([(first, parts[0][1]), (second, parts[1][1])])
            made = read_code(written)
            if made is not None:
                yield written, made


def _alternatives(
    part: tuple[str, int],
    units: dict[str, tuple[int, str]],
    has_dimension: Callable[[Code, Code], bool],
) -> Iterator[str]:
    size = abs(part[1])
    wanted = _power((0, part[0]), size)
    for code, unit in units.items():
        for exponent in {1, size}:
            if has_dimension(_power(unit, exponent), wanted):
                yield f"{code}{exponent}" if exponent > 1 else code


def _join_ucum(parts: list[tuple[str, int]]) -> str:
    marks = ["" if parts[0][1] > 0 else "/", "." if parts[1][1] > 0 else "/"]
    return "".join(mark + code for mark, (code, _) in zip(marks, parts, strict=True))


def _join_qudt(parts: list[tuple[str, int]]) -> str:
    marks = ["unit:" if parts[0][1] > 0 else "unit:PER-"]
    marks.append("-PER-" if parts[0][1] > 0 > parts[1][1] else "-")
    return "".join(mark + code for mark, (code, _) in zip(marks, parts, strict=True))


def _read_ucum(written: str) -> Code | None:
    tokens = [(match.lastgroup, match.group()) for match in _UCUM_TOKEN.finditer(written)]
    if not written or "".join(text for _, text in tokens) != written:
        return None
    made, rest = _term(tokens)
    return None if rest else made


def _term(tokens: list[tuple[str | None, str]]) -> tuple[Code | None, list[tuple[str | None, str]]]:
    """Read components from left to right: ``/`` divides by the next one alone (UCUM, §7)."""
    made: Code | None = None
    sign = 1
    if tokens and tokens[0][1] == "/":
        made, sign, tokens = Code(Fraction(1), ()), -1, tokens[1:]
    while True:
        component, tokens = _component(tokens)
        if component is None:
            return None, tokens
        made = _times(made or Code(Fraction(1), ()), component, sign)
        if not tokens or tokens[0][1] not in {".", "/"}:
            return made, tokens
        sign, tokens = (1 if tokens[0][1] == "." else -1), tokens[1:]


def _component(
    tokens: list[tuple[str | None, str]],
) -> tuple[Code | None, list[tuple[str | None, str]]]:
    if not tokens:
        return None, tokens
    (kind, text), rest = tokens[0], tokens[1:]
    if text == "(":
        made, rest = _term(rest)
        is_closed = bool(rest) and rest[0][1] == ")"
        return (made, rest[1:]) if is_closed else (None, rest)
    if kind == "note":
        return Code(Fraction(1), ()), rest
    made = _annotatable(text) if kind == "unit" else None
    if rest and rest[0][0] == "note":
        rest = rest[1:]
    return made, rest


def _annotatable(text: str) -> Code | None:
    if re.fullmatch(r"[1-9][0-9]*", text):
        return Code(Fraction(int(text)), ())
    if text in _codes(_UCUM):
        return _power(_codes(_UCUM)[text], 1)
    parts = _EXPONENT.fullmatch(text)
    if parts is None or parts.group(1) not in _codes(_UCUM):
        return None
    return _power(_codes(_UCUM)[parts.group(1)], int(parts.group(2) or 1))


def _read_qudt(written: str) -> Code | None:
    """Read what QUDT names after its parts: ``KiloGM-PER-M3``; after PER all parts divide."""
    if written in _codes(_QUDT):
        return _power(_codes(_QUDT)[written], 1)
    made = Code(Fraction(1), ())
    sign = 1
    for part in written.split("-"):
        if part == "PER" and sign == 1:
            sign = -1
            continue
        parts = re.fullmatch(r"(.*?[^0-9])([2-9])?", part)
        if parts is None or parts.group(1) not in _codes(_QUDT):
            return None
        made = _times(made, _power(_codes(_QUDT)[parts.group(1)], int(parts.group(2) or 1)), sign)
    return None if written.endswith("PER") else made


def _power(unit: tuple[int, str], exponent: int) -> Code:
    power, name = unit
    powers = ((name, exponent),) if name != _NO_UNIT else ()
    return Code(Fraction(10) ** (power * exponent), powers)


def _times(first: Code, second: Code, sign: int) -> Code:
    powers = dict(first.powers)
    for name, exponent in second.powers:
        powers[name] = powers.get(name, 0) + sign * exponent
    kept = tuple(sorted((name, exponent) for name, exponent in powers.items() if exponent))
    return Code(first.factor * second.factor**sign, kept)
