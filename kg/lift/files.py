"""A mapping over files and databases -> N-Quads, without a plant or a store."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kg.lift.bulk import Bulk
from kg.lift.duckdb import MEMORY, FileEngine
from kg.lift.opening import spill_folder, unchanged
from kg.lift.putaside import RejectedRows
from kg.lift.reading import read_mapping
from kg.lift.tables import Tables
from kg.lift.units import plan_units, uses_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from _typeshed import SupportsWrite

    from kg.lift.units import Unit


@dataclass(frozen=True, slots=True)
class LiftedFile:
    """N-Quads, each once; ``rejected`` is whole when they are all read.

    ``blocks`` are UTF-8 text of whole lines. They can be read once, as blocks or as ``lines``.
    """

    blocks: Iterator[bytes]
    rejected: RejectedRows = field(default_factory=RejectedRows)

    @property
    def lines(self) -> Iterator[str]:
        """The lines, without their ends."""
        for block in self.blocks:
            yield from block.decode().removesuffix("\n").split("\n")

    def write(self, out: SupportsWrite[bytes]) -> None:
        """Write all blocks to an open file."""
        for block in self.blocks:
            out.write(block)


def lift_file(
    mapping: Path, base: str, *, is_sorted: bool = False, memory: str = MEMORY
) -> LiftedFile:
    """Lift what a mapping names: files beside the mapping, and databases.

    Values are taken as RML takes them: nothing is trimmed, only empty text is no value. What does
    not fit into ``memory`` waits on disk.

    Raises:
        MappingError: the mapping cannot be used.
        SourceError: while reading: a file is missing or cannot be read as a whole.
    """
    document = read_mapping(mapping, base)
    units = plan_units(document, base)
    rejected = RejectedRows()
    blocks = _blocks(mapping, units, rejected, is_sorted=is_sorted, memory=memory)
    return LiftedFile(blocks, rejected)


def _blocks(
    mapping: Path, units: list[Unit], rejected: RejectedRows, *, is_sorted: bool, memory: str
) -> Iterator[bytes]:
    uses = uses_of(units)
    files = [mapping.parent / source.name for source in uses if source.formulation != "sql"]
    with unchanged(files), spill_folder() as spill:
        engine = FileEngine(files, spill, memory)
        try:
            tables = Tables(engine, mapping, spill, uses, rejected)
            bulk = Bulk(engine, mapping, tables, units, rejected)
            yield from bulk.sorted_blocks(spill) if is_sorted else bulk.blocks()
            bulk.report()
        finally:
            engine.close()
