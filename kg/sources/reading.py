"""What reading one table gives: its records, and how far and how completely it was read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kg.records import Filtered, Record, Rejected, Scalar
    from kg.settings import TableSettings

Item: TypeAlias = "Record | Rejected | Filtered"


@dataclass(slots=True)
class Reading:
    """One table's rows; the other fields hold once ``items`` is exhausted.

    ``cursor`` is where the next reading goes on ("" where there is no such place).
    ``is_whole`` says that this was a complete snapshot: a key that is not among ``seen_keys``
    is gone. A row that could not be read may have had any key, so it makes a snapshot unwhole.
    ``is_from_start`` says that all rows there are were read, and not only those after a cursor.
    ``is_settled`` is asked before anything is taken for gone, and may take its time; ``waits``
    says what is left for the next reading, and why. ``present_keys`` are all that there are, where
    a reading of what is new compared them; ``missed`` says what can never be read any more.
    ``cut_short`` says why it ended before its end: it is not whole, and the next one goes on there.
    ``signature``, which is there before ``items`` are asked for, is another as soon as they may be
    ("" where that cannot be told).
    """

    table: TableSettings
    items: Iterator[Item]
    cursor: str = ""
    is_whole: bool = False
    is_from_start: bool = True
    seen_keys: set[str] = field(default_factory=set)
    is_settled: Callable[[], bool] = lambda: True
    waits: str = ""
    present_keys: set[str] | None = None
    missed: str = ""
    cut_short: str = ""
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row as the adapter read it: its cells by column, where it stood, and its own text.

    ``place`` ends in ``#`` where the key completes it; ``raw`` "" means: as JSON of the cells.
    """

    cells: dict[str, Scalar]
    place: str
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that has no cells to look at: what is wrong with it and what to do."""

    place: str
    code: str
    message: str
    hint: str
    raw: str
