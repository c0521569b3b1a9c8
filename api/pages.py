"""The pages: the files that `make web` builds, and a plain page where there are none."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path
from typing import NamedTuple

from fastapi import APIRouter, Request, Response

from api.access import principal_of
from api.landing import plain_page
from api.problems import problem

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
FOLDER = Path(__file__).resolve().parent / "web" / "dist"
NOT_BUILT = (
    "The pages with the board, the gaps and the rest were not built here: <code>make web</code> "
    "in a checkout builds them, and every wheel has them."
)
_MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
# The build names a file by its content, so that what a browser has of it never gets old.
_KEPT = "public, max-age=31536000, immutable"

router = APIRouter(include_in_schema=False)


class _File(NamedTuple):
    content: bytes
    packed: bytes


@cache
def _read(path: Path, changed_ns: int) -> _File:
    """Read a file and pack it, once for each time that it was built."""
    content = path.read_bytes()
    return _File(content, gzip.compress(content, mtime=0))


@router.get("/")
def show_pages(request: Request) -> Response:
    """Show the pages; where they were not built, the plain one, which says how to build them."""
    index = FOLDER / "index.html"
    if not index.is_file():
        if "context:read" not in principal_of(request).scopes:
            return problem("forbidden", "the pages are not built here", "`make web` builds them")
        return plain_page(request, NOT_BUILT)
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}
    return _send(request, index, headers, "text/html")


@router.get("/assets/{name}")
def get_part(request: Request, name: str) -> Response:
    """Give a script, a style or a drawing of the pages."""
    path = FOLDER / "assets" / name
    # Only what lies in the folder itself: a name leads nowhere else.
    if path.suffix not in _MEDIA_TYPES or path.parent.name != "assets" or not path.is_file():
        return problem("not-found", f"the pages have no file {name!r}", "load / again")
    return _send(request, path, {"Cache-Control": _KEPT}, _MEDIA_TYPES[path.suffix])


def _send(request: Request, path: Path, headers: dict[str, str], media_type: str) -> Response:
    file = _read(path, path.stat().st_mtime_ns)
    sent = headers | {"Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.packed, 200, sent | {"Content-Encoding": "gzip"}, media_type)
    return Response(file.content, 200, sent, media_type)
