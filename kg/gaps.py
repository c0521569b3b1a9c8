"""Gaps: those on record kept in step with the present, at the cost of what changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.journal import checked_now
from kg.reason.step import ASSERTED, DERIVED
from kg.store import EmbeddedStore
from kg.validate.validator import Validator

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from kg.changes import Changes
    from kg.journal import Journal
    from kg.reason.present import Present
    from kg.records import Fact
    from kg.store import Store
    from kg.validate.gaps import PlantShapes
    from kg.validate.validator import Difference


class Gaps:
    """Follows the present of one plant, in memory, with what its shapes find.

    ``digest`` names the shapes: gaps on record that others found are looked for again. One thread
    at a time, and the one that changes the present.
    """

    def __init__(
        self, shapes: PlantShapes, digest: str, journal: Journal, changes: Changes
    ) -> None:
        self._shapes = shapes
        self._digest = digest
        self._journal = journal
        self._changes = changes
        journal.gaps.tell = changes.touched.tell_gaps
        self._data: Present | EmbeddedStore | None = None
        self._validator: Validator | None = None
        self._removed: set[Fact] = set()
        self._added: set[Fact] = set()
        self._timed_seq = -1

    def note(self, removed: Iterable[Fact], added: Iterable[Fact]) -> None:
        """Remember what changed in the present, until gaps are next looked for."""
        if self._validator is not None:
            self._removed.update(removed)
            self._added.update(added)

    def doubt(self) -> None:
        """Say that the graph is about to change without a new record: gaps are looked for again.

        It is on the disk when this returns, for whoever goes on where this process ends.
        """
        self._journal.gaps.doubt()

    def are_known(self, seq: int) -> bool:
        """Tell whether the gaps on record are of a graph that has reached a record."""
        checked = self._journal.gaps.checked
        return (checked.seq, checked.by) == (seq, self._digest)

    def count(self) -> int:
        """Count the gaps that are open."""
        if self._validator is not None:
            return self._validator.count()
        return len(self._journal.gaps.open())

    def follow(self, store: Store, present: Present | None, now: datetime) -> int:
        """Look at what changed, or at all in a present that is new here; counts the open gaps.

        It is the store's; None: the store is looked at as it stands.

        Raises:
            OntologyError: a shape cannot be run.
        """
        seq = store.applied_seq()
        data: Present | EmbeddedStore | None = present
        if data is None:
            data = EmbeddedStore.in_memory(store.base)
            data.bulk_load(f"{s} {p} {o} {ASSERTED} ." for s, p, o in store.graph(""))
        if data is not self._data:
            self._data, self._validator = data, None
        validator = self._validator
        if validator is None:
            return self._begin(data, seq, now)
        removed, self._removed = self._removed, set()
        added, self._added = self._added, set()
        self._validator = None  # should this fail, all is looked at
        self._put(validator.update(removed, added), seq, now)
        self._validator = validator
        return self.count()

    def look_at_timed(self, seq: int, now: datetime) -> int:
        """Look again at what changes do not lead to, after ``follow``; counts all open gaps.

        Raises:
            OntologyError: a shape cannot be run.
        """
        validator = self._validator
        if validator is not None and self._shapes.timed and self._timed_seq != seq:
            self._validator = None
            self._put(validator.look_at_timed(), seq, now, is_timed=True)
            self._validator = validator
        return self.count()

    def _begin(self, data: Present | EmbeddedStore, seq: int, now: datetime) -> int:
        """Go on from the gaps on record where they are of this record, or look at everything."""
        validator = Validator(self._shapes, data, (ASSERTED, DERIVED))
        history = self._journal.gaps
        self._removed, self._added = set(), set()
        if not (self.are_known(seq) and validator.restore(history.open())):
            checked = checked_now(seq, now, self._digest)
            timed = self._shapes.timed_shapes()
            closed, opened = history.replace(validator.full(), checked, timed)
            self._changes.tell_gaps(closed, opened, seq)
            self._timed_seq = seq
        self._validator = validator
        return self.count()

    def _put(
        self, difference: Difference, seq: int, now: datetime, *, is_timed: bool = False
    ) -> None:
        timed = self._shapes.timed_shapes() if is_timed else ()
        checked = checked_now(seq, now, self._digest)
        self._journal.gaps.change(difference.closed, difference.stated, checked, timed)
        self._changes.tell_gaps(difference.closed, difference.opened, seq)
        self._timed_seq = seq if is_timed else self._timed_seq
