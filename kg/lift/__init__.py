"""The lift: mappings compiled to one relational model that DuckDB runs over records."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kg.lift.duckdb import Engine
    from kg.lift.files import LiftedFile, lift_file
    from kg.lift.lifter import Lifted, Lifter

__all__ = ["Engine", "Lifted", "LiftedFile", "Lifter", "lift_file"]
_HOMES = {
    "Engine": "duckdb",
    "LiftedFile": "files",
    "lift_file": "files",
    "Lifted": "lifter",
    "Lifter": "lifter",
}


def __getattr__(name: str) -> object:
    # Tasks of Spark import one reader of this package, and no engine.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
