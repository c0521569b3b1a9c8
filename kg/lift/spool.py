"""Items of a source that DuckDB cannot read -> Arrow batches of text, kinds and positions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

import pyarrow as pa

from kg.lift.columns import has_lone_surrogate
from kg.lift.natural import Natural
from kg.records import Rejected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kg.lift.putaside import PutAside

Cell: TypeAlias = Natural | list[Natural] | None
POSITION, NUMBER = "position", "row_number"
_ROWS = 10_000
_ENCODING_HINT = "save the file as UTF-8, or say its encoding in the mapping"
_VALUE = pa.struct([("value", pa.string()), ("kind", pa.string())])


@dataclass(frozen=True, slots=True)
class Item:
    """One row: where it stands, and a cell for each reference; a plural one has a list."""

    position: str
    cells: list[Cell]


def to_batches(
    items: Iterable[Item | Rejected], plural: tuple[bool, ...], rejected: PutAside
) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """Give the items as batches with columns ``c0`` and ``k0`` …, putting bad rows aside."""
    fields = [(NUMBER, pa.int64()), (POSITION, pa.string())]
    for number, is_list in enumerate(plural):
        fields.append((f"c{number}", pa.list_(_VALUE) if is_list else pa.string()))
        if not is_list:
            fields.append((f"k{number}", pa.string()))
    schema = pa.schema(fields)
    return schema, _batches(items, plural, rejected, schema)


def _batches(
    items: Iterable[Item | Rejected],
    plural: tuple[bool, ...],
    rejected: PutAside,
    schema: pa.Schema,
) -> Iterator[pa.RecordBatch]:
    good = _good(items, rejected)
    first = 1
    while chunk := list(islice(good, _ROWS)):
        columns = [
            pa.array(range(first, first + len(chunk)), pa.int64()),
            pa.array([item.position for item in chunk], pa.string()),
        ]
        first += len(chunk)
        for number, is_list in enumerate(plural):
            columns += _column([item.cells[number] for item in chunk], is_list=is_list)
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _good(items: Iterable[Item | Rejected], rejected: PutAside) -> Iterator[Item]:
    for item in items:
        if isinstance(item, Rejected):
            rejected.append(item)
        else:
            yield item


def _column(cells: list[Cell], *, is_list: bool) -> list[pa.Array]:
    if not is_list:
        single = [cell if isinstance(cell, tuple) else (None, None) for cell in cells]
        texts, kinds = zip(*single, strict=True)
        return [pa.array(texts, pa.string()), pa.array(kinds, pa.string())]
    lists = [cell if isinstance(cell, list) else [] for cell in cells]
    flat = [value for values in lists for value in values]
    ends = [0]
    for values in lists:
        ends.append(ends[-1] + len(values))
    struct = pa.StructArray.from_arrays(
        [
            pa.array([text for text, _ in flat], pa.string()),
            pa.array([k for _, k in flat], pa.string()),
        ],
        fields=list(_VALUE),
    )
    return [pa.ListArray.from_arrays(pa.array(ends, pa.int32()), struct)]


def bad_row(source: str, position: str, problem: str, raw: str, code: str = "bad-row") -> Rejected:
    """Say what is wrong with a row that could not be read."""
    return Rejected(
        source=source,
        kind=source,
        position=position,
        stage="read",
        code=code,
        message=f"{position} {problem}",
        hint=_ENCODING_HINT if code == "bad-encoding" else "correct the row where it is written",
        raw=raw.rstrip("\n").encode("utf-8", "backslashreplace").decode("utf-8")[:10_000],
    )


def refuse_half_characters(source: str, item: Item) -> Item | Rejected:
    """Put aside an item of which a value is no Unicode text."""
    for cell in item.cells:
        for text, _ in cell if isinstance(cell, list) else [cell] if cell else []:
            if has_lone_surrogate(text):
                problem = "holds half of a character, or bytes that are no text"
                return bad_row(source, item.position, problem, text, "bad-encoding")
    return item
