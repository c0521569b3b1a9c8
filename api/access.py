"""Access: every request is of somebody, allowed by its route, within a limit, and noted."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse

from api.guard import DOING, MESSAGES, RECORDS
from api.headers import header_of
from api.problems import problem
from api.scopes import KNOWN, NEEDS, NOTES, Need
from kg.access import EVERYBODY, Principal
from kg.access.principal import NOBODY
from kg.access.sight import Sight
from kg.errors import AccessError
from kg.times import format_time

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable
    from datetime import datetime

    from fastapi import Request
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from kg.access.gate import Gate
    from kg.answer import Answers
    from kg.settings import Plant

PRINCIPAL = "traveler.principal"
TOLD = "traveler.told"
"""In the scope of a request: who asks, and what of the answer is to be noted."""
COOKIE, SAFE_COOKIE = "traveler", "__Host-traveler"
"""The session's cookie, and its name behind TLS: no other host can set that one (RFC 6265bis)."""
YEAR_SECONDS = 31_536_000
RESOURCE = "/.well-known/oauth-protected-resource"
"""Where the clients of models that are refused are told who gives tokens (RFC 9728)."""


@dataclass(frozen=True, slots=True)
class Path:
    """A route that a request may be for: its pattern, its methods, its name and what it needs."""

    pattern: re.Pattern[str]
    methods: frozenset[str]
    name: str
    need: Need | None


