"""Reckoning with decimals that are text, in whole numbers of 38 digits, step by step.

Every step becomes a column, for the engines write a function's text out wherever it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lift.signatures import call

if TYPE_CHECKING:
    from sqlglot import exp

    from kg.lift.signatures import Place


def number_text(value: exp.Expr, place: Place) -> exp.Expr:
    """Write a number as a plain decimal, also one with an exponent; NULL for what is none."""
    return place(call("tr_decimal", place(call("tr_plain_text", value))))


def grouped_text(value: exp.Expr, mark: exp.Expr, place: Place) -> exp.Expr:
    """Write a number with a decimal mark and perhaps with groups of digits as a plain decimal."""
    signed = place(call("tr_signed", value))
    ungrouped = place(call("tr_ungrouped", signed, mark))
    return call("tr_decimal", place(call("tr_marked", ungrouped, mark)))


def product(first: exp.Expr, second: exp.Expr, place: Place) -> exp.Expr:
    """Multiply two plain decimals exactly."""
    whole = [place(call("tr_whole", number)) for number in (first, second)]
    made = place(call("tr_times", *whole))
    size = place(call("tr_size", made))
    return _sized(made, size, call("tr_scale_of_both", first, second), place)


def converted(number: exp.Expr, packed: exp.Expr, place: Place) -> exp.Expr:
    """Convert a plain decimal as a packed `kg.lift.conversion.Conversion` says."""
    scale = place(call("tr_scale", number))
    made = place(call("tr_numerator", place(call("tr_whole", number)), scale, packed))
    size = place(call("tr_size", made))
    is_exact = place(call("tr_is_exact", made, packed))
    quotient = place(call("tr_quotient", size, is_exact, packed))
    digits = place(call("tr_rounded", quotient, is_exact))
    point = call("tr_result_scale", scale, size, quotient, is_exact, packed)
    return _sized(made, digits, point, place)


def _sized(sign: exp.Expr, digits: exp.Expr, scale: exp.Expr, place: Place) -> exp.Expr:
    """Write digits with the point where it belongs, and the sign of a number."""
    pointed = place(call("tr_point", digits, place(scale)))
    return place(call("tr_decimal", place(call("tr_with_sign", sign, pointed))))
