"""The guard around the API: who may be meant, what may be sent, what a browser may do with it."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from api.headers import header_of
from api.problems import problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

IS_HEAD = "traveler.is_head"
"""In the scope of a request whose answer is asked for without its body."""
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
METHODS = ("GET", "HEAD", "POST", "DELETE")
DOING = ("POST", "DELETE")
"""Methods that may change something."""
MAX_BODY_BYTES = 64 * 1024
MAX_RECORDS_BYTES = 16 * 1024 * 1024
MAX_MESSAGE_BYTES = 1024 * 1024
RECORDS = "/v1/records/"
MESSAGES = "/mcp"
"""Where models' clients send messages: what is too long in one is told to the model."""
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::\d+)?")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""On every answer that does not say otherwise; what is true now is not to be kept."""
_SENT = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
_log = logging.getLogger("traveler.api")


class Guard:
    """Wraps an app: only its own host names, GET, HEAD and POST, small bodies, safe headers.

    A name that is not its own would be a browser led here by another site's DNS, and a POST of
    another origin one that such a site's page sends behind its visitor's back. What no route
    foresaw is logged here and leaves as a 500 that tells nothing of the inside.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str] = ()) -> None:
        self._app = app
        self._hosts = {*LOOPBACK, *(_bracketed(host) for host in hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, is_head=scope["method"] == "HEAD")
        refused = self._refuse(scope)
        try:
            if refused is not None:
                await refused(scope, receive, answer.send)
            else:
                # Every page that can be got can be asked for its head.
                inner = {**scope, "method": "GET", IS_HEAD: True} if answer.is_head else scope
                await self._app(inner, receive, answer.send)
        except Exception:
            _log.exception("%s %s failed", scope["method"], scope["path"])
            if answer.has_started:
                raise
            failed = problem("internal", "this is a fault of Traveler", "its log says more")
            await failed(scope, receive, answer.send)

    def _refuse(self, scope: Scope) -> ASGIApp | None:
        host = _HOST.fullmatch(header_of(scope, b"host") or "")
        if host is None or host["name"].lower() not in self._hosts:
            return problem(
                "host", "this server does not go by that name", f"ask for {LOOPBACK[0]} instead"
            )
        if scope["method"] not in METHODS:
            allowed = ", ".join(METHODS)
            detail = f"{scope['method']} is not allowed here"
            return problem("method", detail, f"use {allowed}", headers={"Allow": allowed})
        if scope["method"] in DOING and not _is_own_page(scope):
            detail = "a page of another site may not send anything here"
            return problem("origin", detail, "send it from a page of this server, or no browser")
        length = header_of(scope, b"content-length") or "0"
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        most = MAX_RECORDS_BYTES if path.startswith(RECORDS) else MAX_BODY_BYTES
        if path.rstrip("/") == MESSAGES:
            most = MAX_MESSAGE_BYTES
        if not length.isdecimal() or int(length) > most:
            return problem("too-large", f"a request may have {most} bytes", "send it in parts")
        return None


class _Answer:
    """An answer on its way out: safe headers added, and the body withheld from a HEAD."""

    def __init__(self, send: Send, *, is_head: bool) -> None:
        self._send = send
        self.is_head = is_head
        self.has_started = False

    async def send(self, message: Message) -> None:
        """Pass a message on."""
        if message["type"] == "http.response.start":
            self.has_started = True
            headers = list(message["headers"])
            said = {name for name, _ in headers}
            headers += [header for header in _SENT if header[0] not in said]
            message = {**message, "headers": headers}
        elif self.is_head and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)


def _is_own_page(scope: Scope) -> bool:
    """Tell whether a request comes from a page of this server, or from no page at all.

    A browser sends simple POSTs anywhere without asking first, and says from where (Fetch,
    section 3.1): a name that leads here is not enough where something is done and not only read.
    """
    origin = header_of(scope, b"origin")
    host = header_of(scope, b"host") or ""
    return origin is None or origin.lower().partition("://")[2] == host.lower()


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host.lower()