class Access:
    """Wraps an app: admits, limits and notes each request of a plant that says who may ask.

    Without a gate everybody may, as on a machine of one's own.
    """

    def __init__(
        self, app: ASGIApp, gate: Gate | None, plant: Plant, routes: Iterable[BaseRoute]
    ) -> None:
        self._app = app
        self._gate = gate
        self._plant = plant
        self._noted: list[dict[str, Any]] = []
        self._paths = [
            Path(route.path_regex, frozenset(route.methods), route.path, _need(route))  # type: ignore[attr-defined]
            for route in routes
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope[TOLD] = {}
        if self._gate is None:
            scope[PRINCIPAL] = EVERYBODY
            await self._app(scope, receive, send)
            return
        began = self._gate.ticks()
        scope[PRINCIPAL] = NOBODY
        path = self._path_of(scope)
        answer = _Answer(send, is_safe=is_encrypted(scope, self._gate))
        try:
            refused = await self._refuse(self._gate, scope, path)
            await (refused or self._app)(scope, receive, answer.send)
        finally:
            self._note(self._gate, scope, path, answer, self._gate.ticks() - began)

    def _path_of(self, scope: Scope) -> Path | None:
        """Find the route that the app will find: the first that fits, in the app's own order."""
        path, root = scope["path"], scope.get("root_path", "")
        if root and path.startswith(f"{root}/"):
            path = path[len(root) :]
        for one in self._paths:
            if scope["method"] in one.methods and one.pattern.match(path):
                return one
        return None

    async def _refuse(self, gate: Gate, scope: Scope, path: Path | None) -> ASGIApp | None:
        # What there is no route for is told to nobody but those who are known.
        need = KNOWN if path is None else path.need
        try:
            principal = await self._who(gate, scope)
        except AccessError as error:
            principal = NOBODY
            if need is None or need.scope is not None:
                return self._unknown(gate, scope, path, error)
        scope[PRINCIPAL] = principal
        if principal is NOBODY and (need is None or need.scope is not None):
            told = AccessError("say who you are", hint="send Authorization: Bearer and a key")
            return self._unknown(gate, scope, path, told)
        if (seconds := _limited(gate, scope, principal)) > 0:
            return _too_often(seconds)
        if principal.means == "session" and scope["method"] in DOING and not _is_own(scope):
            return problem(
                "csrf",
                "a browser that is signed in sends this from a page of this server only",
                "send Origin or Sec-Fetch-Site, or a key instead of a cookie",
            )
        return _forbidden(principal, need, self._is_of_notes(scope, path))

    async def _who(self, gate: Gate, scope: Scope) -> Principal:
        given = header_of(scope, b"authorization")
        if given is not None:
            scheme, _, token = given.partition(" ")
            token = token.strip()
            if scheme.lower() != "bearer" or not token:
                raise AccessError("only Authorization: Bearer is read here", hint="send a key")
            if (source := self._source(scope, token)) is not None:
                return source
            if gate.is_slow(token):
                return await run_in_threadpool(gate.by_bearer, token)
            return gate.by_bearer(token)
        secret = cookie_parser(header_of(scope, b"cookie") or "").get(cookie_name(scope, gate))
        return gate.by_session(secret) if secret else NOBODY

    def _source(self, scope: Scope, token: str) -> Principal | None:
        """Give the source whose own token this is, where records are sent to it."""
        name, _ = _records_of(scope)
        if not name:
            return None
        source = next((one for one in self._plant.sources if one.name == name), None)
        if source is None or not source.is_token(token):
            return None
        scopes = frozenset(["records:write", NOTES])
        return Principal(f"source {name}", "", scopes, "source", f"source:{name}")

    def _is_of_notes(self, scope: Scope, path: Path | None) -> bool:
        if path is None or path.need is None or path.need.scope != "records:write":
            return False
        source, table = _records_of(scope)
        answers: Answers = scope["app"].state.desk.answers()
        return answers.producers.is_of_notes(source, table)

    def _unknown(self, gate: Gate, scope: Scope, path: Path | None, error: AccessError) -> ASGIApp:
        if (seconds := gate.limits.take(f"from:{_client(scope)}")) > 0:
            return _too_often(seconds)
        accept = header_of(scope, b"accept") or ""
        if path is not None and path.name == "/" and "text/html" in accept:
            return RedirectResponse(f"{scope.get('root_path', '')}/signin", 303)
        challenge = 'Bearer realm="traveler"'
        if header_of(scope, b"authorization") is not None:
            challenge += ', error="invalid_token"'
        leads = gate.access.oidc is not None and gate.access.url
        if path is not None and path.name.startswith(MESSAGES) and leads:
            challenge += f', resource_metadata="{gate.access.url}{RESOURCE}{MESSAGES}/"'
        told = {"WWW-Authenticate": challenge}
        return problem("unauthorized", error.message, error.hint, headers=told)

    def _note(
        self, gate: Gate, scope: Scope, path: Path | None, answer: _Answer, seconds: float
    ) -> None:
        principal: Principal = scope[PRINCIPAL]
        self._noted.append(
            {
                "at": format_time(gate.clock()),
                "who": principal.name,
                "id": principal.id,
                "role": principal.role,
                "by": principal.means,
                "from": _client(scope),
                "method": scope["method"],
                "route": path.name if path else None,
                "path": scope["path"],
                "status": answer.status or int(HTTPStatus.INTERNAL_SERVER_ERROR),
                "bytes": answer.size,
                "ms": round(seconds * 1000, 3),
                **scope[TOLD],
            }
        )
        if len(self._noted) == 1:  # all that is answered in this turn of the loop is written as one
            asyncio.get_running_loop().call_soon(self._write_noted, gate)

    def _write_noted(self, gate: Gate) -> None:
        noted, self._noted = self._noted, []
        gate.audit.write(*noted)


class _Answer:
    """An answer on its way out: its status and size are counted, and TLS is kept to."""

    def __init__(self, send: Send, *, is_safe: bool) -> None:
        self._send = send
        self._is_safe = is_safe
        self.status = 0
        self.size = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self._is_safe:
                kept = f"max-age={YEAR_SECONDS}"
                MutableHeaders(scope=message)["Strict-Transport-Security"] = kept
        elif message["type"] == "http.response.body":
            self.size += len(message.get("body", b""))
        await self._send(message)


def principal_of(request: Request) -> Principal:
    """Give on whose behalf a request is answered."""
    principal: Principal = request.scope[PRINCIPAL]
    return principal


def gate_of(request: Request) -> Gate | None:
    """Give the gate of the app that a request came to; None where everybody may ask."""
    gate: Gate | None = request.app.state.gate
    return gate


def sight_of(request: Request, answers: Answers, now: datetime) -> Sight | None:
    """Give what whoever asks sees of an answer; None where that is everything."""
    hiding = principal_of(request).hiding
    if not hiding:
        return None
    return Sight(hiding, answers.store, answers.evidence(now), answers.plant.base)


def note(request: Request, **told: Any) -> None:
    """Have the audit log say more of an answer: of what it is, how many rows it has."""
    request.scope[TOLD].update(told)


def is_encrypted(scope: Scope, gate: Gate) -> bool:
    """Tell whether a browser came by TLS, here or to the proxy before us."""
    return gate.access.is_encrypted or scope.get("scheme") == "https"


def cookie_name(scope: Scope, gate: Gate) -> str:
    """Name the session's cookie."""
    return SAFE_COOKIE if is_encrypted(scope, gate) else COOKIE


def _need(route: BaseRoute) -> Need | None:
    found = {NEEDS.get((method, route.path)) for method in route.methods - {"HEAD"}}  # type: ignore[attr-defined]
    return found.pop() if len(found) == 1 else None


def _forbidden(principal: Principal, need: Need | None, is_of_notes: bool) -> ASGIApp | None:
    if principal.means == "owner":
        return None
    if need is None:
        return problem(
            "forbidden", "this is for the owner's own commands", "run the command on his machine"
        )
    instead = NOTES if is_of_notes else need.instead
    may = need.scope in principal.scopes or instead in principal.scopes
    if need.scope and not may:
        challenge = f'Bearer error="insufficient_scope", scope="{need.scope}"'
        return problem(
            "forbidden",
            f"{principal.name} lacks the scope {need.scope}",
            f"its role has {', '.join(sorted(principal.scopes)) or 'none'}; see [[role]]",
            headers={"WWW-Authenticate": challenge},
        )
    if need.is_whole and not principal.sees_all:
        return problem(
            "withheld",
            "this answers only those from whom nothing is hidden",
            f"the role {principal.role} hides something; ask for a context instead",
        )
    return None


def _limited(gate: Gate, scope: Scope, principal: Principal) -> int:
    """Give after how many seconds somebody may ask again, 0 for now."""
    if principal.means == "owner":
        return 0
    name = f"from:{_client(scope)}" if principal is NOBODY else principal.id
    return gate.limits_of(principal).take(name)


def _too_often(seconds: int) -> ASGIApp:
    return problem(
        "too-often",
        "so many requests are not taken from one and the same",
        f"ask again in {seconds} s; requests_per_minute and burst of the role, or of [access], say"
        " how many are",
        headers={"Retry-After": str(seconds)},
    )


def _is_own(scope: Scope) -> bool:
    """Tell whether a browser says that a page of this server sends this (Fetch Metadata).

    The guard has refused what another origin sends; here it must be said that none does.
    """
    site = header_of(scope, b"sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return header_of(scope, b"origin") is not None


def _records_of(scope: Scope) -> tuple[str, str]:
    """Give source and table of a path that records are sent to; "" where it is another."""
    if RECORDS not in scope["path"]:
        return "", ""
    parts = scope["path"].removeprefix(scope.get("root_path", "")).split("/")
    is_records = len(parts) == 5 and parts[1:3] == ["v1", "records"]
    return (parts[3], parts[4]) if is_records else ("", "")


def _client(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""
