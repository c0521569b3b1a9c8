"""GREL's functions, as their description publishes them: prefix ``grel:``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from kg.lift.arithmetic import number_text
from kg.lift.signatures import Function, call, calling, is_true, whole
from kg.lift.timepatterns import from_java

if TYPE_CHECKING:
    from kg.lift.signatures import Build, Place

_VALUE = "valueParameter"
_ALSO = (("value", _VALUE),)
_NO_END = 2_147_483_647


def _upper(given: dict[str, exp.Expr], _: Place) -> exp.Expr:
    return exp.Upper(this=given[_VALUE])


def _lower(given: dict[str, exp.Expr], _: Place) -> exp.Expr:
    return exp.Lower(this=given[_VALUE])


def _substring(given: dict[str, exp.Expr], _: Place) -> exp.Expr:
    start = whole(given, "param_int_i_from")
    end = whole(given, "param_int_i_opt_to") if "param_int_i_opt_to" in given else _NO_END
    return call("tr_substring", given[_VALUE], start, end)


def _part(given: dict[str, exp.Expr], _: Place) -> exp.Expr:
    number = whole(given, "param_int_i_from")
    return call("tr_part_of", given["p_array_a"], number + 1 if number >= 0 else number)


def _all_of(given: dict[str, exp.Expr], _: Place) -> exp.Expr:
    return exp.and_(*map(is_true, given.values()))


def _any_of(given: dict[str, exp.Expr], _: Place) -> exp.Expr:
    return exp.or_(*map(is_true, given.values()))


def _odd_of(given: dict[str, exp.Expr], _: Place) -> exp.Expr:
    first, *others = map(is_true, given.values())
    for other in others:
        first = exp.NEQ(this=exp.paren(first), expression=exp.paren(other))
    return first


def _not(given: dict[str, exp.Expr], _: Place) -> exp.Expr:
    return exp.Not(this=is_true(given["bool_b"]))


def _if(given: dict[str, exp.Expr], _: Place) -> exp.Expr:
    case = exp.Case().when(is_true(given["bool_b"]), given["any_true"])
    return case.else_(given["any_false"]) if "any_false" in given else case


def first_of(given: dict[str, exp.Expr], _: Place) -> exp.Expr:
    """Write the first value that there is."""
    first, *others = given.values()
    return exp.Coalesce(this=first, expressions=others)


def _date(given: dict[str, exp.Expr], place: Place) -> exp.Expr:
    pattern = from_java(given["p_string_pattern"].name)
    moment = place(call("tr_strptime", given[_VALUE], pattern))
    return call("tr_day_text", moment)


def _number(given: dict[str, exp.Expr], place: Place) -> exp.Expr:
    return number_text(given["p_any_e"], place)


def _of_value(name: str, build: Build) -> Function:
    return Function(f"grel:{name}", (_VALUE,), build, other_names=_ALSO)


def _of_part(name: str, engine_name: str) -> Function:
    build = calling(engine_name, _VALUE, "string_sub")
    return Function(
        f"grel:string_{name}", (_VALUE, "string_sub"), build, kind="boolean", other_names=_ALSO
    )


def _of_truths(name: str, build: Build) -> Function:
    return Function(
        f"grel:boolean_{name}", ("param_rep_b",), build, repeats="param_rep_b", kind="boolean"
    )


FUNCTIONS = (
    _of_value("string_trim", calling("tr_clean", _VALUE)),
    _of_value("toUpperCase", _upper),
    _of_value("toLowerCase", _lower),
    _of_value("string_length", calling("tr_length", _VALUE)),
    _of_value("string_md5", calling("md5", _VALUE)),
    _of_value("string_sha1", calling("sha1", _VALUE)),
    _of_part("contains", "tr_contains"),
    _of_part("startsWith", "tr_starts_with"),
    _of_part("endsWith", "tr_ends_with"),
    Function(
        "grel:string_substring",
        (_VALUE, "param_int_i_from", "param_int_i_opt_to"),
        _substring,
        fixed=("param_int_i_from", "param_int_i_opt_to"),
        optional=("param_int_i_opt_to",),
        other_names=_ALSO,
    ),
    Function(
        "grel:string_chomp",
        (_VALUE, "p_string_sep"),
        calling("tr_chomp", _VALUE, "p_string_sep"),
        other_names=_ALSO,
    ),
    Function(
        "grel:string_replace",
        (_VALUE, "p_string_find", "p_string_replace"),
        calling("tr_replace", _VALUE, "p_string_find", "p_string_replace"),
        other_names=_ALSO,
    ),
    Function(
        "grel:string_replaceChars",
        (_VALUE, "p_string_find", "p_string_replace"),
        calling("tr_translate", _VALUE, "p_string_find", "p_string_replace"),
        fixed=("p_string_find", "p_string_replace"),
        other_names=_ALSO,
    ),
    Function(
        "grel:escape",
        (_VALUE, "modeParameter"),
        calling("tr_uri_safe", _VALUE),
        fixed=("modeParameter",),
        other_names=_ALSO,
    ),
    Function(
        "grel:string_split",
        (_VALUE, "p_string_sep"),
        calling("tr_split", _VALUE, "p_string_sep"),
        fixed=("p_string_sep",),
        kind="list",
        other_names=_ALSO,
    ),
    Function(
        "grel:array_get",
        ("p_array_a", "param_int_i_from"),
        _part,
        fixed=("param_int_i_from",),
        lists=("p_array_a",),
    ),
    Function(
        "grel:array_join",
        ("p_array_a", "p_string_sep"),
        calling("tr_join", "p_array_a", "p_string_sep"),
        lists=("p_array_a",),
    ),
    Function(
        "grel:array_length",
        ("p_array_a",),
        calling("tr_count", "p_array_a"),
        lists=("p_array_a",),
    ),
    _of_truths("and", _all_of),
    _of_truths("or", _any_of),
    _of_truths("xor", _odd_of),
    Function("grel:boolean_not", ("bool_b",), _not, kind="boolean"),
    Function(
        "grel:controls_if",
        ("bool_b", "any_true", "any_false"),
        _if,
        optional=("any_false",),
        guards=(("any_true", "bool_b", True), ("any_false", "bool_b", False)),
    ),
    Function("grel:other_coalesce", ("p_any_rep_e",), first_of, repeats="p_any_rep_e"),
    Function(
        "grel:string_toNumber", ("p_any_e",), _number, numbers=("p_any_e",), refuses="bad-number"
    ),
    Function(
        "grel:date_toDate",
        (_VALUE, "p_string_pattern"),
        _date,
        fixed=("p_string_pattern",),
        refuses="bad-time",
        other_names=_ALSO,
    ),
)
"""The table of these functions."""
