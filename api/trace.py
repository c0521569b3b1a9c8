"""Traces: what a thing went into or came from, to any depth, and whom a bad batch reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from api.access import note, sight_of
from api.desk import desk_of
from api.parameters import Times
from api.traced import RecallAnswer, TraceAnswer
from kg.access.veiled import RoleVeil, veil_over
from kg.answer.render import to_json
from kg.answer.tracing.recall import recall_csv, tell_recall
from kg.answer.tracing.trace import MOST_THINGS
from kg.answer.tracing.traced import tell_trace
from kg.answer.tracing.tracetext import recall_text, trace_text
from kg.epcis.export import epcis_document

if TYPE_CHECKING:
    from datetime import datetime

    from kg.answer import Answers

router = APIRouter(tags=["Trace"])
MOST_ALLOWED = 200_000


class Bounds(Times):
    """As of when, and how far to go."""

    most_things: int = Field(
        MOST_THINGS,
        ge=1,
        le=MOST_ALLOWED,
        description="A trace that leads to more is an error, never a part of it.",
    )


class Way(Bounds):
    """In which direction, and how to answer."""

    direction: Literal["forward", "backward"] = Field(
        "forward", description="`forward` to customers, `backward` to suppliers."
    )
    worst_case: bool = Field(
        False,
        description="Also what would be reached if every break in the records leaked; slow where "
        "many jobs have no batch on record.",
    )
    format: Literal["json", "text"] = Field("json", description="`text` reads in a terminal.")


class NamedWay(Way):
    """What to trace, by any of its names."""

    q: str = Field(
        min_length=1,
        max_length=200,
        description="An id of any source, or a label.",
        examples=["batch/4790"],
    )


@router.get(
    "/v1/trace",
    response_model=TraceAnswer,
    responses={200: {"content": {"text/plain": {"example": "batch/4790 forward"}}}},
    summary="Where did it go, or come from, by any of its names?",
)
def trace_named(request: Request, way: Annotated[NamedWay, Query()]) -> Response:
    """Trace whatever goes by this name, as `/v1/trace/{kind}/{entity}` does."""
    return _answer(request, way.q, way)


@router.get(
    "/v1/trace/{kind}/{entity:path}",
    response_model=TraceAnswer,
    responses={200: {"content": {"text/plain": {"example": "batch/4790 forward"}}}},
    summary="Where did this batch, job, piece, order or shipment go, or come from?",
)
def trace_entity(
    request: Request, kind: str, entity: str, way: Annotated[Way, Query()]
) -> Response:
    """Trace a thing to any depth: `certain` by scans and bookings, `possible`, or `excluded`.

    Each thing that is reached comes by its surest and shortest way, with why it is less than
    certain and the records that say its last step. `breaks` are where the records end, `stock` is
    what is left of each batch, and `worst_case` is what else would be reached if every break
    leaked. A trace that leads too far is an error (422), never a part of it; one that your role
    does not see whole says so (`is_whole`), and `withheld` what it may lack. With `at` and
    `believed_at` it goes by the records that counted then.
    """
    return _answer(request, f"{kind}/{entity}", way)


def _answer(request: Request, reference: str, way: Way) -> Response:
    def look(answers: Answers, now: datetime) -> dict[str, Any]:
        thing, veil = veil_over(answers, reference, sight_of(request, answers, now))
        return tell_trace(
            *(answers, thing, way.direction, now),
            most_things=way.most_things,
            is_with_worst=way.worst_case,
            veil=veil,
        )

    told = desk_of(request).ask(way.at, way.believed_at, look)
    reached, withheld = len(told["reached"]), len(told["withheld"])
    note(request, about=told["entity"]["id"], rows=reached, withheld=withheld)
    if way.format == "text":
        return Response(trace_text(told) + "\n", media_type="text/plain")
    return Response(to_json(told), media_type="application/json")


class Recalled(Bounds):
    """What is bad, and how to list whom it reached."""

    q: str = Field(
        min_length=1,
        max_length=200,
        description="An id of any source, or a label.",
        examples=["batch/4790"],
    )
    format: Literal["json", "text", "csv"] = Field(
        "json", description="`csv` opens in a spreadsheet, which runs nothing of it."
    )


@router.get(
    "/v1/recall",
    response_model=RecallAnswer,
    responses={
        200: {
            "content": {
                "text/plain": {"example": "RECALL of batch/4790"},
                "text/csv": {"example": "how,customer,customer_name,order"},
            }
        }
    },
    summary="This batch is bad: who has it?",
)
def recall_thing(request: Request, recalled: Annotated[Recalled, Query()]) -> Response:
    """List whom a bad batch, job or piece reached: customers, orders, shipments, serials.

    A row is one delivery, `certain` or `possible` with why. `here` is what is left of the batches
    that it is in, `excluded` what a scan, a quantity or a time rules out, `breaks` where the
    records end: beyond them nobody knows. Customers and other cells that your role does not see
    say `withheld`, and `is_whole` is false; where rows would be lacking, nothing is answered (403
    `withheld`). With `at` and `believed_at` it is the list that would have been made then.
    """

    def look(answers: Answers, now: datetime) -> dict[str, Any]:
        thing, veil = veil_over(answers, recalled.q, sight_of(request, answers, now))
        return tell_recall(answers, thing, now, most_things=recalled.most_things, veil=veil)

    told = desk_of(request).ask(recalled.at, recalled.believed_at, look)
    rows, withheld = len(told["rows"]), len(told["withheld"])
    note(request, about=told["entity"]["id"], rows=rows, withheld=withheld)
    if recalled.format == "csv":
        return Response(recall_csv(told), media_type="text/csv; header=present")
    if recalled.format == "text":
        return Response(recall_text(told) + "\n", media_type="text/plain")
    return Response(to_json(told), media_type="application/json")


@router.get(
    "/v1/epcis",
    response_model=None,
    responses={200: {"content": {"application/ld+json": {"example": {"type": "EPCISDocument"}}}}},
    summary="What happened to batches, pieces and shipments, as EPCIS 2.0 events?",
)
def export_epcis(request: Request) -> Response:
    """Write the plant's genealogy as one EPCIS 2.0 document (GS1) in JSON-LD.

    Receipts, transformations, assemblies and shipments that happened for certain, by GS1 Digital
    Links where ids are of GS1, else by the plant's IRIs. Customers that your role does not see are
    left out, and `rdfs:comment` says so; where events would be wrong without what it does not see,
    nothing is answered (403 `withheld`).
    """
    desk = desk_of(request)
    answers, now = desk.answers(), desk.clock()
    sight = sight_of(request, answers, now)
    document, _ = epcis_document(answers, now, RoleVeil(sight, answers) if sight else None)
    return Response(to_json(document), media_type="application/ld+json")
