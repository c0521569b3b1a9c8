"""The functions a mapping may call (RML-FNML): names, parameters, and their relational form.

The published names of GREL and the IDLab functions are used where they exist, ``trf:`` elsewhere.
A function of an empty value is empty, but for those that ask about or replace emptiness.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from sqlglot import exp

from kg.lift.mapping import FUNCTION_NAMESPACES

Build: TypeAlias = Callable[[dict[str, exp.Expr]], exp.Expr]


@dataclass(frozen=True, slots=True)
class Function:
    """One function: parameters by local name; ``fixed`` ones must be constants in the mapping."""

    name: str
    parameters: tuple[str, ...]
    build: Build
    fixed: tuple[str, ...] = ()
    repeats: str = ""
    is_boolean: bool = False
    other_names: tuple[tuple[str, str], ...] = ()

    def parameter(self, name: str) -> str:
        """Give the parameter's own name for one of its published names; "" if it has none."""
        name = dict(self.other_names).get(name, name)
        if name in self.parameters:
            return name
        if self.repeats and re.fullmatch(rf"{self.repeats}[1-9]\d*", name):
            return name
        return ""


def call(name: str, *arguments: exp.Expr | str | int) -> exp.Expr:
    """Write a call of one of the engine's ``tr_`` functions; Python values become literals."""
    return exp.Anonymous(this=name, expressions=[_argument(value) for value in arguments])


def text(value: str) -> exp.Expr:
    """Write a text literal."""
    return exp.Literal.string(value)


def join(parts: list[exp.Expr]) -> exp.Expr:
    """Write the parts one after another; NULL if any of them is."""
    joined = parts[0]
    for part in parts[1:]:
        joined = exp.DPipe(this=joined, expression=part)
    return joined


def _argument(value: exp.Expr | str | int) -> exp.Expr:
    if isinstance(value, exp.Expr):
        return value
    return exp.Literal.number(value) if isinstance(value, int) else exp.Literal.string(value)


def _calling(name: str, *parameters: str) -> Build:
    return lambda given: call(name, *(given[parameter] for parameter in parameters))


def _upper(given: dict[str, exp.Expr]) -> exp.Expr:
    return exp.Upper(this=given["valueParameter"])


def _lower(given: dict[str, exp.Expr]) -> exp.Expr:
    return exp.Lower(this=given["valueParameter"])


def _equal(given: dict[str, exp.Expr]) -> exp.Expr:
    return exp.NullSafeEQ(this=given["valueParameter"], expression=given["valueParameter2"])


def _not_equal(given: dict[str, exp.Expr]) -> exp.Expr:
    return exp.NullSafeNEQ(this=given["valueParameter"], expression=given["valueParameter2"])


def _true_condition(given: dict[str, exp.Expr]) -> exp.Expr:
    is_true = exp.EQ(this=given["strBoolean"], expression=text("true"))
    return exp.Case().when(is_true, given["str"])


def _is_null(given: dict[str, exp.Expr]) -> exp.Expr:
    return exp.Is(this=given["value"], expression=exp.null())


def _not_null(given: dict[str, exp.Expr]) -> exp.Expr:
    return exp.Not(this=_is_null(given))


def _first_of(given: dict[str, exp.Expr]) -> exp.Expr:
    first, *others = given.values()
    return exp.Coalesce(this=first, expressions=others)


def _split_part(given: dict[str, exp.Expr]) -> exp.Expr:
    index = exp.cast(given["index"], exp.DataType.Type.INT)
    return call("tr_split_part", given["value"], given["separator"], index)


def _value(given: dict[str, exp.Expr]) -> exp.Expr:
    return given["value"]


_IS = ("valueParameter", "valueParameter2")
_IS_ALSO = (("str", "valueParameter"), ("strtest", "valueParameter2"))
_GREL_ALSO = (("value", "valueParameter"),)

LOOKUP = FUNCTION_NAMESPACES["trf"] + "lookup"
TEMPLATE = FUNCTION_NAMESPACES["trf"] + "template"
MULTIPLY = FUNCTION_NAMESPACES["trf"] + "multiply"

_TABLE = (
    Function(
        "grel:string_trim",
        ("valueParameter",),
        _calling("tr_clean", "valueParameter"),
        other_names=_GREL_ALSO,
    ),
    Function("grel:toUpperCase", ("valueParameter",), _upper, other_names=_GREL_ALSO),
    Function("grel:toLowerCase", ("valueParameter",), _lower, other_names=_GREL_ALSO),
    Function(
        "grel:string_replace",
        ("valueParameter", "p_string_find", "p_string_replace"),
        _calling("tr_replace", "valueParameter", "p_string_find", "p_string_replace"),
        other_names=_GREL_ALSO,
    ),
    Function("idlab-fn:equal", _IS, _equal, is_boolean=True, other_names=_IS_ALSO),
    Function("idlab-fn:notEqual", _IS, _not_equal, is_boolean=True, other_names=_IS_ALSO),
    Function(
        "idlab-fn:trueCondition",
        ("strBoolean", "str"),
        _true_condition,
        other_names=(("strtest", "strBoolean"),),
    ),
    Function("trf:stripLeadingZeros", ("value",), _calling("tr_strip_zeros", "value")),
    Function(
        "trf:stripPrefix", ("value", "prefix"), _calling("tr_strip_prefix", "value", "prefix")
    ),
    Function("trf:splitPart", ("value", "separator", "index"), _split_part, fixed=("index",)),
    Function("trf:lookup", ("value", "table"), _value, fixed=("table",)),
    Function("trf:concat", ("value",), lambda given: join(list(given.values())), repeats="value"),
    Function("trf:isNull", ("value",), _is_null, is_boolean=True),
    Function("trf:notNull", ("value",), _not_null, is_boolean=True),
    Function("trf:firstOf", ("value",), _first_of, repeats="value"),
    Function(
        "trf:matches",
        ("value", "pattern"),
        _calling("tr_matches", "value", "pattern"),
        fixed=("pattern",),
        is_boolean=True,
    ),
    Function(
        "trf:extract",
        ("value", "pattern"),
        _calling("tr_extract", "value", "pattern"),
        fixed=("pattern",),
    ),
    Function("trf:template", ("value",), _value),
    Function(
        "trf:multiply",
        ("value", "factor"),
        _calling("tr_multiply", "value", "factor"),
    ),
)

_ALIASES = {
    "http://example.com/idlab/function/": FUNCTION_NAMESPACES["idlab-fn"],
    "http://semweb.datasciencelab.be/ns/idlab/function/": FUNCTION_NAMESPACES["idlab-fn"],
}


def _full_name(name: str) -> str:
    prefix, local = name.split(":", 1)
    return FUNCTION_NAMESPACES[prefix] + local


FUNCTIONS = {_full_name(function.name): function for function in _TABLE}
"""Every function by its IRI."""


def find_function(iri: str) -> Function | None:
    """Find a function by its IRI; older namespaces of the same functions are known too."""
    for old, new in _ALIASES.items():
        iri = iri.replace(old, new, 1) if iri.startswith(old) else iri
    return FUNCTIONS.get(iri)


def check_fixed(function: Function, name: str, value: str) -> str:
    """Say what is wrong with a constant parameter; "" if nothing is."""
    if name == "index" and not re.fullmatch(r"[1-9]\d*", value):
        return f"index {value!r} is no number from 1 on"
    if name == "pattern":
        try:
            groups = re.compile(value).groups
        except re.error as error:
            return f"pattern {value!r} is no regular expression: {error}"
        if function.name == "trf:extract" and groups < 1:
            return f"pattern {value!r} has no group (…) to extract"
    return ""
