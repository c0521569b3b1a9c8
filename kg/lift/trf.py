"""Traveler's own functions, for what has no published name: prefix ``trf:``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from kg.lift.arithmetic import grouped_text, number_text, product
from kg.lift.grel import first_of
from kg.lift.preparation import time_text
from kg.lift.signatures import Function, call, calling, join, whole

if TYPE_CHECKING:
    from kg.lift.signatures import Place


def _split_part(given: dict[str, exp.Expr], _: Place) -> exp.Expr:
    return call("tr_split_part", given["value"], given["separator"], whole(given, "index"))


def _value(given: dict[str, exp.Expr], _: Place) -> exp.Expr:
    return given["value"]


def _concat(given: dict[str, exp.Expr], _: Place) -> exp.Expr:
    return join(list(given.values()))


def _is_null(given: dict[str, exp.Expr], _: Place) -> exp.Expr:
    return exp.Is(this=given["value"], expression=exp.null())


def _not_null(given: dict[str, exp.Expr], _: Place) -> exp.Expr:
    return exp.Not(this=_is_null(given, _))


def _null_if(given: dict[str, exp.Expr], place: Place) -> exp.Expr:
    value = place(given["value"])
    words = [word for name, word in given.items() if name != "value"]
    is_word = exp.or_(*(exp.EQ(this=value.copy(), expression=word) for word in words))
    return exp.Case().when(exp.Not(this=exp.paren(is_word)), value)


def _multiply(given: dict[str, exp.Expr], place: Place) -> exp.Expr:
    value, factor = (number_text(given[name], place) for name in ("value", "factor"))
    return product(value, factor, place)


def _decimal(given: dict[str, exp.Expr], place: Place) -> exp.Expr:
    return grouped_text(given["value"], given["mark"], place)


def _time(given: dict[str, exp.Expr], place: Place) -> exp.Expr:
    form, zone = given["pattern"].name, given["zone"].name
    return time_text(given["value"], form, zone, lambda _, made: place(made))


def _date(given: dict[str, exp.Expr], place: Place) -> exp.Expr:
    form = given["pattern"].name
    if form == "iso":
        return time_text(given["value"], "date", "UTC", lambda _, made: place(made))
    return call("tr_day_text", place(call("tr_strptime", given["value"], form)))


FUNCTIONS = (
    Function("trf:stripLeadingZeros", ("value",), calling("tr_strip_zeros", "value")),
    Function("trf:stripPrefix", ("value", "prefix"), calling("tr_strip_prefix", "value", "prefix")),
    Function("trf:splitPart", ("value", "separator", "index"), _split_part, fixed=("index",)),
    Function("trf:lookup", ("value", "table"), _value, fixed=("table",)),
    Function("trf:concat", ("value",), _concat, repeats="value"),
    Function("trf:isNull", ("value",), _is_null, kind="boolean"),
    Function("trf:notNull", ("value",), _not_null, kind="boolean"),
    Function("trf:firstOf", ("value",), first_of, repeats="value"),
    Function("trf:nullIf", ("value", "null"), _null_if, repeats="null"),
    Function(
        "trf:matches",
        ("value", "pattern"),
        calling("tr_matches", "value", "pattern"),
        fixed=("pattern",),
        kind="boolean",
    ),
    Function(
        "trf:extract",
        ("value", "pattern"),
        calling("tr_extract", "value", "pattern"),
        fixed=("pattern",),
    ),
    Function("trf:template", ("value",), _value),
    Function(
        "trf:multiply",
        ("value", "factor"),
        _multiply,
        numbers=("value", "factor"),
        refuses="bad-number",
    ),
    Function(
        "trf:parseDecimal",
        ("value", "mark"),
        _decimal,
        fixed=("mark",),
        optional=("mark",),
        refuses="bad-number",
    ),
    Function(
        "trf:parseTime",
        ("value", "pattern", "zone"),
        _time,
        fixed=("pattern", "zone"),
        optional=("zone",),
        refuses="bad-time",
    ),
    Function(
        "trf:parseDate",
        ("value", "pattern"),
        _date,
        fixed=("pattern",),
        refuses="bad-time",
    ),
    Function(
        "trf:convertUnit",
        ("value", "from", "to"),
        _value,
        fixed=("to",),
        numbers=("value",),
    ),
)
"""The table of these functions."""
