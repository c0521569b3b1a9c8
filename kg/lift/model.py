"""The relational model: what the lift of a logical source is, before any engine's dialect."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlglot import exp

    from kg.lift.mapping import LogicalSource

Place: TypeAlias = int | str
"""Where a pattern takes a term from: a column of the SELECT by number, or a constant term."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One fact per row: subject, predicate, object and graph ("" is the default graph)."""

    subject: Place
    predicate: Place
    object: Place
    graph: Place = ""


@dataclass(frozen=True, slots=True)
class Check:
    """What a row fails on: its code, the columns to look at, what was wanted, and where."""

    code: Literal["bad-time", "bad-number", "bad-unit", "bad-literal", "bad-iri", "lookup-miss"]
    columns: tuple[str, ...]
    wanted: str
    line: int


@dataclass(frozen=True, slots=True)
class Claim:
    """What a mapping can produce: a class term ("" if it depends on the row), a predicate term.

    ``columns`` are those that an object is made of, and that decide whether there is one.
    """

    class_term: str
    predicate: str
    line: int
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class RelationalModel:
    """A compiled logical source.

    ``columns`` maps raw column names to their names in the relation ``batch``. The last two
    columns of ``select`` number a failed check of ``checks`` (reject) and of ``misses`` (report).
    ``outputs`` are the columns before these two. Where values have natural datatypes, these stand
    beside the raw columns (`kind_of`); ``needs_row``: the relation numbers its rows, from 1.
    ``copies`` are further raw columns, each with the name of one that has several values.
    ``parent``: a second relation named ``parent``, of another logical source.
    """

    select: exp.Select
    columns: dict[str, str]
    patterns: tuple[Pattern, ...]
    checks: tuple[Check, ...]
    misses: tuple[Check, ...]
    claims: tuple[Claim, ...]
    first_use: dict[str, int] = field(default_factory=dict)
    outputs: tuple[exp.Expr, ...] = ()
    needs_row: bool = False
    parent: ParentRelation | None = None
    copies: dict[str, str] = field(default_factory=dict)

    @property
    def raws(self) -> list[str]:
        """The raw columns of the relation."""
        return [*self.columns.values(), *self.copies]

    def row_of(self, values: Sequence[str | None]) -> dict[str, str | None]:
        """Tell what a row has in its raw columns; all values that it combines of one list."""
        found = dict(zip(self.raws, values, strict=True))
        row = {name: found[raw] for name, raw in self.columns.items()}
        for copy, name in self.copies.items():
            if found[copy] != row[name]:
                row[name] = f"{row[name]} | {found[copy]}"
        return row


@dataclass(frozen=True, slots=True)
class ParentRelation:
    """The relation ``parent`` of a join: its source, and its columns as in `RelationalModel`."""

    source: LogicalSource
    columns: dict[str, str]
    needs_row: bool
    copies: dict[str, str]
