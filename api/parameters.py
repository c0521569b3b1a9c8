"""Parameters: what a request gives by name, once each."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
