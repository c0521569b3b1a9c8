"""A mapping file of either syntax -> mapping."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lift.mapping import mapping_error
from kg.lift.rml import read_rml
from kg.lift.yarrrml import read_yarrrml

if TYPE_CHECKING:
    from pathlib import Path

    from kg.lift.mapping import MappingDocument


def read_mapping(file: Path, base: str) -> MappingDocument:
    """Read a mapping: Turtle as RML, everything else as YARRRML.

    Raises:
        MappingError: it is missing, cannot be read, or says what cannot be used.
    """
    if not file.is_file():
        raise mapping_error(file, 1, "there is no such mapping", "see mapping = in source.toml")
    is_turtle = file.suffix.lower() in {".ttl", ".rml", ".nt"}
    return read_rml(file, base) if is_turtle else read_yarrrml(file)
