"""Door: the plant as a process of its own finds it, that answers over standard input and output.

It is opened when it is asked, and let go of some seconds later: a model's client keeps such a
process for days, and whoever reads the sources or serves the plant must get in. While another
process serves it, that one is asked.
"""

from __future__ import annotations

from threading import Lock, Timer
from typing import TYPE_CHECKING, Any, TypeVar

from anyio import run, to_thread
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INTERNAL_ERROR,
    CallToolResult,
    CompleteResult,
    GetPromptResult,
    ReadResourceResult,
)
from mcp_types.methods import serialize_server_result
from pydantic import BaseModel  # noqa: TC002 - the class of what is read

from kg.access.principal import OWNER
from kg.errors import StoreLocked, TravelerError
from kg.mcp.calls import Caller
from kg.mcp.server import failed_call, make_server, sentence
from kg.mcp.tools import Tools
from kg.pipeline import Pipeline
from kg.store.engines import open_queries

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from mcp.server.context import CallNext, HandlerResult, ServerRequestContext

    from kg.answer import Answers
    from kg.answer.gaps.coverage import Check
    from kg.settings import Plant
    from kg.store import Queries, QueryAnswer

    Ask = Callable[[StoreLocked, str, Mapping[str, Any]], dict[str, Any]]
    """Asks who serves the plant: gives the JSON-RPC response to a method with its parameters."""

T = TypeVar("T")
KEEP_SECONDS = 20.0
"""How long the plant is held after an answer: a model asks several times in a row."""
ASKING: dict[str, type[BaseModel]] = {
    "tools/call": CallToolResult,
    "resources/read": ReadResourceResult,
    "prompts/get": GetPromptResult,
    "completion/complete": CompleteResult,
}
"""The methods that need the plant, with what they give."""


class Door:
    """A plant that is open while somebody is in; any thread may enter."""

    def __init__(self, plant: Plant, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self._plant = plant
        self._lock = Lock()
        self._inside = 0
        self._pipeline: Pipeline | None = None
        self._queries: Queries | None = None
        self._closing: Timer | None = None

    def enter(self) -> None:
        """Open the plant, or find it open; whoever entered leaves again.

        Raises:
            StoreLocked: another process owns the store.
        """
        with self._lock:
            if self._closing is not None:
                self._closing.cancel()
                self._closing = None
            if self._pipeline is None:
                self._pipeline = Pipeline.open(self._plant)
            self._inside += 1

    def leave(self) -> None:
        """Leave; the last one has it closed in a while."""
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._closing = Timer(KEEP_SECONDS, self.close)
                self._closing.daemon = True
                self._closing.start()

    def close(self) -> None:
        """Let go of the plant, unless somebody is in."""
        with self._lock:
            if self._inside:
                return
            if self._closing is not None:
                self._closing.cancel()
                self._closing = None
            queries, self._queries = self._queries, None
            pipeline, self._pipeline = self._pipeline, None
            if queries is not None:
                queries.close()
            if pipeline is not None:
                pipeline.close()

    # ---- the desk of who is in

    @property
    def pipeline(self) -> Pipeline:
        """The plant's pipeline, for whoever entered."""
        assert self._pipeline is not None
        return self._pipeline

    def ask(self, at: str, believed_at: str, question: Callable[[Answers, datetime], T]) -> T:
        """Ask the answers of a time; see ``PlantHistory``."""
        pipeline = self.pipeline
        times = (at, believed_at)
        return pipeline.history.ask_at(times, self.clock(), pipeline.latest, question)

    def check(self) -> Check:
        """Count coverage and list gaps."""
        return self.pipeline.answers().check(self.clock())

    def run_query(self, query: str, accept: str, timeout_seconds: float) -> QueryAnswer:
        """Run SPARQL in a process that can be stopped."""
        with self._lock:
            if self._queries is None:
                folder = self._plant.store_path / "checkpoints"
                self._queries = open_queries(self.pipeline.store, folder)
            queries = self._queries
        return queries.run(query, accept, timeout_seconds)


def serve_stdio(door: Door, ask_owner: Ask, *, has_sparql: bool) -> None:
    """Answer over standard input and output until the input ends."""

    async def through(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        if ctx.method not in ASKING or ctx.request_id is None:
            return await call_next(ctx)
        try:
            await to_thread.run_sync(door.enter)
        except StoreLocked as locked:
            return _whole(ctx, await to_thread.run_sync(_asked, ask_owner, locked, ctx))
        except TravelerError as error:
            return _whole(ctx, _refused(error, ctx.method))
        try:
            return await call_next(ctx)
        finally:
            door.leave()

    caller = Caller(OWNER)
    server = make_server(Tools(door), lambda _ctx: caller, has_sparql=has_sparql, around=[through])
    try:
        run(server.run_stdio_async)
    finally:
        door.close()


def _asked(ask_owner: Ask, locked: StoreLocked, ctx: ServerRequestContext[Any, Any]) -> BaseModel:
    """Have the process that serves the plant answer."""
    method = ctx.method
    params = {name: value for name, value in (ctx.params or {}).items() if name != "_meta"}
    try:
        answer = ask_owner(locked, method, params)
    except StoreLocked:
        busy = TravelerError(
            "another process has the plant open, and answers nobody",
            hint="ask again when traveler load or rebuild has ended",
        )
        return _refused(busy, method)
    except TravelerError as error:
        return _refused(error, method)
    if (failed := answer.get("error")) is not None:
        raise MCPError(failed["code"], failed["message"], failed.get("data"))
    return ASKING[method].model_validate(answer["result"])


def _whole(ctx: ServerRequestContext[Any, Any], result: BaseModel) -> dict[str, Any]:
    """Write a result in the revision of the protocol that the client speaks.

    The package does so for what its own handlers give, and for nothing else.
    """
    told = result.model_dump(mode="json", by_alias=True, exclude_none=True)
    return serialize_server_result(ctx.method, ctx.protocol_version, told)


def _refused(error: TravelerError, method: str) -> BaseModel:
    if method == "tools/call":
        return failed_call(error)
    raise MCPError(INTERNAL_ERROR, sentence(error)) from error
