"""Keys: made once, kept as digests, and looked at anew whenever anybody changed them."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from kg.access.keys import MARK, Keys
from kg.errors import ConfigError

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[Keys]:
    found = Keys(tmp_path / "keys.sqlite")
    yield found
    found.close()


def test_a_key_holds_256_bits_and_no_two_are_alike(keys: Keys) -> None:
    made = [keys.add(f"name {n}", "reader", NOW)[0] for n in range(50)]
    secrets = {key.split("_", 2)[2] for key in made}
    assert len(secrets) == 50
    assert all(len(secret) == 43 for secret in secrets), "43 letters of base64 are 256 bits"
    assert len({key[:12] for key in made}) == 50


def test_the_file_holds_digests_and_only_its_user_reads_it(keys: Keys) -> None:
    secret, made = keys.add("kiosk", "kiosk", NOW)
    session = keys.open_session("kiosk", "kiosk", made.prefix, NOW, NOW + timedelta(hours=1))
    content = b"".join(path.read_bytes() for path in keys.path.parent.iterdir())
    assert secret.removeprefix(f"{made.prefix}_").encode() not in content
    assert session.encode() not in content
    assert made.digest in content
    assert made.digest == sha256(secret.removeprefix(f"{made.prefix}_").encode()).digest()
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o606, 0o660])
def test_a_file_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keys.sqlite"
    path.touch()
    path.chmod(mode)
    with pytest.raises(ConfigError, match="by others") as error:
        Keys(path)
    assert error.value.hint == f"chmod 600 {path}"


def test_a_file_of_something_else_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "keys.sqlite"
    path.write_bytes(b"not a database at all, but long enough to be looked at" * 20)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="not a database"):
        Keys(path)


def test_a_folder_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        Keys(tmp_path / "nowhere" / "keys.sqlite")


def test_only_the_whole_key_is_found(keys: Keys) -> None:
    secret, made = keys.add("reporting", "reader", NOW)
    assert keys.find(secret, NOW) == made
    for wrong in (made.prefix, f"{made.prefix}_", secret[:-1], secret + "x", "", MARK, "\ud800"):
        assert keys.find(wrong, NOW) is None
    other, _ = keys.add("other", "reader", NOW)
    mixed = made.prefix + "_" + other.split("_", 2)[2]
    assert keys.find(mixed, NOW) is None


def test_a_key_ends_at_its_time(keys: Keys) -> None:
    end = NOW + timedelta(hours=1)
    secret, _ = keys.add("reporting", "reader", NOW, expires_at=end)
    assert keys.find(secret, end - timedelta(microseconds=1)) is not None
    assert keys.find(secret, end) is None


def test_what_another_process_changes_counts_at_the_next_look(
    keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kg.access.keys.LOOK_SECONDS", 0.0)
    secret, made = keys.add("reporting", "reader", NOW)
    assert keys.find(secret, NOW) is not None
    other = Keys(keys.path)
    try:
        other.revoke(made.prefix, NOW)
        assert keys.find(secret, NOW) is None
        later, _ = other.add("later", "reader", NOW)
        assert keys.find(later, NOW) is not None
    finally:
        other.close()


def test_a_name_is_free_again_when_its_key_is_gone(keys: Keys) -> None:
    keys.add("kiosk", "kiosk", NOW)
    with pytest.raises(ConfigError, match="already"):
        keys.add("kiosk", "reader", NOW)
    keys.revoke("kiosk", NOW)
    keys.add("kiosk", "reader", NOW)
    assert [key.state(NOW) for key in keys.all()].count("revoked") == 1
    with pytest.raises(ConfigError, match="no key is called"):
        keys.revoke("nobody", NOW)


def test_a_session_goes_with_its_key_and_with_its_time(keys: Keys) -> None:
    _, made = keys.add("kiosk", "kiosk", NOW)
    end = NOW + timedelta(hours=1)
    session = keys.open_session("kiosk", "kiosk", made.prefix, NOW, end)
    assert keys.find_session(session, NOW) is not None
    assert keys.find_session(session + "x", NOW) is None
    assert keys.find_session(session, end) is None
    other = keys.open_session("kiosk", "kiosk", made.prefix, NOW, end)
    keys.end_session(other)
    assert keys.find_session(other, NOW) is None
    keys.revoke(made.prefix, NOW)
    assert keys.find_session(session, NOW) is None


def test_sessions_that_are_over_are_cleared_away(keys: Keys) -> None:
    for hours in range(3):
        keys.open_session("anna", "reader", None, NOW, NOW + timedelta(hours=hours + 1))
    keys.open_session("anna", "reader", None, NOW + timedelta(days=1), NOW + timedelta(days=2))
    with sqlite3.connect(keys.path) as file:
        assert file.execute("SELECT COUNT(*) FROM session").fetchone() == (1,)
    file.close()
