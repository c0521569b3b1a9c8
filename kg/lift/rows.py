"""One compiled logical source run over rows: terms, rejections, and the unpivot to facts."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kg.lift.columns import find_unencodable, to_columns
from kg.lift.mapping import mapping_error
from kg.lift.rejections import reject, reject_encoding

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kg.lift.compile import Pattern, Place, RelationalModel
    from kg.lift.duckdb import PreparedSelect
    from kg.records import Fact, Record, Rejected


@dataclass(frozen=True, slots=True)
class CompiledSource:
    """A compiled logical source, ready to run; ``name`` and ``file`` are for messages."""

    name: str
    file: Path
    model: RelationalModel
    select: PreparedSelect


@dataclass(frozen=True, slots=True)
class Ran:
    """Terms by column for every record; ``failed`` are the positions of rejected ones."""

    terms: list[list[Any]]
    failed: set[int] = field(default_factory=set)
    rejected: list[Rejected] = field(default_factory=list)


def run_rows(compiled: CompiledSource, records: Sequence[Record]) -> Ran:
    """Run the SELECT over the records' rows and gather what its checks report."""
    names = compiled.model.columns
    rows = [record.row for record in records]
    broken = set()
    try:
        *terms, failed, missed = compiled.select.run(to_columns(rows, names))
    except UnicodeEncodeError:
        broken = {number for number, row in enumerate(rows) if find_unencodable(row)}
        rows = [{} if number in broken else row for number, row in enumerate(rows)]
        *terms, failed, missed = compiled.select.run(to_columns(rows, names))
    ran = Ran(terms, broken, [reject_encoding(records[number]) for number in sorted(broken)])
    for position, check in _numbered(failed):
        if position not in broken:
            ran.failed.add(position)
            ran.rejected.append(
                reject(records[position], compiled.model.checks[check], compiled.file)
            )
    for position, check in _numbered(missed):
        if position not in ran.failed:
            ran.rejected.append(
                reject(records[position], compiled.model.misses[check], compiled.file)
            )
    return ran


def check_columns(compiled: CompiledSource, records: Sequence[Record]) -> None:
    """Look for columns that the mapping names and no record has.

    Raises:
        MappingError: there is one; the message names file, line, column and near misses.
    """
    missing = compiled.model.columns.keys() - (records[0].row.keys() if records else set())
    for record in records:
        if not missing:
            return
        missing -= record.row.keys()
    if not missing or not records:
        return
    uses = compiled.model.first_use
    column = min(missing, key=lambda name: (uses.get(name, 0), name))
    known = dict.fromkeys(name for record in records for name in record.row)
    near = difflib.get_close_matches(column, known, 3, 0.5)
    raise mapping_error(
        compiled.file,
        uses.get(column, 0),
        f"{compiled.name} has no column {column!r}",
        f"did you mean {', '.join(near)}?" if near else f"it has {', '.join(known)}",
    )


def unpivot(patterns: Sequence[Pattern], terms: list[list[Any]], rows: int) -> list[list[Fact]]:
    """Make each row's facts, in the order of the patterns, each once; absent terms make none."""
    made: list[list[Fact]] = [[] for _ in range(rows)]
    for pattern in patterns:
        subjects = terms_at(pattern.subject, terms, rows)
        predicates = terms_at(pattern.predicate, terms, rows)
        objects = terms_at(pattern.object, terms, rows)
        for facts, s, p, o in zip(made, subjects, predicates, objects, strict=True):
            if s is not None and p is not None and o is not None:
                facts.append((s, p, o))
    for number, facts in enumerate(made):
        if len(facts) > 1 and len(set(facts)) != len(facts):
            made[number] = list(dict.fromkeys(facts))
    return made


def terms_at(place: Place, terms: list[list[Any]], rows: int) -> list[Any]:
    """Give a pattern's terms for every row: a column's, or the same constant."""
    return [place] * rows if isinstance(place, str) else terms[place]


def _numbered(column: list[Any]) -> list[tuple[int, int]]:
    return [(position, check) for position, check in enumerate(column) if check is not None]
