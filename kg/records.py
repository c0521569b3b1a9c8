"""A record: one version of one row or message, as a source gave it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Scalar: TypeAlias = str | int | float | bool | None
EffectiveBy: TypeAlias = Literal["event", "changed", "seen"]
Term: TypeAlias = str
"""An RDF term in N-Triples syntax: ``<iri>`` or ``"text"^^<datatype>``."""
Fact: TypeAlias = tuple[Term, Term, Term]
"""Subject, predicate and object."""


@dataclass(frozen=True, slots=True)
class Record:
    """One version of one record, before or after it stands in the journal.

    ``effective`` is when it became true in the plant (ISO 8601, UTC, ``Z``), taken from
    ``effective_by``: an event's time, the row's changed-at, or nothing (first seen).
    ``position`` says where it was read: ``factory.sqlite:production#12``, ``events.jsonl:17``.
    ``version`` is the source's own version before the journal, the journal's after it.
    ``seq`` and ``recorded`` (ISO 8601, UTC) are given by the journal; 0 and "" before.
    ``personal`` is what a row says of a person by name: kept apart, and no part of ``row``.
    """

    source: str
    kind: str
    key: str
    row: Mapping[str, Scalar]
    position: str
    version: str | None = None
    effective: str | None = None
    effective_by: EffectiveBy = "seen"
    deleted: bool = False
    seq: int = 0
    recorded: str = ""
    personal: Mapping[str, str] | None = None

    def path(self) -> str:
        """Give the record's place below the plant's base: ``record/{source}/{kind}/{key}``."""
        return record_path(self.source, self.kind, self.key)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that cannot become a record or facts, with all that is needed to mend and replay it.

    ``stage`` is ``read`` or ``lift``; ``code`` is stable (``empty-key``, ``bad-time``,
    ``bad-number``, ``bad-unit``, ``bad-literal``, ``bad-iri``, ``bad-row``, ``bad-encoding``).
    ``raw`` is the row as it came: bytes that are no UTF-8 stand in it as lone surrogates
    (``surrogateescape``).
    """

    source: str
    kind: str
    position: str
    stage: Literal["read", "lift"]
    code: str
    message: str
    hint: str
    raw: str
    key: str | None = None


@lru_cache(maxsize=1 << 14)
def record_path(source: str, kind: str, key: str) -> str:
    """Percent-encode a record's names into its IRI path (RFC 3986, unreserved kept)."""
    return f"record/{quote(source, safe='')}/{quote(kind, safe='')}/{quote(key, safe='')}"


@dataclass(frozen=True, slots=True)
class Filtered:
    """A row that a declared rule leaves out; the balance counts it under ``rule``."""

    kind: str
    rule: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A link that a shape demands and the graph has not, as validation found it.

    ``entity`` and ``shape`` are IRI terms, ``slot`` is the shape's ``tr:slot`` (or the local name
    of its path), ``severity`` is ``violation``, ``warning`` or ``info``.
    """

    entity: Term
    slot: str
    shape: Term
    severity: str
    message: str


def newest_of(records: Iterable[Record]) -> list[Record]:
    """Keep the newest version of each record, in the order in which they came."""
    newest: dict[tuple[str, str, str], Record] = {}
    for record in records:
        place = (record.source, record.kind, record.key)
        newest.pop(place, None)
        newest[place] = record
    return list(newest.values())
