"""Scopes: what each route asks of whoever calls it, and whether its answer can be withheld from."""

from __future__ import annotations

from typing import NamedTuple


class Need(NamedTuple):
    """What a route needs: a scope, "" for somebody known, None for nobody in particular.

    ``is_whole`` says that it answers only those from whom nothing is hidden: nothing takes what is
    hidden out of its answer. Another scope may do as well, ``instead``.
    """

    scope: str | None
    is_whole: bool = True
    instead: str = ""


NOTES = "notes:write"
"""Reads and writes notes; also instead of ``records:write``, for a table of nothing but notes."""
OPEN = Need(None, is_whole=False)
KNOWN = Need("", is_whole=False)
_READ = Need("context:read", is_whole=False)
_READ_ALL = Need("context:read")
# What a page of notes needs, also at a machine where nothing else may be looked at.
_READ_NOTES = Need("context:read", is_whole=False, instead=NOTES)
_SAY = Need(NOTES, is_whole=False)
_SPARQL = Need("sparql:read")
_SETTLE = Need("quarantine:admin")
_RULE = Need("plant:admin")

NEEDS: dict[tuple[str, str], Need] = {
    ("GET", "/v1/context"): _READ,
    ("GET", "/v1/context.jsonld"): OPEN,
    ("GET", "/v1/context/{kind}/{entity:path}"): _READ,
    ("GET", "/v1/plant"): _READ_NOTES,
    ("GET", "/v1/machines"): _READ,
    ("GET", "/v1/terms"): _READ,
    ("GET", "/v1/sources"): _READ_ALL,
    ("GET", "/v1/gaps"): _READ,
    ("GET", "/v1/gaps/history"): _READ,
    ("GET", "/v1/facts/{fact:path}"): _READ,
    ("GET", "/v1/stream"): _READ,
    ("GET", "/v1/questions"): _READ,
    ("GET", "/v1/questions/{name}"): _READ,
    ("GET", "/v1/trace"): _READ,
    ("GET", "/v1/trace/{kind}/{entity:path}"): _READ,
    ("GET", "/v1/recall"): _READ,
    ("GET", "/v1/epcis"): _READ,
    ("GET", "/v1/readiness"): _READ,
    ("GET", "/v1/accepted"): _READ_ALL,
    ("GET", "/v1/flows"): _READ,
    ("POST", "/v1/gaps/{gap:path}/accept"): _RULE,
    ("DELETE", "/v1/gaps/{gap:path}/accept"): _RULE,
    ("POST", "/v1/checkpoint"): _RULE,
    ("GET", "/sparql"): _SPARQL,
    ("POST", "/sparql"): _SPARQL,
    ("GET", "/v1/start"): _RULE,
    ("GET", "/v1/sources/{source}/{table}"): _RULE,
    ("POST", "/v1/records/{source}/{table}"): Need("records:write", is_whole=False),
    ("GET", "/v1/notes"): _READ_NOTES,
    ("POST", "/v1/notes"): _SAY,
    ("POST", "/v1/notes/{note:path}/confirm"): _SAY,
    ("DELETE", "/v1/notes/{note:path}/confirm"): _SAY,
    ("GET", "/v1/quarantine"): _SETTLE,
    ("POST", "/v1/quarantine/{number}/replay"): _SETTLE,
    ("POST", "/v1/quarantine/{number}/discard"): _SETTLE,
    # What a tool asks for beyond that, it sees to by itself.
    ("POST", "/mcp/"): _READ,
    ("POST", "/mcp"): _READ,
    ("GET", "/.well-known/oauth-protected-resource"): OPEN,
    ("GET", "/.well-known/oauth-protected-resource/{path:path}"): OPEN,
    ("GET", "/metrics"): _READ,
    # Whoever watches over a server asks whether it is up, and gets no more than that.
    ("GET", "/health"): OPEN,
    ("GET", "/ready"): OPEN,
    # The documentation of the product, which tells nothing of the plant.
    ("GET", "/docs"): OPEN,
    ("GET", "/docs/start.js"): OPEN,
    ("GET", "/docs/{name}"): OPEN,
    ("GET", "/openapi.json"): OPEN,
    ("GET", "/"): _READ_NOTES,
    ("GET", "/plain"): _READ,
    # The files of the pages tell nothing of the plant either.
    ("GET", "/assets/{name}"): OPEN,
    ("GET", "/signin"): OPEN,
    ("GET", "/signin/place.js"): OPEN,
    ("GET", "/signin/start"): OPEN,
    ("GET", "/signin/callback"): OPEN,
    ("POST", "/v1/session"): OPEN,
    ("GET", "/v1/session"): KNOWN,
    ("DELETE", "/v1/session"): KNOWN,
}
"""For every route what it needs; one that is not here answers nobody but the owner's commands."""
