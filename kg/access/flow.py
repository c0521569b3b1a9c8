"""The flow by which people sign in by browser at an identity provider, with PKCE.

OpenID Connect Core 1.0, section 3.1, and RFC 7636: the browser leaves with a state, a nonce and
a challenge, and comes back with a code that only this server can use, once, and for that browser.
"""

from __future__ import annotations

import hmac
import json
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import httpx

from kg.access.tokens import fetch
from kg.errors import AccessError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kg.access.tokens import Claimed, Tokens
    from kg.roles import OidcSettings

LAST_SECONDS = 600.0
MOST = 1_000
"""Sign-ins under way that are remembered; the oldest go first."""


@dataclass(frozen=True, slots=True)
class _Pending:
    browser: bytes
    nonce: str
    verifier: str
    until: float


class Flow:
    """Leads browsers to the provider and takes them back; any thread may ask."""

    def __init__(self, settings: OidcSettings, tokens: Tokens, ticks: Callable[[], float]) -> None:
        self._settings = settings
        self._tokens = tokens
        self._ticks = ticks
        self._lock = Lock()
        self._pending: dict[str, _Pending] = {}

    def start(self, redirect: str) -> tuple[str, str]:
        """Give the provider's address for a browser, and the secret that the browser keeps."""
        state, nonce, secret = (secrets.token_urlsafe(32) for _ in range(3))
        verifier = secrets.token_urlsafe(48)
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        browser = sha256(secret.encode()).digest()
        with self._lock:
            while len(self._pending) >= MOST:
                del self._pending[next(iter(self._pending))]
            until = self._ticks() + LAST_SECONDS
            self._pending[state] = _Pending(browser, nonce, verifier, until)
        asked = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": redirect,
            "scope": "openid profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        mark = "&" if "?" in self._settings.authorize_url else "?"
        return f"{self._settings.authorize_url}{mark}{urlencode(asked)}", secret

    def finish(self, state: str, code: str, secret: str, redirect: str) -> Claimed:
        """Tell who came back.

        Raises:
            AccessError: this browser did not ask for it, or the provider does not say who it is.
        """
        with self._lock:
            pending = self._pending.pop(state, None)
        browser = sha256(secret.encode("utf-8", "surrogatepass")).digest()
        if (
            pending is None
            or self._ticks() >= pending.until
            or not hmac.compare_digest(browser, pending.browser)
        ):
            raise AccessError("this sign-in was not begun here", hint="begin again at /signin")
        token = self._exchange(code, pending.verifier, redirect)
        return self._tokens.read(token, audience=self._settings.client_id, nonce=pending.nonce)

    def _exchange(self, code: str, verifier: str, redirect: str) -> str:
        settings = self._settings
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "client_id": settings.client_id,
            "code_verifier": verifier,
        }
        if settings.client_secret:
            form["client_secret"] = settings.client_secret
        try:
            answer = json.loads(fetch(settings.token_url, settings.jwks_timeout_seconds, form))
            return str(answer["id_token"])
        except (httpx.HTTPError, ValueError, TypeError, KeyError):
            raise AccessError(
                "the identity provider gave no token", hint="begin again at /signin"
            ) from None
