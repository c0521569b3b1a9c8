"""Headers of a request by name: looked through once, however many layers ask for some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Scope

_READ = "traveler.headers"


def headers_of(scope: Scope) -> Mapping[bytes, bytes]:
    """Give the headers of a request by their names in small letters (ASGI, HTTP connection scope).

    Of several with one name the first is given.
    """
    found: Mapping[bytes, bytes] | None = scope.get(_READ)
    if found is None:
        found = scope[_READ] = dict(reversed(scope["headers"]))
    return found


def header_of(scope: Scope, name: bytes) -> str | None:
    """Give one header of a request as text; None where it has none of the name."""
    found = headers_of(scope).get(name)
    return None if found is None else found.decode("latin-1")
