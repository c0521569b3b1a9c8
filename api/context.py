"""Context: what is going on with a machine, a job, a customer, a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from api.access import note, sight_of
from api.desk import desk_of
from api.models import ContextAnswer
from api.parameters import Times
from api.worded import answer_words, is_name
from kg.access.shown import show_context
from kg.access.worded import Worded
from kg.answer.bundle import Focus  # noqa: TC001 - pydantic reads it at run time
from kg.answer.context import KINDS
from kg.answer.finding.tokens import MOST_CHARACTERS
from kg.answer.finding.told import compact_asked, render_asked
from kg.answer.focus import FOCUSES
from kg.answer.jsonld import PATH, context_document, to_jsonld
from kg.answer.planning.next import DEFAULT_RULE, RULES, Rule
from kg.answer.render import DEFAULT_TOKENS, to_json
from kg.answer.tokens import MAX_TOKENS, MIN_TOKENS
from kg.errors import UnknownEntity
from kg.store.media import choose_media_type

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from api.worded import Writer
    from kg.answer import Answers
    from kg.answer.bundle import Context

    _Find = Callable[[Answers, datetime], Context]

Form = Literal["json", "jsonld", "md", "compact"]
MEDIA_TYPES: dict[str, Form] = {
    "application/json": "json",
    "application/ld+json": "jsonld",
    "text/markdown": "md",
    "text/plain": "md",
}
"""What can be asked for by Accept, the preferred one first."""

router = APIRouter(tags=["Context"])


class Shape(Times):
    """How to answer."""

    format: Form | None = Field(
        None,
        description="`json` or `jsonld`: all there is, for programs; `md`: the card for people and "
        "language models; `compact`: the card as JSON.",
    )
    max_tokens: int = Field(
        DEFAULT_TOKENS,
        ge=MIN_TOKENS,
        le=MAX_TOKENS,
        description="How long a card or compact JSON may be; whole facts are cut.",
    )
    include_notes: bool = Field(
        False,
        description="Whether a card or compact JSON holds what people wrote, which it counts only "
        "otherwise: a model should not take it for what a system knows.",
    )
    focus: Focus = Field(
        "now",
        description="What to add: "
        + "; ".join(f"`{name}` {adds}" for name, adds in FOCUSES.items()),
    )
    rule: Rule = Field(
        DEFAULT_RULE,
        description="How `focus=next` orders what waits for a machine: "
        + "; ".join(f"`{name}` {means}" for name, means in RULES.items()),
    )


class Search(Shape):
    """Whom to answer about."""

    q: str = Field(
        min_length=1,
        max_length=MOST_CHARACTERS,
        description="An id of any source, a label, or a question in words.",
        examples=["SAW-01", "why is job 1043 late on mill 3?"],
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
        "headers": {
            "ETag": {
                "description": "Of JSON as of now: stays while it would say the same, apart from "
                "ages.",
                "schema": {"type": "string"},
            }
        },
    },
    304: {"description": "If-None-Match names what the answer still is."},
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

    A question in words is answered for what it is about (`why is job 1043 late on mill 3`), in
    English, Swedish or German, with the focus that its words ask for; `asked` says how it was
    read. Digits are never read loosely, and an id that is not there is a 404.
    """
    _check_kind(search.kind)
    if not is_name(request, search.q, search.kind):
        focus = search.focus if "focus" in search.model_fields_set else None
        question = Worded(search.q, search.kind, focus, search.rule)
        write = _writer(*_form(request, search), search, desk_of(request).pipeline.plant.base)
        times = (search.at, search.believed_at)
        return answer_words(request, question, times, write)
    return _answer(
        request,
        search,
        lambda a, now: a.context(search.q, now, search.kind, focus=search.focus, rule=search.rule),
    )


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
    return _answer(request, shape, lambda answers, now: _by_id(answers, kind, entity, now, shape))


