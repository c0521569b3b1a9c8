"""Every error that Traveler raises on purpose.

::

    TravelerError                 message, hint, code
    ├── ConfigError               plant.toml, source.toml or an option is wrong
    ├── MappingError              a mapping is wrong: file, line, term
    ├── SourceError               a system cannot be read as a whole
    ├── JournalError              the journal cannot be written or read
    │   └── DiskFull              the disk has too little room to take anything in
    ├── StoreError                the store cannot be opened, written or read
    │   ├── StoreFull             the disk has too little room to write the graph
    │   └── StoreLocked           another process owns the store
    ├── QueryError                a query is refused or failed
    │   └── QueryTimeout          a query took longer than it may
    ├── BackupError               a backup cannot be made, is damaged, or cannot be restored
    ├── AccessError               who asks is not known, or may not have what is asked for
    ├── HistoryError              a time is asked about that cannot be answered for as a whole
    ├── CardError                 a card has no room for what is never cut
    ├── OntologyError             the ontology or a shape cannot be used
    └── UnknownEntity             no such machine, job, customer, batch …

Bad *data* is never an error: it is a quarantined record or a gap.
"""

from __future__ import annotations


class TravelerError(Exception):
    """Carries what went wrong, what to do about it, and a stable code for machines."""

    code = "error"
    exit_code = 2

    def __init__(self, message: str, *, hint: str = "", code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if code is not None:
            self.code = code


class ConfigError(TravelerError):
    """A setting is missing, unknown or impossible; the message names file and key."""

    code = "config"


class MappingError(TravelerError):
    """A mapping cannot be used; the message names file, line and term."""

    code = "mapping"


class SourceError(TravelerError):
    """A whole source or table cannot be read; single bad rows are quarantined instead.

    ``status`` is that of an HTTP answer, 0 if it was none; ``retry_after_seconds`` is how long the
    source asked to be left alone, if it did.
    """

    code = "source"
    status = 0
    retry_after_seconds: float | None = None


class JournalError(TravelerError):
    """The journal file cannot be opened, written or read."""

    code = "journal"


class DiskFull(JournalError):
    """The disk has too little room: nothing is taken in, and answers go on."""

    code = "disk-full"


class StoreError(TravelerError):
    """The graph store cannot be opened, written or read."""

    code = "store"


class StoreFull(StoreError):
    """The disk has too little room: the graph stays as it is, and follows when there is some."""

    code = "disk-full"


class StoreLocked(StoreError):
    """Another process owns the store; only one may hold it open."""

    code = "store-locked"


class QueryError(TravelerError):
    """A query is not valid, not allowed, or failed while running."""

    code = "query"


class QueryTimeout(QueryError):
    """A query ran past its deadline and was stopped; there is no partial answer."""

    code = "query-timeout"


class BackupError(TravelerError):
    """A backup cannot be made, is not as it was written, or would replace what is there."""

    code = "backup"


class AccessError(TravelerError):
    """Who asks is not known, or may not do or see this; never holds a key or a token."""

    code = "unauthorized"


class HistoryError(TravelerError):
    """What was at a time is no longer known as a whole, or cannot be told; never half an answer."""

    code = "before-horizon"


class OntologyError(TravelerError):
    """An ontology file, shape or question cannot be used."""

    code = "ontology"


class CardError(TravelerError):
    """A card cannot be as short as is asked; the message says how many tokens it needs."""

    code = "card-too-short"


class UnknownEntity(TravelerError):
    """Nothing in the graph has this id or label; near misses stand in the hint."""

    code = "unknown-entity"


def printable(text: str) -> str:
    """Keep a terminal safe from text of data: one line, without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
