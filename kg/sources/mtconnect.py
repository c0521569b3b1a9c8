"""MTConnect agents: their current state, then every observation in its sequence (Part 1, 1.3–2)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lxml import etree

from kg.errors import SourceError, printable
from kg.sources.admission import Admission
from kg.sources.reading import Reading, Row
from kg.sources.watermark import State
from kg.sources.web import WebClient

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from kg.records import Scalar
    from kg.settings import SourceSettings
    from kg.sources.reading import Item
    from kg.sources.web import Answer

_SAFE: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "huge_tree": False,
    "load_dtd": False,
    "remove_comments": True,
    "remove_pis": True,
}
_CATEGORIES = {"Samples": "SAMPLE", "Events": "EVENT", "Condition": "CONDITION"}
_NOTHING = "UNAVAILABLE"
_OUT_OF_RANGE = {400, 404}
_TRIES = 3
_SHOWN = 160
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def read_tables(
    source: SourceSettings, cursors: Mapping[str, str], now: datetime
) -> Iterator[Reading]:
    """Give a reading for each table of an agent: what its ``query``, an XPath, leads to.

    Raises:
        SourceError: the agent cannot be reached, or answers by an error or something else.
    """
    for table in source.tables:
        reading = Reading(table, iter(()), is_from_start=False)
        reading.items = _read_table(source, reading, cursors.get(table.name, ""), now)
        yield reading


def _read_table(
    source: SourceSettings, reading: Reading, cursor: str, now: datetime
) -> Iterator[Item]:
    table = reading.table
    state = State.read(cursor, source.url, table.query)
    where = f"source {source.name}, table {table.name}"
    admission = Admission(source, table)
    with WebClient(source, where, source.mtconnect, now, accept="application/xml") as client:
        agent = _Agent(client, table.query, source.mtconnect.count)
        following = _Following(agent, reading, _Position.read(state.place))
        yield from admission.admit(following.rows(), reading)
        position = following.position
    assert position is not None
    reading.cursor = replace(state, place=[position.instance, position.following]).write()


@dataclass(frozen=True, slots=True)
class _Position:
    """The sequence that comes next, in one run of an agent."""

    instance: str
    following: int

    @classmethod
    def read(cls, written: object) -> _Position | None:
        if isinstance(written, list) and len(written) == 2:
            return cls(str(written[0]), int(written[1]))
        return None


class _Following:
    """Goes on from a position until all was read that the agent has."""

    def __init__(self, agent: _Agent, reading: Reading, position: _Position | None) -> None:
        self._agent = agent
        self._reading = reading
        self.position = position

    def rows(self) -> Iterator[Row]:
        """Give the observations in their sequence; says what was missed."""
        if self.position is None:
            yield from self._recover()
        tries = 0
        while not self._agent.is_exhausted:
            assert self.position is not None
            streams = self._agent.sample(self.position.following)
            if streams is None or streams.instance != self.position.instance:
                tries += 1
                streams = self._agent.current()
                if self._has_all(streams):
                    return
                if not self._is_held(streams):
                    self._say_missed(streams)
                    yield from self._recover(streams)
                if tries > _TRIES:
                    raise streams.answer.error(
                        f"has sequences {streams.first} to {streams.last}, but does not give"
                        f" those from {self.position.following} on",
                        "raise the agent's buffer size, if it forgets them before they are read",
                    )
                continue
            yield from streams.rows(self._agent.catalog)
            if not self._advance(streams):
                return
        self._reading.cut_short = "max_requests were made: the next reading goes on there"

    def _advance(self, streams: _Streams) -> bool:
        """Move behind what was read; False where that was all."""
        assert self.position is not None
        before = self.position.following
        self.position = replace(self.position, following=streams.following)
        if streams.following > streams.last:
            return False
        if streams.following <= before:
            raise streams.answer.error(
                f"goes on from {before} to {streams.following}",
                "it must name a later nextSequence; ask who runs the agent",
            )
        return True

    def _has_all(self, streams: _Streams) -> bool:
        position = self.position
        assert position is not None
        return (position.instance, position.following) == (streams.instance, streams.following)

    def _is_held(self, streams: _Streams) -> bool:
        """Tell whether the agent has what comes next; it may not have had it a moment ago."""
        position = self.position
        assert position is not None
        is_same = position.instance == streams.instance
        return is_same and streams.first <= position.following <= streams.following

    def _recover(self, streams: _Streams | None = None) -> Iterator[Row]:
        """Take what is current but no longer in the buffer, and go on with the buffer's first."""
        streams = streams or self._agent.current()
        rows = [row for row in streams.rows(self._agent.catalog) if _sequence(row) < streams.first]
        yield from sorted(rows, key=_sequence)
        self.position = _Position(streams.instance, streams.first)

    def _say_missed(self, streams: _Streams) -> None:
        position = self.position
        assert position is not None
        if streams.instance != position.instance or position.following > streams.following:
            said = (
                f"the agent was started anew: what it observed after sequence"
                f" {position.following - 1} of instance {position.instance}"
            )
            if streams.first > 1:
                said += f", and sequences 1 to {streams.first - 1} of instance {streams.instance}"
        else:
            said = (
                f"the agent keeps {streams.last - streams.first + 1} observations, and forgot"
                f" sequences {position.following} to {streams.first - 1}: poll it more often"
            )
        earlier = self._reading.missed
        self._reading.missed = f"{earlier}; {said}" if earlier else said


