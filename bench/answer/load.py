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
from typing import NamedTuple

_LENGTH = b"content-length:"
_CACHE = b"cache-status:"


class BadAnswerError(Exception):
    """An answer is none: the server is not measured for it."""


class Got(NamedTuple):
    """An answer: its status, its length, and whether its server says that it had kept it."""

    status: int
    length: int
    is_hit: bool


class Taken:
    """What asking came to so far; latencies in milliseconds, those of kept answers apart."""

    def __init__(self) -> None:
        self.hits: list[float] = []
        self.others: list[float] = []
        self.wrong = self.bytes = 0

    def count(self, got: Got, seconds: float) -> None:
        """Count an answer; a 304 is none here."""
        (self.hits if got.is_hit else self.others).append(round(1_000 * seconds, 4))
        self.wrong += got.status != 200
        self.bytes += got.length


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> Got:
    """Send one request and read its answer to the end.

    ``Cache-Status`` (RFC 9211) tells whether it was kept.

    Raises:
        BadAnswerError: it has neither a length nor chunks.
    """
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    status, is_hit, length = int(head[9:12]), False, -1
    for line in head.lower().split(b"\r\n"):
        if line.startswith(_LENGTH):
            length = int(line[len(_LENGTH) :])
        elif line.startswith(_CACHE):
            is_hit = line.endswith(b"; hit")
        elif line == b"transfer-encoding: chunked":
            return Got(status, await _read_chunks(reader), is_hit)
    if length < 0:
        raise BadAnswerError(head.decode("latin-1"))
    await reader.readexactly(length)
    return Got(status, length, is_hit)


async def _read_chunks(reader: asyncio.StreamReader) -> int:
    whole = 0
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        await reader.readexactly(size + 2)
        whole += size
    await reader.readuntil(b"\r\n")
    return whole


async def _client(port: int, requests: list[bytes], draw: Random, end: float, taken: Taken) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.monotonic() < end:
        began = time.monotonic()
        taken.count(await ask(reader, writer, draw.choice(requests)), time.monotonic() - began)
    writer.close()
    await writer.wait_closed()


async def _once(port: int, requests: list[bytes], draw: Random, end: float, taken: Taken) -> None:
    """Ask each question once, in any order, one after the other, until time is up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in draw.sample(requests, len(requests)):
        began = time.monotonic()
        if began > end:
            break
        taken.count(await ask(reader, writer, request), time.monotonic() - began)
    writer.close()
    await writer.wait_closed()


async def measure(
    port: int, requests: list[bytes], clients: int, seconds: float, draw: Random
) -> dict[str, object]:
    """Ask for some seconds by so many clients; by none each question once, as far as time allows.

    Latencies are in milliseconds.
    """
    taken, began = Taken(), time.monotonic()
    end = began + seconds
    if clients:
        seeds = [Random(draw.random()) for _ in range(clients)]
        await asyncio.gather(*(_client(port, requests, one, end, taken) for one in seeds))
    else:
        await _once(port, requests, draw, end, taken)
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
    found = asyncio.run(measure(told.port, requests, told.clients, told.seconds, draw))
    json.dump(found, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
