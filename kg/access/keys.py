"""Keys: what programs and kiosks ask with, and the sessions of browsers.

A key is ``tvk_PREFIX_SECRET``. The secret is 256 random bits, so one SHA-256 of it is enough: there
is nothing to guess that a slow hash would protect, as there is in a password, and looking a key up
costs microseconds. Only the digest is kept; the prefix is no secret, and is what people see.
"""

from __future__ import annotations

import hmac
import secrets
import sqlite3
import stat
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING

from kg.errors import ConfigError
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MARK = "tvk_"
SECRET_BYTES = 32
LOOK_SECONDS = 0.01
"""After so long at most it counts what another process has changed."""
_NOBODYS = sha256(b"").digest()
_SCHEMA = """
CREATE TABLE IF NOT EXISTS key (
  prefix TEXT PRIMARY KEY, digest BLOB NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL,
  scopes TEXT NOT NULL, created_at TEXT NOT NULL, expires_at TEXT, revoked_at TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS session (
  digest BLOB PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, key TEXT,
  expires_at TEXT NOT NULL
) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is kept; ``scopes`` narrow what its role may do, none of them is all of it."""

    prefix: str
    digest: bytes
    name: str
    role: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    def is_good(self, now: datetime) -> bool:
        """Tell whether it opens anything."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def state(self, now: datetime) -> str:
        """Say in a word how it stands."""
        if self.revoked_at is not None:
            return "revoked"
        return "good" if self.is_good(now) else "expired"


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that is signed in: by a key, or as somebody whom an identity provider named."""

    digest: bytes
    name: str
    role: str
    key: str | None
    expires_at: datetime


