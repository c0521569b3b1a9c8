"""What a table says about its columns: how empty values, times and numbers are written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp

from kg.lift.mapping import XSD
from kg.lift.signatures import call, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from kg.lift.levels import Levels
    from kg.settings import SourceSettings, TableSettings


@dataclass(frozen=True, slots=True)
class Preparation:
    """How raw values become the values a mapping sees, as source.toml declares it.

    ``is_standard`` leaves values as RML wants them: nothing is trimmed, only "" is empty, and a
    literal keeps the form it is written in. ``is_typed``: beside every column stands one with the
    datatype that its value has by nature (NULL for text), as in JSON and databases.
    ``has_several`` tells the references that have several values in a row.
    """

    placeholders: tuple[str, ...] = ()
    times: dict[str, str] = field(default_factory=dict)
    zone: str = "UTC"
    decimal: str = "."
    lookups: dict[str, dict[str, str]] = field(default_factory=dict)
    is_standard: bool = False
    is_typed: bool = False
    has_several: Callable[[str], bool] = lambda _: False

    @classmethod
    def of_table(cls, source: SourceSettings, table: TableSettings) -> Preparation:
        """Take the settings of one table of a source."""
        return cls(
            placeholders=(*source.placeholders, *table.placeholders),
            times=dict(table.times),
            zone=source.zone or "UTC",
            decimal=table.decimal,
            lookups=source.lookup,
        )

    def clean(self, raw: exp.Expr, levels: Levels) -> exp.Expr:
        """Trim a raw value; NULL where nothing, or only a placeholder, is left."""
        if self.is_standard:
            if self.is_typed:
                return raw
            return levels.add("clean", exp.Nullif(this=raw, expression=text("")))
        trimmed = levels.add("trim", call("tr_clean", raw))
        words = sorted({word.strip() for word in self.placeholders} - {""})
        if not words:
            return trimmed
        is_word = exp.In(this=trimmed, expressions=[text(word) for word in words])
        return levels.add("clean", exp.Case().when(is_word, exp.null()).else_(trimmed))

    def time(self, column: str, value: exp.Expr, levels: Levels) -> exp.Expr:
        """Write a cleaned value of a time column as xsd:dateTime in UTC, or xsd:date, or NULL."""
        made = time_text(value, self.times[column], self.zone, levels.add)
        return levels.add("time", made)

    def time_datatype(self, column: str) -> str:
        """Name the datatype a time column is written in; "" for other columns."""
        if column not in self.times:
            return ""
        return XSD + ("date" if self.times[column] == "date" else "dateTime")


def time_text(
    value: exp.Expr, form: str, zone: str, add: Callable[[str, exp.Expr], exp.Expr]
) -> exp.Expr:
    """Write a time as xsd:dateTime in UTC, or xsd:date, or NULL; ``add`` places each step."""
    if form in {"iso", "date"}:
        value = add("iso", call("tr_iso_text", add("extended", call("tr_extended", value))))
        if form == "date":
            return call("tr_day", value)
        instant = call("tr_iso_instant", value, zone)
    elif form in {"epoch-s", "epoch-ms"}:
        number = add("iso", call("tr_epoch_number", value))
        instant = call("tr_epoch_instant", number, 1_000_000 if form == "epoch-s" else 1_000)
    elif form == "ticks":
        instant = call("tr_ticks_instant", value)
    elif "%z" in form:
        instant = call("tr_offset_instant", value, form)
    else:
        instant = call("tr_local_instant", value, form, zone)
    return call("tr_moment", add("instant", instant))
