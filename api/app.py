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
    gaps,
    health,
    landing,
    metrics,
    quarantine,
    questions,
    records,
    sparql,
    stream,
    trace,
)
from api.desk import Desk
from api.guard import Guard
from api.lane import Lane
from api.models import Problem
from api.problems import MEDIA_TYPE, handle_problems
from api.streams import Streams

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from kg.owner import Owner

ROUTERS = (
    context,
    questions,
    trace,
    gaps,
    accept,
    facts,
    records,
    quarantine,
    stream,
    sparql,
    health,
    metrics,
    backup,
    documentation,
    landing,
)
DESCRIPTION = """\
What job is running, on which machine, to which spec, for which customer, from which material
batch; since when, says who; and what is missing?

Every fact carries its source, its age and its state. What is empty says why: `missing` (a source
should hold it), `unknown` (no connected source could), `none` (a source says there is nothing),
`not_due` (not owed yet). Errors are `application/problem+json` with a stable `code` and a `hint`.
"""


def create_app(owner: Owner, hosts: Iterable[str] = ()) -> FastAPI:
    """Make the app of one plant; it answers to loopback names and to ``hosts``."""

    @asynccontextmanager
    async def live(app: FastAPI) -> AsyncIterator[None]:
        lane = Lane(owner)
        app.state.lane = lane
        try:
            yield
        finally:
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
        responses={
            "default": {
                "description": "What went wrong, and what to do about it.",
                "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}},
            }
        },
    )
    app.state.desk = Desk(owner)
    app.state.streams = Streams(owner.pipeline.changes)
    app.add_middleware(Guard, hosts=tuple(hosts))
    handle_problems(app)
    for module in ROUTERS:
        app.include_router(module.router)
    return app
