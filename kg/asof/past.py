"""Past: of which things older versions of records spoke, that today's graph knows nothing of.

What the newest version of a record says stands in the graph, whose indexes find it. The versions
before it are found here: by hashes of the IRIs that they speak of, in a file beside the graph. It
is made of the journal, follows it when it is asked, and can be deleted.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from hashlib import blake2b
from threading import Lock
from typing import TYPE_CHECKING

from kg.errors import StoreError
from kg.reason.goals import is_shared
from kg.vocab import OWL_SAME_AS, RDF_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from kg.journal import Journal
    from kg.records import Fact, Record, Term

    Place = tuple[str, str, str]
    """A record's source, table and key."""
    LiftEach = Callable[[Sequence[Record]], list[tuple[Record, list[Fact]]]]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS state (made_of TEXT NOT NULL, seq INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS place (
  id INTEGER PRIMARY KEY, source TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL,
  UNIQUE (source, kind, key));
CREATE TABLE IF NOT EXISTS mention (
  term INTEGER NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (term, place)) WITHOUT ROWID;
"""
_FIND = """
SELECT DISTINCT place.source, place.kind, place.key FROM json_each(?) AS wanted
CROSS JOIN mention ON mention.term = wanted.value CROSS JOIN place ON place.id = mention.place
"""
_PLACE = "INSERT OR IGNORE INTO place (source, kind, key) VALUES (?, ?, ?)"
_MENTION = """
INSERT OR IGNORE INTO mention
SELECT ?, id FROM place WHERE source = ? AND kind = ? AND key = ?
"""


class Past:
    """The index of one plant; any thread may ask.

    ``made_of`` names what lifts its records: an index that other mappings made is made anew.
    """

    def __init__(self, path: Path, journal: Journal, made_of: str, lift_each: LiftEach) -> None:
        self._path = path
        self._journal = journal
        self._made_of = f"{journal.id} {made_of}"
        self._lift_each = lift_each
        self._turn = Lock()
        self._followed = -1
        self._reader: sqlite3.Connection | None = None

    def follow(self) -> None:
        """Take in what was replaced since it was last asked; the first time that is everything.

        Raises:
            StoreError: the file cannot be written.
        """
        with self._turn:
            until = self._journal.last_seq()
            if until == self._followed:
                return
            try:
                with closing(self._open()) as connection:
                    self._take_in(connection, until)
            except sqlite3.DatabaseError as error:
                raise self._unusable(error) from error
            self._followed = until

    def places_of(self, terms: Iterable[Term]) -> set[Place]:
        """Give the records of which a version that was replaced speaks of one of these IRIs."""
        wanted = ",".join(str(_hash(term)) for term in terms)
        try:
            with self._turn:
                if self._reader is None:
                    self._reader = self._open()
                return {tuple(row) for row in self._reader.execute(_FIND, (f"[{wanted}]",))}
        except sqlite3.DatabaseError as error:
            raise self._unusable(error) from error

    def aliasing(self) -> set[Place]:
        """Give the records of which a version that was replaced said what is the same."""
        return self.places_of([OWL_SAME_AS])

    def close(self) -> None:
        """Let the file go."""
        with self._turn:
            if self._reader is not None:
                self._reader.close()
                self._reader = None

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=30.0, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(_SCHEMA)
        return connection

    def _take_in(self, connection: sqlite3.Connection, until: int) -> None:
        connection.execute("BEGIN IMMEDIATE")
        held = connection.execute("SELECT made_of, seq FROM state").fetchone()
        after = held[1] if held is not None and held[0] == self._made_of else 0
        if after == 0 or after > until:
            after = 0
            for table in ("mention", "place", "state"):
                connection.execute(f"DELETE FROM {table}")
        for page in self._journal.history.replaced(after, until):
            pairs = list(self._mentions(page))
            places = {place for _, place in pairs}
            connection.executemany(_PLACE, places)
            connection.executemany(_MENTION, ((term, *place) for term, place in pairs))
        connection.execute("DELETE FROM state")
        connection.execute("INSERT INTO state VALUES (?, ?)", (self._made_of, until))
        connection.execute("COMMIT")

    def _mentions(self, records: Sequence[Record]) -> Iterator[tuple[int, Place]]:
        for record, facts in self._lift_each(records):
            place = (record.source, record.kind, record.key)
            for term in mentioned(facts):
                yield _hash(term), place

    def _unusable(self, error: Exception) -> StoreError:
        return StoreError(
            f"the index of the past {self._path} cannot be used: {error}",
            hint="free some space, or delete the file: it is made anew of the journal",
        )


def mentioned(facts: Iterable[Fact]) -> set[Term]:
    """Give the things that facts speak of, and ``owl:sameAs`` where they say what is the same."""
    found: set[Term] = set()
    for s, p, o in facts:
        found.add(s)
        if p == OWL_SAME_AS:
            found.add(p)
        if o[0] == "<" and p != RDF_TYPE and not is_shared(o):
            found.add(o)
    return found


def _hash(term: Term) -> int:
    """Give a number of 63 bits; two terms that share one cost a look at a record, no more."""
    return int.from_bytes(blake2b(term.encode(), digest_size=8).digest(), "big") >> 1
