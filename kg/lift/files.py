"""A mapping over files, databases and tables in memory -> quads, without a plant or a store."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

import pyarrow as pa

from kg.lift.bulk import Bulk
from kg.lift.duckdb import MEMORY, FileEngine
from kg.lift.opening import spill_folder, unchanged
from kg.lift.putaside import RejectedRows
from kg.lift.quads import QUAD_SCHEMA
from kg.lift.reading import read_mapping
from kg.lift.tables import Tables
from kg.lift.units import give_tables, plan_units, uses_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from _typeshed import SupportsWrite

    from kg.lift.putaside import PutAside
    from kg.lift.units import Unit


class LiftedFile:
    """The quads of a mapping, each once: as N-Quads or as Arrow, made while they are read.

    They can be read once, in one of the two forms; ``rejected`` is whole when all are read.
    """

    def __init__(self, quads: Quads, *, is_sorted: bool = False) -> None:
        self._quads = quads
        self._is_sorted = is_sorted
        self.rejected = RejectedRows()

    @property
    def blocks(self) -> Iterator[memoryview]:
        """The quads as N-Quads: UTF-8 text of whole lines."""
        with self._quads.open(self.rejected) as (bulk, spill):
            yield from bulk.sorted_blocks(spill) if self._is_sorted else bulk.blocks()

    @property
    def lines(self) -> Iterator[str]:
        """The lines, without their ends."""
        for block in self.blocks:
            yield from str(block, "utf-8").split("\n")[:-1]

    @property
    def batches(self) -> Iterator[pa.RecordBatch]:
        """The quads as columns of terms in N-Triples syntax: subject, predicate, object, graph.

        The default graph is NULL. The order is none, also where lines are sorted.
        """
        with self._quads.open(self.rejected) as (bulk, _):
            yield from bulk.batches()

    def write_parquet(self, out: SupportsWrite[bytes]) -> None:
        """Write all batches to an open file as Parquet."""
        parquet = import_module("pyarrow.parquet")  # half of an import's time, seldom needed
        with parquet.ParquetWriter(
            pa.PythonFile(out, "w"), QUAD_SCHEMA, compression="zstd"
        ) as writer:
            for batch in self.batches:
                writer.write_batch(batch)

    def write(self, out: SupportsWrite[memoryview]) -> None:
        """Write all blocks to an open file."""
        for block in self.blocks:
            out.write(block)


def lift_file(
    mapping: Path,
    base: str,
    *,
    tables: Mapping[str, pa.Table] | None = None,
    is_sorted: bool = False,
    memory: str = MEMORY,
) -> LiftedFile:
    """Lift what a mapping names: files beside the mapping, databases, and tables in memory.

    A source that has the name of one of ``tables`` is read from there and not from a file. Values
    are taken as RML takes them: nothing is trimmed, only empty text is no value. What does not fit
    into ``memory`` waits on disk.

    Raises:
        MappingError: the mapping cannot be used.
        SourceError: while reading: a file is missing or cannot be read as a whole.
    """
    given = tables or {}
    document = give_tables(read_mapping(mapping, base), given)
    return LiftedFile(
        Quads(mapping, plan_units(document, base), given, memory), is_sorted=is_sorted
    )


@dataclass(frozen=True, slots=True)
class Quads:
    """What a mapping asks for, before anything is read."""

    mapping: Path
    units: list[Unit]
    tables: Mapping[str, pa.Table]
    memory: str

    @contextmanager
    def open(self, rejected: PutAside) -> Iterator[tuple[Bulk, Path]]:
        """Open the sources; at the end ``rejected`` says what could not be lifted."""
        uses = uses_of(self.units)
        files = [self.mapping.parent / source.name for source in uses if source.is_file]
        with (
            unchanged(files),
            spill_folder() as spill,
            closing(FileEngine(files, spill, self.memory)) as engine,
        ):
            opened = Tables(engine, self.mapping, spill, uses, rejected, self.tables)
            bulk = Bulk(engine, self.mapping, opened, self.units, rejected)
            yield bulk, spill
            bulk.report()
