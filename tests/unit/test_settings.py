"""Where plant.toml says that the graph lives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kg.errors import ConfigError
from kg.settings import load_plant

if TYPE_CHECKING:
    from pathlib import Path

HEAD = '[plant]\nname = "P"\nbase = "https://p.example/"\n[store]\n'
SERVER = 'endpoint = "http://host:8890/sparql"\nupdate = "http://host:8890/sparql-auth"\n'


def store_of(folder: Path, text: str):
    (folder / "plant.toml").write_text(HEAD + text)
    return load_plant(folder).store


def test_a_server_has_two_addresses_and_may_have_a_third(tmp_path: Path) -> None:
    store = store_of(tmp_path, SERVER + 'graph_store = "http://host:8890/gsp"\n')
    assert store.endpoint == "http://host:8890/sparql"
    assert store.update == "http://host:8890/sparql-auth"
    assert store.graph_store == "http://host:8890/gsp"
    assert store.account is None
    assert store.timeout_seconds == 60


def test_an_account_comes_from_the_environment_or_from_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARQL_USER", "traveler")
    (tmp_path / "secret.txt").write_text("s3cret word\n")
    text = SERVER + 'user = "${SPARQL_USER}"\npassword_file = "secret.txt"\n'
    store = store_of(tmp_path, text)
    assert store.account == ("traveler", "s3cret word")
    assert "s3cret" not in repr(store)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SERVER + 'user = "${USER_OF_IT}"\npassword = "s3cret"\n', "password stands in the open"),
        (SERVER + 'user = "dba"\npassword_file = "secret.txt"\n', "user stands in the open"),
        (SERVER + 'user = "${USER_OF_IT}"\npassword = "${NO_SUCH}"\n', "NO_SUCH} is not set"),
        (SERVER + 'user = "${USER_OF_IT}"\n', "belong together"),
        (SERVER + 'user = "${USER_OF_IT}"\npassword_file = "none.txt"\n', "password_file"),
        ('endpoint = "http://host/sparql"\n', "endpoint, to ask, and update, to write"),
        ('update = "http://host/update"\n', "endpoint, to ask, and update, to write"),
        ('graph_store = "http://host/gsp"\n', "need an endpoint"),
        (SERVER.replace("http:", "ftp:", 1), "must be an http"),
        (SERVER.replace("host", "dba:dba@host"), "without a user or password in it"),
        (SERVER + "timeout_seconds = 0\n", "timeout_seconds"),
        (SERVER + 'passwort = "x"\n', "passwort"),
    ],
)
def test_what_cannot_be_is_named_and_no_secret_is_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    monkeypatch.setenv("USER_OF_IT", "traveler")
    (tmp_path / "secret.txt").write_text("s3cret")
    with pytest.raises(ConfigError) as caught:
        store_of(tmp_path, text)
    assert message in caught.value.message
    assert "s3cret" not in caught.value.message + caught.value.hint
