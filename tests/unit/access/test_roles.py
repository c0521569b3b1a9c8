"""Roles of plant.toml: what cannot be is refused, by the file and the word that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.access.gate import is_loopback
from kg.errors import ConfigError
from kg.roles import BUILT_IN, SCOPES, WHOLE
from kg.settings import load_plant
from tests.unit.api.conftest import write_plant


def _load(folder: Path, text: str):
    path = write_plant(folder)
    path.write_text(path.read_text("utf-8") + text, encoding="utf-8")
    return load_plant(path)


def test_an_empty_section_limits_access_and_no_section_does_not(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    assert _load(tmp_path / "one", "[access]\n").access is not None
    assert _load(tmp_path / "other", "").access is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[role]]\nname = "a"\nscopes = ["context:read"]\n', "without"),
        ('[access]\n[[role]]\nname = "a"\nscopes = []\n', "scopes"),
        ('[access]\n[[role]]\nname = "a"\nscopes = ["all"]\n', "scopes"),
        ('[access]\n[[role]]\nname = "a b"\nscopes = ["context:read"]\n', "name"),
        ('[access]\nkey = "x"\n', "key"),
        ('[access]\nurl = "traveler.example"\n', "must be an address"),
        ('[access]\nurl = "https://user@traveler.example"\n', "must be an address"),
        ("[access]\nrequests_per_minute = 0\n", "requests_per_minute"),
        (
            '[access]\n[[role]]\nname = "a"\nscopes = ["context:read"]\nhides = ["price"]\n',
            "must be source:NAME",
        ),
        (
            '[access]\n[[role]]\nname = "a"\nscopes = ["context:read"]\nhides = ["source:erp"]\n',
            "the plant has none",
        ),
        ("[access]\n" + 2 * '[[role]]\nname = "a"\nscopes = ["context:read"]\n', "two roles"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        _load(tmp_path, text)


def test_a_role_takes_the_place_of_one_that_every_plant_has(tmp_path: Path) -> None:
    text = '[access]\n[[role]]\nname = "kiosk"\nscopes = ["context:read"]\n'
    assert _load(tmp_path, text).every_role["kiosk"].scopes == ("context:read",)


def test_the_roles_that_every_plant_has_hide_nothing_and_cover_every_scope() -> None:
    assert {scope for role in BUILT_IN for scope in role.scopes} == set(SCOPES)
    assert not [role for role in BUILT_IN if role.hides]
    assert set(SCOPES) >= WHOLE


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_these_addresses_are_of_this_machine_alone(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "", "10.0.0.5", "localhost.example", "2130706433"]
)
def test_these_addresses_may_be_reached_by_others(host: str) -> None:
    assert not is_loopback(host)
