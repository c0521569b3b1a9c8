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

_LENGTH = b"content-length:"


class BadAnswerError(Exception):
    """An answer is none: the server is not measured for it."""


async def ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> tuple[int, int]:
    """Send one request; gives status and length of the answer.

    Raises:
        BadAnswerError: it has neither a length nor chunks.
    """
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    for line in head.lower().split(b"\r\n"):
        if line.startswith(_LENGTH):
            length = int(line[len(_LENGTH) :])
            await reader.readexactly(length)
            return status, length
        if line == b"transfer-encoding: chunked":
            return status, await _read_chunks(reader)
    raise BadAnswerError(head.decode("latin-1"))


async def _read_chunks(reader: asyncio.StreamReader) -> int:
    whole = 0
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        await reader.readexactly(size + 2)
        whole += size
    await reader.readuntil(b"\r\n")
    return whole


async def _client(
    port: int, requests: list[bytes], draw: Random, end: float, took: list[float]
) -> tuple[int, int]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    wrong = whole = 0
    while time.monotonic() < end:
        request = draw.choice(requests)
        began = time.monotonic()
        status, length = await ask(reader, writer, request)
        took.append(time.monotonic() - began)
        wrong += status != 200  # a 304 is no answer here either
        whole += length
    writer.close()
    await writer.wait_closed()
    return wrong, whole


async def _once(port: int, requests: list[bytes], took: list[float]) -> tuple[int, int]:
    """Ask each question once, one after the other."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    wrong = whole = 0
    for request in requests:
        began = time.monotonic()
        status, length = await ask(reader, writer, request)
        took.append(time.monotonic() - began)
        wrong += status != 200
        whole += length
    writer.close()
    await writer.wait_closed()
    return wrong, whole


async def measure(
    port: int, requests: list[bytes], clients: int, seconds: float, seed: int
) -> dict[str, object]:
    """Ask for some seconds; without seconds each question once. Latencies are in milliseconds."""
    took: list[float] = []
    began = time.monotonic()
    if seconds:
        end = began + seconds
        parts = await asyncio.gather(
            *(_client(port, requests, Random(f"{seed} {n}"), end, took) for n in range(clients))
        )
    else:
        parts = [await _once(port, requests, took)]
    return {
        "seconds": time.monotonic() - began,
        "wrong": sum(wrong for wrong, _ in parts),
        "bytes": sum(whole for _, whole in parts),
        "ms": [round(1_000 * one, 4) for one in took],
    }


def main() -> int:
    """Measure as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m bench.answer.load", description=__doc__)
    parser.add_argument("paths", type=Path, help="a file with one path a line, each a question")
    parser.add_argument("--port", type=int, required=True, help="of the server, on this machine")
    parser.add_argument("--clients", type=int, default=1, help="connections of this process")
    parser.add_argument("--seconds", type=float, default=0, help="0: each question once")
    parser.add_argument("--seed", type=int, default=1, help="of the order of the questions")
    parser.add_argument("--accept", default="application/json", help="the header")
    told = parser.parse_args()
    head = f" HTTP/1.1\r\nHost: 127.0.0.1:{told.port}\r\nAccept: {told.accept}\r\n\r\n"
    paths = told.paths.read_text(encoding="utf-8").splitlines()
    requests = [f"GET {path}{head}".encode() for path in paths]
    found = asyncio.run(measure(told.port, requests, told.clients, told.seconds, told.seed))
    json.dump(found, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
