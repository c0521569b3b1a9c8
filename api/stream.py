"""The stream of changes: what became different, told as it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.desk import desk_of
from api.streams import MEDIA_TYPE, Interest

if TYPE_CHECKING:
    from api.streams import Streams

router = APIRouter(tags=["Stream"])
EXAMPLE = """\
id: 3f2a9c01-4712-18
event: entity
data: {"kind": "machine", "id": "machine/SAW-01", "what": ["activity"], "applied_seq": 4712}
"""


class Wanted(BaseModel):
    """Of which entities to tell."""

    model_config = ConfigDict(extra="forbid")

    kind: str = Field("", description="Only entities of this kind.", examples=["machine"])
    id: str = Field("", description="Only this one.", examples=["machine/SAW-01"])


@router.get(
    "/v1/stream",
    response_class=Response,
    responses={200: {"content": {MEDIA_TYPE: {"example": EXAMPLE}}}},
    summary="What changes from now on?",
)
async def follow_changes(
    request: Request,
    wanted: Annotated[Wanted, Query()],
    last_event_id: Annotated[str, Header(max_length=100)] = "",
) -> Response:
    """Tell what changes, as server-sent events, until the listener leaves or the server stops.

    `hello` says which record the graph has reached; `entity` that an entity changed, and in which
    properties; `gap` that one opened or closed; `source` that one cannot be read, went stale or is
    back. A browser that lost the connection sends `Last-Event-ID` by itself and misses nothing.
    `reset` says that something was left out, or that the graph was folded anew: fetch again what
    you show. Whoever reads too slowly gets one and is cut.
    """
    streams: Streams = request.app.state.streams
    seq = desk_of(request).pipeline.store.applied_seq()
    return streams.open(Interest(wanted.kind, wanted.id), last_event_id, seq)