@router.get(
    PATH,
    response_model=None,
    responses={200: {"content": {"application/ld+json": {"example": {"@context": {}}}}}},
    summary="What do the terms of an answer in JSON-LD mean?",
)
def get_jsonld_context() -> Response:
    """Give the context of JSON-LD answers. Each carries it, so that nobody has to fetch it."""
    return Response(to_json(context_document()), 200, media_type="application/ld+json")


def _by_id(answers: Answers, kind: str, id_: str, now: datetime, shape: Shape) -> Context:
    def find(reference: str) -> Context:
        return answers.context(reference, now, kind, focus=shape.focus, rule=shape.rule)

    # A slash in a path may be one of the IRI or an encoded one of the id: both mean the same here.
    if "/" in id_:
        try:
            return find(f"{kind}/{id_}")
        except UnknownEntity:
            return find(id_)
    return find(id_)


def _check_kind(kind: str | None) -> None:
    if kind is not None and kind not in KINDS.values():
        raise UnknownEntity(
            f"there is no kind {kind!r}", hint=f"one of {', '.join(sorted(KINDS.values()))}"
        )


def _answer(request: Request, shape: Shape, find: _Find) -> Response:
    desk = desk_of(request)

    def look(answers: Answers, now: datetime) -> Context:
        return _shown(request, answers, find, now)

    write = _writer(*_form(request, shape), shape, desk.pipeline.plant.base)
    if _is_of_now(shape):
        now = desk.clock()
        kept = desk.cache.answer(request.scope, lambda answers: look(answers, now), write)
        if kept is not None:
            return kept
    found = desk.ask(shape.at, shape.believed_at, look)
    return write(found) if write else _json(found)


def _form(request: Request, shape: Shape) -> tuple[Form, str]:
    """Give the form that is wanted, and what the request accepts."""
    accept = request.headers.get("accept", "*/*")
    return shape.format or MEDIA_TYPES[choose_media_type(accept, MEDIA_TYPES)], accept


def _writer(form: Form, accept: str, shape: Shape, base: str) -> Writer | None:
    """Give what writes an answer in a form; None for JSON, of which the cache knows more.

    Where it is that of a question in words, a card and compact JSON say how it was read.
    """
    vary = {"Vary": "Accept"}
    room, is_with_notes = shape.max_tokens, shape.include_notes
    if form == "md":
        # Browsers save Markdown to disk, but show plain text.
        is_shown = any(name in accept for name in ("text/html", "text/plain"))
        media_type = "text/plain" if is_shown else "text/markdown"
        return lambda found, asked=None: Response(
            render_asked(asked, found, room, is_with_notes=is_with_notes), 200, vary, media_type
        )
    if form == "compact":
        return lambda found, asked=None: Response(
            compact_asked(asked, found, room, is_with_notes=is_with_notes),
            200,
            vary,
            "application/json",
        )
    if form == "jsonld":
        return lambda found, _asked=None: Response(
            to_json(to_jsonld(found, base)), 200, vary, "application/ld+json"
        )
    return None


def _json(found: Context) -> Response:
    text = to_json(found.to_dict(), is_dense=True)
    return Response(text, 200, {"Vary": "Accept"}, "application/json")


def _shown(request: Request, answers: Answers, find: _Find, now: datetime) -> Context:
    """Find what is asked for, without what is not shown to whoever asks."""
    sight = sight_of(request, answers, now)
    given = request.query_params.get("q") or request.path_params["entity"]
    found = show_context(lambda: find(answers, now), given, sight, answers.covering)
    facts = sum(len(slot.facts) for slot in found.slots.values())
    note(request, about=found.entity["id"], rows=facts, withheld=found.withheld)
    return found


def _is_of_now(shape: Shape) -> bool:
    """Tell whether nothing is asked for that the cache does not know of: then it keeps it."""
    said = shape.model_dump(exclude_defaults=True)
    return said.keys() <= {"q", "kind", "format", "max_tokens", "include_notes"}
