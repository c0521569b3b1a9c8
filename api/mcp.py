"""The Model Context Protocol over HTTP: tools for models, by the rules of every other route."""

from __future__ import annotations

import asyncio
import importlib
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from api.access import RESOURCE, gate_of, note, principal_of
from api.guard import MAX_MESSAGE_BYTES, MESSAGES
from api.problems import problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from starlette.types import ASGIApp, Receive, Scope, Send

    from api.desk import Desk
    from api.lane import Lane
    from kg.answer import Answers
    from kg.answer.gaps.coverage import Check
    from kg.mcp.calls import Caller
    from kg.pipeline import Pipeline
    from kg.store import QueryAnswer

T = TypeVar("T")

router = APIRouter(tags=["Models"])


class Served:
    """The desk of an app, as tools ask it."""

    def __init__(self, desk: Desk, lane: Lane) -> None:
        self._desk = desk
        self._lane = lane

    @property
    def pipeline(self) -> Pipeline:
        """The plant's pipeline."""
        return self._desk.pipeline

    def clock(self) -> datetime:
        """Give the time that answers are as of."""
        return self._desk.clock()

    def ask(self, at: str, believed_at: str, question: Callable[[Answers, datetime], T]) -> T:
        """Ask the answers of a time."""
        return self._desk.ask(at, believed_at, question)

    def check(self) -> Check:
        """Count coverage and list gaps; see ``Desk.check``."""
        return self._desk.check()

    def run_query(self, query: str, accept: str, timeout_seconds: float) -> QueryAnswer:
        """Run SPARQL where it can be stopped."""
        return self._lane.run(
            query, accept, timeout_seconds, default_graphs=None, named_graphs=None, min_seq=0
        )


class Models:
    """Serves the protocol from the first message to the end of the app.

    The package is loaded with that message. Its sessions live in a task of their own: it wants to
    be ended where it was begun, and the lifespan of an app that is mounted is never begun.
    """

    def __init__(self, desk: Desk, lane: Lane) -> None:
        self._served = Served(desk, lane)
        self._lock = asyncio.Lock()
        self._end = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._app: ASGIApp | None = None

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one message (ASGI)."""
        async with self._lock:
            if self._app is None:
                await self._begin()
        assert self._app is not None
        await self._app(scope, receive, send)

    async def close(self) -> None:
        """End what is under way."""
        self._end.set()
        if self._task is not None:
            with suppress(asyncio.CancelledError):
                await self._task

    async def _begin(self) -> None:
        sessions = await run_in_threadpool(self._load)
        begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def live() -> None:
            async with sessions.run():
                begun.set_result(None)
                await self._end.wait()

        self._task = asyncio.create_task(live(), name="traveler-mcp")
        await begun
        self._app = sessions.handle_request

    def _load(self) -> Any:
        """Make what answers messages; each stands for itself, and is answered by one JSON object.

        Raises:
            ModuleNotFoundError: the package is not installed.
        """
        server = importlib.import_module("kg.mcp.server")
        tools = importlib.import_module("kg.mcp.tools")
        made = server.make_server(
            tools.Tools(self._served),
            _caller,
            has_sparql=self._served.pipeline.plant.mcp.run_sparql,
        )
        return server.sessions_of(made, MAX_MESSAGE_BYTES)


def _caller(ctx: Any) -> Caller:
    """Say on whose behalf a message is answered: whoever sent the request that brought it."""
    calls = importlib.import_module("kg.mcp.calls")
    request: Request = ctx.request
    if ctx.method == "tools/call":
        note(request, tool=str((ctx.params or {}).get("name", ""))[:80])
    caller: Caller = calls.Caller(principal_of(request), partial(note, request))
    return caller


class _Message(Response):
    """What a route gives back that leaves a message to the protocol."""

    def __init__(self, models: Models) -> None:
        super().__init__()
        self._models = models

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer (ASGI)."""
        try:
            await self._models.answer(scope, receive, send)
        except ModuleNotFoundError as error:
            refused = problem(
                "not-here",
                f"this server lacks the package {error.name}",
                "pip install 'traveler-kg[mcp]', and start it again",
            )
            await refused(scope, receive, send)


@router.post(f"{MESSAGES}/", include_in_schema=False)
@router.post(MESSAGES, include_in_schema=False)
async def answer_message(request: Request) -> Response:
    """Answer a message of a model's client."""
    return _Message(request.app.state.models)


@router.get(RESOURCE, include_in_schema=False)
@router.get(f"{RESOURCE}/{{path:path}}", include_in_schema=False)
async def describe_resource(request: Request) -> Response:
    """Tell who gives the tokens that are taken here (RFC 9728, section 3)."""
    gate = gate_of(request)
    if gate is None or gate.access.oidc is None or not gate.access.url:
        return problem(
            "not-found",
            "no identity provider gives tokens for this server",
            "send a key as Authorization: Bearer",
        )
    desk: Desk = request.app.state.desk
    described = {
        "resource": f"{gate.access.url}{MESSAGES}/",
        "authorization_servers": [gate.access.oidc.issuer],
        "bearer_methods_supported": ["header"],
        "resource_name": desk.pipeline.plant.name,
    }
    return JSONResponse(described)