class _Agent:
    """An agent's three requests."""

    def __init__(self, client: WebClient, path: str, count: int) -> None:
        self._client = client
        self._path = {"path": path} if path else {}
        self._count = count
        self.catalog = _read_catalog(self._ask("probe", {}))

    @property
    def is_exhausted(self) -> bool:
        """Tell whether no more may be asked in this reading."""
        return self._client.is_exhausted

    def current(self) -> _Streams:
        """Ask for the newest observation of everything."""
        return _Streams(*self._ask("current", self._path))

    def sample(self, start: int) -> _Streams | None:
        """Ask for observations from a sequence on; None where the agent has not that one."""
        asked = {"from": start, "count": self._count, **self._path}
        try:
            return _Streams(*self._ask("sample", asked))
        except SourceError as error:
            if error.status not in _OUT_OF_RANGE:
                raise
            return None

    def _ask(self, what: str, asked: Mapping[str, Any]) -> tuple[Answer, Any]:
        answer = self._client.get(self._client.resolve(what).copy_merge_params(asked))
        root = _parse(answer)
        if _local(root) == "MTConnectError":
            raise _refusal(answer, root)
        wanted = "MTConnectDevices" if what == "probe" else "MTConnectStreams"
        if _local(root) != wanted:
            raise answer.error(
                f"answers {_local(root)} and not {wanted}", "check url in plant.toml"
            )
        return answer, root


class _Streams:
    """The observations of one answer, and where they stand in the agent's sequence."""

    def __init__(self, answer: Answer, root: Any) -> None:
        self.answer = answer
        self._root = root
        header = next((child for child in root if _local(child) == "Header"), None)
        said = {} if header is None else header.attrib
        self.instance = str(said.get("instanceId", ""))
        try:
            self.following = int(said.get("nextSequence", ""))
            self.first = int(said.get("firstSequence", ""))
            self.last = int(said.get("lastSequence", ""))
        except ValueError as error:
            raise answer.error(
                "has no header with the sequences that the agent keeps",
                "Traveler needs an agent of MTConnect 1.1 or newer",
            ) from error

    def rows(self, catalog: Mapping[str, Mapping[str, str]]) -> Iterator[Row]:
        """Give a row for each observation."""
        place = f"{self.answer.url.host}:{self.instance}#"
        found = []
        for device in _children(self._root, "DeviceStream"):
            for component in _children(device, "ComponentStream"):
                for group in component:
                    if category := _CATEGORIES.get(_local(group)):
                        of = _of_component(device, component) | {"category": category}
                        found += [_cells(of, item, catalog) for item in group]
        for cells in sorted(found, key=lambda cells: int(cells["sequence"] or 0)):
            yield Row(cells | {"instance_id": self.instance}, place)


def _of_component(device: Any, component: Any) -> dict[str, Scalar]:
    return {
        "device_uuid": device.get("uuid"),
        "device": device.get("name"),
        "component": component.get("component"),
        "component_id": component.get("componentId"),
        "component_name": component.get("name"),
    }


def _cells(
    of: dict[str, Scalar], item: Any, catalog: Mapping[str, Mapping[str, str]]
) -> dict[str, Scalar]:
    """Give an observation's cells; UNAVAILABLE is no value."""
    known = catalog.get(item.get("dataItemId", ""), {})
    is_condition = of["category"] == "CONDITION"
    level = _local(item).upper() if is_condition else None
    value = _value(item)
    is_available = _NOTHING not in {value, level}
    written = item.get("type") if is_condition else _WORD.sub("_", _local(item)).upper()
    sequence = item.get("sequence", "")
    return of | {
        "data_item_id": item.get("dataItemId"),
        "name": item.get("name") or known.get("name"),
        "type": known.get("type") or written,
        "sub_type": item.get("subType") or known.get("subType"),
        "units": known.get("units"),
        "value": value if is_available else None,
        "available": is_available,
        "level": level if is_available else None,
        "code": item.get("nativeCode"),
        "severity": item.get("nativeSeverity"),
        "qualifier": item.get("qualifier"),
        "timestamp": item.get("timestamp"),
        "sequence": int(sequence) if sequence.isdecimal() else None,
    }


def _value(item: Any) -> str | None:
    entries = [child for child in item if _local(child) == "Entry"]
    if entries:  # a data set or a table, by its keys
        return json.dumps({entry.get("key", ""): _value(entry) for entry in entries})
    return (item.text or "").strip() or None


def _sequence(row: Row) -> int:
    return int(row.cells["sequence"] or 0)


def _read_catalog(asked: tuple[Answer, Any]) -> dict[str, dict[str, str]]:
    """Give what a probe says of each data item, by its id."""
    _, root = asked
    items = (item for item in root.iter() if _local(item) == "DataItem")
    return {item.get("id", ""): dict(item.attrib) for item in items}


def _children(root: Any, name: str) -> Iterator[Any]:
    return (element for element in root.iter() if _local(element) == name)


def _local(element: Any) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _parse(answer: Answer) -> Any:
    try:
        root = etree.fromstring(answer.content, etree.XMLParser(**_SAFE))
    except (etree.XMLSyntaxError, ValueError) as error:
        said = printable(answer.content[:_SHOWN].decode("utf-8", "replace"))
        raise answer.error(
            f"answers no XML ({error}): {said}", "check url in plant.toml: is it an agent?"
        ) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise answer.error(
            "declares a document type, which may hold entities",
            "no agent does: check url in plant.toml",
        )
    return root


def _refusal(answer: Answer, root: Any) -> SourceError:
    errors = list(_children(root, "Error"))
    said = "; ".join(f"{one.get('errorCode', '')}: {(one.text or '').strip()}" for one in errors)
    error = answer.error(
        f"refuses: {printable(said)[:_SHOWN]}",
        "check url in plant.toml, and query in source.toml, an XPath of its probe",
    )
    # Some agents refuse with status 200.
    is_out = any(one.get("errorCode") == "OUT_OF_RANGE" for one in errors)
    error.status = min(_OUT_OF_RANGE) if is_out else 0
    return error
