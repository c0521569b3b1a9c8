"""The command that answers models over standard input and output."""

from __future__ import annotations

import importlib
import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.cli.options import NowOption, PlantOption, read_clock, refuse_clock
from kg.cli.remote import ask_owner
from kg.errors import ConfigError
from kg.settings import load_plant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kg.errors import StoreLocked
    from kg.settings import Plant

ENDPOINT = "/mcp/"
GENERATION = "2025-11-25"
"""In which revision of the protocol the owner is asked: the last in which a message needs no more
than itself."""


def mcp(plant: PlantOption = Path("plant.toml"), now: NowOption = "") -> None:
    """Answer language models over standard input and output (Model Context Protocol)."""
    described = load_plant(plant)
    read_clock(now)
    try:
        door = importlib.import_module("kg.mcp.door")
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"this needs the package {error.name}", hint="pip install 'traveler-kg[mcp]'"
        ) from error
    door.serve_stdio(
        door.Door(described, lambda: read_clock(now)),
        partial(_ask, described, now),
        has_sparql=described.mcp.run_sparql,
    )


def _ask(
    plant: Plant, now: str, locked: StoreLocked, method: str, params: Mapping[str, Any]
) -> dict[str, Any]:
    """Ask the process that serves the plant, in one message that stands for itself."""
    refuse_clock(now)
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    headers = {"Accept": "application/json", "MCP-Protocol-Version": GENERATION}
    answer: dict[str, Any] = json.loads(
        ask_owner(plant, locked, ENDPOINT, {}, message, headers=headers)
    )
    return answer
