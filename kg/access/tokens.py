"""Tokens: what an identity provider says of somebody, believed only as far as plant.toml says.

Access and ID tokens are JWTs (RFC 7519) that are checked as RFC 8725 advises: issuer, audience and
algorithms are pinned, keys come from the configured address only, and a token says itself neither
where its key is to be found nor how it is to be checked. No error holds a token or a part of one.
"""

from __future__ import annotations

import importlib
import json
import logging
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

import httpx

from kg.errors import AccessError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from kg.roles import OidcSettings

MAX_TOKEN = 16 * 1024
MAX_KEYS_BYTES = 256 * 1024
KEEP_SECONDS = 600.0
"""How long fetched keys are believed before they are fetched again."""
PAUSE_SECONDS = 10.0
"""Between two fetches, whatever tokens come: an unknown key would else be a way to have us ask."""
STALE_SECONDS = 86_400.0
"""How long keys are believed that cannot be fetched again."""
END_OF_TIME = 253_402_300_800
"""The year 10000, in seconds: no calendar here knows it."""
REQUIRED = ("iss", "aud", "sub", "exp", "iat")
_log = logging.getLogger("traveler.access")


@dataclass(frozen=True, slots=True)
class Claimed:
    """Whom a token is of: the subject, a name for people, the role, and until when."""

    subject: str
    name: str
    role: str
    expires_at: float


