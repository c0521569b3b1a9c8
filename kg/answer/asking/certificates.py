"""Certificates: whether what they say of a batch meets the limits of its specification."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from kg.answer.evidence import literal_text
from kg.answer.planning.planner import number_text, read_number
from kg.lift.conversion import find_conversion, is_unit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from kg.answer.answers import Answers
    from kg.answer.asking.answerers import Row
    from kg.answer.asking.given import Given
    from kg.records import Term


def certificate_verdicts(answers: Answers, given: Given, now: datetime) -> list[Row]:
    """Answer for each characteristic whether the batch's certificates meet its limits."""
    found = answers.store.select(given.query(now))
    certificates = {row["certificate"] for row in found if "certificate" in row}
    owed = {row["characteristic"] for row in found if _is_owed(row)}
    stated = {row["characteristic"] for row in found if not _is_owed(row) and "value" in row}
    rows = []
    for row in found:
        is_told = row.get("characteristic") in stated or not row.keys() & {"lower", "upper"}
        if "characteristic" not in row or (_is_owed(row) and is_told):
            continue
        if _is_owed(row):
            verdict, why = ("not stated", "") if certificates else ("no certificate", "")
            told: Row = {}
        else:
            told, verdict, why = judge(row)
            is_of_spec = row["characteristic"] in owed
            why = why if why or is_of_spec or not owed else "the specification does not name it"
        rows.append(
            answers.shortened(row) | told | {"verdict": verdict} | ({"why": why} if why else {})
        )
    return rows


def _is_owed(row: Mapping[str, Term]) -> bool:
    """Tell what the specification asks for from what a certificate says."""
    return "certificate" not in row


def judge(row: Mapping[str, Term]) -> tuple[Row, str, str]:
    """Hold a value to its limits, in the limits' unit: what is told, the verdict, and why."""
    value = read_number(row.get("value"))
    lower, upper = read_number(row.get("lower")), read_number(row.get("upper"))
    if value is None:
        return {}, "cannot say", "its value is no number"
    if lower is None and upper is None:
        return {}, "no limit", ""
    counted, why = _converted(value, row.get("unit"), row.get("limit_unit"))
    if counted is None:
        return {}, "cannot say", why
    told = {"in_limit_unit": number_text(counted)}
    if lower is not None and counted < lower:
        return told, "below", f"by {number_text(lower - counted)}"
    if upper is not None and counted > upper:
        return told, "above", f"by {number_text(counted - upper)}"
    return told, "meets", ""


def _converted(
    value: Fraction, unit: Term | None, wanted: Term | None
) -> tuple[Fraction | None, str]:
    """Convert a value; None where that cannot be, and why."""
    start = literal_text(unit) if unit else ""
    end = literal_text(wanted) if wanted else ""
    if start == end or not start:
        # A measurement that names no unit is in that of its characteristic.
        return value, ""
    if not end:
        return None, "the limits name no unit"
    for written in (start, end):
        if not is_unit(written):
            return None, f"{written!r} is no unit that is known"
    conversion = find_conversion(start, end)
    if conversion is None:
        return None, f"{start} does not convert to {end}"
    counted = Fraction(conversion.factor * value + conversion.shift)
    return counted / (conversion.divisor * Fraction(10) ** conversion.scale), ""
