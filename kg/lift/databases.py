"""Tables and queries of a database, by any SQLAlchemy URL -> items, row by row.

Values become text by "Natural mapping of SQL values" (R2RML, section 10.2). Nothing is written.
"""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from kg.errors import SourceError
from kg.lift.natural import to_natural
from kg.lift.spool import Item

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.engine import Connection, CursorResult, Engine

_FETCHED = 5_000
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_QUERY = re.compile(r"\s*(?:(?:SELECT|WITH|VALUES|TABLE)[\s(*]|\()", re.IGNORECASE)
_QUOTED = re.compile(r'"((?:[^"]|"")+)"(?:\.|$)|([^".]+)(?:\.|$)')


def read_header(url: str, folder: Path, wanted: str) -> list[str]:
    """Give the columns of a table or query.

    Raises:
        SourceError: the database, or the table, is not there, or the query cannot be run.
    """
    with _result(url, folder, wanted) as result:
        return list(result.keys())


def read_rows(url: str, folder: Path, wanted: str, references: list[str]) -> Iterator[Item]:
    """Read the columns that the references name, of every row of a table or query.

    Raises:
        SourceError: as `read_header`.
    """
    with _result(url, folder, wanted) as result:
        header = list(result.keys())
        places = [header.index(name) for name in references]
        name = "query" if _QUERY.match(wanted) else wanted
        for number, values in enumerate(result, 1):
            yield Item(f"{name}#{number}", [to_natural(values[place]) for place in places])


@contextmanager
def _result(url: str, folder: Path, wanted: str) -> Iterator[CursorResult[Any]]:
    engine = _engine(url, folder)
    options = {"stream_results": True, "yield_per": _FETCHED, "no_parameters": True}
    try:
        with (
            engine.connect() as connection,
            closing(
                connection.execution_options(**options).exec_driver_sql(_sql(connection, wanted))
            ) as result,
        ):
            yield result
    except SQLAlchemyError as error:
        lines = str(getattr(error, "orig", None) or error).splitlines()
        cause = lines[0] if lines else type(error).__name__
        hint = "check the table or query that the mapping names"
        raise SourceError(f"{_place(url)}: {wanted}: {cause}", hint=hint) from error
    finally:
        engine.dispose()


def _sql(connection: Connection, wanted: str) -> str:
    """Take a query as it stands (R2RML, section 5.2); a table's name is quoted."""
    if _QUERY.match(wanted):
        return wanted.strip().removesuffix(";")
    quoted = map(connection.dialect.identifier_preparer.quote_identifier, _names(wanted))
    return f"SELECT * FROM {'.'.join(quoted)}"


def _names(wanted: str) -> list[str]:
    """Part a table's name at its dots, of which those in double quotes are none."""
    parts = list(_QUOTED.finditer(wanted))
    if "".join(part[0] for part in parts) != wanted:
        return wanted.split(".")
    return [part[1].replace('""', '"') if part[1] else part[2] for part in parts]


def _place(written: str) -> str:
    """Name a database without its user and password."""
    url = sqlalchemy.make_url(_VARIABLE.sub(_environment, written))
    return "/".join(filter(None, [url.host, url.database])) or url.drivername


def _engine(written: str, folder: Path) -> Engine:
    try:
        url = sqlalchemy.make_url(_VARIABLE.sub(_environment, written))
        if url.get_backend_name() == "sqlite":
            path = folder / (url.database or "")
            return sqlalchemy.create_engine(
                "sqlite://", creator=lambda: _read_only(path), poolclass=NullPool
            )
        return sqlalchemy.create_engine(url, poolclass=NullPool)
    except ArgumentError as error:  # its message would repeat the URL with its password
        hint = "write it as dialect://user:${PASSWORD}@host/database or sqlite:///file.sqlite"
        raise SourceError("the mapping's url is no SQLAlchemy URL", hint=hint) from error
    except (NoSuchModuleError, ImportError) as error:
        raise SourceError(f"no driver for this database: {error}", hint="install it") from error


def _environment(match: re.Match[str]) -> str:
    value = os.environ.get(match[1])
    if value is None:
        raise SourceError(
            f"the mapping's url names ${{{match[1]}}}, which is not set", hint="set it"
        )
    return value


def _read_only(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        hint = "a relative path is taken from the mapping's folder"
        raise SourceError(f"there is no SQLite file {path}", hint=hint)
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    # One text that is no UTF-8 must cost one row, not the table.
    connection.text_factory = lambda content: content.decode("utf-8", "surrogateescape")
    return connection
