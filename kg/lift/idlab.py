"""IDLab's functions, as their description publishes them: prefix ``idlab-fn:``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from kg.lift.arithmetic import number_text
from kg.lift.signatures import Function, call, calling, is_true, join
from kg.lift.timepatterns import from_java

if TYPE_CHECKING:
    from kg.lift.signatures import Build, Place

_IS = ("valueParameter", "valueParameter2")
_IS_ALSO = (
    ("str", "valueParameter"),
    ("strtest", "valueParameter2"),
    ("str1", "valueParameter"),
    ("str2", "valueParameter2"),
)


def _equal(given: dict[str, exp.Expr], _: Place) -> exp.Expr:
    return exp.NullSafeEQ(this=given["valueParameter"], expression=given["valueParameter2"])


def _not_equal(given: dict[str, exp.Expr], _: Place) -> exp.Expr:
    return exp.NullSafeNEQ(this=given["valueParameter"], expression=given["valueParameter2"])


def _true_condition(given: dict[str, exp.Expr], _: Place) -> exp.Expr:
    return exp.Case().when(is_true(given["strBoolean"]), given["str"])


def _is_null(given: dict[str, exp.Expr], _: Place) -> exp.Expr:
    return exp.Is(this=given["str"], expression=exp.null())


def _decide(given: dict[str, exp.Expr], _: Place) -> exp.Expr:
    is_expected = exp.EQ(this=given["str"], expression=given["expectedStr"])
    return exp.Case().when(is_expected, given["result"])


def _concat(given: dict[str, exp.Expr], _: Place) -> exp.Expr:
    between = [given["delimiter"]] if "delimiter" in given else []
    return join([given["str"], *between, given["otherStr"]])


def _contains(given: dict[str, exp.Expr], _: Place) -> exp.Expr:
    return call("tr_has", call("tr_split", given["str"], given["delimiter"]), given["otherStr"])


def _in_range(given: dict[str, exp.Expr], place: Place) -> exp.Expr:
    numbers = {
        name: place(call("tr_real", number_text(value, place))) for name, value in given.items()
    }
    tests: list[exp.Expr] = [exp.Not(this=exp.Is(this=numbers["p_test"], expression=exp.null()))]
    if "p_from" in numbers:
        tests.append(exp.GTE(this=numbers["p_test"], expression=numbers["p_from"]))
    if "p_to" in numbers:
        tests.append(exp.LT(this=numbers["p_test"], expression=numbers["p_to"]))
    return exp.Coalesce(this=exp.paren(exp.and_(*tests)), expressions=[exp.false()])


def _moment(given: dict[str, exp.Expr], place: Place) -> exp.Expr:
    return place(call("tr_strptime", given["strDate"], from_java(given["pattern"].name)))


def _date(given: dict[str, exp.Expr], place: Place) -> exp.Expr:
    return call("tr_day_text", _moment(given, place))


def _date_time(given: dict[str, exp.Expr], place: Place) -> exp.Expr:
    return call("tr_local_text", _moment(given, place))


def _value(given: dict[str, exp.Expr], _: Place) -> exp.Expr:
    return given["str"]


def _of_date(name: str, build: Build, *more: str) -> Function:
    fixed = ("pattern", *more)
    return Function(f"idlab-fn:{name}", ("strDate", *fixed), build, fixed=fixed, refuses="bad-time")


_LOOKED_UP = ("str", "inputFile", "fromColumn", "toColumn")

FUNCTIONS = (
    Function("idlab-fn:equal", _IS, _equal, kind="boolean", other_names=_IS_ALSO),
    Function("idlab-fn:notEqual", _IS, _not_equal, kind="boolean", other_names=_IS_ALSO),
    Function("idlab-fn:isNull", ("str",), _is_null, kind="boolean"),
    Function(
        "idlab-fn:trueCondition",
        ("strBoolean", "str"),
        _true_condition,
        guards=(("str", "strBoolean", True),),
        other_names=(("strtest", "strBoolean"),),
    ),
    Function("idlab-fn:decide", ("str", "expectedStr", "result"), _decide),
    Function("idlab-fn:concat", ("str", "otherStr", "delimiter"), _concat, optional=("delimiter",)),
    Function(
        "idlab-fn:stringContainsOtherString",
        ("str", "otherStr", "delimiter"),
        _contains,
        fixed=("delimiter",),
        kind="boolean",
    ),
    Function(
        "idlab-fn:listContainsElement",
        ("list", "str"),
        calling("tr_has", "list", "str"),
        lists=("list",),
        kind="boolean",
    ),
    Function(
        "idlab-fn:inRange",
        ("p_test", "p_from", "p_to"),
        _in_range,
        optional=("p_from", "p_to"),
        numbers=("p_test", "p_from", "p_to"),
        kind="boolean",
    ),
    Function("idlab-fn:slugify", ("str",), calling("tr_slug", "str")),
    Function("idlab-fn:toUpperCaseURL", ("str",), calling("tr_upper_url", "str")),
    _of_date("normalizeDate", _date),
    _of_date("normalizeDateWithLang", _date, "lang"),
    _of_date("normalizeDateTime", _date_time),
    _of_date("normalizeDateTimeWithLang", _date_time, "lang"),
    Function("idlab-fn:lookup", _LOOKED_UP, _value, fixed=_LOOKED_UP[1:]),
    Function(
        "idlab-fn:lookupWithDelimiter",
        (*_LOOKED_UP, "delimiter"),
        _value,
        fixed=(*_LOOKED_UP[1:], "delimiter"),
    ),
)
"""The table of these functions."""
