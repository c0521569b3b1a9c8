"""The history of gaps: when each was first seen, last looked for, and gone."""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from kg.records import Gap
from kg.times import format_time

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterable
    from datetime import datetime

    from kg.records import Term

    Key: TypeAlias = tuple[Term, str, Term]
    Read: TypeAlias = Callable[..., list[Any]]
    Write: TypeAlias = Callable[[Callable[[sqlite3.Connection], None]], None]

_OPEN = "SELECT entity, slot, shape, severity, message FROM gap WHERE closed_at IS NULL"
_OPEN_IN_FULL = (
    "SELECT entity, slot, shape, severity, message, opened_at, checked_at FROM gap"
    " WHERE closed_at IS NULL ORDER BY id"
)
_OPEN_OF = (
    "SELECT entity, slot, shape, severity, message, opened_at, checked_at FROM gap"
    " WHERE closed_at IS NULL AND entity = ? ORDER BY id"
)
_ENTITIES = "SELECT DISTINCT entity FROM gap WHERE closed_at IS NULL AND shape = ?"
_CLOSE = (
    "UPDATE gap SET closed_at = ?, closed_seq = ?"
    " WHERE entity = ? AND slot = ? AND shape = ? AND closed_at IS NULL"
)
_STATE = """
INSERT INTO gap (entity, slot, shape, severity, message, opened_at, opened_seq)
VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (entity, slot, shape) WHERE closed_at IS NULL
DO UPDATE SET severity = excluded.severity, message = excluded.message
"""
_TIMED = "UPDATE gap SET checked_at = ? WHERE closed_at IS NULL AND shape = ?"
_META = "SELECT key, value FROM meta WHERE key IN ('checked_seq', 'checked_at', 'checked_by')"


@dataclass(frozen=True, slots=True)
class OpenGap(Gap):
    """A gap that is open: since when, up to which seq it was looked for, and when last.

    Times are ISO 8601, UTC.
    """

    opened_at: str
    checked_seq: int
    checked_at: str


@dataclass(frozen=True, slots=True)
class Checked:
    """Up to which record gaps were looked for, when (ISO 8601, UTC), and by which shapes."""

    seq: int = 0
    at: str = ""
    by: str = ""


class GapHistory:
    """The gaps of one journal file; only what differs is written.

    How far gaps were looked for is known at once, and in the file with the next difference or
    ``keep``: who finds less there looks again.
    """

    def __init__(self, read: Read, write: Write) -> None:
        self._read = read
        self._write = write
        held = dict(read(_META))
        seq, at, by = (held.get(f"checked_{what}", "") for what in ("seq", "at", "by"))
        self._kept = self.checked = Checked(int(seq or 0), at, by)
        self.tell: Callable[[Iterable[Term]], object] = _tell_nobody
        """Told of which entities gaps were written, after they were."""

    def replace(
        self, gaps: Iterable[Gap], checked: Checked, timed: Collection[Term] = ()
    ) -> tuple[list[Gap], list[Gap]]:
        """Make ``gaps`` the open ones: those that stay keep ``opened_at``, the others close.

        ``timed`` are shapes that only such a full look covers: their gaps remember its time.
        Gives what closed and what opened.
        """
        found = {_key(gap): gap for gap in gaps}
        before = {_key(gap): gap for gap in (Gap(*row) for row in self._read(_OPEN))}
        closed = [gap for key, gap in before.items() if key not in found]
        stated = [gap for key, gap in found.items() if before.get(key) != gap]
        self.change(closed, stated, checked, timed)
        return closed, [gap for gap in stated if _key(gap) not in before]

    def change(
        self,
        closed: Collection[Gap],
        stated: Collection[Gap],
        checked: Checked,
        timed: Collection[Term] = (),
    ) -> None:
        """Close gaps, and open others or state them anew; nothing is written where there is none.

        ``timed`` are shapes whose gaps were looked for besides: they remember the time.
        """
        if closed or stated or timed:
            self._note(closed, stated, checked, timed)
        else:
            self.checked = checked

    def doubt(self) -> None:
        """Let the gaps count as found by other shapes, so that all are looked for again."""
        self._note((), (), replace(self.checked, by=""), ())

    def keep(self) -> None:
        """Write down how far gaps were looked for."""
        if self.checked != self._kept:
            self._note((), (), self.checked, ())

    def open(self) -> list[OpenGap]:
        """Give the gaps that are open, the longest open first."""
        checked = self.checked
        return [
            OpenGap(entity, slot, shape, severity, message, opened, checked.seq, at or checked.at)
            for entity, slot, shape, severity, message, opened, at in self._read(_OPEN_IN_FULL)
        ]

    def of(self, entity: Term) -> list[OpenGap]:
        """Give the gaps that are open of one entity, the longest open first.

        ``checked_at`` is of those that remember a time of their own; else "": see ``in_full``.
        """
        rows, seq = self._read(_OPEN_OF, (entity,)), self.checked.seq
        return [
            OpenGap(entity, slot, shape, severity, message, opened, seq, at or "")
            for _, slot, shape, severity, message, opened, at in rows
        ]

    @staticmethod
    def in_full(gaps: Iterable[OpenGap], checked_at: str) -> list[OpenGap]:
        """Say when gaps without a time of their own were last looked for: with all others."""
        return [gap if gap.checked_at else replace(gap, checked_at=checked_at) for gap in gaps]

    def _note(
        self,
        closed: Collection[Gap],
        stated: Collection[Gap],
        checked: Checked,
        timed: Collection[Term],
    ) -> None:
        def write(connection: sqlite3.Connection) -> None:
            end, begin = (checked.at, checked.seq), (checked.at, checked.seq)
            connection.executemany(_CLOSE, [(*end, *_key(gap)) for gap in closed])
            connection.executemany(_STATE, [(*astuple(gap), *begin) for gap in stated])
            connection.executemany(_TIMED, [(checked.at, shape) for shape in sorted(timed)])
            connection.executemany(
                "INSERT OR REPLACE INTO meta VALUES (?, ?)",
                [
                    ("checked_seq", str(checked.seq)),
                    ("checked_at", checked.at),
                    ("checked_by", checked.by),
                ],
            )

        self._write(write)
        self._kept = self.checked = checked
        looked_at = (row[0] for shape in timed for row in self._read(_ENTITIES, (shape,)))
        self.tell({*(gap.entity for gap in (*closed, *stated)), *looked_at})


def _tell_nobody(_entities: Iterable[Term]) -> None:
    """Tell nobody."""


def checked_now(seq: int, now: datetime, by: str = "") -> Checked:
    """Say that gaps were looked for up to a record, at a time, by shapes of a digest."""
    return Checked(seq, format_time(now), by)


def _key(gap: Gap) -> Key:
    return gap.entity, gap.slot, gap.shape
