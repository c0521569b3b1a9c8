"""How far a table was read by a column that grows, and where its next reading begins."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, TypeAlias
from zoneinfo import ZoneInfo

from kg.errors import SourceError
from kg.times import parse_time

if TYPE_CHECKING:
    from kg.settings import SourceSettings, TableSettings

_TOLERATED = timedelta(minutes=10)
"""How far a clock may be ahead; a time beyond it would hide all rows until it has come."""
_PER_SECOND = {"epoch-s": 1, "epoch-ms": 1_000, "ticks": 10_000_000}
_UTC = ZoneInfo("UTC")
_SORTS = re.compile(r"%Y\D*%m\D*%d(?:\D*%H\D*%M(?:\D*%S)?)?")
_Order: TypeAlias = "tuple[int, Any]"


@dataclass(frozen=True, slots=True)
class Mark:
    """A value of a cursor column: its text, and what it was.

    ``kind`` is ``number``, ``instant`` (a time with its offset), ``local`` (one without), ``day``
    or ``text`` (a time, written as the table's ``times`` say).
    """

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Start:
    """The least value that a reading asks for: a number, or a time (local without an offset).

    ``mark`` is what it was reckoned from, and shows how the column writes its values.
    """

    mark: Mark
    number: Decimal | None = None
    moment: datetime | None = None


class Watermark:
    """The greatest value of a table's cursor column among the rows that were seen."""

    def __init__(self, source: SourceSettings, table: TableSettings, now: datetime) -> None:
        assert table.cursor is not None
        self._where = f"source {source.name}, table {table.name}"
        self._settings = table.cursor
        self._form = table.time_form(table.cursor.column)
        self._zone = source.zone_info
        self._latest = now + _TOLERATED
        self._order: _Order | None = None
        self._seen = 0
        self.mark: Mark | None = None

    def resume(self, written: object) -> None:
        """Go on from what ``written`` holds of an earlier reading; from the start if nothing."""
        if isinstance(written, list) and len(written) == 2 and all(map(str, written)):
            self._raise_to(Mark(str(written[0]), str(written[1])))

    def written(self) -> list[str] | None:
        """Give it as JSON keeps it."""
        return [self.mark.kind, self.mark.text] if self.mark else None

    def see(self, value: object) -> None:
        """Take a row's value in; one that is empty, no time, or far in the future says nothing."""
        if value is not None and value != "":
            self._seen += 1
            self._raise_to(_mark_of(value))

    def check(self) -> None:
        """Refuse a column that says nothing: each reading would have to give every row.

        Raises:
            SourceError: not one value was a number or a time that has come.
        """
        if self._seen and self.mark is None:
            raise SourceError(
                f"{self._where}: no value of its cursor column {self._settings.column!r} is a"
                f" number or a {self._form} time that has come",
                hint="name another column, or say in times how it writes its times",
            )

    def start(self) -> Start | None:
        """Tell where the next reading begins: at the mark, less the overlap; None: at the start."""
        mark = self.mark
        if mark is None:
            return None
        if mark.kind == "number":
            scale = _PER_SECOND.get(self._form)
            seconds = Decimal(str(self._settings.overlap_seconds))
            overlap = seconds * scale if scale else Decimal(self._settings.overlap)
            return Start(mark, number=Decimal(mark.text) - overlap)
        moment = _moment_of(mark, self._form)
        overlap_time = timedelta(seconds=self._settings.overlap_seconds)
        if mark.kind == "day" or (mark.kind == "text" and _is_day(mark.text, self._form)):
            overlap_time = timedelta(days=math.ceil(self._settings.overlap_seconds / 86_400))
        if moment.tzinfo is None:
            overlap_time += _set_back(moment, self._zone)
        try:
            return Start(mark, moment=moment - overlap_time)
        except OverflowError:
            return None

    def _raise_to(self, mark: Mark) -> None:
        order = self._order_of(mark)
        if order is None:
            return
        # A column that changed from numbers to times begins anew.
        if self._order is None or self._order[0] != order[0] or order[1] > self._order[1]:
            self._order, self.mark = order, mark

    def _order_of(self, mark: Mark) -> _Order | None:
        try:
            if mark.kind == "number" and self._form not in _PER_SECOND:
                return 0, Decimal(mark.text)
            if mark.kind in {"number", "text"}:
                moment = parse_time(mark.text, self._form, self._zone)
            else:
                moment = parse_time(mark.text, "iso", self._zone)
        except (ValueError, InvalidOperation, OverflowError):
            return None
        if moment > self._latest:
            return None
        return 1, moment if mark.kind != "number" else Decimal(mark.text)


def _mark_of(value: object) -> Mark:
    if isinstance(value, bool):
        return Mark("text", str(value))
    if isinstance(value, int | float | Decimal):
        return Mark("number", str(value))
    if isinstance(value, datetime):
        return Mark("local" if value.tzinfo is None else "instant", value.isoformat())
    if isinstance(value, date):
        return Mark("day", value.isoformat())
    return Mark("text", str(value).strip())


def _moment_of(mark: Mark, form: str) -> datetime:
    """Give a mark's time as its column has it: local, if it says no offset."""
    if mark.kind == "day":
        return datetime.combine(date.fromisoformat(mark.text), time())
    if mark.kind == "text" and form in _PER_SECOND:
        return parse_time(mark.text, form, _UTC)
    if mark.kind == "text" and form not in {"iso", "date"}:
        return datetime.strptime(mark.text, form)  # noqa: DTZ007 - local where it has no offset
    return datetime.fromisoformat(mark.text)


def _is_day(text: str, form: str) -> bool:
    if form in {"iso", "date"}:
        return len(text) == 10
    return form not in _PER_SECOND and "%H" not in form


def _set_back(moment: datetime, zone: ZoneInfo) -> timedelta:
    """Tell by how much clocks are put back around a local time: later rows may say less."""
    day = timedelta(days=1)
    try:
        before, after = zone.utcoffset(moment - day), zone.utcoffset(moment + day)
    except OverflowError:
        return timedelta()
    return max((before or timedelta()) - (after or timedelta()), timedelta())


def write_as_column(start: Start, form: str, where: str, *, is_sorted: bool) -> str:
    """Write a start as its column writes values; ``is_sorted``: by what sorts before, as text.

    Raises:
        SourceError: texts of that form do not sort as their times do.
    """
    if start.number is not None:
        return f"{start.number.normalize():f}"
    assert start.moment is not None
    moment, sample = start.moment, start.mark.text
    if form in _PER_SECOND:
        return str(int(moment.timestamp() * _PER_SECOND[form]))
    if form not in {"iso", "date"}:
        if is_sorted and not _SORTS.fullmatch(form):
            raise SourceError(
                f"{where}: texts of the form {form} do not sort as their times do",
                hint="let the query make a time of the cursor column, or leave the cursor out",
            )
        return moment.strftime(form)
    if _is_day(sample, form):
        return moment.date().isoformat()
    # Without fraction and offset: less than every text that begins so.
    return moment.strftime(f"%Y-%m-%d{'T' if 'T' in sample else ' '}%H:%M:%S")


@dataclass(frozen=True, slots=True)
class State:
    """A table's cursor as the journal keeps it.

    ``of`` digests what was asked: another query begins at the start. ``high`` is the watermark,
    ``reconciled`` when keys were compared last, ``place`` where paging goes on.
    """

    of: str
    high: object = None
    reconciled: str = ""
    place: object = None

    @classmethod
    def read(cls, cursor: str, *asked: object) -> State:
        """Read a cursor; an empty state where it is none, or one of something else asked."""
        of = blake2b(json.dumps(asked, default=str).encode(), digest_size=8).hexdigest()
        try:
            said = json.loads(cursor)
        except ValueError:
            return cls(of)
        if not isinstance(said, dict) or said.pop("of", "") != of or said.keys() - _FIELDS:
            return cls(of)
        return replace(cls(of), **said)

    def write(self) -> str:
        """Write it for the journal."""
        said = {"of": self.of} | {name: getattr(self, name) for name in sorted(_FIELDS)}
        return json.dumps({name: value for name, value in said.items() if value})


_FIELDS = {"high", "reconciled", "place"}
