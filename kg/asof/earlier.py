"""Earlier: what records said of a thing before their newest versions said something else."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from kg.journal.history import History
    from kg.records import Fact, Record, Term

    LiftEach = Callable[[Sequence[Record]], list[tuple[Record, list[Fact]]]]


@dataclass(frozen=True, slots=True)
class Earlier:
    """A value that a record no longer gives; times are ISO 8601, UTC.

    ``since`` is when the first of its versions with this value became true, or came where it says
    no time, ``until`` the same of the version that took it back.
    """

    record: str
    predicate: Term
    value: Term
    version: str | None
    since: str
    until: str


def find_earlier(
    history: History,
    lift_each: LiftEach,
    records: Sequence[Record],
    wanted: Collection[tuple[Term, Term]],
) -> list[Earlier]:
    """Give what earlier versions of records said by properties of things, the newest first.

    ``wanted`` are (subject, predicate), with every name that a record may call the subject by.
    """
    keys: dict[tuple[str, str], list[str]] = defaultdict(list)
    for record in records:
        keys[record.source, record.kind].append(record.key)
    found: list[Earlier] = []
    for (source, kind), group in keys.items():
        versions: dict[str, list[Record]] = defaultdict(list)
        for version in history.versions(source, kind, group):
            versions[version.key].append(version)
        for several in versions.values():
            if len(several) > 1:
                found += _replaced(lift_each(several), wanted)
    return sorted(found, key=lambda one: (one.until, one.value), reverse=True)


def _replaced(
    lifted: Sequence[tuple[Record, list[Fact]]], wanted: Collection[tuple[Term, Term]]
) -> Iterator[Earlier]:
    """Follow the values of one record through its versions, the oldest first."""
    since: dict[tuple[Term, Term], Record] = {}
    for version, facts in sorted(lifted, key=lambda pair: pair[0].seq):
        said = set() if version.deleted else {(p, o) for s, p, o in facts if (s, p) in wanted}
        for predicate, value in sorted(since.keys() - said):
            first = since.pop((predicate, value))
            yield Earlier(
                version.path(), predicate, value, first.version, _when(first), _when(version)
            )
        for pair in said - since.keys():
            since[pair] = version


def _when(record: Record) -> str:
    return record.effective or record.recorded
