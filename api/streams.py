"""Streams: whoever listens to a plant's changes, as server-sent events (WHATWG HTML, 9.2)."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from starlette.responses import Response

from api.guard import IS_HEAD
from kg.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from starlette.types import Message, Receive, Scope, Send

    from kg.changes import Changed, Changes

MEDIA_TYPE = "text/event-stream"
MOST_STREAMS = 100
HEARTBEAT_SECONDS = 15.0
SEND_SECONDS = 30.0
"""A listener that takes nothing for so long is given up."""
RETRY_MILLISECONDS = 2000
_log = logging.getLogger("traveler.api")


@dataclass(frozen=True, slots=True)
class Interest:
    """What a listener wants to hear of: entities of a kind, or one of them; "" is anything."""

    kind: str = ""
    entity: str = ""

    def covers(self, changed: Changed) -> bool:
        """Tell whether a change is of interest; what concerns no entity always is."""
        if not changed.entity:
            return True
        if self.kind and changed.entity.partition("/")[0] != self.kind:
            return False
        return self.entity in {"", changed.entity, changed.entity.partition("/")[2]}


class Listener(Protocol):
    """Whoever listens: what of a change it hears, and whether it still may."""

    def hears(self, changed: Changed) -> Mapping[str, Any] | None:
        """Give what is told of a change; None for nothing."""
        ...

    def may_stay(self) -> bool:
        """Tell whether it is still admitted."""
        ...


class Anybody:
    """A listener that hears everything."""

    def hears(self, changed: Changed) -> Mapping[str, Any] | None:
        """Give all of a change."""
        return changed.data

    def may_stay(self) -> bool:
        """Let it."""
        return True


class Streams:
    """The open streams of one server, all in its one thread."""

    def __init__(self, changes: Changes) -> None:
        self.changes = changes
        self.is_over = False
        self._wakes: set[Callable[[], None]] = set()

    def __len__(self) -> int:
        return len(self._wakes)

    def open(
        self, interest: Interest, last_name: str, seq: int, listener: Listener | None = None
    ) -> Stream:
        """Take a listener in, who was told last of the change ``last_name``, "" of none.

        Raises:
            QueryError: too many listen already.
        """
        if self.is_over or len(self) >= MOST_STREAMS:
            raise QueryError(
                f"{MOST_STREAMS} streams are open", hint="ask again in a moment", code="busy"
            )
        return Stream(self, interest, last_name, seq, listener or Anybody())

    def join(self, wake: Callable[[], None]) -> None:
        """Count a stream in; ``wake`` is called in the server's thread when all shall end."""
        self._wakes.add(wake)

    def leave(self, wake: Callable[[], None]) -> None:
        """Count it out."""
        self._wakes.discard(wake)

    def end(self) -> None:
        """End every stream soon; to be called in the server's thread."""
        self.is_over = True
        for wake in self._wakes:
            wake()


class Stream(Response):
    """One listener: gets what follows where it left off, and heartbeats in between.

    One that falls behind what is kept is told so and cut; one that takes nothing is only cut.
    """

    media_type = MEDIA_TYPE

    def __init__(
        self,
        streams: Streams,
        interest: Interest,
        last_name: str,
        seq: int,
        listener: Listener,
    ) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._streams = streams
        self._changes = streams.changes
        self._interest = interest
        self._listener = listener
        self._last_name = last_name
        self._seq = seq
        self._at = self._changes.last()
        self._has_left = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer until the listener leaves or the server stops (ASGI)."""
        start: Message = {
            "type": "http.response.start",
            "status": 200,
            "headers": self.raw_headers,
        }
        end: Message = {"type": "http.response.body", "body": b"", "more_body": False}
        wake = asyncio.Event()
        self._streams.join(wake.set)
        leaving = asyncio.create_task(self._notice_leaving(receive, wake))
        try:
            await send(start)
            if not scope.get(IS_HEAD):
                await self._follow(send, wake)
            with suppress(OSError):
                await asyncio.wait_for(send(end), SEND_SECONDS)
        except TimeoutError:
            _log.warning("a listener of /v1/stream took nothing for %g s: cut", SEND_SECONDS)
            raise
        finally:
            self._streams.leave(wake.set)
            leaving.cancel()

    async def _notice_leaving(self, receive: Receive, wake: asyncio.Event) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._has_left = True
        wake.set()

    async def _follow(self, send: Send, wake: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()

        def tell() -> None:
            with suppress(RuntimeError):  # whoever tells a change outlives this server
                loop.call_soon_threadsafe(wake.set)

        with self._changes.listening(tell):
            await self._put(send, self._greeting())
            while not self._is_over():
                wake.clear()
                events = self._changes.after(self._at)
                if events is None:
                    await self._put(send, self._reset("too slow: changes were left out"))
                    return
                if events:
                    await self._put(send, self._told(events))
                    continue
                with suppress(TimeoutError):
                    await asyncio.wait_for(wake.wait(), HEARTBEAT_SECONDS)
                    continue
                await self._put(send, f": still here\nid: {self._name()}\n\n")

    def _is_over(self) -> bool:
        return self._has_left or self._streams.is_over or not self._listener.may_stay()

    def _greeting(self) -> str:
        hello = {"applied_seq": self._seq}
        retry = f"retry: {RETRY_MILLISECONDS}\n"
        if self._last_name:
            number = self._changes.number_of(self._last_name)
            if number is None:
                text = _event("hello", "", hello)
                return retry + text + self._reset("what you were told last is not known here")
            self._at = number
            return retry + _event("hello", self._last_name, hello)
        return retry + _event("hello", self._name(), hello)

    def _reset(self, reason: str) -> str:
        self._at = self._changes.last()
        return _event("reset", self._name(), {"reason": reason, "applied_seq": self._seq})

    def _told(self, events: Iterable[Changed]) -> str:
        text = ""
        for event in events:
            self._at, self._seq = event.number, event.seq
            if self._interest.covers(event):
                data = self._listener.hears(event)
                text += "" if data is None else _event(event.topic, self._name(), data)
        # Whoever comes back need not go through what was of no interest again.
        return text or f"id: {self._name()}\n\n"

    def _name(self) -> str:
        return self._changes.name_of(self._at, self._seq)

    async def _put(self, send: Send, text: str) -> None:
        body: Message = {"type": "http.response.body", "body": text.encode(), "more_body": True}
        await asyncio.wait_for(send(body), SEND_SECONDS)


def _event(name: str, number: str, data: Mapping[str, object]) -> str:
    line = f"id: {number}\n" if number else ""
    return f"{line}event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
