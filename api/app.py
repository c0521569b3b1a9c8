"""The app: every route, the guard around them, and what lives as long as the server."""

from __future__ import annotations

from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from fastapi import FastAPI

from api import (
    accept,
    backup,
    context,
    documentation,
    facts,
    flows,
    gaps,
    health,
    landing,
    mcp,
    metrics,
    notes,
    pages,
    plant,
    quarantine,
    questions,
    records,
    signin,
    sparql,
    start,
    stream,
    trace,
)
from api.access import Access
from api.cache import Quick
from api.desk import Desk
from api.guard import Guard
from api.lane import Lane
from api.prefix import Prefix
from api.problems import PROBLEMS, handle_problems
from api.streams import Streams
from kg.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from fastapi.telemetry import TelemetryConfig

    from kg.access.gate import Gate
    from kg.owner import Owner

ROUTERS = (
    context,
    plant,
    questions,
    trace,
    flows,
    gaps,
    accept,
    notes,
    facts,
    records,
    quarantine,
    start,
    stream,
    sparql,
    mcp,
    health,
    metrics,
    backup,
    signin,
    documentation,
    pages,
    landing,
)
SILENT: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "auto_configure": False,
}
"""Nothing of a request leaves by the framework, whatever the environment says."""
DESCRIPTION = """\
What job is running, on which machine, to which spec, for which customer, from which material
batch; since when, says who; and what is missing?

Every fact carries its source, its age and its state. What is empty says why: `missing` (a source
should hold it), `unknown` (no connected source could), `none` (a source says there is nothing),
`not_due` (not owed yet). Errors are `application/problem+json` with a stable `code` and a `hint`.
"""


def create_app(
    owner: Owner, hosts: Iterable[str] = (), gate: Gate | None = None, prefix: str = ""
) -> FastAPI:
    """Make the app of one plant; it answers to loopback names and to ``hosts``.

    A plant that says who may ask has a gate, which is closed by whoever opened it. ``prefix`` is
    the path below which a proxy shows it.

    Raises:
        ConfigError: it says so, and no gate is given.
    """
    access = owner.pipeline.plant.access
    if access is not None and gate is None:
        raise ConfigError("the plant says who may ask, and nobody sees to it", hint="give a gate")

    @asynccontextmanager
    async def live(app: FastAPI) -> AsyncIterator[None]:
        lane = Lane(owner)
        app.state.lane = lane
        app.state.models = models = mcp.Models(app.state.desk, lane)
        try:
            yield
        finally:
            await models.close()
            lane.close()

    app = FastAPI(
        title="Traveler",
        summary="The context layer of a factory.",
        description=DESCRIPTION,
        version=version("traveler-kg"),
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        docs_url=None,
        redoc_url=None,
        lifespan=live,
        telemetry=SILENT,
        responses={"default": PROBLEMS},
    )
    routers = [*(module.router for module in ROUTERS), signin.pages]
    own = list(app.routes)
    desk = Desk(owner)
    app.state.desk = desk
    app.state.streams = Streams(owner.pipeline.changes)
    app.state.gate = gate
    handle_problems(app)
    for router in routers:
        app.include_router(router)
    # The app's own pages, and those of routers in the order in which they are looked at.
    routes = [*own, *(route for router in routers for route in router.routes)]
    # Whoever was added last is asked first: the guard, then who asks, and what is kept at the end.
    app.add_middleware(Quick, cache=desk.cache)
    app.add_middleware(Access, gate=gate, plant=owner.pipeline.plant, routes=routes)
    names = access.names if access is not None else ()
    app.add_middleware(Guard, hosts=(*hosts, *names))
    app.add_middleware(Prefix, prefix=prefix)
    return app
