"""Shown: an answer as one role sees it, however it was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.access.withheldgaps import unseen
from kg.access.withhold import require_named, withhold_context
from kg.errors import UnknownEntity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kg.access.sight import Sight
    from kg.answer.bundle import Context


def show_context(
    find: Callable[[], Context],
    given: str,
    sight: Sight | None,
    covering: Mapping[str, Sequence[str]],
) -> Context:
    """Find a context, and leave out what is not shown; ``given`` is the name it was asked by.

    Raises:
        UnknownEntity: there is none, or it is hidden. Who sees a part is told both alike: what is
            near, or that there are several, could be hidden.
    """
    if sight is None:
        return find()
    try:
        found = find()
        require_named(found, given, sight)
        return withhold_context(found, sight, covering)
    except UnknownEntity:
        raise unseen(given) from None
