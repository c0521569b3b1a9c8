"""Gaps: how much of what should be linked is, and what is missing, conflicting or invalid."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.desk import desk_of
from api.models import GapsAnswer, State
from kg.answer.coverage import Check
from kg.answer.render import to_json
from kg.report import check_text

router = APIRouter(tags=["Gaps"])


class Choice(BaseModel):
    """Which gaps, and how to write them."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["json", "text"] = Field("json", description="`text` reads well in a terminal.")
    slot: str | None = Field(None, description="Only gaps of this slot.", examples=["customer"])
    state: State | None = Field(None, description="Only gaps in this state.")


@router.get(
    "/v1/gaps",
    response_model=GapsAnswer,
    responses={200: {"content": {"text/plain": {"example": "link   have   of   %"}}}},
    summary="Which jobs lack a machine, a spec, a customer or a batch?",
)
def list_gaps(request: Request, choice: Annotated[Choice, Query()]) -> Response:
    """Tell how complete the plant's records are: what is missing, and who should hold it?

    Coverage counts five links: job–machine, job–spec, job–customer, job–batch, machine–now. A gap
    is `missing` (a source should hold it), `unknown` (no connected source could) or
    `conflicting`. `slot` and `state` narrow the gaps, never the coverage. As of the last
    validation.
    """
    check = desk_of(request).check()
    gaps = [
        gap
        for gap in check.gaps
        if choice.slot in {None, gap.slot} and choice.state in {None, gap.state}
    ]
    shown = Check(check.coverage, gaps, check.quarantine)
    if choice.format == "text":
        return Response(check_text(shown) + "\n", media_type="text/plain")
    return Response(to_json(shown.to_dict()), media_type="application/json")
