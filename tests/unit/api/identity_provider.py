"""A small identity provider with real keys, in a server of its own."""

from __future__ import annotations

import json
import threading
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode

import jwt
import uvicorn
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI, Request, Response
from jwt.algorithms import RSAAlgorithm

from api.serving import bind
from tests.unit.api.access_plant import START


class Provider:
    """Signs tokens, gives its keys, and signs people in as ``person``."""

    def __init__(self) -> None:
        self.url = ""
        self.keys: dict[str, rsa.RSAPrivateKey] = {}
        self.fetched = 0
        self.is_down = False
        self.person = {"sub": "u-17", "preferred_username": "anna", "groups": ["planners"]}
        self.nonce_of: dict[str, dict[str, str]] = {}
        self.rotate("first")

    def rotate(self, name: str) -> None:
        """Sign by a new key from now on, and give no other."""
        self.keys = {name: rsa.generate_private_key(public_exponent=65537, key_size=2048)}

    def claims(self, **changed: Any) -> dict[str, Any]:
        now = int(START.timestamp())
        own = {"iss": self.url, "aud": "traveler", "iat": now, "exp": now + 300}
        told = {**own, **self.person, **changed}
        return {name: value for name, value in told.items() if value is not None}

    def token(self, **changed: Any) -> str:
        """Sign a token; a claim that is None is left out."""
        ((name, key),) = self.keys.items()
        return jwt.encode(self.claims(**changed), key, "RS256", {"kid": name})

    def jwks(self) -> dict[str, Any]:
        made = []
        for name, key in self.keys.items():
            entry = json.loads(RSAAlgorithm.to_jwk(key.public_key()))
            made.append({**entry, "kid": name, "use": "sig", "alg": "RS256"})
        return {"keys": made}

    def settings(self, more: str = "", **changed: str) -> str:
        """Write [access.oidc] for plant.toml."""
        told = {"issuer": self.url, "audience": "traveler", "jwks_url": f"{self.url}/keys"}
        lines = [f'{name} = "{value}"' for name, value in (told | changed).items()]
        return "\n".join(
            [
                "[access]",
                'url = "http://127.0.0.1"',
                "[access.oidc]",
                *lines,
                'role_claim = "groups"',
                more,
                "[access.oidc.roles]",
                'planners = "analyst"',
                'visitors = "reader"',
                "",
            ]
        )

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/keys")
        def give_keys() -> Any:
            self.fetched += 1
            return Response(status_code=500) if self.is_down else self.jwks()

        @app.get("/moved")
        def move() -> Response:
            return Response(status_code=302, headers={"Location": "/keys"})

        @app.get("/authorize")
        def authorize(request: Request) -> Response:
            asked = dict(request.query_params)
            code = f"code-{len(self.nonce_of)}"
            self.nonce_of[code] = asked
            back = urlencode({"code": code, "state": asked["state"]})
            return Response(
                status_code=302, headers={"Location": f"{asked['redirect_uri']}?{back}"}
            )

        @app.post("/token")
        async def exchange(request: Request) -> Any:
            given = {n: v[0] for n, v in parse_qs((await request.body()).decode()).items()}
            asked = self.nonce_of.pop(given.get("code", ""), None)
            if asked is None:
                return Response(status_code=400)
            digest = sha256(given["code_verifier"].encode()).digest()
            if urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
                return Response(status_code=400)
            token = self.token(aud=given["client_id"], nonce=asked["nonce"])
            return {"id_token": token, "token_type": "Bearer"}

        return app


@contextmanager
def provided() -> Iterator[Provider]:
    """Run a provider."""
    provider = Provider()
    with bind("127.0.0.1", 0) as listener:
        provider.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(provider.app(), log_level="warning"))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield provider
        finally:
            server.should_exit = True
            thread.join()
