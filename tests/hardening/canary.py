"""A canary: a server on this machine that must not be reached, and counts who reaches it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_ANSWER = (
    b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)


@dataclass(slots=True)
class Canary:
    """Where it listens, by IPv4 and where there is it by IPv6, and what it heard."""

    port: int
    heard: list[bytes] = field(default_factory=list)


@contextmanager
def canary() -> Iterator[Canary]:
    """Listen until the end of the block; every connection counts, whatever it says."""
    listeners = [socket.create_server(("127.0.0.1", 0))]
    found = Canary(listeners[0].getsockname()[1])
    with suppress(OSError):
        listeners.append(socket.create_server(("::1", found.port), family=socket.AF_INET6))
    threads = [
        threading.Thread(target=_listen, args=(one, found), daemon=True) for one in listeners
    ]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        for one in listeners:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in threads:
            thread.join(5)


def _listen(listener: socket.socket, found: Canary) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            connection.settimeout(1.0)
            said = b""
            with suppress(OSError):
                said = connection.recv(4_096)
            found.heard.append(said)
            with suppress(OSError):
                connection.sendall(_ANSWER)
