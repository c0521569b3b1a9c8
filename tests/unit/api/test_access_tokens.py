"""Bearer tokens of an identity provider: those that are right are believed, all others are not."""

from __future__ import annotations

import json
import logging
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from hmac import new as sign
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from kg.access import tokens as module
from kg.access.tokens import KEEP_SECONDS, PAUSE_SECONDS, STALE_SECONDS, Tokens
from kg.errors import AccessError, ConfigError
from kg.roles import OidcSettings
from kg.settings import load_plant
from tests.unit.api.access_plant import START, Clock, Guarded, guarded
from tests.unit.api.conftest import write_plant
from tests.unit.api.identity_provider import Provider, provided

READ = "/v1/context/machine/SAW-01"
NOW = int(START.timestamp())


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with provided() as provider:
        yield provider


@pytest.fixture
def provider(running: Provider) -> Iterator[Provider]:
    """The provider, whose key and state a test may change."""
    keys = dict(running.keys)
    running.fetched = 0
    yield running
    running.keys, running.is_down = keys, False


@pytest.fixture(scope="module")
def plant(running: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with guarded(tmp_path_factory.mktemp("oidc"), running.settings()) as found:
        yield found


def _unsigned(provider: Provider) -> str:
    parts = ({"alg": "none", "typ": "JWT", "kid": "first"}, provider.claims())
    return ".".join([*(_encoded(json.dumps(part).encode()) for part in parts), ""])


def _by_public_key(provider: Provider) -> str:
    """Sign by the public key as if it were a secret: the library refuses to, so by hand."""
    public = provider.keys["first"].public_key()
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    parts = ({"alg": "HS256", "typ": "JWT", "kid": "first"}, provider.claims())
    body = ".".join(_encoded(json.dumps(part).encode()) for part in parts)
    return f"{body}.{_encoded(sign(pem, body.encode(), sha256).digest())}"


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _by_own_key(provider: Provider) -> str:
    mine = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return jwt.encode(provider.claims(), mine, "RS256", {"kid": "first"})


def _with_own_key_in_it(provider: Provider) -> str:
    mine = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    entry = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(mine.public_key()))
    header = {"kid": "mine", "jwk": entry, "jku": "http://127.0.0.1:1/keys"}
    return jwt.encode(provider.claims(), mine, "RS256", header)


def _by_curve(provider: Provider) -> str:
    mine = ec.generate_private_key(ec.SECP256R1())
    return jwt.encode(provider.claims(), mine, "ES256", {"kid": "first"})


def _critical(provider: Provider) -> str:
    header = {"kid": "first", "crit": ["x"], "x": 1}
    return jwt.encode(provider.claims(), provider.keys["first"], "RS256", header)


def _changed(provider: Provider) -> str:
    head, _, signature = provider.token().split(".")
    forged = provider.claims(groups=["planners", "admins"], sub="u-1")
    return f"{head}.{_encoded(json.dumps(forged).encode())}.{signature}"


