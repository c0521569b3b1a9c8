"""Tables and queries of a database, by any SQLAlchemy URL -> rows.

Values become text by "Natural mapping of SQL values" (R2RML, section 10.2). Nothing is written.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from itertools import islice
from textwrap import shorten
from typing import TYPE_CHECKING

from kg.databases import opened, parse_url, place_of
from kg.errors import SourceError
from kg.lift.mapping import is_query
from kg.lift.natural import read_value
from kg.lift.spool import Rows, bad_row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from kg.databases import Column, Database
    from kg.records import Rejected

_SHOWN = 100
_FETCHED = 500
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_DELIMITED = re.compile(r'"(?:[^"]|"")+"|`(?:[^`]|``)+`')


def read_header(url: str, folder: Path, wanted: str) -> list[str]:
    """Give the columns of a table or query.

    Raises:
        SourceError: the database, or the table, is not there, or the query cannot be run.
    """
    with _opened(url, folder, wanted) as database:
        return [column.name for column in database.columns(_sql(database, wanted))]


def find_column(reference: str, header: Sequence[str]) -> str | None:
    """Find the column that a reference names, plainly or as a delimited SQL identifier."""
    if reference in header:
        return reference
    if not _DELIMITED.fullmatch(reference):
        return None
    name = reference[1:-1].replace(reference[0] * 2, reference[0])
    return name if name in header else None


def read_rows(
    url: str, folder: Path, wanted: str, references: list[str]
) -> Iterator[Rows | Rejected]:
    """Read the columns that the references name, of every row of a table or query.

    A row with a value that its datatype has not (``infinity``) is put aside.

    Raises:
        SourceError: as `read_header`.
    """
    name = "query" if is_query(wanted) else wanted
    with (
        _opened(url, folder, wanted) as database,
        database.reading(_sql(database, wanted)) as result,
    ):
        header = [column.name for column in result.columns]
        places = [header.index(find_column(name, header) or name) for name in references]
        chosen = [(place, result.columns[place]) for place in places]
        number = 1
        while rows := list(islice(result.rows, _FETCHED)):
            positions = [f"{name}#{n}" for n in range(number, number + len(rows))]
            yield from _rows(positions, list(zip(*rows, strict=True)), chosen)
            number += len(rows)


def _rows(
    positions: list[str], given: list[tuple[object, ...]], chosen: list[tuple[int, Column]]
) -> Iterator[Rows | Rejected]:
    """Give rows as columns of values, without those of which a value is none of its type's."""
    columns: list[Sequence[object]] = []
    bad: dict[int, Rejected] = {}
    for place, column in chosen:
        values: Sequence[object] = given[place]
        if column.kind or column.width:
            made: list[object] = []
            for number, value in enumerate(values):
                try:
                    made.append(read_value(value, column.kind, column.width))
                except ValueError:
                    made.append(None)
                    bad.setdefault(number, _refuse(positions[number], column, value))
            values = made
        columns.append(values)
    rows = Rows(positions, columns)
    yield rows.only([n for n in range(len(positions)) if n not in bad]) if bad else rows
    yield from bad.values()


def _refuse(position: str, column: Column, value: object) -> Rejected:
    return bad_row(
        "database",
        position,
        f"column {column.name!r} = {str(value)!r} is no xsd:{column.kind}",
        str(value),
        "bad-literal",
        "correct the row, or give something else for the value in a query",
    )


@contextmanager
def _opened(written: str, folder: Path, wanted: str) -> Iterator[Database]:
    url = parse_url(_VARIABLE.sub(_environment, written), "the mapping's url")
    if url.get_backend_name() == "sqlite":
        url = url.set(database=str(folder / (url.database or "")))
    where = f"{place_of(url)}: {shorten(wanted, _SHOWN, placeholder=' …')}"
    hint = "check the table or query that the mapping names"
    with opened(url, where, lambda _engine, _reason: hint) as database:
        yield database


def _sql(database: Database, wanted: str) -> str:
    """Take a query as it stands (R2RML, section 5.2), or all of a table."""
    return wanted if is_query(wanted) else database.select_all(wanted)


def _environment(match: re.Match[str]) -> str:
    value = os.environ.get(match[1])
    if value is None:
        raise SourceError(
            f"the mapping's url names ${{{match[1]}}}, which is not set", hint="set it"
        )
    return value
