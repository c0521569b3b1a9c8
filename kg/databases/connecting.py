"""Connections by SQLAlchemy URL, and the errors of drivers in words, without passwords."""

from __future__ import annotations

import re
import sqlite3
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from kg.databases import sqlite
from kg.databases.reading import Database
from kg.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import URL, Connection, Engine

    Hint = Callable[[Engine, str], str]

_DRIVERS = {
    "mysql": ("mysql", "mysql+pymysql"),
    "mariadb": ("mysql", "mariadb+pymysql"),
    "postgresql": ("postgres", "postgresql+psycopg"),
}
"""The extra that brings a tested driver, and how a URL names it."""

_HINTS = (
    (
        r"access denied|authentication failed|no password supplied|role .* does not exist",
        "check user and password in the url",
    ),
    (r"unknown database|database .* does not exist", "check the database's name in the url"),
    (
        r"lost connection|closed the connection|terminat|gone away|was killed",
        "read it again when the server is there: nothing is lost",
    ),
    (
        r"can't connect|connection (?:refused|failed|is bad)|timed? ?out",
        "check host and port in the url, and that the server runs",
    ),
)


def parse_url(written: str, whose: str) -> URL:
    """Read a URL; ``whose`` is what the error begins with, as its own text may hold a password.

    Raises:
        SourceError: it is no URL of SQLAlchemy.
    """
    refusal = SourceError(
        f"{whose} is no SQLAlchemy URL",
        hint="write it as dialect://user:${PASSWORD}@host/database or sqlite:///file.sqlite;"
        " a password's own @ : / and % are written %40 %3A %2F and %25",
    )
    try:
        url = sqlalchemy.make_url(written)
    except (ArgumentError, ValueError) as error:  # ValueError: a port that is no number
        raise refusal from error
    if "@" in (url.host or ""):  # the rest of a password that was cut at its own @
        raise refusal
    return url


def place_of(url: URL) -> str:
    """Name a database without its user: a SQLite file, or host and database."""
    database = url.database or ""
    if url.get_backend_name() == "sqlite":
        return Path(database).name
    return f"{url.host}/{database}" if url.host else database or url.get_backend_name()


@contextmanager
def opened(url: URL, where: str, hint: Hint) -> Iterator[Database]:
    """Connect to a database; its errors begin with ``where``.

    ``hint`` says what to do about an error of which nothing else is known.

    Raises:
        SourceError: it cannot be reached, or what is done with it fails.
    """
    is_file = url.get_backend_name() == "sqlite"
    path = Path(url.database or "")
    engine = _file_engine(path, where) if is_file else _server_engine(url, where)
    watched = sqlite.unwritten(path, where) if is_file else nullcontext()
    try:
        with _translated(url, engine, where, hint), watched, _connected(engine) as connection:
            yield Database(connection, where)
    finally:
        engine.dispose()


def _file_engine(path: Path, where: str) -> Engine:
    if not path.is_file():
        raise SourceError(
            f"{where}: there is no SQLite file {path}",
            hint="check the url; a relative path starts at the folder of the file that names it",
        )
    return sqlalchemy.create_engine(
        "sqlite://", creator=lambda: sqlite.connect(path, where), poolclass=NullPool
    )


def _server_engine(url: URL, where: str) -> Engine:
    try:
        # Text of any language, and lengths that can be counted in characters.
        options = {"charset": "utf8mb4"} if url.drivername.endswith("+pymysql") else {}
        return sqlalchemy.create_engine(url, poolclass=NullPool, connect_args=options)
    except (NoSuchModuleError, ImportError) as error:
        extra, name = _DRIVERS.get(url.get_backend_name(), ("", ""))
        hint = f"pip install 'traveler-kg[{extra}]', and write {name}://…" if extra else ""
        raise SourceError(
            f"{where}: no driver for {url.drivername}",
            hint=hint or f"install one: {error}",
        ) from error


@contextmanager
def _connected(engine: Engine) -> Iterator[Connection]:
    try:
        connection = engine.connect()
    except (TypeError, RuntimeError) as error:
        # An option of the URL that the driver has not; a way to log in that needs more packages.
        raise SQLAlchemyError(str(error)) from error
    with connection:
        yield connection


@contextmanager
def _translated(url: URL, engine: Engine, where: str, hint: Hint) -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, sqlite3.DatabaseError, OSError) as error:
        reason = _reason(error)
        if url.password:
            reason = reason.replace(str(url.password), "***")
        known = (said for pattern, said in _HINTS if re.search(pattern, reason, re.IGNORECASE))
        raise SourceError(
            f"{where}: {reason}", hint=next(known, "") or hint(engine, reason)
        ) from error


def _reason(error: Exception) -> str:
    """Give the first line of what the driver said; PyMySQL says a number and a text."""
    said = getattr(error, "orig", None) or error
    parts = [part for part in said.args if isinstance(part, str)]
    is_numbered = len(said.args) > 1 and isinstance(said.args[0], int)
    text = parts[0] if is_numbered and parts else str(said)
    return (text.strip() or type(said).__name__).splitlines()[0]
