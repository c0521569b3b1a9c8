"""Talking to a plant as a model's client does, by the package's own client."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

T = TypeVar("T")
Work = Callable[[Client], Awaitable[T]]
GENERATIONS = {"legacy": "2025-11-25", "auto": "2026-07-28"}
"""Ways to connect, and the revision of the protocol that each comes to."""


def over_http(
    url: str,
    work: Work[T],
    mode: str = "auto",
    key: str = "",
    verify: ssl.SSLContext | bool = True,
) -> T:
    """Connect to a served plant, and do some work; ``verify`` says whose certificates count."""

    async def run() -> T:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        # The package's own client would ask the proxies of the environment.
        async with httpx2.AsyncClient(
            headers=headers, timeout=30, trust_env=False, verify=verify
        ) as http:
            server: Any = streamable_http_client(f"{url}/mcp/", http_client=http)
            return await _connected(server, work, mode)

    return _alone(run())


def over_stdio(command: StdioServerParameters, work: Work[T], mode: str = "auto") -> T:
    """Start a process that answers, and do some work."""
    return _alone(_connected(command, work, mode))


def _alone(work: Coroutine[Any, Any, T]) -> T:
    """Run work; what fails in it is raised as it is, and not in the groups of those around it."""
    try:
        return asyncio.run(work)
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            error = error.exceptions[0]
        raise error from None


async def _connected(
    server: AbstractAsyncContextManager[Any] | StdioServerParameters, work: Work[T], mode: str
) -> T:
    async with Client(server, mode=mode, read_timeout_seconds=60) as client:  # type: ignore[arg-type]
        return await work(client)


async def text_of(client: Client, tool: str, **arguments: Any) -> str:
    """Call a tool that answers in text, and nothing but one text."""
    result = await client.call_tool(tool, arguments)
    assert result.structured_content is None
    assert len(result.content) == 1
    assert not result.is_error, result.content[0].text
    return str(result.content[0].text)


async def error_of(client: Client, tool: str, **arguments: Any) -> str:
    """Call a tool that cannot answer; gives what the model reads, which is one short line."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    told = str(result.content[0].text)
    assert "\n" not in told
    assert 0 < len(told) <= 600
    assert not {"Traceback", "pydantic", "Error executing", "File "} & set(told.split())
    return told


async def facts_of(client: Client, **arguments: Any) -> dict[str, Any]:
    """Ask for facts: data, and no text beside it."""
    result = await client.call_tool("get_facts", arguments)
    assert not result.is_error, result.content
    assert result.content == []
    assert result.structured_content is not None
    return dict(result.structured_content)
