"""Measures: how many records each table gave, when, and how long after they became true."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Read = Callable[..., list[Any]]

LOOKED_AT = 200_000
"""How many of the newest versions delays are measured of: history is longer than memory."""
_PAGE = 20_000
# Both walk the index of a record's identity, which has the seq at its end, and no row.
_COUNTED = """
SELECT counted.source, counted.kind, counted.versions, coalesce(live.records, 0),
  oldest.recorded, latest.recorded
FROM (SELECT source, kind, count(*) AS versions, min(seq) AS oldest, max(seq) AS latest
  FROM record GROUP BY source, kind) AS counted
JOIN record AS oldest ON oldest.seq = counted.oldest
JOIN record AS latest ON latest.seq = counted.latest
LEFT JOIN (SELECT source, kind, count(*) AS records FROM newest WHERE NOT deleted
  GROUP BY source, kind) AS live USING (source, kind)
ORDER BY counted.source, counted.kind
"""
_ARRIVED = """
SELECT seq, source, kind, effective, recorded FROM record
WHERE seq > ? AND effective IS NOT NULL AND NOT deleted ORDER BY seq LIMIT ?
"""


class Counted(NamedTuple):
    """What a table gave: versions ever, records that stand now, and when the first and last came.

    Times are ISO 8601, UTC. What was first read came at ``first``: history that was there before
    anybody looked, of which no delay can be told.
    """

    source: str
    kind: str
    versions: int
    records: int
    first: str
    last: str


class Came(NamedTuple):
    """A version that says since when it is true, and when it was received."""

    source: str
    kind: str
    effective: datetime
    recorded: datetime


class Measures:
    """Measures one journal file; any thread may ask."""

    def __init__(self, read: Read) -> None:
        self._read = read

    def tables(self) -> list[Counted]:
        """Count what each table gave."""
        return [Counted(*row) for row in self._read(_COUNTED)]

    def came(self, most: int = LOOKED_AT) -> Iterator[Came]:
        """Give of the newest ``most`` versions those that came after their table's first reading.

        The oldest comes first. Tombstones, and what is only known since it was seen, are left out.
        """
        firsts = {(table.source, table.kind): table.first for table in self.tables()}
        (last,) = self._read("SELECT coalesce(max(seq), 0) FROM record")[0]
        seq = last - most
        while rows := self._read(_ARRIVED, (seq, _PAGE)):
            seq = rows[-1][0]
            for _, source, kind, effective, recorded in rows:
                if recorded != firsts.get((source, kind)):
                    times = datetime.fromisoformat(effective), datetime.fromisoformat(recorded)
                    yield Came(source, kind, *times)
