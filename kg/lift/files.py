"""A mapping over files beside it -> N-Quads, without a plant or a store."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from kg.errors import SourceError
from kg.lift.compile import compile_source
from kg.lift.duckdb import Engine, to_sql
from kg.lift.mapping import mapping_error
from kg.lift.preparation import Preparation
from kg.lift.reading import read_mapping
from kg.lift.rows import CompiledSource, check_columns, run_rows, terms_at
from kg.records import Record, Rejected

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kg.lift.mapping import LogicalSource, MappingDocument

CHUNK_ROWS = 50_000
_FORMS = ("csv", "tsv", "json", "jsonl")
_ITERATOR = re.compile(r"\$((?:\.[\w-]+)*)(\[\*\])?")


@dataclass(frozen=True, slots=True)
class LiftedFile:
    """N-Quads lines, each once and without a newline; ``rejected`` is whole when they are read."""

    lines: Iterator[str]
    rejected: list[Rejected] = field(default_factory=list)


def lift_file(mapping: Path, base: str, *, is_sorted: bool = False) -> LiftedFile:
    """Lift the CSV, TSV, JSON and JSON lines files that a mapping names, beside the mapping.

    Values are taken as RML takes them: nothing is trimmed, only empty text is no value.

    Raises:
        MappingError: the mapping cannot be used.
        SourceError: a file is missing or cannot be read as a whole.
    """
    document = read_mapping(mapping, base)
    engine = Engine()
    compiled = [
        (source, _compile(document, source, engine, base))
        for source in dict.fromkeys(triples_map.source for triples_map in document.triples_maps)
    ]
    rejected: list[Rejected] = []
    lines = _lines(compiled, engine, mapping.parent, rejected)
    return LiftedFile(iter(sorted(lines)) if is_sorted else lines, rejected)


def _compile(
    document: MappingDocument, source: LogicalSource, engine: Engine, base: str
) -> CompiledSource:
    if source.formulation not in _FORMS:
        known = ", ".join(_FORMS)
        raise document.error(
            source.line,
            f"a source ~{source.formulation} cannot be read alone",
            f"here are {known}; a mapping of ~table is run by a plant: traveler load",
        )
    chosen = [made for made in document.triples_maps if made.source == source]
    model = compile_source(document, chosen, Preparation(is_standard=True), base)
    sql = to_sql(model.select)
    engine.check(sql, tuple(model.columns.values()), str(document.file))
    return CompiledSource(source.name, document.file, model, sql)


def _lines(
    compiled: list[tuple[LogicalSource, CompiledSource]],
    engine: Engine,
    folder: Path,
    rejected: list[Rejected],
) -> Iterator[str]:
    seen: set[str] = set()
    for source, made in compiled:
        records = _read(folder / source.name, source, made.file, rejected)
        is_first = True
        while chunk := list(islice(records, CHUNK_ROWS)):
            if is_first and source.formulation in {"csv", "tsv"}:
                check_columns(made, chunk)
            is_first = False
            ran = run_rows(engine, made, chunk)
            rejected.extend(ran.rejected)
            for line in _quads(made, ran.terms, len(chunk), ran.failed):
                if line not in seen:
                    seen.add(line)
                    yield line


def _quads(
    made: CompiledSource, terms: list[list[Any]], rows: int, failed: set[int]
) -> Iterator[str]:
    for pattern in made.model.patterns:
        places = (pattern.subject, pattern.predicate, pattern.object, pattern.graph)
        columns = (terms_at(place, terms, rows) for place in places)
        for row, (s, p, o, g) in enumerate(zip(*columns, strict=True)):
            if None in (s, p, o, g) or row in failed:
                continue
            is_default = g in ("", "<http://w3id.org/rml/defaultGraph>", _R2RML_DEFAULT)
            yield f"{s} {p} {o} ." if is_default else f"{s} {p} {o} {g} ."


_R2RML_DEFAULT = "<http://www.w3.org/ns/r2rml#defaultGraph>"


def _read(
    path: Path, source: LogicalSource, mapping: Path, rejected: list[Rejected]
) -> Iterator[Record]:
    try:
        if source.formulation in {"csv", "tsv"}:
            yield from _read_csv(path, source, rejected)
        elif source.formulation == "jsonl":
            yield from _read_json_lines(path, source, rejected)
        else:
            yield from _read_json(path, source, mapping)
    except (OSError, UnicodeDecodeError, csv.Error, json.JSONDecodeError) as error:
        raise SourceError(
            f"{path}: cannot be read: {error}", hint="its path is taken from the mapping's folder"
        ) from error


def _read_csv(path: Path, source: LogicalSource, rejected: list[Rejected]) -> Iterator[Record]:
    delimiter = "\t" if source.formulation == "tsv" else ","
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        header = next(reader, [])
        for cells in reader:
            position = f"{path.name}:{reader.line_num}"
            if len(cells) == len(header):
                row = dict(zip(header, cells, strict=True))
                yield Record(source.name, source.name, position, row, position)
            elif cells:
                problem = f"has {len(cells)} cells, the header {len(header)}"
                rejected.append(_bad_row(source, position, problem, delimiter.join(cells)))


def _read_json_lines(
    path: Path, source: LogicalSource, rejected: list[Rejected]
) -> Iterator[Record]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            position = f"{path.name}:{number}"
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                rejected.append(_bad_row(source, position, f"is no JSON: {error}", line))
                continue
            if isinstance(row, dict):
                yield Record(source.name, source.name, position, _scalars(row), position)
            else:
                rejected.append(_bad_row(source, position, "is no JSON object", line))


def _read_json(path: Path, source: LogicalSource, mapping: Path) -> Iterator[Record]:
    found = _ITERATOR.fullmatch(source.iterator or "$[*]")
    if found is None:
        raise mapping_error(
            mapping, source.line, f"iterator {source.iterator!r} is not supported yet", "$.a[*]"
        )
    items: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    for name in found.group(1).split(".")[1:]:
        items = items.get(name, []) if isinstance(items, dict) else []
    for number, row in enumerate(items if isinstance(items, list) else [items], 1):
        if isinstance(row, dict):
            position = f"{path.name}#{number}"
            yield Record(source.name, source.name, position, _scalars(row), position)


def _scalars(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if not isinstance(value, dict | list)}


def _bad_row(source: LogicalSource, position: str, problem: str, raw: str) -> Rejected:
    return Rejected(
        source=source.name,
        kind=source.name,
        position=position,
        stage="read",
        code="bad-row",
        message=f"{position} {problem}",
        hint="correct the row where it is written",
        raw=raw.rstrip("\n"),
    )
