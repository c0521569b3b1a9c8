"""Who may ask: keys, scopes, roles, limits and the audit log, over a real connection."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from api.app import ROUTERS
from api.scopes import NEEDS
from api.signin import pages
from tests.unit.api.access_plant import Guarded, guarded
from tests.unit.api.conftest import opened

READ = "/v1/context/machine/SAW-01"


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """A guarded plant that tests share; each makes keys of its own."""
    with guarded(tmp_path_factory.mktemp("guarded")) as found:
        yield found


def test_every_route_says_what_it_needs() -> None:
    routers = [module.router for module in ROUTERS] + [pages]
    routes = {
        (m, r.path) for router in routers for r in router.routes for m in r.methods - {"HEAD"}
    }
    assert routes, "no route was found"
    own = {("GET", "/openapi.json")}
    assert (routes | own) - NEEDS.keys() == set()
    assert NEEDS.keys() - routes - own == set(), "what is gone needs nothing"


def test_who_brings_nothing_gets_nothing(plant: Guarded) -> None:
    for (method, path), need in NEEDS.items():
        if need.scope is None:
            continue
        asked = re.sub(r"\{[^}]*\}", "x", path)
        answer = plant.ask(method, asked)
        assert answer.status_code == 401, (method, path)
        assert answer.json()["code"] == "unauthorized"
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_path_that_is_none_tells_strangers_nothing(plant: Guarded) -> None:
    assert plant.ask("GET", "/v1/nothing").status_code == 401
    assert plant.ask("GET", "/v1/nothing", plant.key("reader")).status_code == 404


@pytest.mark.parametrize(
    "given",
    [
        *("Bearer", "Basic dXNlcjpwYXNz", "tvk_1_2", "Bearer tvk_", "Bearer tvk_1_2"),
        *("Bearer tvo_1", "Bearer eyJhbGciOiJub25lIn0.e30.", "Bearer é", "Bearer a b"),
    ],
)
def test_what_is_no_key_opens_nothing(plant: Guarded, given: str) -> None:
    with plant.client() as client:
        answer = client.get(READ, headers={"Authorization": given.encode()})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert given.rpartition(" ")[2] not in answer.text or len(given) < 12


def test_a_key_opens_what_its_role_may(plant: Guarded) -> None:
    key = plant.key("reader")
    assert plant.ask("GET", READ, key).status_code == 200
    refused = plant.ask("GET", "/sparql", key, params={"query": "ASK {}"})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert "sparql:read" in refused.json()["detail"]
    assert 'scope="sparql:read"' in refused.headers["www-authenticate"]
    analyst = plant.key("analyst")
    assert plant.ask("GET", "/sparql", analyst, params={"query": "ASK {}"}).status_code == 200
    assert plant.ask("POST", "/v1/checkpoint", analyst).status_code == 403
    assert plant.ask("POST", "/v1/checkpoint", plant.key("admin")).status_code == 200


def test_a_key_may_be_narrower_than_its_role(plant: Guarded) -> None:
    key = plant.key("admin", scopes=("sparql:read",))
    assert plant.ask("GET", "/sparql", key, params={"query": "ASK {}"}).status_code == 200
    assert plant.ask("GET", READ, key).status_code == 403


def test_a_secret_that_differs_in_one_letter_opens_nothing(plant: Guarded) -> None:
    key = plant.key("reader")
    for wrong in (key[:-1] + ("A" if key[-1] != "A" else "B"), key + "A", key[:-1]):
        assert plant.ask("GET", READ, wrong).status_code == 401


def test_what_another_process_revokes_opens_nothing_from_then_on(plant: Guarded) -> None:
    from kg.access.keys import LOOK_SECONDS
    from kg.access.keys import opened as opened_keys

    key = plant.key("reader", "to be revoked")
    assert plant.ask("GET", READ, key).status_code == 200
    with opened_keys(plant.gate.keys.path) as others:
        others.revoke("to be revoked", plant.clock())
    time.sleep(2 * LOOK_SECONDS)
    assert plant.ask("GET", READ, key).status_code == 401


def test_a_key_ends_when_it_was_to_end(plant: Guarded) -> None:
    key = plant.key("reader", expires_at=plant.clock() + timedelta(seconds=60))
    assert plant.ask("GET", READ, key).status_code == 200
    plant.clock.move(60)
    assert plant.ask("GET", READ, key).status_code == 401


def test_a_key_of_a_role_that_is_gone_opens_nothing(plant: Guarded) -> None:
    answer = plant.ask("GET", READ, plant.key("night-shift"))
    assert answer.status_code == 401
    assert "night-shift" in answer.json()["detail"]


def test_a_kiosk_reads_and_does_nothing_else(plant: Guarded) -> None:
    key = plant.key("kiosk")
    assert plant.ask("GET", READ, key).status_code == 200
    for (method, path), need in NEEDS.items():
        if need.scope not in {None, "", "context:read", "notes:write"}:
            asked = re.sub(r"\{[^}]*\}", "x", path)
            assert plant.ask(method, asked, key).status_code == 403, (method, path)


def test_health_is_open_and_tells_strangers_no_more_than_that(plant: Guarded) -> None:
    assert plant.ask("GET", "/health").json() == {"status": "up"}
    assert plant.ask("GET", "/ready").json() == {"ready": True}
    key = plant.key("reader")
    assert "sources" in plant.ask("GET", "/health", key).json()
    assert "applied_seq" in plant.ask("GET", "/ready", key).json()


def test_the_documentation_is_open_and_needs_no_key(plant: Guarded) -> None:
    for path in ("/docs", "/openapi.json", "/docs/start.js", "/signin"):
        assert plant.ask("GET", path).status_code == 200


def test_a_head_asks_for_what_a_get_does(plant: Guarded) -> None:
    assert plant.ask("HEAD", READ).status_code == 401
    assert plant.ask("HEAD", READ, plant.key("reader")).status_code == 200
    assert plant.ask("HEAD", "/sparql?query=ASK%7B%7D", plant.key("reader")).status_code == 403


def test_no_other_site_may_read_answers(plant: Guarded) -> None:
    with plant.client(plant.key("reader"), Origin="https://evil.example") as client:
        headers = client.get(READ).headers
    assert not [name for name in headers if name.startswith("access-control")]


def test_whoever_asks_too_often_is_told_when_to_come_back(tmp_path: Path) -> None:
    with guarded(tmp_path, "[access]\nrequests_per_minute = 60\nburst = 3\n") as plant:
        key, other = plant.key("reader"), plant.key("reader")
        with plant.client(key) as client:
            statuses = [client.get(READ).status_code for _ in range(4)]
            assert statuses == [200, 200, 200, 429]
            refused = client.get(READ)
            assert refused.json()["code"] == "too-often"
            assert refused.headers["retry-after"] == "1"
            assert plant.ask("GET", READ, other).status_code == 200, "a limit is each one's own"
            plant.clock.move(1)
            assert client.get(READ).status_code == 200
            assert client.get(READ).status_code == 429
        strangers = [plant.ask("GET", READ, "tvk_a_b").status_code for _ in range(4)]
        assert strangers == [401, 401, 401, 429]
        assert plant.ask("GET", READ, other).status_code == 200, "strangers take nothing from keys"


OWN_LIMITS = """
[access]
requests_per_minute = 60
burst = 2
[[role]]
name = "panel"
scopes = ["context:read"]
requests_per_minute = 6000
burst = 5
[[role]]
name = "script"
scopes = ["context:read"]
burst = 1
"""


def test_a_role_may_have_limits_of_its_own(tmp_path: Path) -> None:
    with guarded(tmp_path, OWN_LIMITS) as plant:
        for role, often, seconds in (("reader", 2, 1.5), ("panel", 5, 0.015), ("script", 1, 1.5)):
            with plant.client(plant.key(role)) as client:
                statuses = [client.get(READ).status_code for _ in range(often + 1)]
                assert statuses == [*[200] * often, 429], role
                plant.clock.move(seconds)
                assert [client.get(READ).status_code for _ in range(2)] == [200, 429], role


def test_the_audit_log_says_who_asked_what_and_holds_no_secret(tmp_path: Path) -> None:
    with guarded(tmp_path) as plant:
        key = plant.key("analyst", "reporting")
        asked = {"query": "ASK { ?secret ?in ?query }"}
        assert plant.ask("GET", "/sparql", key, params=asked).status_code == 200
        body = plant.ask("GET", READ, key).content
        plant.ask("GET", READ, "tvk_12345678_wrongsecret")
        plant.ask("GET", "/v1/gaps", plant.key("sender"))
        lines = plant.audited(4)
        text = (tmp_path / "audit" / "audit.jsonl").read_text("utf-8")
    sparql, read, wrong, forbidden = lines
    assert (sparql["who"], sparql["role"], sparql["by"]) == ("reporting", "analyst", "key")
    assert sparql["id"] == f"key:{key[:12]}"
    assert (sparql["method"], sparql["route"], sparql["status"]) == ("GET", "/sparql", 200)
    assert read["about"] == "machine/SAW-01"
    assert read["bytes"] == len(body)
    assert read["rows"] > 0
    assert read["ms"] >= 0
    assert read["at"] == "2026-11-23T08:00:00Z"
    assert (wrong["who"], wrong["status"]) == ("nobody", 401)
    assert (forbidden["role"], forbidden["status"]) == ("sender", 403)
    for secret in (key[12:], "wrongsecret", "?secret"):
        assert secret not in text
    assert (tmp_path / "audit" / "audit.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_plant_without_access_answers_everybody(client: httpx.Client) -> None:
    assert client.get(READ).status_code == 200
    told = client.get("/v1/session").json()
    assert (told["by"], told["sees_all"]) == ("open", True)
    refused = client.post("/v1/session", json={"key": "tvk_a_b"})
    assert (refused.status_code, refused.json()["code"]) == (409, "access-open")


def test_a_plant_with_access_is_served_by_its_gate_only(tmp_path: Path) -> None:
    from api.app import create_app
    from kg.errors import ConfigError
    from tests.unit.api.conftest import write_plant

    path = write_plant(tmp_path)
    path.write_text(path.read_text("utf-8") + "[access]\n", encoding="utf-8")
    with opened(path) as owner, pytest.raises(ConfigError, match="nobody sees to it"):
        create_app(owner)
