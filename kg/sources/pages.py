"""Pages of JSON: where an answer has its rows, and where the next page is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from kg.errors import printable

if TYPE_CHECKING:
    import httpx

    from kg.adapters import HttpSettings
    from kg.sources.web import Answer, WebClient

Place: TypeAlias = "int | str"
"""Where a page is: its number, the rows before it, a cursor, or an address."""
_NEXT = "@odata.nextLink"
_SHOWN = 160


class Page:
    """One answer: its rows, and the place of the next one; None: it was the last."""

    def __init__(self, answer: Answer, settings: HttpSettings) -> None:
        self.answer = answer
        self._settings = settings
        self._document = _decode(answer)
        default = "value" if settings.paging == "odata" else ""
        self.rows = self._list_at(settings.rows_at or default)

    def _list_at(self, path: str) -> list[Any]:
        found = _at(self._document, path)
        if isinstance(found, list):
            return found
        document = self._document
        lists = [name for name in _paths(document) if isinstance(_at(document, name), list)]
        there = (
            f"it has lists at {', '.join(lists[:8])}" if lists else f"it says {_brief(document)}"
        )
        raise self.answer.error(
            f"answers no list of rows{f' at {path!r}' if path else ''}",
            f"{there}; correct rows_at in source.toml, or ask who runs it what changed",
        )

    def next(self, place: Place) -> Place | None:
        """Give where the page after ``place`` is.

        Raises:
            SourceError: it names a next page by something else than text.
        """
        paging = self._settings.paging
        if paging == "link":
            return self.answer_link()
        if paging in {"odata", "cursor"}:
            name = _NEXT if paging == "odata" else self._settings.cursor_at
            found = self._document.get(_NEXT) if paging == "odata" else _at(self._document, name)
            if found is None or found == "":
                return None
            if isinstance(found, bool | list | dict):
                raise self.answer.error(
                    f"names its next page at {name!r} by {_brief(found)}",
                    "correct cursor_at in source.toml",
                )
            return str(found)
        # A short page may be a server's own limit: only an empty one is the end.
        if paging == "none" or not self.rows:
            return None
        return int(place) + (1 if paging == "page" else len(self.rows))

    def answer_link(self) -> str | None:
        """Give the address of the next page in the header (RFC 8288)."""
        links = _links(self.answer.headers.get("link", ""))
        return links.get("next")


def first_place(settings: HttpSettings) -> Place:
    """Give the place of the first page."""
    return {"page": settings.first_page, "offset": 0}.get(settings.paging, "")


def address_of(
    place: Place, settings: HttpSettings, client: WebClient, first: httpx.URL
) -> httpx.URL:
    """Give the address of a page; ``first`` is that of the table, with what is asked of it.

    Raises:
        SourceError: an answer named a page on another host.
    """
    paging = settings.paging
    if paging in {"odata", "link"} and place:
        return client.resolve(str(place), first)
    sized = {settings.size_parameter: settings.page_size} if settings.size_parameter else {}
    if paging == "page":
        return first.copy_merge_params({settings.page_parameter: place, **sized})
    if paging == "offset":
        return first.copy_merge_params({settings.offset_parameter: place, **sized})
    if paging == "cursor":
        named = {settings.cursor_parameter: place} if place else {}
        return first.copy_merge_params({**named, **sized})
    return first


def _decode(answer: Answer) -> Any:
    def refuse(text: str) -> NoReturn:
        raise ValueError(f"{text} is no JSON number")

    try:
        return json.loads(answer.content, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        said = printable(answer.content[:_SHOWN].decode("utf-8", "replace"))
        kind = answer.headers.get("content-type", "something")
        what = "an error page or a login" if "html" in kind else "no whole answer"
        raise answer.error(
            f"answers {kind} that is no JSON ({type(error).__name__}: {error}): {said}",
            f"it may be {what}: check url in plant.toml and what it answers there",
        ) from error


def _at(document: Any, path: str) -> Any:
    for name in path.split(".") if path else ():
        if not isinstance(document, dict):
            return None
        document = document.get(name)
    return document


def _paths(document: Any, above: str = "") -> list[str]:
    """Name what an object holds, and what its objects hold."""
    if not isinstance(document, dict):
        return []
    names = [f"{above}{name}" for name in document]
    if above:
        return names
    return names + [deep for name in document for deep in _paths(document[name], f"{name}.")]


def _brief(value: Any) -> str:
    return printable(json.dumps(value, ensure_ascii=False, default=str))[:_SHOWN]


def _links(header: str) -> dict[str, str]:
    links = {}
    for part in header.split("<")[1:]:
        address, _, parameters = part.partition(">")
        for parameter in parameters.split(";"):
            name, _, value = parameter.strip().rstrip(",").strip().partition("=")
            if name.strip().lower() == "rel":
                links.update(dict.fromkeys(value.strip('" ').lower().split(), address))
    return links
