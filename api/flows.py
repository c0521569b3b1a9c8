"""Flows: by which steps information travels through the plant, and where it goes dark."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.access import note, sight_of
from api.desk import desk_of
from api.models import Answer
from kg.access.withheldflows import map_seen
from kg.answer.flow.forms import MEDIA_TYPES, FlowFormat, write_flows
from kg.answer.flow.map import State  # noqa: TC001 - the model needs it when it is made
from kg.answer.flow.svg import POLICY
from kg.store.media import choose_media_type

router = APIRouter(tags=["Flows"])


class DelayAnswer(Answer):
    """How long something took, of so many records: half took no longer than ``p50_seconds``."""

    records: int = Field(examples=[412])
    p50_seconds: float = Field(examples=[14.2])
    p95_seconds: float = Field(examples=[61.0])


class EnteredBy(Answer):
    """How many of a table's records somebody entered, by the code of the person."""

    person: str = Field(examples=["P03"])
    records: int = Field(examples=[87])


class CarriedAnswer(Answer):
    """How many of a table's records say what they should of a link."""

    link: str = Field(examples=["job-batch"])
    records: int = Field(examples=[96])
    of: int = Field(examples=[117])
    share: float = Field(examples=[0.8205])


class FlowTable(Answer):
    """What one table gave; ``delay`` is from when something became true to when it was received.

    ``per_day`` is the average of seven days.
    """

    table: str = Field(examples=["erp.batch_move"])
    records: int = Field(description="Those that are current.", examples=[96])
    versions: int = Field(description="All that ever came.", examples=[311])
    per_day: float | None = Field(examples=[13.7])
    last_seen: str | None = Field(examples=["2026-11-23T08:00:00Z"])
    delay: DelayAnswer | None = Field(description="Null until something came after the first load.")
    people: list[EnteredBy]
    links: list[CarriedAnswer]


class FlowSource(Answer):
    """A source and its tables; ``visible`` is from receipt to when answers had it, while served."""

    name: str = Field(examples=["erp"])
    title: str = Field(examples=["Demo ERP"])
    system: str = Field(examples=["ERP"])
    owner: str = Field(examples=["Planning office"])
    confirmed_at: str | None = Field(examples=["2026-11-23T08:00:00Z"])
    is_stale: bool
    visible: DelayAnswer | None
    tables: list[FlowTable]


class FlowStepAnswer(Answer):
    """A step that somebody described; ``said_at`` is its line in flows.yml, empty elsewhere."""

    id: str = Field(examples=["flow-step/issue-slip"])
    label: str = Field(examples=["Issue slip"])
    process: str = Field(examples=["material issue"])
    medium: str = Field(examples=["paper"])
    handover: str = Field(description="By `hand` or by `wire`.", examples=["hand"])
    people: list[str] = Field(examples=[["person/P03"]])
    times_per_day: float | None = Field(examples=[20.0])
    latency_minutes: float | None = Field(examples=[240.0])
    carries: list[str] = Field(examples=[["job-batch"]])
    recorded_in: list[str] = Field(examples=[["erp.batch_move"]])
    is_seen: bool = Field(description="Whether a connected table records it.")
    said_at: str = Field(examples=["flows.yml:12"])


class FlowLink(Answer):
    """One of the five links: how much of it is known, where it arises, and who reads it."""

    link: str = Field(examples=["job-batch"])
    have: int = Field(examples=[96])
    of: int = Field(examples=[117])
    missing: int = Field(examples=[3])
    unknown: int = Field(examples=[0])
    arises: list[str] = Field(examples=[["flow-step/issue-slip"]])
    recorded_by: list[str] = Field(examples=[["erp.batch_move"]])
    questions: list[str] = Field(examples=[["where-a-batch-went"]])
    gaps_elsewhere: int = Field(description="Gaps that hang on no edge that is described.")


