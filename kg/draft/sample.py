"""Sample: what a mapping makes of the first rows, and the SQL that it is run as."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from kg.errors import ConfigError
from kg.lift import Lifter
from kg.lift.bulk import Bulk
from kg.lift.compile import compile_source
from kg.lift.duckdb import FileEngine
from kg.lift.preparation import Preparation
from kg.lift.reading import read_mapping
from kg.lift.tables import Tables
from kg.lift.units import plan_units, preparation_of, uses_of
from kg.records import Record, Rejected, record_path
from kg.settings import load_plant, load_source
from kg.sources import read_source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kg.lift.mapping import LogicalSource, MappingDocument, TriplesMap
    from kg.lift.model import RelationalModel
    from kg.lift.tables import Table
    from kg.lift.units import Unit
    from kg.settings import SourceSettings, TableSettings


@dataclass(frozen=True, slots=True)
class Sampled:
    """N-Quads lines of the first rows; what of them could not be read or lifted."""

    lines: list[str]
    rejected: list[Rejected] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Placed:
    """A mapping, and where there are some: the source that reads its tables, and its plant.toml."""

    file: Path
    base: str
    source: SourceSettings | None = None
    plant: Path | None = None

    @property
    def tables(self) -> tuple[TableSettings, ...]:
        """The tables that the mapping is for."""
        known = self.source.tables if self.source is not None else ()
        return tuple(table for table in known if table.mapping == self.file.name)


def place_mapping(mapping: Path, base: str, plant: Path | None = None) -> Placed:
    """Find the source.toml beside a mapping, and the plant.toml above that connects it.

    Raises:
        ConfigError: ``plant`` is given and does not connect it, or a file is not usable.
    """
    folder = mapping.resolve().parent
    if not (folder / "source.toml").is_file():
        return Placed(mapping, base)
    above = [parent / "plant.toml" for parent in folder.parents]
    for file in [plant] if plant is not None else [file for file in above if file.is_file()]:
        described = load_plant(file)
        for source in described.sources:
            if source.folder.resolve() == folder:
                return Placed(mapping, described.base, source, file)
    if plant is not None:
        raise ConfigError(
            f"{plant} has no source whose mapping is {mapping.parent}",
            hint="name the plant.toml that connects it with --plant",
        )
    return Placed(mapping, base, load_source(folder))


def sample_mapping(placed: Placed, rows: int, now: datetime) -> Sampled:
    """Lift the first rows of each table or file that a mapping reads.

    Raises:
        MappingError: the mapping cannot be used.
        SourceError: a table or file cannot be read.
    """
    if not placed.tables:
        return _sample_files(placed, rows)
    assert placed.source is not None
    lines: dict[str, None] = {}
    rejected: list[Rejected] = []
    for table in placed.tables:
        source = placed.source.model_copy(update={"tables": (table,)})
        first = list(islice(read_records(source, now, rejected), rows))
        lifter = Lifter(source, placed.base)
        lifted = lifter.lift(first)
        lifter.close()
        rejected += lifted.rejected
        for record, facts in zip(first, lifted.facts, strict=True):
            graph = f"<{placed.base}{record_path(source.name, table.name, record.key)}>"
            lines |= dict.fromkeys(f"{s} {p} {o} {graph} ." for s, p, o in facts)
    return Sampled(list(lines), rejected)


def read_records(
    source: SourceSettings, now: datetime, rejected: list[Rejected]
) -> Iterator[Record]:
    """Read records of a source; rows that cannot be are put into ``rejected`` on the way.

    Raises:
        SourceError: a table or file cannot be read.
    """
    for reading in read_source(source, {}, now):
        for item in reading.items:
            if isinstance(item, Record):
                yield item
            elif isinstance(item, Rejected):
                rejected.append(item)


def explain_mapping(placed: Placed) -> str:
    """Write the SQL of each triples map and of each join.

    Raises:
        MappingError: the mapping cannot be used.
    """
    document = read_mapping(placed.file, placed.base)
    parts = ["-- batch: the rows as they were read; tr_…: the lift's own macros"]
    if placed.tables:
        assert placed.source is not None
        chosen = [(table, made) for table in placed.tables for made in document.triples_maps]
        for table, made in chosen:
            if made.source.name in {table.name, table.file}:
                preparation = Preparation.of_table(placed.source, table)
                parts.append(_explain(document, made, preparation, placed.base))
        return "\n\n".join(parts)
    units = plan_units(document, placed.base)
    parts += [
        _explain(document, made, preparation_of(made.source), placed.base)
        for made in document.triples_maps
    ]
    for unit in units:
        if unit.model.parent is not None:
            parent = unit.model.parent.source.name
            parts.append(f"-- {unit.source.name} joined with {parent}\n{_sql(unit.model)}")
    return "\n\n".join(parts)


def _explain(
    document: MappingDocument, made: TriplesMap, preparation: Preparation, base: str
) -> str:
    model = compile_source(document, [made], preparation, base)
    place = f"{document.file.name}:{made.line}"
    return f"-- {made.name} ({place}), of {made.source.name}\n{_sql(model)}"


def _sql(model: RelationalModel) -> str:
    return f"{model.select.sql('duckdb', pretty=True, normalize_functions=False)};"


class _FirstRows(Tables):
    """Opens sources as their first rows, but whole those that others are joined with."""

    def __init__(self, *opening: object, rows: int, whole: set[LogicalSource]) -> None:
        super().__init__(*opening)  # type: ignore[arg-type]
        self._rows = rows
        self._whole = whole

    def open(self, source: LogicalSource) -> Table:
        """Give a source's table."""
        table = super().open(source)
        if source in self._whole:
            return table
        # Without its text a bad row is looked for among these rows, not in the whole file.
        first = f"(SELECT * FROM {table.relation} LIMIT {self._rows})"
        return replace(table, relation=first, text_file=None)


def _sample_files(placed: Placed, rows: int) -> Sampled:
    units = plan_units(read_mapping(placed.file, placed.base), placed.base)
    joins = [unit for unit in units if unit.model.parent is not None]
    parents = {unit.model.parent.source for unit in joins if unit.model.parent is not None}
    sampled = Sampled([])
    for group, whole in (
        ([unit for unit in units if unit.model.parent is None], set()),
        (joins, parents),
    ):
        sampled.lines.extend(_run(placed.file, group, rows, whole, sampled.rejected))
    return Sampled(list(dict.fromkeys(sampled.lines)), sampled.rejected)


def _run(
    mapping: Path,
    units: list[Unit],
    rows: int,
    whole: set[LogicalSource],
    rejected: list[Rejected],
) -> Iterator[str]:
    uses = uses_of(units)
    files = [mapping.parent / source.name for source in uses if source.is_file]
    with tempfile.TemporaryDirectory(prefix="traveler-lift-") as spill:
        engine = FileEngine(files, Path(spill))
        try:
            opening = (engine, mapping, Path(spill), uses, rejected)
            tables = _FirstRows(*opening, rows=rows, whole=whole)
            bulk = Bulk(engine, mapping, tables, units, rejected)
            for block in bulk.blocks():
                yield from str(block, "utf-8").splitlines()
            bulk.report()
        finally:
            engine.close()
