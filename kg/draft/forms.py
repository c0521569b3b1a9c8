"""Forms: how a column's values are written, so that source.toml can say it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from kg.times import parse_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_INTEGER = re.compile(r"[+-]?\d{1,18}")
_DECIMAL = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)")
_COMMA = re.compile(r"[+-]?\d+,\d+")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+")
_BOOLEAN = {"true", "false", "1", "0", "t", "f"}
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_ISO = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d+)?)?"
    r"(?:Z|[+-]\d\d:\d\d)?)?"
)
_PATTERNS = tuple(
    day + clock
    for day in ("%d.%m.%Y", "%Y/%m/%d", "%d-%m-%Y", "%d/%m/%Y", "%m/%d/%Y")
    for clock in ("", " %H:%M", " %H:%M:%S")
)
_EPOCHS = (
    ("epoch-s", range(10**9, 4 * 10**9)),
    ("epoch-ms", range(10**12, 4 * 10**12)),
    ("ticks", range(6 * 10**17, 7 * 10**17)),
)
_PARTS = {"%d": r"\d\d", "%m": r"\d\d", "%Y": r"\d{4}"}


@dataclass(frozen=True, slots=True)
class TimeForm:
    """How times are written: ``form`` as in source.toml; "" where that cannot be told.

    ``is_day`` says that no value has a time of day, ``doubt`` why no form was chosen.
    """

    form: str
    is_day: bool = False
    doubt: str = ""


def is_integer(values: Iterable[str]) -> bool:
    """Say whether every value is a whole number."""
    return all(map(_INTEGER.fullmatch, values))


def is_boolean(values: Iterable[str]) -> bool:
    """Say whether every value is true, false, 1, 0, t or f."""
    return _BOOLEAN.issuperset(values)


def decimal_mark(values: Sequence[str]) -> str:
    """Give the mark that numbers are written with; "" if some value is no number.

    ``?`` where a comma always stands before three digits: it may be one, or part thousands.
    """
    plain = [value for value in values if not _DECIMAL.fullmatch(value)]
    if not plain:
        return "."
    with_comma = [value for value in values if "," in value]
    if all(map(_THOUSANDS.fullmatch, with_comma)) and plain == with_comma:
        return "?"
    return "," if all(map(_COMMA.fullmatch, plain)) else ""


def time_form(values: Sequence[str]) -> TimeForm | None:
    """Tell how times are written; None where the values are no times."""
    if not values:
        return None
    if all(map(_ISO.fullmatch, values)):
        if not _parse_all(values, "iso"):
            return TimeForm("", doubt="some are no days of the calendar")
        is_day = all(_DAY.fullmatch(value) or _is_midnight(value) for value in values)
        return TimeForm("iso", is_day=is_day)
    return _epoch(values) or _pattern(values)


def looks_like_day(values: Sequence[str]) -> bool:
    """Say whether every value is eight digits that make a day of these times: 20261123."""
    return bool(values) and all(
        len(value) == 8 and value.isdigit() and value[:2] in {"19", "20"} for value in values
    )


def day_patterns(form: str) -> tuple[str, str, str] | None:
    """Give regular expressions that extract year, month and day from text of a pattern.

    None for a form with a time of day: then the day depends on the zone.
    """
    if not re.fullmatch(r"%\w[./-]%\w[./-]%\w", form):
        return None
    pattern = re.sub(r"%\w", lambda found: _PARTS[found.group()], form.replace(".", r"\."))
    found = []
    for part in ("%Y", "%m", "%d"):
        place = form.replace(".", r"\.").split(part)[0]
        before = re.sub(r"%\w", lambda match: _PARTS[match.group()], place)
        rest = pattern[len(before) + len(_PARTS[part]) :]
        found.append(f"^{before}({_PARTS[part]}){rest}$")
    year, month, day = found
    return year, month, day


def _is_midnight(value: str) -> bool:
    return re.fullmatch(r"[T ]00:00(?::00(?:[.,]0+)?)?", value[10:]) is not None


def _epoch(values: Sequence[str]) -> TimeForm | None:
    if not is_integer(values):
        return None
    numbers = [int(value) for value in values]
    for form, span in _EPOCHS:
        if all(number in span for number in numbers):
            return TimeForm(form)
    return None


def _pattern(values: Sequence[str]) -> TimeForm | None:
    digits = re.compile(r"\d")
    if not all(digits.match(value) for value in values):
        return None
    fits = [pattern for pattern in _PATTERNS if _is_written(values, pattern)]
    if not fits:
        return None
    if len(fits) > 1:
        return TimeForm("", doubt="day and month cannot be told apart")
    return TimeForm(fits[0], is_day="%H" not in fits[0])


def _is_written(values: Sequence[str], pattern: str) -> bool:
    shape = pattern.replace(".", r"\.")
    for part, digits in (*_PARTS.items(), ("%H", r"\d\d"), ("%M", r"\d\d"), ("%S", r"\d\d")):
        shape = shape.replace(part, digits)
    matches: Callable[[str], re.Match[str] | None] = re.compile(shape).fullmatch
    return all(map(matches, values)) and _parse_all(values, pattern)


def _parse_all(values: Sequence[str], form: str) -> bool:
    try:
        for value in values:
            parse_time(value, form, UTC)  # type: ignore[arg-type]
    except ValueError:
        return False
    return True
