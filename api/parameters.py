"""Parameters: what a request gives by name, once each, and the times that several ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from kg.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable


def take_once(given: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Take names and values; the last of two would be a guess.

    Raises:
        ConfigError: a name is given twice.
    """
    taken: dict[str, str] = {}
    for name, value in given:
        if name in taken:
            raise ConfigError(f"{name} is given twice", hint="once is right", code="parameter")
        taken[name] = value
    return taken


class Times(BaseModel):
    """As of when to answer, and by what was on record when."""

    model_config = ConfigDict(extra="forbid")

    at: str = Field(
        "now",
        max_length=40,
        description="The time to answer for, ISO 8601; without an offset it is the plant's. `now`, "
        "or `latest`: the newest record's time, for an old export.",
        examples=["2026-11-23T14:32:00Z"],
    )
    believed_at: str = Field(
        "",
        max_length=40,
        description="Answer by what was on record at that time, before later corrections; "
        "without it, by all that is known today.",
        examples=["2026-11-23T14:32:00Z"],
    )
