"""SPARQL 1.1 Protocol, query operation (https://www.w3.org/TR/sparql11-protocol/#query-operation)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from starlette.concurrency import run_in_threadpool

from api.description import WRITERS, describe
from api.guard import MAX_BODY_BYTES
from api.lane import lane_of
from api.parameters import take_once
from kg.errors import ConfigError, QueryError
from kg.store.media import choose_media_type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.records import Term

FORM = "application/x-www-form-urlencoded"
QUERY = "application/sparql-query"
UPDATE = "application/sparql-update"
GRAPH_LISTS = ("default-graph-uri", "named-graph-uri")
IGNORED = ("format", "output", "results")
"""What clients send for servers that want it so; here Accept tells."""
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>\"{}|^`\\]*")
_UPDATE = re.compile(
    r"(?:\s|#[^\n]*(?:\n|$)|(?:BASE|PREFIX\s+[^\s:<]*:)\s*<[^<>]*>)*"
    r"(?:INSERT|DELETE|LOAD|CLEAR|DROP|CREATE|ADD|MOVE|COPY|WITH)\b",
    re.IGNORECASE,
)

router = APIRouter(tags=["SPARQL"])


class Options(BaseModel):
    """What may stand beside a query (SPARQL 1.1 Protocol, section 2.1.4, and our own limits)."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    default_graph_uri: list[str] = Field(
        [], alias="default-graph-uri", description="Graphs to read as the default one."
    )
    named_graph_uri: list[str] = Field(
        [], alias="named-graph-uri", description="Graphs that GRAPH may name."
    )
    timeout: float = Field(10.0, gt=0, le=60, description="Seconds; over it is a 504.")
    min_seq: int = Field(
        0,
        ge=0,
        description="The journal's record that must be in; it is waited for a little, then a 503.",
    )


class Asked(Options):
    """A query with its options."""

    @model_validator(mode="before")
    @classmethod
    def _leave_out(cls, given: Any) -> Any:
        if isinstance(given, dict):
            return {name: value for name, value in given.items() if name not in IGNORED}
        return given

    query: str | None = Field(
        None,
        description="SELECT, ASK, CONSTRUCT or DESCRIBE.",
        examples=["SELECT ?job ?customer WHERE { ?job tr:forCustomer ?customer } LIMIT 10"],
    )
    update: str | None = Field(None, description="Refused: this endpoint only reads.")


_ANSWERS: dict[int | str, dict[str, object]] = {
    200: {
        "description": "The whole result, in the format that Accept names; X-Applied-Seq says "
        "which of the journal's records the graph had reached.",
        "content": {
            name: {}
            for name in (
                "application/sparql-results+json",
                "application/sparql-results+xml",
                "text/csv",
                "text/tab-separated-values",
                "text/turtle",
                "application/n-triples",
                "application/ld+json",
            )
        },
        "headers": {"X-Applied-Seq": {"schema": {"type": "integer"}}},
    }
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            QUERY: {"schema": {"type": "string"}, "example": "ASK { ?job a tr:Job }"},
            FORM: {"schema": Asked.model_json_schema(by_alias=True)},
        },
    }
}


@router.get(
    "/sparql",
    responses=_ANSWERS,
    response_class=Response,
    summary="What does the graph say, in a question of your own?",
)
def query_by_get(request: Request, asked: Annotated[Asked, Query()]) -> Response:
    """Answer any SPARQL query about the present: how are jobs, machines, customers linked?

    The default graph is the present, merged and with what follows from it; `GRAPH ?g` sees what
    each record says. `tr:`, `trc:`, `rdfs:`, `xsd:`, `prov:` … need no PREFIX. Read only, no
    network; a query that takes too long or gives too much is an error, never half an answer.
    Without a query the endpoint describes itself (SPARQL 1.1 Service Description).
    """
    given = [pair for pair in request.query_params.multi_items() if pair[0] not in IGNORED]
    if not given:
        return _describe(request)
    take_once(pair for pair in given if pair[0] not in GRAPH_LISTS)
    return _run(request, asked)


@router.post(
    "/sparql",
    responses=_ANSWERS,
    response_class=Response,
    openapi_extra=_BODY,
    summary="What does the graph say, in a long question of your own?",
)
async def query_by_post(request: Request) -> Response:
    """Answer a SPARQL query sent as `application/sparql-query`, or as a form's `query` field.

    The same as GET, for queries that are too long for an address (64 KiB at most).
    """
    body = await _read_body(request)
    asked = _asked_by(request, body)
    return await run_in_threadpool(_run, request, asked)


async def _read_body(request: Request) -> str:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raise QueryError(
                f"a request may have {MAX_BODY_BYTES} bytes",
                hint="ask in several queries",
                code="too-large",
            )
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise QueryError(
            "the body is not UTF-8", hint="send it in UTF-8", code="query-syntax"
        ) from error


def _asked_by(request: Request, body: str) -> Asked:
    """Read a POST by its media type (SPARQL 1.1 Protocol, sections 2.1.2 and 2.1.3)."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    given = request.query_params.multi_items()
    if media_type == UPDATE:
        raise _update_refused()
    if media_type == FORM:
        return _collect([*given, *parse_qsl(body, keep_blank_values=True)])
    if media_type == QUERY:
        return _collect([*given, ("query", body)])
    raise QueryError(
        f"a query cannot be read from {media_type or 'a body without a Content-Type'}",
        hint=f"send {QUERY}, or {FORM} with query=…",
        code="media-type",
    )


def _collect(given: Iterable[tuple[str, str]]) -> Asked:
    pairs = [pair for pair in given if pair[0] not in IGNORED]
    lists = {name: [value for other, value in pairs if other == name] for name in GRAPH_LISTS}
    values = {**lists, **take_once(pair for pair in pairs if pair[0] not in GRAPH_LISTS)}
    try:
        return Asked.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(
            f"{first['loc'][-1]}: {first['msg']}",
            hint="query, default-graph-uri, named-graph-uri, timeout, min_seq",
            code="parameter",
        ) from error


def _run(request: Request, asked: Asked) -> Response:
    if asked.update is not None or (asked.query and _UPDATE.match(asked.query)):
        raise _update_refused()
    if not asked.query:
        raise ConfigError(
            "there is no query", hint="give query=SELECT …, url-encoded", code="parameter"
        )
    default = [_graph(iri) for iri in asked.default_graph_uri]
    named = [_graph(iri) for iri in asked.named_graph_uri]
    is_given = bool(default or named)
    answer = lane_of(request).run(
        asked.query,
        request.headers.get("accept", "*/*"),
        asked.timeout,
        default_graphs=default if is_given else None,
        named_graphs=named if is_given else None,
        min_seq=asked.min_seq,
    )
    headers = {"X-Applied-Seq": str(answer.applied_seq), "Vary": "Accept"}
    return Response(answer.body, 200, headers, answer.media_type)


def _describe(request: Request) -> Response:
    media_type = choose_media_type(request.headers.get("accept", "*/*"), WRITERS)
    endpoint = str(request.url.replace(query="", fragment=""))
    return Response(describe(endpoint, media_type), 200, {"Vary": "Accept"}, media_type)


def _graph(iri: str) -> Term:
    if not _IRI.fullmatch(iri):
        raise ConfigError(f"{iri!r} is no absolute IRI", hint="name a graph", code="parameter")
    return f"<{iri}>"


def _update_refused() -> QueryError:
    return QueryError(
        "this endpoint only reads: the graph follows from what the sources say",
        hint="change the record in its source, or the mapping, and run traveler load or rebuild",
        code="update-refused",
    )
