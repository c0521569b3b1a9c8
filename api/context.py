"""Context: what is going on with a machine, a job, a customer, a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.desk import desk_of
from api.models import ContextAnswer
from kg.answer.context import KINDS
from kg.answer.render import render_card, to_json, to_jsonld
from kg.errors import UnknownEntity
from kg.store.media import choose_media_type

if TYPE_CHECKING:
    from datetime import datetime

    from kg.answer import Answers
    from kg.answer.bundle import Context

Form = Literal["json", "jsonld", "md"]
MEDIA_TYPES: dict[str, Form] = {
    "application/json": "json",
    "application/ld+json": "jsonld",
    "text/markdown": "md",
    "text/plain": "md",
}
"""What can be asked for by Accept, the preferred one first."""

router = APIRouter(tags=["Context"])


class Shape(BaseModel):
    """How to answer."""

    model_config = ConfigDict(extra="forbid")

    format: Form | None = Field(
        None, description="`json`, `jsonld`, or `md`: the card for people and language models."
    )
    max_tokens: int = Field(
        1_500, ge=100, le=4_000, description="How long a card may be; whole facts are cut."
    )
    at: str = Field(
        "now", description="`now`, or `latest`: the newest record's time, for an old export."
    )


class Search(Shape):
    """Whom to answer about."""

    q: str = Field(
        min_length=1,
        max_length=200,
        description="An id of any source, or a label.",
        examples=["SAW-01"],
    )
    kind: str | None = Field(None, description=f"One of {', '.join(KINDS.values())}.")


_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "model": ContextAnswer,
        "description": "What is going on, each fact with its source, age and state.",
        "content": {
            "application/ld+json": {"example": {"@context": {}, "@graph": []}},
            "text/markdown": {
                "example": '# machine/SAW-01 "Saw 1" | as of 2026-11-23T08:00:00Z | 9 of 9 facts'
            },
        },
    }
}


@router.get(
    "/v1/context",
    responses=_ANSWERS,
    response_model=ContextAnswer,
    summary="What is going on with it, by any of its names?",
)
def find_context(request: Request, search: Annotated[Search, Query()]) -> Response:
    """Answer for whatever goes by this name in any system: `SAW-01`, `1043`, `Nordwind`.

    What job is running, on which machine, to which spec, for which customer, from which batch;
    since when, says who? A name that means nothing here is a 404 that names near ones; one that
    means several things is a 409 that names them. It is never guessed.
    """
    _check_kind(search.kind)
    return _answer(request, search, lambda a, now: a.context(search.q, now, search.kind))


@router.get(
    "/v1/context/{kind}/{entity:path}",
    responses=_ANSWERS,
    response_model=ContextAnswer,
    summary="What is going on with this machine, job, customer or batch?",
)
def get_context(
    request: Request,
    kind: str,
    entity: str,
    shape: Annotated[Shape, Query()],
) -> Response:
    """Answer for one thing by its kind and id: `machine/SAW-01`, `job/1043`, `batch/B20417`.

    What is it doing now, with what, for whom, since when, says who; and what is missing? Ids
    may hold slashes. The format is chosen by `format`, else by the `Accept` header.
    """
    _check_kind(kind)
    return _answer(request, shape, lambda answers, now: _by_id(answers, kind, entity, now))


def _by_id(answers: Answers, kind: str, id_: str, now: datetime) -> Context:
    # A slash in a path may be one of the IRI or an encoded one of the id: both mean the same here.
    if "/" in id_:
        try:
            return answers.context(f"{kind}/{id_}", now, kind)
        except UnknownEntity:
            return answers.context(id_, now, kind)
    return answers.context(id_, now, kind)


def _check_kind(kind: str | None) -> None:
    if kind is not None and kind not in KINDS.values():
        raise UnknownEntity(
            f"there is no kind {kind!r}", hint=f"one of {', '.join(sorted(KINDS.values()))}"
        )


def _answer(request: Request, shape: Shape, find: _Find) -> Response:
    desk = desk_of(request)
    accept = request.headers.get("accept", "*/*")
    form = shape.format or MEDIA_TYPES[choose_media_type(accept, MEDIA_TYPES)]
    now = desk.clock(shape.at)
    found = find(desk.answers(), now)
    vary = {"Vary": "Accept"}
    if form == "md":
        # Browsers save Markdown to disk, but show plain text.
        is_shown = any(name in accept for name in ("text/html", "text/plain"))
        media_type = "text/plain" if is_shown else "text/markdown"
        return Response(render_card(found, shape.max_tokens), 200, vary, media_type)
    if form == "jsonld":
        document = to_jsonld(found, desk.pipeline.plant.base)
        return Response(to_json(document), 200, vary, "application/ld+json")
    return Response(to_json(found.to_dict()), 200, vary, "application/json")


if TYPE_CHECKING:
    from collections.abc import Callable

    _Find = Callable[[Answers, datetime], Context]
