"""Prefix: the path below which a proxy shows this server, and which it may or may not cut off."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kg.errors import ConfigError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")


class Prefix:
    """Wraps an app: every request is below the prefix, as ASGI's ``root_path`` wants it.

    So links, redirects and what the API says of itself lead through the proxy. ``/traveler/docs``
    and, where the proxy cuts the prefix off, ``/docs`` are the same page.
    """

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] == "http" and self._prefix:
            path: str = scope["path"]
            is_below = path == self._prefix or path.startswith(f"{self._prefix}/")
            whole = path if is_below else self._prefix + path
            scope = {**scope, "root_path": self._prefix, "path": whole}
        await self._app(scope, receive, send)


def read_prefix(text: str) -> str:
    """Read a prefix as somebody writes it; ``/`` and nothing are none.

    Raises:
        ConfigError: it is no plain path.
    """
    prefix = text.rstrip("/")
    if not _PREFIX.fullmatch(prefix):
        raise ConfigError(
            f"--root-path {text!r} is no path", hint="such as /traveler: letters, digits, . _ ~ -"
        )
    return prefix
