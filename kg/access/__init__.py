"""Access to a plant: who asks, what they may do, how often, what they see, and what is noted."""

from __future__ import annotations

from kg.access.hiding import Hiding
from kg.access.principal import EVERYBODY, Principal

__all__ = ["EVERYBODY", "Hiding", "Principal"]
