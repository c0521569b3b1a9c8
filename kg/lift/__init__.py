"""The lift: mappings compiled to one relational model that DuckDB runs over records."""

from __future__ import annotations

from kg.lift.files import LiftedFile, lift_file
from kg.lift.lifter import Lifted, Lifter

__all__ = ["Lifted", "LiftedFile", "Lifter", "lift_file"]
