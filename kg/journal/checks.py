"""The history of checks: how much was linked and lacking, and since when each gap is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterable, Mapping

    Read: TypeAlias = Callable[..., list[Any]]
    Write: TypeAlias = Callable[[Callable[[sqlite3.Connection], None]], None]

_LINKED = (
    "SELECT link, have, total, none, not_due, unknown, at FROM linked"
    " WHERE id IN (SELECT max(id) FROM linked GROUP BY link)"
)
_LACKING = (
    "SELECT kind, state, gaps, at FROM lacking"
    " WHERE id IN (SELECT max(id) FROM lacking GROUP BY kind, state)"
)
_DAYS = """
SELECT day, sum(opened), sum(closed) FROM (
  SELECT substr(opened_at, 1, 10) AS day, 1 AS opened, 0 AS closed FROM gap
  UNION ALL SELECT substr(closed_at, 1, 10), 0, 1 FROM gap WHERE closed_at IS NOT NULL
  UNION ALL SELECT substr(opened_at, 1, 10), 1, 0 FROM finding
  UNION ALL SELECT substr(closed_at, 1, 10), 0, 1 FROM finding WHERE closed_at IS NOT NULL)
WHERE day >= ? GROUP BY day ORDER BY day
"""


class Linked(NamedTuple):
    """How much of one link was there, from ``at`` on (ISO 8601, UTC) until the next such row."""

    link: str
    have: int
    of: int
    none: int
    not_due: int
    unknown: int
    at: str = ""

    @property
    def missing(self) -> int:
        """What was left."""
        return self.of - self.have - self.none - self.not_due - self.unknown


class Lacking(NamedTuple):
    """How many gaps of a kind and state there were, from ``at`` on until the next such row."""

    kind: str
    state: str
    gaps: int
    at: str = ""


class Day(NamedTuple):
    """How many gaps opened and closed on a day (UTC)."""

    day: str
    opened: int
    closed: int


class CheckHistory:
    """The checks of one journal file; only what differs from the check before is written."""

    def __init__(self, read: Read, write: Write) -> None:
        self._read = read
        self._write = write

    def note(
        self,
        linked: Iterable[Linked],
        lacking: Iterable[Lacking],
        findings: Mapping[str, tuple[str, str, str]],
        at: str,
    ) -> None:
        """Note what a check found at a time.

        ``findings`` are the gaps that no shape tells of, by id: entity, slot and kind. Those that
        are known stay open since when they are, the others of before close.
        """
        before = {row[0]: row for row in self.linked_now()}
        rows = [row for row in linked if before.get(row.link, ())[:6] != row[:6]]
        counted = {(row.kind, row.state): row.gaps for row in lacking}
        known = {(row.kind, row.state): row.gaps for row in self.lacking_now()}
        counts = [
            (*key, counted.get(key, 0))
            for key in sorted(counted.keys() | known.keys())
            if counted.get(key, 0) != known.get(key, 0)
        ]
        opened = self.open_since()
        gone = opened.keys() - findings.keys()
        new = [(name, *told) for name, told in sorted(findings.items()) if name not in opened]
        if rows or counts or gone or new:
            self._write(lambda connection: _note(connection, at, rows, counts, gone, new))

    def linked_now(self) -> list[Linked]:
        """Give how much was linked at the last check."""
        return [Linked(*row) for row in self._read(_LINKED)]

    def lacking_now(self) -> list[Lacking]:
        """Give how much was lacking at the last check."""
        return [Lacking(*row) for row in self._read(_LACKING)]

    def open_since(self) -> dict[str, str]:
        """Give since when each gap that no shape tells of is open, by its id."""
        return dict(self._read("SELECT gap, opened_at FROM finding WHERE closed_at IS NULL"))

    def linked(self, since: str = "") -> list[Linked]:
        """Give how coverage changed, the oldest first."""
        query = "SELECT link, have, total, none, not_due, unknown, at FROM linked WHERE at >= ?"
        return [Linked(*row) for row in self._read(f"{query} ORDER BY id", (since,))]

    def lacking(self, since: str = "") -> list[Lacking]:
        """Give how the numbers of gaps changed, the oldest first."""
        query = "SELECT kind, state, gaps, at FROM lacking WHERE at >= ? ORDER BY id"
        return [Lacking(*row) for row in self._read(query, (since,))]

    def days(self, since: str = "") -> list[Day]:
        """Give how many gaps opened and closed on each day on which some did."""
        return [Day(*row) for row in self._read(_DAYS, (since[:10],))]


def _note(
    connection: sqlite3.Connection,
    at: str,
    rows: Iterable[Linked],
    counts: Iterable[tuple[str, str, int]],
    gone: Collection[str],
    new: Iterable[tuple[str, ...]],
) -> None:
    connection.executemany(
        "INSERT INTO linked (link, have, total, none, not_due, unknown, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(*row[:6], at) for row in rows],
    )
    connection.executemany(
        "INSERT INTO lacking (kind, state, gaps, at) VALUES (?, ?, ?, ?)",
        [(*count, at) for count in counts],
    )
    connection.executemany(
        "UPDATE finding SET closed_at = ? WHERE gap = ? AND closed_at IS NULL",
        [(at, gap) for gap in sorted(gone)],
    )
    connection.executemany(
        "INSERT INTO finding (gap, entity, slot, kind, opened_at) VALUES (?, ?, ?, ?, ?)",
        [(*told, at) for told in new],
    )
