"""The stream of changes: what became different, told as it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.access import gate_of, principal_of, sight_of
from api.desk import desk_of
from api.streams import MEDIA_TYPE, Interest
from kg.access.withheldgaps import withhold_change

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api.streams import Streams
    from kg.changes import Changed

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
    listener = _Known(request)
    return streams.open(Interest(wanted.kind, wanted.id), last_event_id, seq, listener)


class _Known:
    """Whoever was admitted, as long as it would be again."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._principal = principal_of(request)
        self._gate = gate_of(request)

    def hears(self, changed: Changed) -> Mapping[str, Any] | None:
        """Give what of a change is shown."""
        desk = desk_of(self._request)
        sight = sight_of(self._request, desk.answers(), desk.clock())
        return changed.data if sight is None else withhold_change(changed, sight)

    def may_stay(self) -> bool:
        """Tell whether its key is still good."""
        return self._gate is None or self._gate.is_still(self._principal)
