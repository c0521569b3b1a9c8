"""Asking the process that owns a store, while it is served."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from kg.errors import StoreLocked, TravelerError
from kg.owner import owner_token, owner_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kg.settings import Plant


def ask_owner(
    plant: Plant,
    locked: StoreLocked,
    path: str,
    query: dict[str, str],
    body: object = None,
    method: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> str:
    """Ask the process that owns the store instead; with a body, ask it to do something.

    ``method`` is GET, with a body POST, where nothing else is said.
    """
    url = owner_url(plant.store_path)
    if url is None:
        raise locked
    data = None if body is None else json.dumps(body).encode()
    sent = {"Content-Type": "application/json", **(headers or {})}
    if token := owner_token(plant.store_path):
        sent["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(  # noqa: S310 - the owner's own address
        f"{url}{path}?{urlencode(query)}", data, sent, method=method
    )
    try:
        # Never by a proxy: the owner is on this machine.
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(request, timeout=30) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        problem: dict[str, Any] = json.loads(error.read().decode() or "{}")
        raise TravelerError(
            problem.get("detail", str(error)),
            hint=problem.get("hint", ""),
            code=problem.get("code"),
        ) from error
    except OSError as error:
        raise locked from error
