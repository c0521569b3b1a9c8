"""Gaps: how much of what should be linked is, and what is missing, conflicting or invalid."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.access import note, sight_of
from api.desk import desk_of
from api.models import GapHistoryAnswer, GapsAnswer, State
from kg.access.withheldgaps import withhold_check, withhold_history
from kg.answer.bundle import GapKind
from kg.answer.gaps.history import told_history
from kg.answer.gaps.page import POLICY
from kg.answer.render import to_json
from kg.report import GapFormat, history_text, write_check

if TYPE_CHECKING:
    from kg.answer.bundle import SlotGap
    from kg.answer.gaps.coverage import Check

router = APIRouter(tags=["Gaps"])


class Choice(BaseModel):
    """Which gaps, and how to write them."""

    model_config = ConfigDict(extra="forbid")

    format: GapFormat = Field(
        "json",
        description="`text` reads well in a terminal, `csv` opens in a spreadsheet, `html` is one "
        "page to print or send on, `turtle` is RDF in the words of SHACL and PROV-O.",
    )
    slot: str | None = Field(None, description="Only gaps of this slot.", examples=["customer"])
    state: State | None = Field(None, description="Only gaps in this state.")
    kind: GapKind | None = Field(None, description="Only gaps of this kind.")
    limit: int | None = Field(None, ge=1, description="No more than the first so many.")

    def has(self, gap: SlotGap) -> bool:
        """Tell whether a gap is asked for."""
        return (
            self.slot in {None, gap.slot}
            and self.state in {None, gap.state}
            and self.kind in {None, gap.kind}
        )


@router.get(
    "/v1/gaps",
    response_model=GapsAnswer,
    responses={
        200: {
            "content": {
                "text/plain": {"example": "link   have   of   %"},
                "text/csv": {"example": "id,kind,entity,label,slot,state"},
                "text/html": {"example": "<!doctype html>"},
                "text/turtle": {"example": "<gap/> a <http://www.w3.org/ns/prov#Collection> ."},
            }
        }
    },
    summary="What is missing, what depends on it, and who can mend it?",
)
def list_gaps(request: Request, choice: Annotated[Choice, Query()]) -> Response:
    """Tell how complete the plant's records are: what is missing, and who should hold it?

    Coverage counts five links: job–machine, job–spec, job–customer, job–batch, machine–now. A gap
    is `missing` (a source should hold it), `unknown` (no connected source could) or
    `conflicting`. It names the row to mend and whose it is, the saved questions that it leaves
    without a full answer, and the open orders, customers and money that depend on it. Gaps stand
    in the order in which to mend them: by the money that depends on them, else by the date that
    is due, else by the number of questions. `repairs` are what would mend most. `slot`, `state`,
    `kind` and `limit` narrow the gaps, never the coverage. As of the last validation.
    """
    desk = desk_of(request)
    check = shown_check(request)
    found = [gap for gap in check.gaps if choice.has(gap)]
    gaps = found[: choice.limit]
    shown = replace(check, gaps=gaps, left_out=len(found) - len(gaps))
    note(request, rows=len(gaps), withheld=check.withheld)
    text, media_type = write_check(shown, choice.format, desk.pipeline.plant)
    headers = {"Content-Security-Policy": POLICY} if choice.format == "html" else {}
    return Response(text, 200, headers, media_type)


def shown_check(request: Request) -> Check:
    """Check the plant, and leave out what is not shown to whoever asks."""
    desk = desk_of(request)
    check, answers = desk.check(), desk.answers()
    sight = sight_of(request, answers, desk.clock())
    return check if sight is None else withhold_check(check, sight, answers.covering)


class Past(BaseModel):
    """From when on, and how to write it."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["json", "text"] = Field("json", description="`text` reads well in a terminal.")
    since: date | None = Field(None, description="Nothing before this day (UTC).")


@router.get(
    "/v1/gaps/history",
    response_model=GapHistoryAnswer,
    responses={200: {"content": {"text/plain": {"example": "since   link   have   of   %"}}}},
    summary="Do our records get better?",
)
def tell_history(request: Request, past: Annotated[Past, Query()]) -> Response:
    """Tell how much was linked and lacking over time: does the plant's coverage grow?

    A row stands for each link, and for each kind of gap, whose numbers a check found changed;
    `days` count the gaps that opened and closed. The journal keeps it: a rebuild forgets nothing.
    """
    since = past.since.isoformat() if past.since else ""
    desk = desk_of(request)
    told = told_history(desk.answers().journal.checks, since)
    if (sight := sight_of(request, desk.answers(), desk.clock())) is not None:
        told = withhold_history(told, sight, desk.answers().covering)
    if past.format == "text":
        return Response(history_text(told) + "\n", media_type="text/plain")
    return Response(to_json(told), media_type="application/json")
