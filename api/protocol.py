"""The protocol: HTTP/1.1 by httptools, of which no part may be endless."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_UNREAD_BYTES = 64 * 1024
"""What may arrive before the head of a request, or the next piece of its body, is whole."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection; whoever sends a head that does not end gets a 400, and is hung up on."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._unread_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Take what has arrived (`asyncio.Protocol`)."""
        self._unread_bytes += len(data)
        super().data_received(data)
        if self._unread_bytes > MOST_UNREAD_BYTES and not self.transport.is_closing():
            self.send_400_response(f"The head of a request may have {MOST_UNREAD_BYTES} bytes.")

    def on_headers_complete(self) -> None:
        """Answer the request whose head is whole."""
        self._unread_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        self._unread_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Know that a request is whole."""
        self._unread_bytes = 0
        super().on_message_complete()
