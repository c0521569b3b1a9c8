"""Errors as application/problem+json (RFC 9457), with a stable code and a hint of what to do."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.models import Problem
from kg.errors import TravelerError

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

MEDIA_TYPE = "application/problem+json"
PROBLEMS: dict[str, Any] = {
    "description": "What went wrong, and what to do about it.",
    "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}},
}
"""What every route's description says of what is not answered."""
MOST_TOLD = 1_000
"""How many letters an error has: it may name what was asked for, however long that was."""
TYPE_PREFIX = "https://w3id.org/traveler/problem/"
SOON = {429, 503}
"""Statuses that pass by themselves: the answer says when to come back."""

STATUSES: dict[str, tuple[int, str]] = {
    # what was asked
    "parameter": (400, "A parameter is missing or impossible"),
    "query": (400, "The query is refused"),
    "question": (400, "The question cannot be read"),
    "query-syntax": (400, "The query is not valid SPARQL"),
    "query-form": (400, "The query has another form than needed here"),
    "query-too-deep": (400, "The query is nested too deep"),
    "query-crashed": (400, "The query needs more than one may have"),
    "query-failed": (400, "The query failed while it ran"),
    "bad-term": (400, "An IRI or a literal is not valid"),
    "body": (400, "The body cannot be read"),
    "as-of-everything": (400, "As of another time, only one thing at a time can be asked about"),
    "unauthorized": (401, "Who asks is not known"),
    "forbidden": (403, "This is not allowed to whoever asks"),
    "withheld": (403, "This is not shown to whoever asks"),
    "csrf": (403, "It is not known which page sends this"),
    "push-refused": (403, "Records of this table are not taken here"),
    "update-refused": (403, "This endpoint only reads"),
    "origin": (403, "The request comes from another site's page"),
    "not-found": (404, "There is no such page"),
    "unknown-person": (404, "Nobody here has this code"),
    "unknown-entity": (404, "Nothing here has this name"),
    "method": (405, "This method is not allowed"),
    "not-acceptable": (406, "The answer cannot be written in this format"),
    "accepted-otherwise": (409, "Something else was accepted before"),
    "said-otherwise": (409, "Another note was written under this key"),
    "own-note": (409, "Nobody confirms a note of his own"),
    "not-offered": (409, "The gap offers no such candidate"),
    "ambiguous-entity": (409, "The name can mean several things"),
    "access-open": (409, "Access is not limited here"),
    "before-horizon": (410, "What was then is no longer kept"),
    "gap-closed": (410, "The gap is closed"),
    "note-expired": (410, "The note has expired"),
    "too-large": (413, "The request is too large"),
    "query-too-long": (413, "The query is too long"),
    "result-too-large": (413, "The result is too large"),
    "card-too-short": (422, "The card has no room for what is never cut"),
    "trace-too-large": (422, "The trace leads to more than is allowed"),
    "media-type": (415, "The request has a type that is not read here"),
    "host": (421, "The request is meant for another host"),
    "busy": (429, "Too many queries at once"),
    "too-often": (429, "Too many requests"),
    # what is here
    "backup": (500, "The backup cannot be made or restored"),
    "backup-damaged": (500, "The backup is damaged"),
    "bad-file": (500, "A file cannot be read"),
    "bad-shape": (500, "A shape cannot be used"),
    "error": (500, "Traveler failed"),
    "internal": (500, "Traveler failed"),
    "config": (500, "The plant is set up wrongly"),
    "mapping": (500, "A mapping cannot be used"),
    "ontology": (500, "The ontology cannot be used"),
    "store": (500, "The graph store failed"),
    "store-behind": (500, "The graph store cannot go back"),
    "store-cut": (500, "The graph store gives a part of the result only"),
    "store-damaged": (500, "The graph store is damaged"),
    "store-denied": (500, "The graph store refuses this plant's account"),
    "store-refused": (500, "The graph store refuses what is written"),
    "journal": (500, "The journal failed"),
    "journal-damaged": (500, "The journal is damaged"),
    "journal-replaced": (500, "The graph was folded from another journal"),
    "not-here": (501, "This server lacks a package"),
    "source": (502, "A source cannot be read"),
    "disk-full": (507, "The disk is nearly full"),
    "behind": (503, "The graph has not reached that record"),
    "not-ready": (503, "Not ready"),
    "query-unfenced": (503, "Free queries cannot be run safely on this machine"),
    "store-closed": (503, "The graph store is closed"),
    "store-locked": (503, "Another process owns the graph store"),
    "store-unreachable": (503, "The graph store cannot be reached"),
    "query-timeout": (504, "The query took too long"),
}
"""For every code of an error: the HTTP status, and the problem's title."""

_CODES_OF_STATUS = {
    400: "parameter", 404: "not-found", 405: "method", 413: "too-large", 415: "media-type"
}  # fmt: skip
_HINTS = {
    "parameter": "see /docs for what this route takes",
    "not-found": "see /docs for what there is",
    "method": "see Allow, or /docs, for what this route does",
    "too-large": "send it in parts",
    "media-type": "see /docs for what this route reads",
}
"""What to do about what the framework refuses."""


def problem(
    code: str,
    detail: str,
    hint: str = "",
    *,
    headers: dict[str, str] | None = None,
    members: dict[str, Any] | None = None,
) -> JSONResponse:
    """Make a problem; a code that is not in the table is a 500. ``members`` come on top."""
    status, title = STATUSES.get(code, STATUSES["error"])
    body = {
        "type": TYPE_PREFIX + code,
        "title": title,
        "status": status,
        "detail": detail if len(detail) <= MOST_TOLD else f"{detail[:MOST_TOLD]}…",
        "code": code,
        "hint": hint,
        **(members or {}),
    }
    sent = {"Retry-After": "1"} if status in SOON else {}
    if status == HTTPStatus.UNAUTHORIZED:
        sent["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body, status, {**sent, **(headers or {})}, MEDIA_TYPE)


def handle_problems(app: FastAPI) -> None:
    """Let every error of a route leave as a problem; those nobody foresaw are the guard's."""
    app.add_exception_handler(TravelerError, _from_traveler)
    app.add_exception_handler(RequestValidationError, _from_validation)
    app.add_exception_handler(HTTPException, _from_http)


def _from_traveler(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, TravelerError)
    return problem(error.code, error.message, error.hint)


def _from_validation(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    details = [f"{one['loc'][-1]}: {one['msg']}" for one in error.errors()]
    return problem("parameter", "; ".join(details), "see /docs for what this route takes")


def _from_http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = _CODES_OF_STATUS.get(error.status_code, "error")
    detail = error.detail or HTTPStatus(error.status_code).phrase
    return problem(code, detail, _HINTS.get(code, ""), headers=dict(error.headers or {}))
