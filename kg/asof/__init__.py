"""As of: what a plant's answers were at another time, or by what was known at another time.

Nothing is folded anew: each question that an answer asks is led back, by the ontology's rules, to
the records that bear on it, and each of these is read in the version that counted then.
"""

from __future__ import annotations

from kg.asof.history import PlantHistory
from kg.asof.times import Then, read_then

__all__ = ["PlantHistory", "Then", "read_then"]
