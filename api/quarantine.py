"""Quarantine: what could not become records or facts, and what shall become of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.desk import desk_of
from api.guard import MAX_BODY_BYTES
from api.models import Discarded, QuarantineAnswer, QuarantineReplay
from kg.answer.render import to_json
from kg.errors import UnknownEntity
from kg.report import quarantine_text

if TYPE_CHECKING:
    from kg.journal import Quarantined
    from kg.pipeline import Pipeline

router = APIRouter(tags=["Quarantine"], max_body_size=MAX_BODY_BYTES)


class Choice(BaseModel):
    """Which rows, and how to write them."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["json", "text"] = Field("json", description="`text` reads well in a terminal.")
    source: str | None = Field(None, description="Only rows of this source.", examples=["mes"])
    code: str | None = Field(None, description="Only for this reason.", examples=["bad-time"])
    discarded: bool = Field(False, description="What was discarded, instead of what waits.")
    all: bool = Field(False, description="`text` names every row, also of many that are alike.")


class Discard(BaseModel):
    """Why a row is discarded."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=1_000, examples=["a test of the new scanner"])


@router.get(
    "/v1/quarantine",
    response_model=QuarantineAnswer,
    responses={200: {"content": {"text/plain": {"example": "mes.run, 2: bad-time at read."}}}},
    summary="Which rows could not be read or lifted?",
)
def list_quarantine(request: Request, choice: Annotated[Choice, Query()]) -> Response:
    """Tell which rows wait, since when, what is wrong with each and what to do about it.

    `raw` is the row as it came; bytes that are no UTF-8 stand in it as hex escapes. A row with
    `is_mapping_current` false was last tried by other mappings or settings than today's: replay it.
    """
    pipeline = desk_of(request).pipeline
    journal = pipeline.journal
    rows = [
        row
        for row in (journal.discarded() if choice.discarded else journal.waiting())
        if choice.source in {None, row.rejected.source} and choice.code in {None, row.rejected.code}
    ]
    if choice.format == "text":
        is_part = choice.discarded or not (choice.source is None and choice.code is None)
        text = quarantine_text(rows, pipeline.mappings, is_whole=choice.all, is_part=is_part)
        return Response(text + "\n", media_type="text/plain")
    told = {"rows": [pipeline.described(row) for row in rows]}
    return Response(to_json(told), media_type="application/json")


@router.post("/v1/quarantine/{number}/replay", summary="Is this row well by now?")
def replay_row(request: Request, number: int) -> QuarantineReplay:
    """Read and lift a row again by today's mappings and settings, after they were mended.

    A row of a table that is read as a whole is read again with its table.
    """
    desk = desk_of(request)
    replayed = desk.owner.replay([_find(desk.pipeline, number)])
    for error in replayed.errors:
        raise error
    return QuarantineReplay(has_left=bool(replayed.left), waiting=replayed.waiting)


@router.post("/v1/quarantine/{number}/discard", summary="Is this row of no use?")
def discard_row(request: Request, number: int, discard: Discard) -> Discarded:
    """Take a row out of quarantine for good; the same bytes are not shown again.

    It stays in history with the reason, and is used all the same if a mended mapping can.
    """
    desk = desk_of(request)
    journal = desk.pipeline.journal
    row = _find(desk.pipeline, number)
    return Discarded(discarded=journal.discard([row.id], discard.reason, desk.owner.clock()))


def _find(pipeline: Pipeline, number: int) -> Quarantined:
    for row in pipeline.journal.waiting():
        if row.id == number:
            return row
    raise UnknownEntity(
        f"no row {number} waits in quarantine", hint="GET /v1/quarantine lists them"
    )
