"""Records: what other systems send, written to the journal before it is acknowledged."""

from __future__ import annotations

import json
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPBearer

from api.access import principal_of
from api.desk import desk_of
from api.guard import MAX_RECORDS_BYTES
from api.models import RecordsTaken, RefusedRecord
from kg.errors import ConfigError, UnknownEntity
from kg.sources import Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from api.desk import Desk
    from kg.arrivals import Balance
    from kg.settings import Plant, SourceSettings, TableSettings

router = APIRouter(tags=["Records"])
MOST_TOLD = 100
"""Refused records that an answer tells of; all of them wait in quarantine."""
_LINES = {"application/x-ndjson", "application/ndjson", "application/jsonl"}
_OBJECT = {"type": "object", "additionalProperties": True}
_EXAMPLE = {"machine": "SAW-01", "ts": "2026-11-23T05:40:00Z", "activity": "RUN"}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"oneOf": [_OBJECT, {"type": "array", "items": _OBJECT}]},
                "example": _EXAMPLE,
            },
            "application/x-ndjson": {
                "schema": {"type": "string", "description": "One JSON object a line."},
                "example": json.dumps(_EXAMPLE) + "\n",
            },
        },
    },
}
_BEARER = HTTPBearer(auto_error=False, description="The token of a source that has one.")


@router.post(
    "/v1/records/{source}/{table}",
    status_code=202,
    openapi_extra=_BODY,
    dependencies=[Depends(_BEARER)],
    summary="What is new in a source's table?",
)
async def push_records(request: Request, source: str, table: str) -> RecordsTaken:
    """Take one record, an array of them, or one a line (NDJSON), up to 16 MiB at once.

    The answer comes when the journal has them on its disk; the graph follows within moments (ask
    SPARQL with `min_seq`). To send them again changes nothing: a record is known by its key, and a
    version of it by what source.toml names, or by its time and content. A record that cannot be
    read waits in quarantine and does not hold up the others. A source that has a token wants it as
    `Authorization: Bearer …`.
    """
    desk = desk_of(request)
    found, _ = _find(desk.pipeline.plant, source, table)
    if principal_of(request).means == "open":  # else a key may stand for the source's own token
        _check_token(found, request.headers.get("authorization", ""))
    media_type = _media_type(request)
    body = await _read_body(request)
    return await run_in_threadpool(_take, desk, source, table, body, media_type)


def _take(desk: Desk, source: str, table: str, body: bytes, media_type: str) -> RecordsTaken:
    place = f"POST /v1/records/{source}/{table}"
    split = _split_lines if media_type in _LINES else _split_json
    balance = desk.owner.take(source, table, list(split(place, body)))
    return _told(balance, desk.pipeline.journal.last_seq())


def _told(balance: Balance, seq: int) -> RecordsTaken:
    return RecordsTaken(
        records=balance.read,
        new=balance.new,
        unchanged=balance.unchanged,
        filtered=balance.filtered.total(),
        quarantined=balance.quarantined,
        refused=[
            RefusedRecord(
                position=row.position,
                key=row.key,
                code=row.code,
                message=row.message,
                hint=row.hint,
            )
            for row in balance.refused[:MOST_TOLD]
        ],
        warnings=balance.warnings,
        seq=seq,
    )


def _split_json(place: str, body: bytes) -> Iterator[Message]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            f"the body is no JSON: {error}",
            hint="nothing of it was taken; send application/x-ndjson to let good lines in",
            code="body",
        ) from error
    if not isinstance(document, list):
        yield Message(place, body)
        return
    for number, item in enumerate(document, start=1):
        yield Message(f"{place}#{number}", json.dumps(item).encode())


def _split_lines(place: str, body: bytes) -> Iterator[Message]:
    for number, line in enumerate(body.split(b"\n"), start=1):
        if content := line.strip():
            yield Message(f"{place}#{number}", content)


def _find(plant: Plant, source: str, table: str) -> tuple[SourceSettings, TableSettings]:
    sources = {one.name: one for one in plant.sources}
    if source not in sources:
        raise UnknownEntity(
            f"there is no source {source!r}", hint=_near(source, sources, "the plant's sources")
        )
    found = sources[source]
    tables = {one.name: one for one in found.tables}
    if table not in tables:
        hint = _near(table, tables, f"the tables of {source}")
        raise UnknownEntity(f"source {source} has no table {table!r}", hint=hint)
    if not found.is_pushed(tables[table]):
        raise ConfigError(
            f"records of {source}.{table} are not to be sent here: adapter = {found.adapter!r}",
            hint="push = true in its [[table]] of source.toml allows it",
            code="push-refused",
        )
    return found, tables[table]


def _near(name: str, names: Iterable[str], what: str) -> str:
    known = list(names)
    if near := get_close_matches(name, known, n=3):
        return f"did you mean {' or '.join(near)}?"
    return f"{what} are {', '.join(known)}" if known else f"{what}: there are none"


def _check_token(source: SourceSettings, given: str) -> None:
    if not source.token:
        return
    scheme, _, token = given.partition(" ")
    if scheme.lower() != "bearer" or not source.is_token(token.strip()):
        raise ConfigError(
            f"source {source.name} wants its token",
            hint="send Authorization: Bearer and the token that plant.toml names",
            code="unauthorized",
        )


def _media_type(request: Request) -> str:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.headers.get("content-encoding", "identity") != "identity":
        raise ConfigError(
            "a compressed body is not read here", hint="send it as it is", code="media-type"
        )
    if media_type not in {"application/json", *_LINES}:
        raise ConfigError(
            f"a body of type {media_type or 'unknown'} is not read here",
            hint="send application/json or application/x-ndjson",
            code="media-type",
        )
    return media_type


async def _read_body(request: Request) -> bytes:
    """Read the body, and no more than is allowed: its length need not be told beforehand."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_RECORDS_BYTES:
            raise ConfigError(
                f"a request may have {MAX_RECORDS_BYTES:,} bytes of records",
                hint="send them in several requests",
                code="too-large",
            )
    return bytes(body)
