"""The commands that make keys, list them and take them back; and those that ask a guarded plant."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from kg.owner import OWNER_FILE, announce, owner_token
from tests.unit.api.access_plant import served
from tests.unit.api.conftest import opened, write_plant
from tests.unit.cli.conftest import Traveler


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    path = write_plant(tmp_path)
    path.write_text(path.read_text("utf-8") + "[access]\n", encoding="utf-8")
    return path


def test_a_key_is_printed_once_and_listed_by_its_prefix(traveler: Traveler, plant: Path) -> None:
    made = traveler("keys", "add", "kiosk at the saws", "--role", "kiosk", "--days", "30")
    assert made.returncode == 0, made.stderr
    secret = made.stdout.splitlines()[0]
    assert secret.startswith("tvk_")
    listed = traveler("keys", "list")
    assert secret[:12] in listed.stdout
    assert "kiosk at the saws" in listed.stdout
    assert secret not in listed.stdout + made.stderr
    assert all(len(line) <= 80 for line in listed.stdout.splitlines())
    told = json.loads(traveler("keys", "list", "--json").stdout)["keys"]
    assert [(key["key"], key["role"], key["state"]) for key in told] == [
        (secret[:12], "kiosk", "good")
    ]
    assert traveler("keys", "revoke", secret[:12]).returncode == 0
    assert "no keys" in traveler("keys", "list").stdout
    assert "revoked" in traveler("keys", "list", "--all").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--role", "boss"], "no role 'boss'"),
        (["--role", "reader", "--scope", "everything"], "no scope 'everything'"),
        (["--role", "reader", "--scope", "sparql:read"], "has no scope sparql:read"),
        (["--role", "reader", "--until", "soon"], "is no time"),
        (["--role", "reader", "--until", "2020-01-01"], "has passed"),
        (["--role", "reader", "--until", "2120-01-01", "--days", "3"], "say the same"),
    ],
)
def test_a_key_that_cannot_be_is_refused(
    traveler: Traveler, plant: Path, words: list[str], said: str
) -> None:
    ran = traveler("keys", "add", "somebody", *words)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert said in ran.stderr


def test_a_name_that_would_break_a_list_is_refused(traveler: Traveler, plant: Path) -> None:
    for name in ("", " ", "a\nb", "x" * 81):
        assert traveler("keys", "add", name, "--role", "reader").returncode == 2


def test_a_plant_without_access_has_no_keys(traveler: Traveler, tmp_path: Path) -> None:
    write_plant(tmp_path)
    ran = traveler("keys", "list")
    assert ran.returncode == 2
    assert "[access]" in ran.stderr


def test_commands_ask_a_guarded_plant_by_what_only_its_user_reads(
    traveler: Traveler, plant: Path
) -> None:
    with opened(plant) as owner, served(owner) as running:
        folder = owner.pipeline.plant.store_path
        (folder / OWNER_FILE).touch(0o666)
        announce(folder, running.url, running.gate.owner_token)
        assert stat.S_IMODE((folder / OWNER_FILE).stat().st_mode) == 0o600
        assert owner_token(folder) == running.gate.owner_token
        ran = traveler("context", "SAW-01", "--format", "json")
        assert ran.returncode == 0, ran.stderr
        assert json.loads(ran.stdout)["entity"]["id"] == "machine/SAW-01"
        assert traveler("check").returncode == 1
        announce(folder, running.url, "tvo_of-an-earlier-start")
        refused = traveler("context", "SAW-01")
        assert refused.returncode == 2
        assert "started anew" in refused.stderr
        audited = running.audited(3)
        assert {line["by"] for line in audited if line["status"] == 200} == {"owner"}
        assert running.gate.owner_token not in json.dumps(audited)


def test_nobody_beyond_this_machine_is_served_unless_it_is_said_who_may(
    traveler: Traveler, tmp_path: Path
) -> None:
    write_plant(tmp_path)
    for host in ("0.0.0.0", "::", "192.0.2.1", "plant.example"):
        ran = traveler("serve", "--host", host, "--port", "0")
        assert ran.returncode == 2
        assert "does not say who may ask" in ran.stderr
        assert "traveler keys add" in ran.stderr
    assert not (tmp_path / "store").exists()
