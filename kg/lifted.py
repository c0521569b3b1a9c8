"""Lifted: for each record the facts of its newest version, or of the last one that can be lifted.

A version that cannot be lifted waits in quarantine and takes nothing away: the version before it
stays current, as it does where a row cannot even be read. Which one stands in is on record.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kg.lift import Engine, Lifter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kg.journal import Journal
    from kg.records import Fact, Record, Rejected, Term
    from kg.settings import Plant

_KEEPS_FACTS = {"lookup-miss"}
"""Codes of rejections that cost a record one fact and not all of them."""


@dataclass(slots=True)
class Lifted:
    """Records with their facts; those that stand in for a newer version; what was rejected."""

    facts: list[tuple[Record, list[Fact]]] = field(default_factory=list)
    stand_ins: list[Record] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


class Lifters:
    """Lifts the records of all sources of a plant.

    Raises:
        MappingError: a mapping cannot be used; the message names file, line and term.
    """

    def __init__(
        self,
        plant: Plant,
        journal: Journal,
        report: Callable[[str, str], None],
        *,
        is_strict: bool = True,
    ) -> None:
        engine = Engine()
        self.of_source = {
            source.name: Lifter(source, plant.base, engine, is_strict=is_strict)
            for source in plant.every_source
        }
        self._journal = journal
        self._report = report

    def prepare(self) -> None:
        """Plan every SELECT now; see ``Lifter.prepare``."""
        for lifter in self.of_source.values():
            lifter.prepare()

    def produced(self) -> dict[str, frozenset[tuple[str, str, str]]]:
        """Give what each source's mappings can say; see ``Lifter.produces``."""
        return {name: lifter.produces() for name, lifter in self.of_source.items()}

    def columns_of(self, source: str, kind: str, predicate: Term) -> tuple[str, ...]:
        """Name the columns of which a source's table makes a predicate term."""
        lifter = self.of_source.get(source)
        return lifter.columns_of(kind, predicate) if lifter is not None else ()

    def lift(self, records: Iterable[Record]) -> Lifted:
        """Lift the newest versions of records; those of a source that is gone give no facts."""
        by_source: dict[str, list[Record]] = defaultdict(list)
        for record in records:
            by_source[record.source].append(record)
        lifted = Lifted()
        for name, group in by_source.items():
            self._report("lift", f"{name}: {len(group)} records")
            failed = self._lift_group(name, group, lifted.facts, lifted.rejected)
            while failed:
                failed = self._stand_in(name, failed, lifted)
        return lifted

    def lift_each(self, records: Sequence[Record]) -> list[tuple[Record, list[Fact]]]:
        """Lift versions for themselves; one that cannot be lifted has no facts."""
        facts, failed = self.lift_versions(records)
        return [*facts, *((record, []) for record in failed)]

    def lift_versions(
        self, records: Sequence[Record]
    ) -> tuple[list[tuple[Record, list[Fact]]], list[Record]]:
        """Lift versions for themselves; gives those that cannot be lifted apart.

        They may be versions of one record: that one of them cannot be lifted says nothing of
        the others.
        """
        by_source: dict[str, list[Record]] = defaultdict(list)
        for record in records:
            by_source[record.source].append(record)
        facts: list[tuple[Record, list[Fact]]] = []
        failed = []
        for name, group in by_source.items():
            bad = self._lift_group(name, group, facts, [])
            held = Counter((record.kind, record.key) for record in bad)
            for record in bad:
                # A rejection names the record and not its version: each is tried alone.
                is_alone = held[record.kind, record.key] == 1
                failed += [record] if is_alone else self._lift_group(name, [record], facts, [])
        return facts, failed

    def _stand_in(self, source: str, failed: Sequence[Record], lifted: Lifted) -> list[Record]:
        """Try the version before each record; gives those that cannot be lifted either."""
        before = self._journal.versions_before(failed)
        tried = []
        for record in failed:
            earlier = before.get(record.seq)
            if earlier is None or earlier.deleted:
                lifted.facts.append((record, []))
            else:
                tried.append(earlier)
        # Their rejections are of the past: the newest version's alone can be mended.
        still = self._lift_group(source, tried, lifted.facts, [])
        gone = {record.seq for record in still}
        lifted.stand_ins += [record for record in tried if record.seq not in gone]
        return still

    def _lift_group(
        self,
        source: str,
        group: Sequence[Record],
        facts: list[tuple[Record, list[Fact]]],
        rejected: list[Rejected],
    ) -> list[Record]:
        """Lift versions of one source; gives those that cannot be lifted, which have no facts."""
        lifter = self.of_source.get(source)
        if lifter is None:
            facts += [(record, []) for record in group]
            return []
        given = lifter.lift(group)
        rejected += given.rejected
        bad = {(row.kind, row.key) for row in given.rejected if row.code not in _KEEPS_FACTS}
        failed = []
        for record, said in zip(group, given.facts, strict=True):
            if (record.kind, record.key) in bad:
                failed.append(record)
            else:
                facts.append((record, said))
        return failed
