"""Which rows become records: keys, filters, required cells and times, for every adapter."""

from __future__ import annotations

import json
from difflib import get_close_matches
from itertools import chain, islice
from typing import TYPE_CHECKING

from kg.errors import SourceError
from kg.records import EffectiveBy, Filtered, Record, Rejected
from kg.sources.cells import cell_text
from kg.sources.reading import Row, Unreadable
from kg.times import format_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from kg.records import Scalar
    from kg.settings import SourceSettings, TableSettings
    from kg.sources.reading import Item, Reading

_SHOWN = 80
_LOOKED_AT = 10_000
_LONGEST_KEY = 8_192  # bytes: it becomes a part of IRIs


class Admission:
    """Turns one table's rows into records, refusals and filtered rows."""

    def __init__(self, source: SourceSettings, table: TableSettings) -> None:
        self._source = source
        self._table = table
        self._nothing = {"", *source.placeholders, *table.placeholders}
        self._wanted = {
            column: {values} if isinstance(values, str) else set(values)
            for column, values in table.where.items()
        }
        self._filtered = Filtered(table.name, _describe(table))

    def admit(self, rows: Iterable[Row | Unreadable], reading: Reading) -> Iterator[Item]:
        """Judge each row; fills ``seen_keys`` and, for a snapshot, ``is_whole``."""
        is_snapshot = self._table.arrives == "snapshot"
        has_unreadable = False
        for row in rows:
            if isinstance(row, Unreadable):
                has_unreadable = True
                yield self._refuse_unreadable(row)
            elif not self.is_wanted(row.cells):
                yield self._filtered
            else:
                item = self._judge(row, reading.seen_keys, is_snapshot=is_snapshot)
                # Whose row it was is not known, so nobody's absence can be told.
                has_unreadable |= isinstance(item, Rejected) and item.key is None
                yield item
        reading.is_whole = is_snapshot and not has_unreadable

    def key_of(self, cells: dict[str, Scalar]) -> str | None:
        """Give the key that a row of these cells has; None where it has none, or is left out."""
        if not self.is_wanted(cells):
            return None
        key = self._key(Row(cells, "#"))
        return key if isinstance(key, str) else None

    def check_columns(self, columns: Collection[str], place: str) -> None:
        """Refuse a table whose settings name a column that its rows do not have.

        Raises:
            SourceError: names the table, the column and near matches.
        """
        self._check(self._configured() | set(self._table.times), columns, place)

    def check_objects(
        self, rows: Iterator[Row | Unreadable], place: str
    ) -> Iterator[Row | Unreadable]:
        """Check the columns of rows that have no header, by the first 10,000 of them.

        ``times`` may name columns that have not come yet: an end that no event had so far.

        Raises:
            SourceError: a configured column is in none of them.
        """
        head = list(islice(rows, _LOOKED_AT))
        cells = [row.cells for row in head if not isinstance(row, Unreadable)]
        if cells:
            self._check(set(self._table.where), set().union(*cells), place)
        wanted = [row for row in cells if self.is_wanted(row)]
        if wanted:
            self._check(self._configured(), set().union(*wanted), place)
        return chain(head, rows)

    def _configured(self) -> set[str]:
        table = self._table
        single = {table.event_time, table.version} - {""}
        if table.cursor is not None:
            single.add(table.cursor.column)
        listed = (table.key, table.changed, table.where, table.required)
        return single.union(*listed, table.personal, table.free_text)

    def _check(self, configured: set[str], columns: Collection[str], place: str) -> None:
        for column in sorted(configured):
            if column not in columns:
                near = get_close_matches(column, columns, n=3) or sorted(columns)[:12]
                raise SourceError(
                    f"source {self._source.name}, table {self._table.name}: {place} has no column"
                    f" {column!r}",
                    hint=f"it has {', '.join(near)}; correct source.toml or the query",
                )

    def is_wanted(self, cells: dict[str, Scalar]) -> bool:
        """Tell whether a row is one of the table's by ``where``."""
        return all(
            cell_text(cells.get(column)) in values for column, values in self._wanted.items()
        )

    def _judge(self, row: Row, seen: set[str], *, is_snapshot: bool) -> Record | Rejected:
        key = self._key(row)
        if isinstance(key, Rejected):
            return key
        if is_snapshot and key in seen:
            return self._refuse(
                *(row, "duplicate-key", f"the key {key!r} stands on an earlier row already"),
                hint="name enough columns in key to tell the rows apart, or mend the source",
                key=key,
            )
        seen.add(key)
        for column in self._table.required:
            if self._is_nothing(row.cells.get(column)):
                return self._refuse(
                    *(row, "missing-required", f"column {column} is {_show(row, column)}"),
                    hint="fill the cell in the source, or take the column out of required",
                    key=key,
                )
        effective = self._effective(row, key)
        if isinstance(effective, Rejected):
            return effective
        version = cell_text(row.cells.get(self._table.version)) if self._table.version else ""
        if "\0" in version:
            return self._refuse_nul(row, f"its version, column {self._table.version},", key)
        return Record(
            *(self._source.name, self._table.name, key, self._without_names(row.cells)),
            position=_position(row, key),
            version=version or None,
            effective=effective[0],
            effective_by=effective[1],
            personal=self._names(row.cells) if self._table.personal else None,
        )

    def _names(self, cells: dict[str, Scalar]) -> dict[str, str]:
        """Take what a row says of a person by name; what means nothing is no name."""
        names = {column: cells.get(column) for column in self._table.personal}
        return {
            column: cell_text(value)
            for column, value in names.items()
            if not self._is_nothing(value)
        }

    def _without_names(self, cells: dict[str, Scalar]) -> dict[str, Scalar]:
        """Give the cells as the journal may keep them."""
        if not self._table.personal:
            return cells
        return {**cells, **dict.fromkeys(self._table.personal)}

    def _key(self, row: Row) -> str | Rejected:
        parts = []
        for column in self._table.key:
            value = row.cells.get(column)
            if self._is_nothing(value):
                return self._refuse(
                    *(row, "empty-key", f"key column {column} is {_show(row, column)}"),
                    hint="give the row its key in the source; without one it cannot be followed",
                )
            parts.append(cell_text(value))
        is_single = len(parts) == 1
        key = parts[0] if is_single else "|".join(part.replace("|", "%7C") for part in parts)
        if "\0" in key:
            return self._refuse_nul(row, "its key")
        size = len(key.encode(errors="replace"))
        if size > _LONGEST_KEY:
            return self._refuse(
                *(row, "bad-iri", f"its key has {size:,} bytes, and {_LONGEST_KEY:,} are allowed"),
                hint="is it a text? name the columns that identify a row in key",
            )
        return key

    def _refuse_nul(self, row: Row, what: str, key: str | None = None) -> Rejected:
        """Refuse a name that SQLite's functions of JSON would read up to its NUL only."""
        return self._refuse(
            *(row, "bad-row", f"{what} holds a NUL character"),
            hint="name the row without it in the source",
            key=key,
        )

    def _effective(self, row: Row, key: str) -> tuple[str | None, EffectiveBy] | Rejected:
        table = self._table
        if table.event_time:
            if not self._is_nothing(row.cells.get(table.event_time)):
                moment = self._time(row, table.event_time)
                return (
                    (moment, "event") if moment else self._refuse_time(row, [table.event_time], key)
                )
            if table.row == "event":
                return self._refuse_time(row, [table.event_time], key)
        filled = [name for name in table.changed if not self._is_nothing(row.cells.get(name))]
        for column in filled:
            if moment := self._time(row, column):
                return moment, "changed"
        return self._refuse_time(row, filled, key) if filled else (None, "seen")

    def _time(self, row: Row, column: str) -> str | None:
        form, value = self._table.time_form(column), cell_text(row.cells[column])
        try:
            return format_time(parse_time(value, form, self._source.zone_info))
        except (ValueError, OverflowError):
            return None

    def _refuse_time(self, row: Row, columns: list[str], key: str) -> Rejected:
        said = "; ".join(
            f"column {name} is {_show(row, name)}, no {self._table.time_form(name)} time"
            for name in columns
        )
        return self._refuse(
            *(row, "bad-time", said),
            hint="mend the time in the source, say its form in times, or list it in placeholders",
            key=key,
        )

    def _is_nothing(self, value: Scalar) -> bool:
        return cell_text(value) in self._nothing

    def _refuse(
        self, row: Row, code: str, message: str, *, hint: str, key: str | None = None
    ) -> Rejected:
        position = _position(row, key)
        raw = row.raw
        if not raw or self._table.personal:
            raw = json.dumps(self._without_names(row.cells), ensure_ascii=False)
        return self._reject(position, code, message, hint=hint, raw=raw, key=key)

    def _refuse_unreadable(self, row: Unreadable) -> Rejected:
        if self._table.personal:
            # Which of its cells would be a name cannot be told: nothing of it is kept.
            message = f"could not be read ({row.code}), and may hold a name: it is not kept"
            return self._reject(row.place, row.code, message, hint=row.hint, raw="")
        return self._reject(row.place, row.code, row.message, hint=row.hint, raw=row.raw)

    def _reject(
        self,
        position: str,
        code: str,
        message: str,
        *,
        hint: str,
        raw: str,
        key: str | None = None,
    ) -> Rejected:
        return Rejected(
            *(self._source.name, self._table.name, position, "read", code),
            message=f"{position}: {message}",
            hint=hint,
            raw=raw,
            key=key,
        )


def _describe(table: TableSettings) -> str:
    return " and ".join(
        f"{column} is {values if isinstance(values, str) else ' or '.join(values)}"
        for column, values in table.where.items()
    )


def _position(row: Row, key: str | None) -> str:
    if not row.place.endswith("#"):
        return row.place
    return row.place + (key if key is not None else "?")


def _show(row: Row, column: str) -> str:
    text = cell_text(row.cells.get(column))
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…") if text else "empty"
