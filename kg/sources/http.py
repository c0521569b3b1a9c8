"""Web services that give JSON in pages, and OData version 4, asked for what was modified since."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from kg.errors import SourceError
from kg.sources.admission import Admission
from kg.sources.objects import object_row
from kg.sources.pages import Page, address_of, first_place
from kg.sources.reading import Reading, Row, Unreadable
from kg.sources.watermark import State, Watermark, write_as_column
from kg.sources.web import WebClient
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    import httpx

    from kg.settings import SourceSettings
    from kg.sources.pages import Place
    from kg.sources.reading import Item
    from kg.sources.watermark import Start

_GONE = {400, 404, 410}


def read_tables(
    source: SourceSettings, cursors: Mapping[str, str], now: datetime
) -> Iterator[Reading]:
    """Give a reading for each table of a web service.

    Raises:
        SourceError: it cannot be reached, or answers by an error or something else than rows.
    """
    for table in source.tables:
        reading = Reading(table, iter(()))
        reading.items = _Asking(source, reading, now).read(cursors.get(table.name, ""))
        yield reading


@dataclass(frozen=True, slots=True)
class _Progress:
    """Where a reading is that was cut short: a page, and what was found before it.

    Rows move between pages while they change, so several pages are read again: ``turn`` is 2 then.
    """

    place: Place
    turn: int = 1
    pages: int = 0
    best: object = None

    @classmethod
    def read(cls, written: object, first: Place) -> _Progress:
        if not isinstance(written, dict):
            return cls(first)
        return cls(**written)


class _Asking:
    """One reading of one table."""

    def __init__(self, source: SourceSettings, reading: Reading, now: datetime) -> None:
        self._source = source
        self._reading = reading
        self._table = reading.table
        self._http = source.http
        self._now = now
        self._where = f"source {source.name}, table {reading.table.name}"
        self._watermark = Watermark(source, reading.table, now) if reading.table.cursor else None
        self._start: Start | None = None
        self._progress = _Progress("")

    def read(self, cursor: str) -> Iterator[Item]:
        """Give the rows from the cursor on; what remains of them is in the next one."""
        state = State.read(
            cursor, self._source.url, self._table.table, self._table.cursor, self._http.paging
        )
        if self._watermark is not None:
            self._watermark.resume(state.high)
            self._start = self._watermark.start()
        progress = _Progress.read(state.place, first_place(self._http))
        is_resumed = state.place is not None
        self._progress = progress
        if self._watermark is not None:
            self._watermark.resume(progress.best)
        reading, admission = self._reading, Admission(self._source, self._table)
        reading.is_from_start = self._start is None and not is_resumed
        with self._client() as client:
            rows: Iterator[Row | Unreadable] = self._rows(client, is_resumed=is_resumed)
            if reading.is_from_start:
                rows = admission.check_objects(rows, "its answer")
            yield from admission.admit(rows, reading)
        if reading.cut_short:
            reading.is_whole = reading.is_from_start = False
            place = {name: getattr(self._progress, name) for name in _Progress.__slots__}
            reading.cursor = replace(state, place=place).write()
            return
        reading.is_whole = reading.is_whole and not is_resumed
        pages = self._progress.pages
        reading.is_settled = lambda: pages < 2 or self._is_same_again()
        high = None
        if self._watermark is not None:
            self._watermark.check()
            high = self._watermark.written()
        reading.cursor = replace(state, high=high, place=None).write()

    def _client(self) -> WebClient:
        return WebClient(
            self._source, self._where, self._http, self._now, accept="application/json"
        )

    def _rows(self, client: WebClient, *, is_resumed: bool) -> Iterator[Row | Unreadable]:
        turns = 1 if self._watermark is None else 2
        first = self._address(client)
        for turn in range(self._progress.turn, turns + 1):
            if turn != self._progress.turn:
                self._progress = _Progress(first_place(self._http), turn, 0, self._progress.best)
            for page in self._pages(client, first, is_resumed=is_resumed):
                yield from self._rows_of(page)
                if self._watermark is not None:
                    best = self._watermark.written()
                    self._progress = replace(self._progress, best=best)
            if self._reading.cut_short or self._progress.pages < 2:
                return

    def _pages(self, client: WebClient, first: httpx.URL, *, is_resumed: bool) -> Iterator[Page]:
        place: Place | None = self._progress.place
        seen: set[Place] = set()
        before = b""
        while place is not None:
            if client.is_exhausted:
                self._reading.cut_short = (
                    f"{self._http.max_requests} requests (max_requests) were made:"
                    " the next reading goes on there"
                )
                return
            page = self._ask(client, place, first, is_resumed=is_resumed and not seen)
            place = self._progress.place
            seen.add(place)
            digest = blake2b(json.dumps(page.rows).encode(), digest_size=16).digest()
            following = page.next(place)
            self._check_progress(page, following, seen, is_repeated=digest == before)
            before = digest if page.rows else b""
            yield page
            pages = self._progress.pages + bool(page.rows)
            self._progress = replace(self._progress, pages=pages)
            if following is not None:
                self._progress = replace(self._progress, place=following)
            place = following

    def _ask(self, client: WebClient, place: Place, first: httpx.URL, *, is_resumed: bool) -> Page:
        address = address_of(place, self._http, client, first)
        prefer = {"Prefer": f"odata.maxpagesize={self._http.page_size}"}
        headers = prefer if self._http.paging == "odata" else {}
        try:
            return Page(client.get(address, headers), self._http)
        except SourceError as error:
            if not is_resumed or error.status not in _GONE:
                raise
        # What it named as its next page is forgotten by now: begin anew.
        self._progress = _Progress(first_place(self._http))
        address = address_of(self._progress.place, self._http, client, first)
        return Page(client.get(address, headers), self._http)

    def _check_progress(
        self, page: Page, following: Place | None, seen: set[Place], *, is_repeated: bool
    ) -> None:
        where = page.answer
        if is_repeated:
            raise where.error(
                "gives the same rows as the page before it",
                f"check paging = {self._http.paging!r} and the names of its parameters in"
                " source.toml; nothing was taken for gone",
            )
        if following in seen:
            raise where.error(
                f"names a page that was read already as its next one: {following!r}",
                "ask who runs it; nothing was taken for gone",
            )

    def _rows_of(self, page: Page) -> Iterator[Row | Unreadable]:
        place = f"{page.answer.url.host}{page.answer.url.path}"
        for number, item in enumerate(page.rows, start=1):
            # What is new while pages are read again may lie beyond rows that moved: not a mark yet.
            is_first = self._progress.turn == 1
            if isinstance(item, dict) and self._watermark is not None and is_first:
                assert self._table.cursor is not None
                self._watermark.see(_cell(item, self._table.cursor.column))
            raw = json.dumps(item)
            row = object_row(f"{place}#{number}", item, raw)
            yield replace(row, place=f"{place}#") if isinstance(row, Row) else row

    def _address(self, client: WebClient) -> httpx.URL:
        """Give the table's address, with what is asked of it."""
        first = client.resolve(self._table.table or self._table.name)
        cursor = self._table.cursor
        if cursor is None:
            return first
        if self._http.paging == "odata":
            return self._odata(first)
        if self._start is None:
            return first
        form = self._table.time_form(cursor.column)
        return first.copy_set_param(cursor.parameter, self._since(self._start, form))

    def _odata(self, first: httpx.URL) -> httpx.URL:
        """Ask for rows at or after a time, in its order (OData 4.01, URL conventions, 5.1.1)."""
        assert self._table.cursor is not None
        column = self._table.cursor.column.replace(".", "/")
        asked: dict[str, Any] = {"$orderby": first.params.get("$orderby", f"{column} asc")}
        if self._start is not None:
            least = f"{column} ge {self._since(self._start, self._table.time_form(column))}"
            own = first.params.get("$filter")
            asked["$filter"] = f"({own}) and {least}" if own else least
        return first.copy_merge_params(asked)

    def _since(self, start: Start, form: str) -> str:
        moment = start.moment
        has_offset = moment is not None and moment.tzinfo is not None
        if form == "iso" and moment is not None and has_offset:
            return format_time(moment)
        return write_as_column(start, form, self._where, is_sorted=False)

    def _is_same_again(self) -> bool:
        """Tell whether all pages, read again, have the keys that they had."""
        admission = Admission(self._source, self._table)
        again = Reading(self._table, iter(()))
        other = _Asking(self._source, again, self._now)
        with other._client() as client:
            other._progress = _Progress(first_place(self._http))
            rows = other._rows(client, is_resumed=False)
            for _ in admission.admit(rows, again):
                pass
        return not again.cut_short and again.seen_keys == self._reading.seen_keys


def _cell(document: dict[str, Any], column: str) -> object:
    """Give the value of a column whose dots lead into objects."""
    if column in document:
        return document[column]
    head, dot, rest = column.partition(".")
    inner = document.get(head)
    return _cell(inner, rest) if dot and isinstance(inner, dict) else None
