"""Priority: what of a card is cut last, for each focus.

A topic is a slot's name, or one of: ``run`` (job, machine and operation of an open run),
``state_fact`` (what a machine does by its own word), ``state`` (a slot that says why it is empty),
``gap`` (what a gap says beyond which slot of which thing it
is), ``cause``, ``rule`` and ``entry`` (the order of what waits, and what blocks it), ``reason``
(what speaks for an entry, and what cannot be said of it), ``past`` (a run that is over), ``self``
(what leads back to the entity that the card is about) and ``note``. Within a rank what stands first
on the card stays longest.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kg.answer.bundle import Focus

Ranks = tuple[tuple[str, ...], ...]
KEPT = 0
"""The rank of what is never cut."""
ALWAYS_FIRST = ("state_fact",)
OTHER = "other"
NOW: Ranks = (
    ("run",),
    ("customer", "spec", "batch", "job", "machine"),
    ("due", "quantity", "person", "phase"),
    ("state", "part", "status"),
    (OTHER, "operation", "order"),
    ("gap",),
    ("rule", "entry"),
    ("position", "program", "reason", "cause"),
    ("past",),
    ("self",),
    ("note",),
)
"""What is cut last stands first; topics that are named nowhere stand where ``other`` does."""
_COMPUTED = ("late_by", "time_left", "remaining", "forecast")
FIRST: dict[Focus, Ranks] = {
    "now": (),
    "why_late": (("cause", "late_by"), ("run", "due", "forecast", "remaining", "time_left")),
    "next": (("rule", "entry"), ("run", "due", "operation"), ("reason",), ("remaining",)),
    "quality": (("out_of_limits", "spec"), ("measurement", "requirement"), ("characteristic",)),
    "material": (
        ("batch", "needed", "left", "material", "supplier"),
        ("job",),
        ("consumes", "possibly_consumes", "use"),
    ),
    "full": (NOW[0], NOW[1], ("cause", *_COMPUTED, "out_of_limits"), ("needed", "left", "rule")),
}
"""What a focus asks for stays longer than what ``now`` tells."""


@cache
def rank_of(topic: str, focus: Focus) -> int:
    """Give the rank of a topic: what has the greatest is cut first; none is 0 (`KEPT`)."""
    ranks = (ALWAYS_FIRST, *FIRST[focus], *NOW)
    for rank, topics in enumerate(ranks, start=1):
        if topic in topics:
            return rank
    return rank_of(OTHER, focus)