class Tokens:
    """Reads tokens of one identity provider; any thread may.

    ``clock`` is the time that expiry is judged by, ``ticks`` gives seconds that never go back.
    """

    def __init__(
        self,
        settings: OidcSettings,
        clock: Callable[[], datetime],
        ticks: Callable[[], float],
    ) -> None:
        """Load PyJWT.

        Raises:
            ConfigError: it is not installed.
        """
        try:
            self._jwt = importlib.import_module("jwt")
            importlib.import_module("cryptography")
        except ImportError as error:
            raise ConfigError(
                "[access.oidc] needs PyJWT with cryptography",
                hint="pip install 'traveler-kg[oidc]'",
            ) from error
        self._settings = settings
        self._clock = clock
        self._ticks = ticks
        self._fetching = Lock()
        self._keys: dict[str, dict[str, Any]] = {}
        self._fetched: float | None = None
        self._tried: float | None = None

    def read(self, token: str, *, audience: str = "", nonce: str = "") -> Claimed:
        """Tell whom a token is of; ``audience`` is the plant's where nothing else is said.

        Raises:
            AccessError: it is not one to be believed; the message says in which way.
        """
        key = self._key_of(token)
        claims = self._verified(token, key, audience or self._settings.audience)
        self._check_times(claims)
        if nonce and claims.get("nonce") != nonce:
            raise _refused("it answers another sign-in")
        subject = claims["sub"]
        if not isinstance(subject, str) or not subject:
            raise _refused("its subject is empty")
        name = claims.get("preferred_username") or claims.get("name") or subject
        return Claimed(subject, str(name)[:200], self._role(claims), float(claims["exp"]))

    def _verified(self, token: str, key: Any, audience: str) -> dict[str, Any]:
        errors = self._jwt.exceptions
        settings = self._settings
        # Times are checked by our own clock, and the library's is the machine's.
        options = {
            "require": list(REQUIRED),
            "verify_exp": False,
            "verify_nbf": False,
            "verify_iat": False,
            "verify_aud": True,
            "verify_iss": True,
        }
        said = (
            (errors.MissingRequiredClaimError, "it lacks a claim that every token must have"),
            (errors.InvalidAudienceError, "it is meant for another audience"),
            (errors.InvalidIssuerError, "it is of another issuer"),
            (errors.InvalidAlgorithmError, "its algorithm is not one of algorithms"),
            (errors.InvalidSignatureError, "its signature is not right"),
        )
        try:
            claims: dict[str, Any] = self._jwt.decode(
                token,
                key,
                algorithms=list(settings.algorithms),
                audience=audience,
                issuer=settings.issuer,
                options=options,
            )
        except (errors.PyJWTError, ValueError, TypeError) as error:
            why = next((text for kind, text in said if isinstance(error, kind)), "it is no token")
            raise _refused(why) from None
        return claims

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now, leeway = self._clock().timestamp(), self._settings.leeway_seconds
        times = {name: claims.get(name) for name in ("exp", "nbf", "iat")}
        for value in times.values():
            if value is not None and not _is_time(value):
                raise _refused("one of its times is none")
        if now >= claims["exp"] + leeway:
            raise _refused("it has expired")
        if max(times["nbf"] or 0, claims["iat"]) > now + leeway:
            raise _refused("it does not hold yet")

    def _role(self, claims: Mapping[str, Any]) -> str:
        value: Any = claims
        for step in self._settings.role_claim.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        given = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        for claimed, role in self._settings.roles.items():
            if claimed in given:
                return role
        raise _refused(
            f"its {self._settings.role_claim} names no role that plant.toml knows", is_known=True
        )

    # ---- keys

    def _key_of(self, token: str) -> Any:
        """Give the key that a token names, for the algorithm that it names and that is pinned."""
        if len(token) > MAX_TOKEN:
            raise _refused("it is too long")
        try:
            header = self._jwt.get_unverified_header(token)
        except (self._jwt.exceptions.PyJWTError, ValueError, TypeError):
            raise _refused("it is no token") from None
        algorithm = header.get("alg")
        if algorithm not in self._settings.algorithms:
            raise _refused("its algorithm is not one of algorithms")
        if "crit" in header:  # the library sees to it since 2.13 only
            raise _refused("it asks for an extension that is not known here")
        entry = self._entry(header.get("kid"))
        if entry is None or entry.get("alg", algorithm) != algorithm:
            raise _refused("its key is none of the identity provider's")
        try:
            return self._jwt.PyJWK(entry, algorithm)
        except self._jwt.exceptions.PyJWTError:
            raise _refused("its key is of another kind than its algorithm") from None

    def _entry(self, name: object) -> dict[str, Any] | None:
        """Find a key by its name, fetching keys where they are old or it is not among them."""
        age = None if self._fetched is None else self._ticks() - self._fetched
        if age is not None and KEEP_SECONDS < age <= STALE_SECONDS:
            self._fetch_when_due(waits=False)
        found = self._named(name) if age is not None and age <= STALE_SECONDS else None
        if found is None:
            self._fetch_when_due(waits=True)
            is_fresh = self._fetched is not None and self._ticks() - self._fetched <= STALE_SECONDS
            found = self._named(name) if is_fresh else None
        return found

    def _named(self, name: object) -> dict[str, Any] | None:
        keys = self._keys
        if name is None:  # RFC 7515, section 4.1.4: a name may be left out, if one key is meant
            return next(iter(keys.values())) if len(keys) == 1 else None
        return keys.get(name) if isinstance(name, str) else None

    def _fetch_when_due(self, *, waits: bool) -> None:
        """Fetch the keys, unless that was tried just now; others go on by the old ones meanwhile.

        With ``waits`` a fetch under way is waited for.
        """
        if not self._fetching.acquire(blocking=waits):
            return
        try:
            now = self._ticks()
            if self._tried is not None and now - self._tried < PAUSE_SECONDS:
                return
            self._tried = now
            self._keys = self._fetch()
            self._fetched = now
        except (httpx.HTTPError, ValueError, TypeError, KeyError, AttributeError) as error:
            # What was sent is not repeated: it is the other side's text.
            told = type(error).__name__
            _log.warning("the keys at %s cannot be had: %s", self._settings.jwks_url, told)
        finally:
            self._fetching.release()

    def _fetch(self) -> dict[str, dict[str, Any]]:
        body = fetch(self._settings.jwks_url, self._settings.jwks_timeout_seconds)
        entries = json.loads(body)["keys"]
        found = {
            str(entry.get("kid", number)): entry
            for number, entry in enumerate(entries)
            if entry.get("use", "sig") == "sig" and entry.get("kty") in {"RSA", "EC", "OKP"}
        }
        if not found:
            raise ValueError("no key is there")
        return found


def _is_time(value: object) -> bool:
    """Tell whether a NumericDate is one (RFC 7519, section 2); NaN would never come to its end."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= value < END_OF_TIME  # type: ignore[operator]


def fetch(url: str, timeout_seconds: float, form: Mapping[str, str] | None = None) -> bytes:
    """Ask an identity provider: this address and no other, by no proxy, and not for long.

    Raises:
        httpx.HTTPError: it does not answer well in time.
        ValueError: the answer is too long.
    """
    with (
        httpx.Client(trust_env=False, follow_redirects=False, timeout=timeout_seconds) as client,
        client.stream("POST" if form else "GET", url, data=form) as answer,
    ):
        if answer.status_code != httpx.codes.OK:
            raise httpx.HTTPError(f"status {answer.status_code}")
        body = b""
        for piece in answer.iter_bytes():
            body += piece
            if len(body) > MAX_KEYS_BYTES:
                raise ValueError("the answer is too long")
    return body


def _refused(why: str, *, is_known: bool = False) -> AccessError:
    hint = "see [access.oidc] roles" if is_known else "sign in again, or use another token"
    return AccessError(f"the token is refused: {why}", hint=hint, code="unauthorized")
