"""Messages: what arrives by itself, made into records by the rules that rows of files obey."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import TYPE_CHECKING

from kg.csvrows import LONGEST_LINE
from kg.records import Filtered, Record
from kg.sources.admission import Admission
from kg.sources.cells import is_encodable
from kg.sources.delimited import refuse_encoding
from kg.sources.objects import object_row, refuse_json
from kg.sources.reading import Reading, Row, Unreadable
from kg.sources.topics import match_topic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kg.records import Scalar
    from kg.settings import SourceSettings, TableSettings
    from kg.sources.drift import Drift
    from kg.sources.reading import Item

_SHOWN = 10_000
_EMPTY = "the payload is empty"


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it came: where (a topic, or ``POST …``), its bytes, and columns beside them.

    ``problem`` says why whoever received it could not make sense of it: it goes into quarantine.
    """

    place: str
    content: bytes
    columns: Mapping[str, Scalar] = field(default_factory=dict)
    problem: Unreadable | None = None


@dataclass(slots=True)
class Messages:
    """What a batch of messages of one table became; whole once ``items`` were asked for.

    ``seen_keys`` are those of its records; ``warnings`` tell of columns that changed.
    """

    items: list[Item] = field(default_factory=list)
    seen_keys: set[str] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)


def read_messages(
    source: SourceSettings, table: TableSettings, messages: Iterable[Message], drift: Drift
) -> Messages:
    """Make records of messages: an object, an array of objects, or one bare value each.

    A message that names no version of its own has a hash of its time and content for one, so that
    it changes nothing when it is delivered again. Without a time it is compared with the last one
    of its key only: true again is a change, and what is delivered again comes in its order.
    """
    admission, reading = _admission(source, table)
    read = Messages()
    whole: list[Row] = []

    def rows() -> Iterator[Row | Unreadable]:
        for message in messages:
            if not message.content and message.problem is None:
                read.items.append(Filtered(table.name, _EMPTY))
                continue
            for row in _rows(message):
                checked = _checked(row, admission, drift)
                if isinstance(checked, Row):
                    whole.append(checked)
                yield checked

    read.items += [_versioned(item) for item in admission.admit(rows(), reading)]
    read.seen_keys = reading.seen_keys
    read.warnings = drift.changes(whole)
    return read


def reread_rows(
    source: SourceSettings, table: TableSettings, raws: Sequence[tuple[str, str]], drift: Drift
) -> Iterator[Item]:
    """Read single messages again from what they were; gives one item for each."""
    admission, reading = _admission(source, table)
    rows = (_checked(_reread(table, place, raw), admission, drift) for place, raw in raws)
    for item in admission.admit(rows, reading):
        yield _versioned(item)


def _admission(source: SourceSettings, table: TableSettings) -> tuple[Admission, Reading]:
    # One key in two messages is two versions, and no message says that all others are gone.
    arriving = table.model_copy(update={"arrives": "events"})
    return Admission(source, arriving), Reading(arriving, iter(()), is_from_start=False)


def _reread(table: TableSettings, place: str, raw: str) -> Row | Unreadable:
    columns = match_topic(table.topic, place.partition("#")[0]) or {} if table.topic else {}
    content = raw.encode(errors="surrogateescape")
    found = list(_rows(Message(place, content, columns)))
    if len(found) == 1:
        return found[0]
    return refuse_json(place, f"holds {len(found)} records", raw)


def _rows(message: Message) -> Iterator[Row | Unreadable]:
    if message.problem is not None:
        yield message.problem
        return
    place = message.place
    if len(message.content) > LONGEST_LINE:
        beginning = message.content[:_SHOWN].decode(errors="surrogateescape")
        yield refuse_json(place, f"is longer than {LONGEST_LINE:,} bytes", beginning)
        return
    raw = message.content.decode(errors="surrogateescape")
    if not is_encodable(raw):
        yield refuse_encoding(place, raw)
        return
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        yield refuse_json(place, f"is no JSON: {error}", raw)
        return
    if isinstance(document, list):
        for number, item in enumerate(document, start=1):
            text = json.dumps(item)
            yield _with_columns(object_row(f"{place}#{number}", item, text), message)
        return
    # A bare value is an observation whose name is the topic.
    bare = document if isinstance(document, dict) else {"value": document}
    yield _with_columns(object_row(place, bare, raw), message)


def _with_columns(row: Row | Unreadable, message: Message) -> Row | Unreadable:
    if isinstance(row, Unreadable) or not message.columns:
        return row
    return Row({**row.cells, **message.columns}, row.place, row.raw)


def _checked(row: Row | Unreadable, admission: Admission, drift: Drift) -> Row | Unreadable:
    if isinstance(row, Unreadable):
        return row
    return drift.missing(row, is_wanted=admission.is_wanted(row.cells)) or row


def _versioned(item: Item) -> Item:
    if not isinstance(item, Record) or item.version is not None or item.effective_by == "seen":
        return item
    content = json.dumps(item.row, sort_keys=True, ensure_ascii=False).encode()
    digest = blake2b((item.effective or "").encode() + b"\0" + content, digest_size=8)
    return replace(item, version=digest.hexdigest())
