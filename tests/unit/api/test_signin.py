"""Signing in by browser: a key becomes a cookie, and so does a person at the identity provider."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.unit.api.access_plant import Guarded, guarded
from tests.unit.api.identity_provider import Provider, provided

READ = "/v1/context/machine/SAW-01"
OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with guarded(tmp_path_factory.mktemp("signin")) as found:
        yield found


@contextmanager
def browser(plant: Guarded, key: str) -> Iterator[httpx.Client]:
    """A client that keeps cookies, and is signed in."""
    with plant.client() as client:
        answer = client.post("/v1/session", json={"key": key})
        assert answer.status_code == 201, answer.text
        yield client


def test_a_key_becomes_a_cookie_that_scripts_and_other_sites_cannot_use(plant: Guarded) -> None:
    key = plant.key("reader", "somebody")
    with plant.client() as client:
        answer = client.post("/v1/session", json={"key": key})
        cookie = answer.headers["set-cookie"]
        assert answer.json()["name"] == "somebody"
        assert answer.json()["until"] == "2026-11-23T16:00:00Z"
        for part in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age=28800"):
            assert part in cookie
        assert key not in cookie
        assert key not in answer.text
        assert client.get(READ).status_code == 200
        assert client.get("/v1/session").json()["by"] == "session"
    assert plant.ask("GET", READ).status_code == 401


def test_a_form_leads_to_the_first_page_and_a_wrong_key_back_to_the_form(plant: Guarded) -> None:
    with plant.client() as client:
        page = client.get("/signin").text
        assert 'action="v1/session"' in page
        wrong = client.post("/v1/session", data={"key": "tvk_1_2"})
        assert wrong.status_code == 401
        assert 'action="../v1/session"' in wrong.text
        assert client.get("/", headers={"Accept": "text/html"}).headers["location"] == "/signin"
        answer = client.post("/v1/session", data={"key": plant.key("reader")})
        assert (answer.status_code, answer.headers["location"]) == (303, "../")
        first = client.get("/", headers={"Accept": "text/html"})
        assert (first.status_code, first.headers["content-type"][:9]) == (200, "text/html")


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"{}", "application/json", 400),
        (b'{"key": 5}', "application/json", 400),
        (b"[" * 3000, "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"key=", "application/x-www-form-urlencoded", 400),
        (b"key=tvk", "text/plain", 415),
        (b"x" * 5_000, "application/json", 413),
        (b'{"key": "tvk_1_2"}', "application/json", 401),
        (b'{"key": "eyJhbGciOiJub25lIn0.e30."}', "application/json", 401),
    ],
)
def test_what_is_no_key_signs_nobody_in(
    plant: Guarded, body: bytes, media_type: str, status: int
) -> None:
    answer = plant.ask("POST", "/v1/session", content=body, headers={"Content-Type": media_type})
    assert answer.status_code == status
    assert "set-cookie" not in answer.headers


def test_a_browser_does_things_only_from_a_page_of_this_server(plant: Guarded) -> None:
    with browser(plant, plant.key("admin")) as client:
        own = str(client.base_url).rstrip("/")
        refused = client.post("/v1/checkpoint")
        assert (refused.status_code, refused.json()["code"]) == (403, "csrf")
        for headers in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": "none"},
            {"Sec-Fetch-Site": "cross-site", "Origin": own},
        ):
            assert client.post("/v1/checkpoint", headers=headers).status_code == 403
        evil = client.post("/v1/checkpoint", headers={"Origin": "https://evil.example"})
        assert (evil.status_code, evil.json()["code"]) == (403, "origin")
        assert client.post("/v1/checkpoint", headers={"Origin": own}).status_code == 200
        assert client.post("/v1/checkpoint", headers=OWN_PAGE).status_code == 200
        assert client.delete("/v1/session").status_code == 403


def test_signing_out_ends_the_session_and_not_only_the_cookie(plant: Guarded) -> None:
    with browser(plant, plant.key("reader")) as client:
        kept = dict(client.cookies)
        answer = client.delete("/v1/session", headers=OWN_PAGE)
        assert answer.status_code == 204
        assert "Max-Age=0" in answer.headers["set-cookie"]
        assert client.get(READ).status_code == 401
    with plant.client() as client:
        client.cookies.update(kept)
        assert client.get(READ).status_code == 401


def test_a_session_ends_with_its_shift(plant: Guarded) -> None:
    with browser(plant, plant.key("reader")) as client:
        plant.clock.move(8 * 3600 - 1)
        assert client.get(READ).status_code == 200
        plant.clock.move(1)
        assert client.get(READ).status_code == 401


def test_a_session_ends_with_its_key(plant: Guarded) -> None:
    end = plant.clock() + timedelta(seconds=100)
    with browser(plant, plant.key("reader", expires_at=end)) as client:
        plant.clock.move(99)
        assert client.get(READ).status_code == 200
        plant.clock.move(1)
        assert client.get(READ).status_code == 401
    with browser(plant, plant.key("reader", "taken back")) as client:
        plant.gate.keys.revoke("taken back", plant.clock())
        assert client.get(READ).status_code == 401


def test_a_kiosk_stays_signed_in_when_the_server_starts_anew(plant: Guarded) -> None:
    from kg.access.keys import opened

    with browser(plant, plant.key("kiosk")) as client:
        secret = next(iter(client.cookies.values()))
    plant.clock.move(30 * 86_400)
    with opened(plant.gate.keys.path) as anew:
        found = anew.find_session(secret, plant.clock())
    assert found is not None
    assert found[0].role == "kiosk"


def test_behind_tls_cookies_are_secure_and_browsers_stay_with_it(tmp_path: Path) -> None:
    settings = '[access]\nurl = "https://traveler.example"\nhosts = ["10.0.0.5"]\n'
    with guarded(tmp_path, settings) as plant, plant.client(Host="traveler.example") as client:
        answer = client.post("/v1/session", json={"key": plant.key("reader")})
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-traveler=")
        assert "Secure" in cookie
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        secret = cookie.partition("=")[2].partition(";")[0]
        asked = {"Cookie": f"__Host-traveler={secret}"}
        assert client.get(READ, headers=asked).status_code == 200
        # One of a name that any host of the domain can set is not looked at.
        assert client.get(READ, headers={"Cookie": f"traveler={secret}"}).status_code == 401
        assert client.get("/health", headers={"Host": "10.0.0.5:8000"}).status_code == 200
        assert client.get("/health", headers={"Host": "other.example"}).status_code == 421


def test_without_tls_nothing_says_that_there_is(plant: Guarded) -> None:
    assert "strict-transport-security" not in plant.ask("GET", "/health").headers


# ---- the identity provider


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with provided() as running:
        yield running


@pytest.fixture(scope="module")
def led(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """A plant whose people sign in at the provider."""
    more = {"authorize_url": f"{provider.url}/authorize", "token_url": f"{provider.url}/token"}
    settings = provider.settings(client_id="traveler-browser", **more)
    with guarded(tmp_path_factory.mktemp("led"), settings) as found:
        yield found


def _go(client: httpx.Client) -> str:
    """Go to the provider and back, up to the address that it leads back to."""
    start = client.get("/signin/start")
    assert start.status_code == 303
    asked = parse_qs(urlsplit(start.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == ["http://127.0.0.1/signin/callback"]
    back = httpx.get(start.headers["location"], trust_env=False)
    return "/signin/callback?" + urlsplit(back.headers["location"]).query


def test_a_person_signs_in_at_the_provider(led: Guarded) -> None:
    with led.client() as client:
        assert 'href="signin/start"' in client.get("/signin").text
        answer = client.get(_go(client))
        assert answer.status_code == 200, answer.text
        # By a page: a redirect would be the provider's navigation, without a strict cookie.
        assert 'url=../"' in answer.text
        assert "SameSite=strict" in answer.headers["set-cookie"]
        told = client.get("/v1/session").json()
        assert (told["name"], told["role"], told["by"]) == ("anna", "analyst", "session")


def test_nobody_is_signed_in_by_what_another_browser_began(led: Guarded) -> None:
    with led.client() as mine, led.client() as theirs:
        back = _go(mine)
        refused = theirs.get(back)
        assert refused.status_code == 401
        assert "traveler=" not in refused.headers.get("set-cookie", "")
        assert mine.get(back).status_code == 401, "a way back is used once, whoever did"


@pytest.mark.parametrize(
    "change",
    [
        lambda back: back.replace("state=", "state=x"),
        lambda back: back.replace("code=", "code=x"),
        lambda back: back.partition("&state")[0],
        lambda _: "/signin/callback?error=access_denied",
        lambda _: "/signin/callback",
    ],
)
def test_a_way_back_that_is_not_right_signs_nobody_in(led: Guarded, change) -> None:
    with led.client() as client:
        refused = client.get(change(_go(client)))
        assert refused.status_code == 401
        assert client.get(READ).status_code == 401


def test_a_way_back_is_good_for_ten_minutes(led: Guarded) -> None:
    with led.client() as client:
        back = _go(client)
        led.clock.seconds += 600
        assert client.get(back).status_code == 401


def test_a_token_of_another_sign_in_is_refused(led: Guarded, provider: Provider) -> None:
    with led.client() as client:
        back = _go(client)
        code = parse_qs(urlsplit(back).query)["code"][0]
        provider.nonce_of[code]["nonce"] = "another"
        refused = client.get(back)
        assert refused.status_code == 401
        assert "answers another sign-in" in refused.text
