"""The functions a mapping may call (RML-FNML), by name; their tables are in modules of their own.

The published names of GREL and the IDLab functions are used where they exist, ``trf:`` elsewhere.
A function of an empty value is empty, but for those that ask about or replace emptiness.
`mappings/FUNCTIONS.md` shows them all.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from kg.lift import conversion, grel, idlab, trf
from kg.lift.mapping import FUNCTION_NAMESPACES
from kg.lift.signatures import call, full_name, join, text
from kg.lift.timepatterns import FORMS, check_strptime, from_java

if TYPE_CHECKING:
    from collections.abc import Callable

    from kg.lift.signatures import Function

__all__ = ["FUNCTIONS", "call", "check_fixed", "find_function", "join", "near_functions", "text"]

TEMPLATE = full_name("trf:template")
TRUE_CONDITION = full_name("idlab-fn:trueCondition")
FILE_LOOKUPS = frozenset({"idlab-fn:lookup", "idlab-fn:lookupWithDelimiter"})

FUNCTIONS = {
    function.iri: function for function in (*grel.FUNCTIONS, *idlab.FUNCTIONS, *trf.FUNCTIONS)
}
"""Every function by its IRI."""

_ALIASES = {
    "http://example.com/idlab/function/": FUNCTION_NAMESPACES["idlab-fn"],
    "http://semweb.datasciencelab.be/ns/idlab/function/": FUNCTION_NAMESPACES["idlab-fn"],
}
_MISSPELT = {  # so in the examples of RML-FNML itself
    full_name("grel:toUppercase"): full_name("grel:toUpperCase"),
    full_name("grel:toLowercase"): full_name("grel:toLowerCase"),
}


def find_function(iri: str) -> Function | None:
    """Find a function by its IRI; older namespaces of the same functions are known too."""
    for old, new in _ALIASES.items():
        iri = iri.replace(old, new, 1) if iri.startswith(old) else iri
    return FUNCTIONS.get(_MISSPELT.get(iri, iri))


def near_functions(iri: str) -> str:
    """Name the functions whose names are near to one that is none, or all there are."""
    local = re.split(r"[/#]", iri)[-1]
    names: dict[str, list[str]] = {}
    for function in FUNCTIONS.values():
        names.setdefault(function.name.split(":")[1].lower(), []).append(function.name)
    found = difflib.get_close_matches(local.lower(), names, 3, 0.5)
    near = [name for key in found for name in names[key]]
    known = sorted(function.name for function in FUNCTIONS.values())
    return f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(known)}"


def check_fixed(function: Function, name: str, value: str) -> str:
    """Say what is wrong with a constant parameter; "" if nothing is."""
    check = _CHECKS.get((function.name, name)) or _CHECKS.get(("", name))
    return check(value) if check is not None else ""


def _matching(pattern: str, message: str) -> Callable[[str], str]:
    return lambda value: "" if re.fullmatch(pattern, value) else f"{value!r} {message}"


def _check_expression(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        return f"pattern {value!r} is no regular expression: {error}"
    found = re.search(r"\(\?(?:<?[=!]|P=)|\\[1-9]", value)
    return f"pattern {value!r}: RE2 has no {found.group()}" if found else ""


def _check_extracted(value: str) -> str:
    wrong = _check_expression(value)
    if not wrong and re.compile(value).groups < 1:
        return f"pattern {value!r} has no group (…) to extract"
    return wrong


def _check_time(value: str) -> str:
    return "" if value in FORMS else check_strptime(value)


def _check_day(value: str) -> str:
    if "%z" in value:
        return f"pattern {value!r}: a day has no %z; use trf:parseTime"
    return "" if value == "iso" else check_strptime(value)


def _check_java(value: str) -> str:
    try:
        from_java(value)
    except ValueError as error:
        return str(error)
    return ""


def _check_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = difflib.get_close_matches(value, sorted(available_timezones()), 2, 0.6)
        hint = f"did you mean {', '.join(near)}?" if near else "write such as Europe/Stockholm"
        return f"there is no time zone {value!r}: {hint}"
    return ""


def _check_unit(value: str) -> str:
    if conversion.is_unit(value):
        return ""
    return f"there is no unit {value!r}: {conversion.unknown_unit(value)}"


_IS_WHOLE = _matching(r"-?\d{1,9}", "is no whole number")
_CHECKS: dict[tuple[str, str], Callable[[str], str]] = {
    ("", "index"): _matching(r"[1-9]\d{0,8}", "is no index, a number from 1 on"),
    ("", "param_int_i_from"): _IS_WHOLE,
    ("", "param_int_i_opt_to"): _IS_WHOLE,
    ("", "fromColumn"): _matching(r"\d{1,4}", "is no column's number from 0 on"),
    ("", "toColumn"): _matching(r"\d{1,4}", "is no column's number from 0 on"),
    ("", "delimiter"): _matching(r"(?s).+", "is empty"),
    ("idlab-fn:lookupWithDelimiter", "delimiter"): _matching(r"(?s).", "is not one character"),
    ("grel:string_split", "p_string_sep"): _matching(r"(?s).+", "is empty"),
    ("", "modeParameter"): _matching("url", "is no mode here; there is url"),
    ("", "mark"): _matching(r"[.,]", "is no decimal mark: write . or ,"),
    ("", "lang"): _matching(r"en(?:-\w+)?", "is no language whose months are known: write en"),
    ("trf:matches", "pattern"): _check_expression,
    ("trf:extract", "pattern"): _check_extracted,
    ("trf:parseTime", "pattern"): _check_time,
    ("trf:parseDate", "pattern"): _check_day,
    ("", "pattern"): _check_java,
    ("", "p_string_pattern"): _check_java,
    ("", "zone"): _check_zone,
    ("", "to"): _check_unit,
}
