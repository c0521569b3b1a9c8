"""Serving: uvicorn in the calling thread, until somebody asks it to stop."""

from __future__ import annotations

import signal
import socket
from typing import TYPE_CHECKING

import uvicorn

from api.app import create_app
from api.prefix import read_prefix
from api.protocol import BoundedProtocol
from kg.access.gate import require_access
from kg.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from api.streams import Streams
    from kg.access.gate import Gate
    from kg.owner import Owner

GRACE_SECONDS = 5
"""How long answers under way may take once the server is asked to stop."""


class Serving(uvicorn.Server):
    """A server that says when it listens, and that a signal ends without ending the process."""

    def __init__(
        self, config: uvicorn.Config, streams: Streams, listen: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._streams = streams
        self._listen = listen

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        if self.started:
            self._listen()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let go of those who only listen, then wait for the answers under way."""
        self._streams.end()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop; uvicorn would raise the signal again and leave the owner no time to tidy up."""
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self.should_exit = True


def run(
    owner: Owner,
    host: str,
    port: int,
    ready: Callable[[str], None],
    gate: Gate | None = None,
    prefix: str = "",
) -> None:
    """Serve until SIGINT or SIGTERM; ``ready`` gets the URL, with the real port, once it listens.

    Raises:
        ConfigError: the address is taken, is none of this machine's, or others can reach it and
            the plant does not say who may ask.
    """
    require_access(owner.pipeline.plant, host)
    with bind(host, port) as listener:
        make_server(owner, host, listener, ready, gate, prefix).run([listener])


def make_server(
    owner: Owner,
    host: str,
    listener: socket.socket,
    ready: Callable[[str], None],
    gate: Gate | None = None,
    prefix: str = "",
) -> Serving:
    """Make the server for a bound socket; a plant that says who may ask needs a gate."""
    app = create_app(owner, [host], gate, read_prefix(prefix))
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    name = f"[{host}]" if ":" in host else host
    url = f"http://{name}:{listener.getsockname()[1]}"
    return Serving(config, app.state.streams, lambda: ready(url))


def bind(host: str, port: int) -> socket.socket:
    """Listen on an address; port 0 is a free one.

    Raises:
        ConfigError: the address is taken or is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol left open asyncio would not set TCP_NODELAY: 40 ms more for each answer.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except (OSError, OverflowError) as error:
        listener.close()
        raise ConfigError(
            f"cannot listen on {host}, port {port}: {error}",
            hint="choose another with --port; --port 0 takes a free one",
        ) from error
    return listener
