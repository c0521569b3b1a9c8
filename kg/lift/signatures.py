"""What a function of a mapping is: its name, its parameters, and how its SQL is written."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sqlglot import exp

from kg.lift.mapping import FUNCTION_NAMESPACES

Place: TypeAlias = Callable[[exp.Expr], exp.Expr]
"""Makes an expression a column of the SELECT, so that what uses it twice makes it once."""

Build: TypeAlias = Callable[[dict[str, exp.Expr], Place], exp.Expr]
Kind: TypeAlias = Literal["text", "boolean", "list"]

# Where a parameter is described apart from its predicate, RML-FNML names it and FNML the predicate.
_PARAMETERS = {
    "valueParam": "valueParameter",
    "valueParam2": "valueParameter2",
    "param_find": "p_string_find",
    "param_replace": "p_string_replace",
    "param_string_sep": "p_string_sep",
    "param_string_sub": "string_sub",
    "param_string_pattern": "p_string_pattern",
    "param_a": "p_array_a",
    "param_b": "bool_b",
    "bool_array_b": "param_rep_b",
    "param_true": "any_true",
    "param_false": "any_false",
    "param_any_e": "p_any_e",
    "param_any_rep_e": "p_any_rep_e",
    "p_int_i_from": "param_int_i_from",
    "p_int_i_opt_to": "param_int_i_opt_to",
    "modeParam": "modeParameter",
    "_test": "p_test",
    "_from": "p_from",
    "_to": "p_to",
}
_OUTPUTS = {
    "text": "stringOut stringOutput _stringOut output_any o_any output_number o_number "
    "output_decimal o_decimal output_date o_date output_datetime o_datetime",
    "boolean": "output_bool o_bool _boolOut o_boolOut stringOut stringOutput _stringOut",
    "list": "output_array o_array _listOut listOut",
}


@dataclass(frozen=True, slots=True)
class Function:
    """One function; parameters go by their local names.

    ``fixed`` ones must be constants in the mapping, ``lists`` take what gives a list, ``numbers``
    may have the source's decimal mark. ``repeats`` can be given again and again. ``guards`` says
    which parameter counts only where another is true, or is not. A value that ``refuses`` names
    is one that makes nothing: its row is put aside with that code.
    """

    name: str
    parameters: tuple[str, ...]
    build: Build
    fixed: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    repeats: str = ""
    kind: Kind = "text"
    refuses: Literal["", "bad-time", "bad-number"] = ""
    guards: tuple[tuple[str, str, bool], ...] = ()
    other_names: tuple[tuple[str, str], ...] = ()

    @property
    def iri(self) -> str:
        """The function's name in full."""
        return full_name(self.name)

    def parameter(self, name: str) -> str:
        """Give the parameter's own name for one of its published names; "" if it has none."""
        name = dict(self.other_names).get(name, name)
        for known in (name, _PARAMETERS.get(name, ""), name.removeprefix("_")):
            if known in self.parameters:
                return known
        if self.repeats and re.fullmatch(rf"{self.repeats}[1-9]\d*", name):
            return name
        return ""

    def place_of(self, parameter: str) -> tuple[int, int]:
        """Say where a parameter stands among the others; repeated ones follow their numbers."""
        if parameter in self.parameters:
            return self.parameters.index(parameter), 0
        number = int(parameter.removeprefix(self.repeats))
        return self.parameters.index(self.repeats), number

    def gives(self, output: str) -> bool:
        """Tell whether an output is one that the function is described with."""
        return output in _OUTPUTS[self.kind].split()


def full_name(name: str) -> str:
    """Write a function's name with its namespace in full."""
    prefix, local = name.split(":", 1)
    return FUNCTION_NAMESPACES[prefix] + local


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


def is_true(value: exp.Expr) -> exp.Expr:
    """Write the test for a truth value as text; NULL is not true."""
    return exp.Coalesce(this=exp.EQ(this=value, expression=text("true")), expressions=[exp.false()])


def calling(name: str, *parameters: str) -> Build:
    """Give the builder that hands parameters on to an engine's function."""
    return lambda given, _: call(name, *(given[parameter] for parameter in parameters))


def whole(given: dict[str, exp.Expr], parameter: str) -> int:
    """Give a fixed parameter that was checked to be a whole number."""
    return int(given[parameter].name)


def _argument(value: exp.Expr | str | int) -> exp.Expr:
    if isinstance(value, exp.Expr):
        return value
    return exp.Literal.number(value) if isinstance(value, int) else exp.Literal.string(value)
