"""Ask a server the same questions over and over: ``python -m bench.answer.load --help``.

Closed loop: each client keeps one connection and asks as soon as it has its answer. Which question
is drawn for each anew, all as likely. One process of this is one core at most: several share the
clients. What was measured stands on standard output, as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple, cast

from uvicorn.loops.auto import auto_loop_factory

if TYPE_CHECKING:
    from collections.abc import Iterator

_LENGTH = b"content-length:"
_CACHE = b"cache-status:"


class BadAnswerError(Exception):
    """An answer is none: the server is not measured for it."""


class Got(NamedTuple):
    """An answer's head: status, length (-1: it is in chunks), whether its server had kept it."""

    status: int
    length: int
    is_hit: bool


class Taken:
    """What asking came to so far; latencies in milliseconds, those of kept answers apart."""

    def __init__(self) -> None:
        self.hits: list[float] = []
        self.others: list[float] = []
        self.wrong = self.bytes = 0

    def count(self, got: Got, length: int, seconds: float) -> None:
        """Count an answer; a 304 is none here."""
        (self.hits if got.is_hit else self.others).append(round(1_000 * seconds, 4))
        self.wrong += got.status != 200
        self.bytes += length


class Asker(asyncio.Protocol):
    """One connection: asks again as soon as it has its answer, until time or questions end.

    Bodies are counted as they arrive and not kept, so that asking costs the machine little.
    """

    def __init__(self, requests: Iterator[bytes], end: float, taken: Taken) -> None:
        self._requests = requests
        self._end = end
        self._taken = taken
        self._began = 0.0
        self._held = b""
        self._got: Got | None = None
        self._left = 0
        self.is_over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first time."""
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Take a part of an answer; an answer that is none ends the asking with an error."""
        try:
            self._take(data)
        except BadAnswerError as error:
            self._finish(error)

    def connection_lost(self, _error: Exception | None) -> None:
        """End; without an answer that is an error."""
        self._finish(BadAnswerError("the connection was closed before an answer was whole"))

    def _ask(self) -> None:
        self._began, self._held, self._got = time.monotonic(), b"", None
        request = next(self._requests, None) if self._began < self._end else None
        if request is None:
            self._finish(None)
        else:
            self._transport.write(request)

    def _take(self, data: bytes) -> None:
        if self._got is None:
            self._held += data
            head, is_whole, data = self._held.partition(b"\r\n\r\n")
            if not is_whole:
                return
            self._got, self._held = read_head(head), b""
            self._left = self._got.length
        if self._left < 0:
            self._held += data
            length = _length_of_chunks(self._held)
        else:
            self._left -= len(data)
            length = self._got.length if self._left <= 0 else None
        if length is not None:
            self._taken.count(self._got, length, time.monotonic() - self._began)
            self._ask()

    def _finish(self, error: BadAnswerError | None) -> None:
        self._transport.close()
        if not self.is_over.done():
            if error is None:
                self.is_over.set_result(None)
            else:
                self.is_over.set_exception(error)


def read_head(head: bytes) -> Got:
    """Read the head of an answer; ``Cache-Status`` (RFC 9211) tells whether it was kept.

    Raises:
        BadAnswerError: it tells neither a length nor chunks.
    """
    is_hit, length = False, None
    for line in head.lower().split(b"\r\n"):
        if line.startswith(_LENGTH):
            length = int(line[len(_LENGTH) :])
        elif line.startswith(_CACHE):
            is_hit = line.endswith(b"; hit")
        elif line == b"transfer-encoding: chunked":
            length = -1
    if length is None:
        raise BadAnswerError(head.decode("latin-1"))
    return Got(int(head[9:12]), length, is_hit)


def _length_of_chunks(data: bytes) -> int | None:
    """Give how long a body in chunks is (RFC 9112, section 7.1); None while it is not whole."""
    whole = place = 0
    while (end := data.find(b"\r\n", place)) >= 0:
        size = int(data[place:end].split(b";")[0], 16)
        if not size:
            return whole if data.endswith(b"\r\n\r\n") else None
        whole += size
        place = end + 2 + size + 2
    return None


async def _run(port: int, requests: Iterator[bytes], end: float, taken: Taken) -> None:
    loop = asyncio.get_running_loop()
    _, asker = await loop.create_connection(lambda: Asker(requests, end, taken), "127.0.0.1", port)
    await asker.is_over


def _drawn(requests: list[bytes], draw: Random) -> Iterator[bytes]:
    while True:
        yield draw.choice(requests)


async def measure(
    port: int, requests: list[bytes], clients: int, seconds: float, draw: Random
) -> dict[str, object]:
    """Ask for some seconds by so many clients; by none each question once, as far as time allows.

    Latencies are in milliseconds.
    """
    taken, began = Taken(), time.monotonic()
    end = began + seconds
    if clients:
        drawn = [_drawn(requests, Random(draw.random())) for _ in range(clients)]
    else:
        drawn = [iter(draw.sample(requests, len(requests)))]
    await asyncio.gather(*(_run(port, one, end, taken) for one in drawn))
    return {"seconds": time.monotonic() - began, **vars(taken)}


def main() -> int:
    """Measure as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m bench.answer.load", description=__doc__)
    parser.add_argument("paths", type=Path, help="a file with one path a line, each a question")
    parser.add_argument("--port", type=int, required=True, help="of the server, on this machine")
    parser.add_argument(
        "--clients", type=int, default=1, help="connections of this process; 0: each question once"
    )
    parser.add_argument("--seconds", type=float, default=10, help="how long, at most")
    parser.add_argument("--seed", type=int, default=1, help="of the order of the questions")
    parser.add_argument("--header", action="append", default=[], help="to send with each")
    told = parser.parse_args()
    lines = [f"Host: 127.0.0.1:{told.port}", *told.header]
    head = " HTTP/1.1\r\n" + "".join(f"{line}\r\n" for line in lines) + "\r\n"
    paths = told.paths.read_text(encoding="utf-8").splitlines()
    requests = [f"GET {path}{head}".encode() for path in paths]
    draw = Random(told.seed)
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        found = runner.run(measure(told.port, requests, told.clients, told.seconds, draw))
    json.dump(found, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
