"""Signing in: a key or a person at the identity provider becomes a browser's session."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from api.access import cookie_name, gate_of, is_encrypted, principal_of
from api.models import Answer
from api.problems import PROBLEMS, problem
from kg.errors import AccessError, ConfigError
from kg.times import format_time

if TYPE_CHECKING:
    from datetime import datetime

    from kg.access import Principal
    from kg.access.flow import Flow
    from kg.access.gate import Gate

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
FORM = "application/x-www-form-urlencoded"
MAX_FORM_BYTES = 4 * 1024
FLOW_COOKIE = "traveler_signin"
FLOW_SECONDS = 600
_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 24rem; margin: 4rem auto; padding: 1rem; }
input, button { font: inherit; width: 100%; box-sizing: border-box; padding: .5rem; }
"""

# Where somebody wanted to go stands behind a # and never comes here: the pages read it again.
_PLACE = """if (location.hash.length > 2) {
  try {
    sessionStorage.setItem("traveler.place", location.hash);
  } catch {
    // A browser that keeps nothing begins at the first page.
  }
}
"""

router = APIRouter(tags=["Access"])
pages = APIRouter(include_in_schema=False)


class SessionAnswer(Answer):
    """On whose behalf requests are answered: by what it is known, what it may do, until when."""

    name: str = Field(examples=["kiosk at the saws"])
    role: str = Field(examples=["kiosk"])
    by: Literal["open", "key", "token", "session", "source", "owner"]
    scopes: list[str] = Field(examples=[["context:read", "notes:write"]])
    sees_all: bool = Field(description="Whether nothing is hidden from it.")
    until: str | None = Field(examples=["2026-11-23T16:00:00Z"])


@router.post(
    "/v1/session",
    status_code=201,
    responses={
        303: {"description": "To the first page, for a form."},
        401: {
            "description": "The key opens nothing; a form is answered by the page it was on.",
            "content": PROBLEMS["content"] | {"text/html": {}},
        },
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                FORM: {
                    "schema": {
                        "type": "object",
                        "properties": {"key": {"type": "string"}},
                        "required": ["key"],
                    }
                },
                "application/json": {
                    "schema": {
                        "type": "object",
                        "properties": {"key": {"type": "string"}},
                        "required": ["key"],
                    }
                },
            },
        }
    },
    response_model=SessionAnswer,
    summary="May this browser ask from now on?",
)
async def sign_in(request: Request) -> Response:
    """Exchange a key for a cookie that scripts cannot read and other sites cannot send.

    The session ends after a while that the role says (a shift), with the key, or by DELETE.
    """
    gate = _gate(request)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_form = media_type == FORM
    key = await _read_key(request, media_type)
    try:
        principal = await run_in_threadpool(gate.by_key, key)
    except AccessError as error:
        if is_form:
            return _page(gate, error.message, 401, root="../")
        return problem("unauthorized", error.message, error.hint)
    return await run_in_threadpool(_signed_in, request, gate, principal, is_form=is_form)


@router.get("/v1/session", summary="Who am I here?")
def tell_session(request: Request) -> SessionAnswer:
    """Tell on whose behalf requests are answered: the role, what it may do, until when."""
    principal = principal_of(request)
    return _told(principal, principal.until)


@router.delete("/v1/session", status_code=204, summary="Is this browser done?")
def sign_out(request: Request) -> Response:
    """End the session of this browser: its cookie counts nowhere any more, and is taken away."""
    gate = _gate(request)
    name = cookie_name(request.scope, gate)
    if secret := request.cookies.get(name):
        gate.keys.end_session(secret)
    answer = Response(status_code=204)
    answer.delete_cookie(
        name, secure=is_encrypted(request.scope, gate), httponly=True, samesite="strict"
    )
    return answer


@pages.get("/signin")
def show_signin(request: Request) -> Response:
    """Ask for a key, or lead to the identity provider."""
    return _page(_gate(request))


@pages.get("/signin/place.js")
def keep_place() -> Response:
    """Give the script that remembers to which page somebody came."""
    return Response(_PLACE, media_type="text/javascript")


@pages.get("/signin/start")
def start_signin(request: Request) -> Response:
    """Lead to the identity provider."""
    gate = _gate(request)
    address, secret = _flow(gate).start(f"{gate.access.url}/signin/callback")
    answer = Response(status_code=303, headers={"Location": address})
    # Lax: the provider's page leads back here, and that is another site's navigation.
    answer.set_cookie(
        FLOW_COOKIE,
        secret,
        max_age=FLOW_SECONDS,
        path="/",
        secure=is_encrypted(request.scope, gate),
        httponly=True,
        samesite="lax",
    )
    return answer


