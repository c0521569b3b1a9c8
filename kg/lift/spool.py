"""Rows of a source that DuckDB cannot read -> Arrow batches of text, kinds and positions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

from kg.lift.columns import has_lone_surrogate
from kg.lift.natural import Natural, to_natural, to_naturals
from kg.records import Rejected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kg.lift.putaside import PutAside

Cell: TypeAlias = Natural | list[Natural] | None
POSITION, NUMBER = "position", "row_number"
_ENCODING_HINT = "save the file as UTF-8, or say its encoding in the mapping"
_VALUE = pa.struct([("value", pa.string()), ("kind", pa.string())])


@dataclass(frozen=True, slots=True)
class Lists:
    """A list of values for each row, one list after another; they part at the ``ends``, after 0."""

    values: list[Any] = field(default_factory=list)
    ends: list[int] = field(default_factory=lambda: [0])

    def add(self, values: Iterable[Any]) -> None:
        """Add a row's values."""
        self.values.extend(values)
        self.end()

    def end(self) -> None:
        """End a row whose values were put behind the others."""
        self.ends.append(len(self.values))

    def __getitem__(self, number: int) -> list[Any]:
        return self.values[self.ends[number] : self.ends[number + 1]]

    def __iter__(self) -> Iterator[list[Any]]:
        return map(self.__getitem__, range(len(self.ends) - 1))


Column: TypeAlias = "Sequence[Any] | Lists"
"""A reference's values as the source has them, None for no value; lists for a plural one."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of a source: where each stands, and a column for each reference."""

    positions: list[str]
    columns: Sequence[Column]

    def only(self, numbers: list[int]) -> Rows:
        """Give the rows of these numbers, counted from 0."""
        columns = [_only(column, numbers) for column in self.columns]
        return Rows([self.positions[n] for n in numbers], columns)


def _only(column: Column, numbers: list[int]) -> Column:
    if not isinstance(column, Lists):
        return [column[number] for number in numbers]
    lists = Lists()
    for number in numbers:
        lists.add(column[number])
    return lists


Blocks: TypeAlias = "Iterable[Rows | Rejected]"
"""A source as a reader gives it: some rows at a time, and those that cannot be read."""


@dataclass(frozen=True, slots=True)
class Item:
    """One row: where it stands, and a cell for each reference; a plural one has a list."""

    position: str
    cells: list[Cell]


def to_items(blocks: Blocks) -> Iterator[Item | Rejected]:
    """Give the rows one by one, with the natural forms of their values."""
    for block in blocks:
        if isinstance(block, Rejected):
            yield block
            continue
        cells = [map(_cell_of(column), column) for column in block.columns]
        for position, *row in zip(block.positions, *cells, strict=True):
            yield Item(position, row)


def _cell_of(column: Column) -> Callable[[Any], Cell]:
    return _naturals if isinstance(column, Lists) else to_natural


def _naturals(values: list[Any]) -> list[Natural]:
    return [natural for natural in map(to_natural, values) if natural is not None]


def to_batches(
    source: str, blocks: Blocks, plural: Sequence[bool], rejected: PutAside
) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """Give the rows as batches with columns ``c0`` and ``k0`` …, putting bad rows aside.

    A row of which a value is no Unicode text is bad; ``source`` names it then.
    """
    fields = [(NUMBER, pa.int64()), (POSITION, pa.string())]
    for number, is_list in enumerate(plural):
        fields.append((f"c{number}", pa.list_(_VALUE) if is_list else pa.string()))
        if not is_list:
            fields.append((f"k{number}", pa.string()))
    schema = pa.schema(fields)
    return schema, _batches(source, blocks, rejected, schema)


def _batches(
    source: str, blocks: Blocks, rejected: PutAside, schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    first = 1
    for block in blocks:
        if isinstance(block, Rejected):
            rejected.append(block)
            continue
        rows = block
        try:
            arrays = _arrays(rows)
        except UnicodeEncodeError:
            rows = _refuse(source, block, rejected)
            arrays = _arrays(rows)
        numbers = pa.array(range(first, first + len(rows.positions)), pa.int64())
        first += len(rows.positions)
        yield pa.RecordBatch.from_arrays([numbers, *arrays], schema=schema)


def _refuse(source: str, rows: Rows, rejected: PutAside) -> Rows:
    """Put aside the rows of which a value is no Unicode text; give the others."""
    good = []
    for number, item in enumerate(to_items([rows])):
        checked = item if isinstance(item, Rejected) else refuse_half_characters(source, item)
        if isinstance(checked, Rejected):
            rejected.append(checked)
        else:
            good.append(number)
    return rows.only(good)


def _arrays(rows: Rows) -> list[pa.Array]:
    arrays = [pa.array(rows.positions, pa.string())]
    for column in rows.columns:
        if isinstance(column, Lists):
            values = pa.StructArray.from_arrays(_natural_arrays(column.values), fields=list(_VALUE))
            arrays.append(pa.ListArray.from_arrays(pa.array(column.ends, pa.int32()), values))
        else:
            arrays += _natural_arrays(column)
    return arrays


def _natural_arrays(values: Sequence[Any]) -> tuple[pa.Array, pa.Array]:
    texts, kinds = to_naturals(values)
    made = pa.array(texts, pa.string())
    if kinds is None:
        return made, pa.nulls(len(made), pa.string())
    if isinstance(kinds, str):
        return made, pa.array([None if text is None else kinds for text in texts], pa.string())
    return made, pa.array(kinds, pa.string())


def bad_row(
    source: str,
    position: str,
    problem: str,
    raw: str,
    code: str = "bad-row",
    hint: str = "correct the row where it is written",
) -> Rejected:
    """Say what is wrong with a row that could not be read."""
    return Rejected(
        source=source,
        kind=source,
        position=position,
        stage="read",
        code=code,
        message=f"{position} {problem}",
        hint=_ENCODING_HINT if code == "bad-encoding" else hint,
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
