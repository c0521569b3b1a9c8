"""Health: whether the process is up, and whether its answers are whole."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import version
from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from api.access import principal_of
from api.desk import Desk, desk_of
from api.models import Answer, SourceState
from api.problems import problem
from kg.space import MEGABYTE

router = APIRouter(tags=["Health"])


class SourceReading(Answer):
    """How reading a source is going; the times are empty where there is none."""

    name: str = Field(examples=["erp"])
    last_read: str = Field(examples=["2026-11-23T08:00:00Z"])
    last_success: str = Field(examples=["2026-11-23T08:00:00Z"])
    error: str = Field(description="Why the last reading failed; empty when it did not.")
    hint: str
    failures: int = Field(description="How many readings in a row failed.")
    next_try: str = Field(examples=["2026-11-23T08:00:05Z"])
    lag_seconds: float = Field(description="How long a reading is overdue or under way.")


class FeedState(Answer):
    """A source that speaks by itself: whether it is connected, and what came since the start."""

    source: str = Field(examples=["mes"])
    is_connected: bool
    since: str = Field(description="Since when it is, or is not.", examples=[""])
    last_message: str = Field(examples=["2026-11-23T08:00:00Z"])
    new: int = Field(examples=[1043])
    unchanged: int = Field(examples=[2])
    quarantined: int = Field(examples=[0])
    error: str = Field(examples=[""])
    hint: str = Field(examples=[""])
    alarm: str = Field(description="A sender seems to have changed.", examples=[""])
    warnings: list[str] = Field(examples=[[]])


class Up(Answer):
    """The process is up; more is told to those who may read answers."""

    status: Literal["up"]


class Health(Answer):
    """The process is up; this says nothing of the graph."""

    status: Literal["up"]
    version: str = Field(description="The version of Traveler.")
    error: str = Field(description="What keeps the graph from following; empty when nothing does.")
    hint: str
    alarm: str = Field(description="What somebody should look at, although the plant is served.")
    doubtful_times: dict[str, int] = Field(
        description="Records whose times are not believed as they stand, by what is wrong.",
        examples=[{"ahead": 2, "double-hour": 1}],
    )
    sources: list[SourceReading]
    is_accepting: bool = Field(description="False while the disk is nearly full.")
    free_mb: int = Field(description="Free on the plant's disk, the fuller one of two.")


class Ready(Answer):
    """Answers are whole; more is told to those who may read them."""

    ready: Literal[True]


class Readiness(Answer):
    """Whether answers are whole: the graph has reached the journal's last record, the loop runs."""

    ready: bool
    reasons: list[str] = Field(examples=[[]])
    applied_seq: int = Field(description="The journal's record that the graph has reached.")
    last_seq: int = Field(description="The journal's last record.")
    checked_seq: int = Field(description="The record up to which gaps were looked for.")
    rounds: int = Field(description="How often the sources were read since the start.")
    last_read: str = Field(description="When they were last read; empty before the first time.")
    sources: list[SourceState]
    feeds: list[FeedState] = Field(description="Sources that speak by themselves.")


@router.get("/health", response_model=Health | Up, summary="Is the process up?")
def get_health(request: Request) -> Health | Up:
    """Tell that the process answers at all (should it be started again?), and how each source does.

    Where plant.toml says who may ask, only those who may read answers are told more than that.
    This is always a 200: what fails is told, and tried again by itself. On a disk that is nearly
    full it takes nothing in, answers, and goes on by itself.
    """
    if not _may_read(request):
        return Up(status="up")
    desk = desk_of(request)
    owner = desk.owner
    disks = desk.pipeline.space.look()
    return Health(
        status="up",
        version=version("traveler-kg"),
        error=owner.health.error,
        hint=owner.health.hint,
        alarm=owner.health.alarm,
        doubtful_times=owner.pipeline.doubtful_times(),
        sources=[SourceReading(**asdict(source)) for source in owner.sources()],
        is_accepting=not any(disk.is_low for disk in disks),
        free_mb=min(disk.free_bytes for disk in disks) // MEGABYTE,
    )


@router.get("/ready", response_model=Readiness | Ready, summary="Are the answers whole?")
def get_readiness(request: Request) -> Response:
    """Tell whether the graph holds all that the journal holds, and the sources are being read.

    Which record has the graph reached, up to which were gaps looked for, when did each source
    last vouch for its data? Anything but ready is a 503 with the reasons, which only those who
    may read answers are told.
    """
    desk = desk_of(request)
    state = _readiness(desk)
    if not _may_read(request):
        if not state.ready:
            return problem("not-ready", "it is not ready", "ask with a key for the reasons")
        return Response(Ready(ready=True).model_dump_json(), media_type="application/json")
    if state.ready:
        return Response(state.model_dump_json(indent=2), media_type="application/json")
    failing = [source.hint for source in desk.owner.sources() if source.error]
    hint = next(filter(None, [desk.owner.health.hint, *failing]), "ask again in a moment")
    return problem(
        "not-ready", "; ".join(state.reasons), hint, members=state.model_dump(mode="json")
    )


@router.get("/v1/sources", summary="How does each source do?")
def tell_sources(request: Request) -> Readiness:
    """Tell what `/ready` tells, as an answer whatever it is: how old and how far behind each is."""
    return _readiness(desk_of(request))


def _may_read(request: Request) -> bool:
    principal = principal_of(request)
    return principal.sees_all and "context:read" in principal.scopes


def _readiness(desk: Desk) -> Readiness:
    answers = desk.answers()
    health = desk.owner.health
    # The graph first: it may move on before the journal is looked at, and never runs ahead of it.
    applied = answers.store.applied_seq()
    last = answers.journal.last_seq()
    reasons = []
    if applied != last:
        reasons.append(f"the graph has reached record {applied} of {last}")
    disks = desk.pipeline.space.look()
    reasons += [
        f"nothing is taken in: {disk.free_bytes // MEGABYTE} MB are free on the disk of"
        f" {disk.folder.name}"
        for disk in disks
        if disk.is_low
    ]
    if health.error:
        reasons.append(health.error)
    reasons += [f"{s.name} cannot be read: {s.error}" for s in desk.owner.sources() if s.error]
    for feed in desk.owner.feeds.values():
        if not feed.health.is_connected:
            why = feed.health.error or "it was not started"
            reasons.append(f"{feed.health.source} is not connected: {why}")
    return Readiness(
        ready=not reasons,
        reasons=reasons,
        applied_seq=applied,
        last_seq=last,
        checked_seq=answers.journal.checked_seq(),
        rounds=health.rounds,
        last_read=health.last_read,
        sources=[SourceState(**row) for row in answers.sources(desk.clock())],
        feeds=[FeedState(**asdict(feed.health)) for feed in desk.owner.feeds.values()],
    )
