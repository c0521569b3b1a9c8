"""What can be wrong with a mapping or a source, found before Spark is started."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sqlglot import exp

from kg.lift import databases, delimited, duckdb, sheets
from kg.lift.spark_splits import NUMBER
from kg.lift.tables import Tables, check_columns, check_xpaths
from kg.lift.values import kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kg.lift.mapping import LogicalSource
    from kg.lift.units import Unit


_OF_TERMS = {"tr_iri_safe", "tr_uri_safe", "tr_iri", "tr_uri", "tr_unsafe_iri", "tr_escape"}
_OF_TERMS |= {"tr_blank", "tr_language"}


def check_patterns(mapping: Path, units: Sequence[Unit]) -> None:
    """Refuse the patterns that the other engine refuses, so that a mapping is good for both.

    Raises:
        MappingError: a regular expression or a time pattern cannot be used.
    """
    doubtful = [unit for unit in units if unit.model.parent is None and _calls_others(unit)]
    if not doubtful:
        return
    engine = duckdb.Engine()
    for unit in doubtful:
        raws = unit.model.raws
        names = (*raws, *map(kind_of, raws), NUMBER)
        engine.prepare(duckdb.to_sql(unit.model.select), names, str(mapping))
    engine.close()


def _calls_others(unit: Unit) -> bool:
    """Tell whether a unit calls more than what terms are written with: a mapping's functions."""
    called = {node.name for node in unit.model.select.find_all(exp.Anonymous)}
    return any(name not in _OF_TERMS and not name.startswith("tr_is_") for name in called)


def check_source(mapping: Path, source: LogicalSource, lines: Mapping[str, int]) -> None:
    """Look for a source, and in it for the references of ``lines``.

    Raises:
        MappingError: it has no such column, or none of single values.
        SourceError: it is not there, or cannot be read.
    """
    folder, path = mapping.parent, mapping.parent / source.name
    match source.formulation:
        case "csv" | "tsv":
            check_columns(mapping, source, lines, delimited.read_header(path, source))
        case "xlsx":
            check_columns(mapping, source, lines, sheets.read_header(path, source.iterator))
        case "sql":
            header = databases.read_header(source.name, folder, source.iterator)
            check_columns(mapping, source, lines, header, databases.find_column)
        case "xml":
            check_xpaths(mapping, source, lines)
        case "parquet":
            _check_parquet(mapping, source, lines)


def _check_parquet(mapping: Path, source: LogicalSource, lines: Mapping[str, int]) -> None:
    with tempfile.TemporaryDirectory(prefix="traveler-lift-") as spill:
        engine = duckdb.FileEngine([mapping.parent / source.name], Path(spill))
        try:
            Tables(engine, mapping, Path(spill), {source: lines}, []).open(source)
        finally:
            engine.close()
