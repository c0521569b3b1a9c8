"""What a source that speaks by itself is told, and what is refused."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kg.errors import ConfigError
from kg.settings import load_plant
from kg.sources.feeds import open_feed
from tests.live_plant import NOW, write_live_plant

OURS = ("kg.sources.mqtt", "kg.sources.broker", "kg.sources.sparkplug")
TOPICS = {"state": 'topic = "line/{machine}"', "machine": 'topic = "m"'}


def test_secrets_come_from_the_environment_and_from_files_and_are_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINE_USER", "traveler")
    (tmp_path / "password").write_text("s3cret\n")
    (tmp_path / "token").write_text("t0ken\n")
    settings = 'user = "${LINE_USER}"\npassword_file = "password"\ntoken_file = "token"'
    plant = load_plant(write_live_plant(tmp_path, settings=settings))
    (source,) = plant.sources
    assert (source.user, source.password, source.token) == ("traveler", "s3cret", "t0ken")
    assert "s3cret" not in repr(plant)
    assert "t0ken" not in repr(plant)


@pytest.mark.parametrize(
    ("adapter", "settings", "tables", "said"),
    [
        ("push", 'token = "s3cret"', {}, "[[source]] token stands in the open"),
        ("push", 'token = "${NO_SUCH}"', {}, "NO_SUCH} is not set"),
        ("push", 'token_file = "none"', {}, "[[source]] token_file"),
        ("push", "", TOPICS, "table state of this adapter has no topic"),
        ("mqtt", "", {}, "table state needs a topic"),
        ("mqtt", "", TOPICS | {"state": 'topic = "a/#/b"'}, "topic 'a/#/b' must be levels"),
        ("mqtt", 'protocol = "4"', TOPICS, "protocol"),
    ],
)
def test_what_cannot_be_is_named_and_no_secret_is_repeated(
    tmp_path: Path, adapter: str, settings: str, tables: dict[str, str], said: str
) -> None:
    path = write_live_plant(tmp_path, adapter, settings=settings, **tables)
    with pytest.raises(ConfigError) as caught:
        load_plant(path)
    assert said in caught.value.message
    assert "s3cret" not in caught.value.message + caught.value.hint


def test_a_secret_does_not_belong_into_the_mapping(tmp_path: Path) -> None:
    path = write_live_plant(tmp_path)
    source = tmp_path / "line" / "source.toml"
    source.write_text(source.read_text().replace("[source]\n", '[source]\npassword = "s3cret"\n'))
    with pytest.raises(ConfigError, match=r"source.toml: password stands in the open") as caught:
        load_plant(path)
    assert "s3cret" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("adapter", "package"), [("mqtt", "paho"), ("sparkplug", "paho"), ("sparkplug", "google")]
)
def test_a_package_that_is_not_installed_is_named_with_the_extra_that_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, adapter: str, package: str
) -> None:
    tables = TOPICS if adapter == "mqtt" else {}
    settings = 'url = "mqtt://host"'
    plant = load_plant(write_live_plant(tmp_path, adapter, settings=settings, **tables))
    for name in list(sys.modules):
        if name.startswith((f"{package}.", *OURS)):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ConfigError, match=f"needs the package {package}") as caught:
        open_feed(plant.sources[0], lambda table, messages: None, lambda: NOW)  # type: ignore[arg-type,return-value]
    assert caught.value.hint == "pip install 'traveler-kg[mqtt]'"
