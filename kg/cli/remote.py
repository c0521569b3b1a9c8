"""Asking the process that owns a store, while it is served."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from kg.errors import StoreLocked, TravelerError
from kg.owner import owner_url

if TYPE_CHECKING:
    from kg.settings import Plant


def ask_owner(plant: Plant, locked: StoreLocked, path: str, query: dict[str, str]) -> str:
    """Ask the process that owns the store instead."""
    url = owner_url(plant.store_path)
    if url is None:
        raise locked
    address = f"{url}{path}?{urlencode(query)}"
    try:
        # Never by a proxy: the owner is on this machine.
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(address, timeout=30) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        problem: dict[str, Any] = json.loads(error.read().decode() or "{}")
        raise TravelerError(
            problem.get("detail", str(error)), hint=problem.get("hint", "")
        ) from error
    except OSError as error:
        raise locked from error
