"""Mapped: rows of a table, and beside each what its mapping makes of it as its files stand now."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from kg import vocab
from kg.answer.evidence import short
from kg.answer.planning.planner import local_name
from kg.draft.sample import read_records
from kg.errors import ConfigError, UnknownEntity
from kg.lift import Lifter
from kg.recipe import digest_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from kg.journal import Journal
    from kg.lift.model import Claim
    from kg.records import Fact, Record, Rejected, Term
    from kg.settings import Plant, SourceSettings, TableSettings


@dataclass(frozen=True, slots=True)
class Made:
    """A fact of one row in short, the columns that its value is made of, and the mapping's line."""

    about: str
    predicate: str
    value: str
    columns: tuple[str, ...]
    line: int | None


@dataclass(frozen=True, slots=True)
class MappedRow:
    """A row, its facts, and what of it could not be lifted."""

    record: Record
    made: tuple[Made, ...]
    faults: tuple[Rejected, ...]


@dataclass(frozen=True, slots=True)
class MappedTable:
    """Rows of a table; columns that nothing reads; rows that could not even be read.

    ``is_current``: answers go by this mapping; ``is_loaded``: its rows are those of the journal.
    """

    file: str
    is_current: bool
    is_loaded: bool
    unused: tuple[str, ...]
    rows: tuple[MappedRow, ...]
    unread: tuple[Rejected, ...] = ()


def map_rows(
    written: Plant,
    journal: Journal,
    place: tuple[str, str],
    current: Mapping[tuple[str, str], str],
    most: int,
    now: datetime,
) -> MappedTable:
    """Lift the first ``most`` rows of a (source, table) by what the plant's files say now.

    Rows are those that the journal has, in the order of their keys; of a table that answers know
    nothing of yet they are read from its source, and stay nowhere. ``current`` has the digest of
    each mapping that answers go by. Names of people are in no row.

    Raises:
        UnknownEntity: there is no such source or table.
        MappingError: the mapping cannot be used; the message names file, line and term.
        SourceError: a table that is not loaded cannot be read.
    """
    source, table = _find(written, place)
    unread: list[Rejected] = []
    if place in current:
        records = journal.history.first_of(*place, most)
    else:
        alone = source.model_copy(update={"tables": (table,)})
        records = list(islice(read_records(alone, now, unread), most))
    together = tuple(one for one in source.tables if one.mapping == table.mapping)
    lifter = Lifter(source.model_copy(update={"tables": together}), written.base)
    try:
        rows = _mapped(lifter, records, written.base)
        unused = _unused(lifter, table, records)
    finally:
        lifter.close()
    return MappedTable(
        f"{source.folder.name}/{table.mapping}",
        digest_table(source, table) == current.get(place),
        place in current,
        unused,
        rows,
        tuple(unread[:most]),
    )


def _find(written: Plant, place: tuple[str, str]) -> tuple[SourceSettings, TableSettings]:
    try:
        source = written.source(place[0])
        return source, source.table(place[1])
    except ConfigError as error:
        raise UnknownEntity(error.message, hint=error.hint) from error


def _mapped(lifter: Lifter, records: Sequence[Record], base: str) -> tuple[MappedRow, ...]:
    lifted = lifter.lift(records)
    return tuple(
        MappedRow(
            record,
            tuple(_made(lifter.claims_of(record.kind), facts, base)),
            tuple(one for one in lifted.rejected if one.key == record.key),
        )
        for record, facts in zip(records, lifted.facts, strict=True)
    )


def _made(claims: Sequence[Claim], facts: Sequence[Fact], base: str) -> Iterator[Made]:
    classes: dict[Term, set[Term]] = {}
    for about, predicate, value in facts:
        if predicate == vocab.RDF_TYPE:
            classes.setdefault(about, set()).add(value)
    for about, predicate, value in facts:
        is_class = predicate == vocab.RDF_TYPE
        wanted = {value} if is_class else classes.get(about, {""})
        said = [claim for claim in claims if claim.predicate == predicate]
        # Two of a row's things may have the same property, each by a line of its own.
        said = [claim for claim in said if claim.class_term in wanted] or said
        yield Made(
            short(about, base),
            _name(predicate),
            local_name(value) if is_class else short(value, base),
            tuple(dict.fromkeys(name for claim in said for name in claim.columns)),
            min((claim.line for claim in said), default=None),
        )


def _name(predicate: Term) -> str:
    return "a" if predicate == vocab.RDF_TYPE else local_name(predicate)


def _unused(lifter: Lifter, table: TableSettings, records: Sequence[Record]) -> tuple[str, ...]:
    """Name the columns of these rows that nothing reads, in the order of the rows."""
    used = {*lifter.reads(table.name), *table.key, *table.changed, table.event_time, table.version}
    seen = dict.fromkeys(column for record in records for column in record.row)
    return tuple(column for column in seen if column not in used)