NOT_RIGHT, NO_TOKEN = "signature is not right", "it is no token"
LACKS, NOT_PINNED = "lacks a claim", "algorithm is not one of"
NO_ROLE, NO_TIME = "names no role", "times is none"
REFUSED: dict[str, tuple[Callable[[Provider], str], str]] = {
    "of another audience": (lambda p: p.token(aud="somebody else"), "another audience"),
    "of no audience": (lambda p: p.token(aud=None), LACKS),
    "of another issuer": (lambda p: p.token(iss="http://127.0.0.1:1"), "another issuer"),
    "of no issuer": (lambda p: p.token(iss=None), LACKS),
    "by another key": (_by_own_key, NOT_RIGHT),
    "with its own key in it": (_with_own_key_in_it, "key is none"),
    "without a signature": (_unsigned, NOT_PINNED),
    "by the public key": (_by_public_key, NOT_PINNED),
    "by another algorithm": (_by_curve, NOT_PINNED),
    "with a critical extension": (_critical, NO_TOKEN),
    "changed after it was signed": (_changed, NOT_RIGHT),
    "expired": (lambda p: p.token(exp=NOW - 31), "has expired"),
    "of no end": (lambda p: p.token(exp=None), LACKS),
    "not valid yet": (lambda p: p.token(nbf=NOW + 31), "does not hold yet"),
    "issued in the future": (lambda p: p.token(iat=NOW + 31), "does not hold yet"),
    "of no beginning": (lambda p: p.token(iat=None), LACKS),
    "of nobody": (lambda p: p.token(sub=None), LACKS),
    "of an empty subject": (lambda p: p.token(sub=""), "subject is empty"),
    "whose end is text": (lambda p: p.token(exp=str(NOW + 300)), NO_TIME),
    "whose end is a truth": (lambda p: p.token(exp=True), NO_TIME),
    "whose end is beyond all": (lambda p: p.token(exp=1e300), NO_TIME),
    "whose end is not a number": (lambda p: p.token(exp=float("nan")), NO_TIME),
    "whose end is infinite": (lambda p: p.token(exp=float("inf")), NO_TIME),
    "of no role": (lambda p: p.token(groups=None), NO_ROLE),
    "of an unknown role": (lambda p: p.token(groups=["admin", "analyst"]), NO_ROLE),
    "whose role is an object": (lambda p: p.token(groups={"planners": True}), NO_ROLE),
    "of nothing": (lambda _: "e30.e30.e30", NOT_PINNED),
    "of no parts": (lambda _: "e30", NO_TOKEN),
    "cut": (lambda p: p.token()[:-21], NO_TOKEN),
    "too long": (lambda p: p.token(filler="x" * 20_000), "too long"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_token_that_is_not_right_is_refused_and_repeated_nowhere(
    plant: Guarded, running: Provider, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    make, why = REFUSED[name]
    token = make(running)
    plant.clock.now = START
    plant.clock.seconds += 10
    with caplog.at_level(logging.DEBUG):
        answer = plant.ask("GET", READ, token)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized"), name
    assert why in answer.json()["detail"]
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    audit = (plant.owner.pipeline.plant.folder / "audit" / "audit.jsonl").read_text("utf-8")
    parts = [part for part in token.split(".") if len(part) > 10]
    for place in (answer.text, audit, _logged_by_us(caplog)):
        assert not [part for part in parts if part in place]


def _logged_by_us(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(r.getMessage() for r in caplog.records if r.name.startswith("traveler"))


def test_a_token_that_is_right_has_the_role_of_its_claim(plant: Guarded, running: Provider) -> None:
    plant.clock.now = START
    token = running.token()
    assert plant.ask("GET", READ, token).status_code == 200
    assert plant.ask("GET", "/sparql", token, params={"query": "ASK {}"}).status_code == 200
    told = plant.ask("GET", "/v1/session", token).json()
    assert (told["name"], told["role"], told["by"]) == ("anna", "analyst", "token")
    visitor = running.token(groups=["x", "visitors"], sub="u-18")
    assert plant.ask("GET", "/sparql", visitor, params={"query": "ASK {}"}).status_code == 403


def test_a_token_ends_by_the_wall_clock_within_the_leeway(
    plant: Guarded, running: Provider
) -> None:
    plant.clock.now = START
    token = running.token(exp=NOW + 10)
    plant.clock.move(39)
    assert plant.ask("GET", READ, token).status_code == 200
    plant.clock.move(1)
    assert plant.ask("GET", READ, token).status_code == 401


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _tokens(provider: Provider, clock: Clock, **changed: object) -> Tokens:
    told = {
        "issuer": provider.url,
        "audience": "traveler",
        "jwks_url": f"{provider.url}/keys",
        "role_claim": "groups",
        "roles": {"planners": "analyst"},
        **changed,
    }
    return Tokens(OidcSettings.model_validate(told), clock, clock.ticks)


def test_keys_are_fetched_once_and_again_when_they_rotate(provider: Provider, clock: Clock) -> None:
    tokens = _tokens(provider, clock)
    for _ in range(3):
        tokens.read(provider.token())
    assert provider.fetched == 1
    provider.rotate("second")
    with pytest.raises(AccessError, match="key is none"):
        tokens.read(provider.token())
    assert provider.fetched == 1, "an unknown key is no way to have us ask again and again"
    clock.seconds += PAUSE_SECONDS
    assert tokens.read(provider.token()).subject == "u-17"
    assert provider.fetched == 2


def test_a_key_that_is_taken_back_is_believed_no_longer_than_it_is_kept(
    provider: Provider, clock: Clock
) -> None:
    tokens = _tokens(provider, clock)
    old = provider.token()
    tokens.read(old)
    provider.rotate("second")
    tokens.read(old)
    clock.seconds += KEEP_SECONDS + 1
    with pytest.raises(AccessError, match="key is none"):
        tokens.read(old)


def test_known_keys_outlast_a_provider_that_is_away_for_a_while(
    provider: Provider, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    tokens = _tokens(provider, clock)
    token = provider.token()
    tokens.read(token)
    provider.is_down = True
    clock.seconds += KEEP_SECONDS + 1
    with caplog.at_level(logging.WARNING, "traveler.access"):
        tokens.read(token)
    assert "cannot be had" in caplog.text
    clock.seconds += STALE_SECONDS
    with pytest.raises(AccessError, match="key is none"):
        tokens.read(token)


def test_keys_come_from_the_configured_address_and_no_other(
    provider: Provider, clock: Clock
) -> None:
    tokens = _tokens(provider, clock, jwks_url=f"{provider.url}/moved")
    with pytest.raises(AccessError, match="key is none"):
        tokens.read(provider.token())
    assert provider.fetched == 0


def test_a_role_is_found_by_a_dotted_claim(provider: Provider, clock: Clock) -> None:
    tokens = _tokens(provider, clock, role_claim="realm.roles")
    token = provider.token(realm={"roles": ["planners"]})
    assert tokens.read(token).role == "analyst"
    with pytest.raises(AccessError, match="names no role"):
        tokens.read(provider.token(realm=["planners"]))


def test_without_the_library_the_error_names_the_extra(
    provider: Provider, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(module.importlib, "import_module", fail)
    with pytest.raises(ConfigError) as error:
        _tokens(provider, clock)
    assert "traveler-kg[oidc]" in error.value.hint


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ('issuer = "http://id.example"', "https"),
        ('jwks_url = "https://user:secret@id.example/keys"', "without a user"),
        ('algorithms = ["HS256"]', "algorithms"),
        ('algorithms = ["none"]', "algorithms"),
        ("algorithms = []", "algorithms"),
        ('client_id = "traveler"', "authorize_url"),
        ('client_secret = "open"', "stands in the open"),
        ('[access.oidc.roles]\nplanners = "nobody"', "no role"),
    ],
)
def test_settings_that_are_not_safe_are_refused(tmp_path: Path, changed: str, said: str) -> None:
    own = {"issuer": "https://id.example", "jwks_url": "https://id.example/keys"}
    lines = [f'{n} = "{v}"' for n, v in own.items() if not changed.startswith(n)]
    roles = "" if "roles]" in changed else '[access.oidc.roles]\nplanners = "analyst"'
    text = "\n".join(["[access.oidc]", 'audience = "traveler"', *lines, changed, roles])
    path = write_plant(tmp_path)
    path.write_text(path.read_text("utf-8") + text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said) as error:
        load_plant(path)
    assert "secret" not in str(error.value).replace("client_secret", "")
