"""The check: each server gives the rows that the bare query has, and Traveler tells all of them."""

from __future__ import annotations

import http.client
import json
from contextlib import contextmanager
from datetime import UTC
from typing import TYPE_CHECKING, Any

from bench.measure import BASE
from kg.answer.evidence import literal_text
from kg.times import format_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kg.records import Term

    Rows = Mapping[str, list[list[str]]]

JSON = "application/sparql-results+json"


def plain(term: Term) -> str:
    """Give a term's text, by which servers compare that spell literals in their own ways."""
    return term[1:-1] if term[0] == "<" else _by_value(literal_text(term))


def differing_rows(port: int, path_of: Callable[[str], str], rows: Rows) -> list[str]:
    """Name the things of which a server gives other rows for a query; ``path_of`` names a thing."""
    with _asking(port, {"Accept": JSON}) as told:
        return [
            thing
            for thing, wanted in rows.items()
            if _rows(told(path_of(thing))) != _sorted(wanted)
        ]


def untold_rows(port: int, key: str, rows: Rows) -> list[str]:
    """Name the things whose context lacks something that a row of the bare query names."""
    headers = {"Accept": "application/json", "Authorization": f"Bearer {key}"}
    found = []
    with _asking(port, headers) as told:
        for thing, wanted in rows.items():
            said = set(_texts(told(f"/v1/context/{thing}")))
            named = {cell.partition(" ")[2].removeprefix(BASE) for row in wanted for cell in row}
            if not named <= said:
                found.append(thing)
    return found


@contextmanager
def _asking(port: int, headers: Mapping[str, str]) -> Iterator[Callable[[str], Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(path: str) -> Any:
        connection.request("GET", path, headers=dict(headers))
        return json.loads(connection.getresponse().read())

    try:
        yield ask
    finally:
        connection.close()


def _rows(told: Any) -> list[list[str]]:
    """Read SPARQL results in JSON (SPARQL 1.1 Query Results JSON Format, section 3.2)."""
    return _sorted(
        [
            f"{name} {cell['value'] if cell['type'] == 'uri' else _by_value(cell['value'])}"
            for name, cell in sorted(row.items())
        ]
        for row in told["results"]["bindings"]
    )


def _sorted(rows: Any) -> list[list[str]]:
    return sorted(list(row) for row in rows)


def _by_value(text: str) -> str:
    try:
        return format_time(parse_time(text, "iso", UTC))  # type: ignore[arg-type]
    except ValueError:
        return text


def _texts(told: Any) -> Iterator[str]:
    """Give every text of an answer, times by their value."""
    if isinstance(told, dict):
        for part in told.values():
            yield from _texts(part)
    elif isinstance(told, list):
        for part in told:
            yield from _texts(part)
    elif isinstance(told, str):
        yield _by_value(told)