class Keys:
    """The keys and sessions of a plant, in a file that only its user reads; any thread may ask.

    What this process changes counts at once. What another one changes counts within
    ``LOOK_SECONDS``: to ask SQLite before each look would let other threads go first each time.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, or make it.

        Raises:
            ConfigError: others can read it, or it is no such file.
        """
        self.path = path
        self._lock = Lock()
        _make(path)
        with _translated(path):
            self._file = sqlite3.connect(path, check_same_thread=False, timeout=10)
            self._file.execute("PRAGMA synchronous = FULL")
            self._file.execute("PRAGMA secure_delete = ON")
            self._file.executescript(_SCHEMA)
        self._version = -1
        self._look_again = 0.0
        self._keys: dict[str, Key] = {}
        self._sessions: dict[bytes, Session] = {}

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._file.close()

    # ---- keys

    def add(
        self,
        name: str,
        role: str,
        now: datetime,
        *,
        scopes: tuple[str, ...] = (),
        expires_at: datetime | None = None,
    ) -> tuple[str, Key]:
        """Make a key; gives it in full, which nobody can again, and as it is kept.

        Raises:
            ConfigError: a good key has that name.
        """
        if any(key.name == name and key.is_good(now) for key in self.all()):
            raise ConfigError(
                f"a key is called {name!r} already", hint="name another, or revoke that one first"
            )
        prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(SECRET_BYTES)
        digest = sha256(secret.encode()).digest()
        made = Key(MARK + prefix, digest, name, role, scopes, now, expires_at, None)
        row = (made.prefix, digest, name, role, " ".join(scopes), format_time(now))
        until = format_time(expires_at) if expires_at else None
        self._write("INSERT INTO key VALUES (?, ?, ?, ?, ?, ?, ?, NULL)", (*row, until))
        return f"{made.prefix}_{secret}", made

    def revoke(self, reference: str, now: datetime) -> Key:
        """Take a key back, by its prefix or name, with all sessions that it opened.

        Raises:
            ConfigError: no good key, or several, go by that.
        """
        found = [k for k in self.all() if reference in {k.prefix, k.name} and not k.revoked_at]
        if len(found) != 1:
            many = "several keys are" if found else "no key is"
            raise ConfigError(
                f"{many} called {reference!r}", hint="traveler keys list names them; give a prefix"
            )
        when = format_time(now)
        self._write("UPDATE key SET revoked_at = ? WHERE prefix = ?", (when, found[0].prefix))
        self._write("DELETE FROM session WHERE key = ?", (found[0].prefix,))
        return found[0]

    def all(self) -> list[Key]:
        """List all keys, also those that open nothing any more, the oldest first."""
        with self._lock:
            self._refresh()
            return sorted(self._keys.values(), key=lambda key: (key.created_at, key.prefix))

    def find(self, given: str, now: datetime) -> Key | None:
        """Give the good key that a request brought; None where it is none."""
        prefix, _, secret = given.removeprefix(MARK).partition("_")
        with self._lock:
            self._refresh()
            key = self._keys.get(MARK + prefix)
        digest = sha256(secret.encode("utf-8", "surrogatepass")).digest()
        # In the same time whether there is such a prefix or not.
        is_right = hmac.compare_digest(digest, key.digest if key else _NOBODYS)
        return key if key is not None and is_right and key.is_good(now) else None

    # ---- sessions

    def open_session(
        self, name: str, role: str, key: str | None, now: datetime, expires_at: datetime
    ) -> str:
        """Open a session; gives the secret for the browser, 256 random bits too."""
        secret = secrets.token_urlsafe(SECRET_BYTES)
        digest = sha256(secret.encode()).digest()
        self._write("DELETE FROM session WHERE expires_at <= ?", (format_time(now),))
        row = (digest, name, role, key, format_time(expires_at))
        self._write("INSERT INTO session VALUES (?, ?, ?, ?, ?)", row)
        return secret

    def find_session(self, secret: str, now: datetime) -> tuple[Session, Key | None] | None:
        """Give a session that goes on, with its key; None where it ended, or its key did."""
        digest = sha256(secret.encode("utf-8", "surrogatepass")).digest()
        with self._lock:
            self._refresh()
            found = self._sessions.get(digest)
            key = self._keys.get(found.key) if found and found.key else None
        if found is None or now >= found.expires_at:
            return None
        if found.key is not None and (key is None or not key.is_good(now)):
            return None
        return found, key

    def end_session(self, secret: str) -> None:
        """Sign a browser out."""
        digest = sha256(secret.encode("utf-8", "surrogatepass")).digest()
        self._write("DELETE FROM session WHERE digest = ?", (digest,))

    # ---- the file

    def _write(self, sql: str, values: tuple[object, ...]) -> None:
        with self._lock, _translated(self.path), self._file:
            self._file.execute(sql, values)
        with self._lock:
            self._version, self._look_again = -1, 0.0

    def _refresh(self) -> None:
        now = monotonic()
        if now >= self._look_again:
            self._look()
            self._look_again = now + LOOK_SECONDS

    def _look(self) -> None:
        """Read the file again if it was changed (https://sqlite.org/pragma.html#pragma_data_version)."""
        try:
            ((version,),) = self._file.execute("PRAGMA data_version")
            if version == self._version:
                return
            keys = self._file.execute("SELECT * FROM key").fetchall()
            sessions = self._file.execute("SELECT * FROM session").fetchall()
        except sqlite3.Error as error:
            raise _broken(self.path, error) from error
        self._keys = {row[0]: _key(row) for row in keys}
        self._sessions = {row[0]: _session(row) for row in sessions}
        self._version = version


def _key(row: tuple[str, bytes, str, str, str, str, str | None, str | None]) -> Key:
    prefix, digest, name, role, scopes, created, expires, revoked = row
    return Key(
        prefix,
        digest,
        name,
        role,
        tuple(scopes.split()),
        _time(created),
        _time(expires) if expires else None,
        _time(revoked) if revoked else None,
    )


def _session(row: tuple[bytes, str, str, str | None, str]) -> Session:
    digest, name, role, key, expires = row
    return Session(digest, name, role, key, _time(expires))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _make(path: Path) -> None:
    """Make the file for its user alone, before anything is written into it."""
    try:
        path.touch(mode=0o600, exist_ok=True)
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}", hint="see [access] keys") from error
    if mode & 0o077:
        raise ConfigError(
            f"{path} can be read or written by others (mode {mode:o})", hint=f"chmod 600 {path}"
        )


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _broken(path, error) from error


def _broken(path: Path, error: sqlite3.Error) -> ConfigError:
    return ConfigError(f"{path}: {error}", hint="it holds the plant's keys")


@contextmanager
def opened(path: Path) -> Iterator[Keys]:
    """Open the keys for as long as the block runs."""
    with closing(Keys(path)) as keys:
        yield keys