@pages.get("/signin/callback")
def finish_signin(request: Request, state: str = "", code: str = "", error: str = "") -> Response:
    """Take whom the identity provider names in, if this browser asked for it."""
    gate = _gate(request)
    if error or not code:
        return _page(gate, "the identity provider did not sign you in", 401, root="../")
    try:
        redirect = f"{gate.access.url}/signin/callback"
        principal = gate.of_claimed(
            _flow(gate).finish(state, code, request.cookies.get(FLOW_COOKIE, ""), redirect)
        )
    except AccessError as refused:
        return _page(gate, refused.message, 401, root="../")
    answer = _signed_in(request, gate, principal, is_form=True, leads_by_page=True)
    answer.delete_cookie(FLOW_COOKIE, path="/")
    return answer


def _signed_in(
    request: Request,
    gate: Gate,
    principal: Principal,
    *,
    is_form: bool,
    leads_by_page: bool = False,
) -> Response:
    secret, end = gate.open_session(principal)
    if leads_by_page:
        # A redirect would still be the provider's navigation, with which no strict cookie goes.
        page = '<!doctype html><meta http-equiv="refresh" content="0; url=../">Signed in.'
        answer = Response(page, 200, {"Content-Security-Policy": POLICY}, "text/html")
    elif is_form:
        answer = Response(status_code=303, headers={"Location": "../"})
    else:
        told = _told(principal, end).model_dump_json()
        answer = Response(told, 201, media_type="application/json")
    answer.set_cookie(
        cookie_name(request.scope, gate),
        secret,
        max_age=max(1, int((end - gate.clock()).total_seconds())),
        path="/",
        secure=is_encrypted(request.scope, gate),
        httponly=True,
        samesite="strict",
    )
    return answer


async def _read_key(request: Request, media_type: str) -> str:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_FORM_BYTES:
            raise ConfigError(
                "so long a key there is not", hint="send the key alone", code="too-large"
            )
    text = body.decode("utf-8", "replace")
    if media_type == FORM:
        given: object = dict(parse_qsl(text)).get("key")
    elif media_type == "application/json":
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            document = None
        given = document.get("key") if isinstance(document, dict) else None
    else:
        raise ConfigError(
            f"a key cannot be read from {media_type or 'a body without a Content-Type'}",
            hint=f"send application/json, or {FORM}",
            code="media-type",
        )
    if not isinstance(given, str) or not given.strip():
        raise ConfigError("there is no key", hint='send {"key": "tvk_…"}', code="body")
    return given.strip()


def _told(principal: Principal, until: datetime | None) -> SessionAnswer:
    return SessionAnswer(
        name=principal.name,
        role=principal.role,
        by=principal.means,
        scopes=sorted(principal.scopes),
        sees_all=principal.sees_all,
        until=format_time(until) if until else None,
    )


def _gate(request: Request) -> Gate:
    gate = gate_of(request)
    if gate is None:
        raise ConfigError(
            "nobody signs in here: plant.toml has no [access]",
            hint="everybody on this machine may ask",
            code="access-open",
        )
    return gate


def _page(gate: Gate, said: str = "", status: int = 200, root: str = "") -> Response:
    """Write the page; ``root`` leads from the page that a browser is on to the first one."""
    link = f'<p><a href="{root}signin/start">Sign in as yourself</a></p>'
    provider = link if gate.flow else ""
    told = f"<p><strong>{escape(said)}</strong></p>" if said else ""
    page = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in: Traveler</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>Sign in</h1>
{told}{provider}
<form method="post" action="{root}v1/session" autocomplete="off">
<label>Key <input type="password" name="key" required autofocus></label>
<button>Sign in</button>
</form>
<script src="{root}signin/place.js"></script>
</body>
</html>
"""
    # Without any referrer a browser says of a form that it came from nowhere (Fetch, 3.2).
    headers = {"Content-Security-Policy": POLICY, "Referrer-Policy": "same-origin"}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(page, status, headers, "text/html")


def _flow(gate: Gate) -> Flow:
    if gate.flow is None:
        raise ConfigError(
            "no identity provider signs people in here",
            hint="client_id, authorize_url and token_url of [access.oidc], and url of [access]",
            code="access-open",
        )
    return gate.flow
