"""Principals: on whose behalf a request is answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from kg.access.hiding import NOTHING, Hiding
from kg.roles import SCOPES

if TYPE_CHECKING:
    from datetime import datetime

Means = Literal["open", "key", "token", "session", "source", "owner"]
"""By what somebody is known: by nothing where access is not limited, a key, an identity provider's
token, a browser's session, a source's own token, or the file that only the owner's user reads."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a name, a role, what it may do and what is hidden from it.

    ``id`` tells principals apart, for limits and the audit log, and holds no secret. ``key`` is the
    prefix of the key that it came by, and ``until`` when it ends.
    """

    name: str
    role: str
    scopes: frozenset[str]
    means: Means
    id: str
    hiding: Hiding = field(default=NOTHING)
    key: str | None = None
    until: datetime | None = None

    @property
    def sees_all(self) -> bool:
        """Whether nothing is withheld."""
        return not self.hiding

    @property
    def view(self) -> str:
        """What tells one view of the plant from another; "" is that of who sees everything."""
        return self.hiding.name


EVERYBODY = Principal("everybody", "", frozenset(SCOPES), "open", "open")
"""Whoever asks, where a plant does not limit access: on its own machine only."""
NOBODY = Principal("nobody", "", frozenset(), "open", "nobody")
"""Whoever asks without saying who he is, where it is limited."""
OWNER = Principal("the owner's own commands", "", frozenset(SCOPES), "owner", "owner")