class FlowEdgeAnswer(Answer):
    """A link's way from one step to the next; dark in every state but `seen`."""

    link: str = Field(examples=["job-batch"])
    start: str = Field(description="Empty where it arises.", examples=["flow-step/issue-slip"])
    end: str = Field(description="Empty where it ends.", examples=["flow-step/stock-booking"])
    state: State
    why: str = Field(examples=["90 of 96 records say it, half of them more than 4 h late"])
    tables: list[str] = Field(examples=[["erp.batch_move"]])
    delay: DelayAnswer | None
    gaps: int = Field(description="Open gaps that hang on it.", examples=[3])
    seen_again: str = Field(examples=["flow-step/stock-booking"])
    dark_minutes: str = Field(description="What people say, at the least.", examples=["240"])


class FlowNext(Answer):
    """What connecting one thing would add, by the questions that it would answer."""

    what: Literal["mapping", "properties"]
    name: str
    title: str
    whole: list[str]
    part: list[str]
    says: list[str]


class FlowsAnswer(Answer):
    """The whole map; the dark edges come first, those on which most gaps hang before the others."""

    as_of: str = Field(examples=["2026-11-23T08:00:00Z"])
    applied_seq: int
    declared: bool = Field(description="Whether the plant has a flows.yml.")
    late_after_minutes: float = Field(examples=[60.0])
    sources: list[FlowSource]
    steps: list[FlowStepAnswer]
    links: list[FlowLink]
    edges: list[FlowEdgeAnswer]
    hangs_on: list[dict[str, str]] = Field(
        description="What hangs on one person or one sheet: rows of that saved question."
    )
    next: list[FlowNext]
    processes: list[dict[str, str]] = Field(
        description="Which process to connect first: rows of that saved question."
    )
    withheld: list[str] = Field(
        description="Links, properties and parts of this answer that your role does not see.",
        examples=[["job-customer"]],
    )


class Form(BaseModel):
    """How to write it."""

    model_config = ConfigDict(extra="forbid")

    format: FlowFormat | None = Field(
        None,
        description="Before what `Accept` asks for. `text` reads in a terminal, `svg` is an image, "
        "`dot` is for Graphviz, `turtle` is RDF in the words of the ontology.",
    )


@router.get(
    "/v1/flows",
    response_model=FlowsAnswer,
    responses={
        200: {
            "content": {
                "image/svg+xml": {"example": "<svg xmlns='http://www.w3.org/2000/svg'/>"},
                "text/turtle": {"example": "<flow-step/issue-slip> a tr:FlowStep ."},
                "text/vnd.graphviz": {"example": "digraph plant {}"},
                "text/plain": {"example": "WHERE IT GOES DARK"},
            }
        }
    },
    summary="By which steps does information travel, and where does it go dark?",
)
def map_plant(request: Request, form: Annotated[Form, Query()]) -> Response:
    """Join what people say of the way of each link (flows.yml) to what is measured of it.

    Of each table: records, how many a day, how long after the fact they come, by whom entered, and
    how many say the link. An edge is `never` recorded, `unrecorded` (by paper, by word), `late`,
    `patchy` (some records lack it), or `seen`. Gaps hang on the edge behind which they would be
    told; `hangs_on` are answers that one person or one sheet gives; `next` is what to connect. A
    link of which something is hidden from your role is left out whole, and named in `withheld`.
    """
    desk = desk_of(request)
    if form.format is None:
        media_type = choose_media_type(request.headers.get("accept", "*/*"), MEDIA_TYPES)
    else:
        media_type = next(kind for kind, name in MEDIA_TYPES.items() if name == form.format)
    check, answers, now = desk.check(), desk.answers(), desk.clock()
    flow = map_seen(answers, now, check, sight_of(request, answers, now))
    note(request, rows=len(flow.edges), withheld=len(flow.withheld))
    text = write_flows(flow, MEDIA_TYPES[media_type], desk.pipeline.plant.base)
    headers = {"Vary": "Accept"}
    if media_type == "image/svg+xml":
        headers["Content-Security-Policy"] = POLICY
    return Response(text, 200, headers, media_type)
