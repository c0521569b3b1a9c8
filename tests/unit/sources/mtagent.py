"""A small MTConnect agent: a buffer of the newest observations, and the protocol over real HTTP."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from tests.unit.sources.services import Reply, Request

START = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
XML = {"Content-Type": "text/xml"}
# id, category, type, subtype, and the element that an observation is.
ITEMS = {
    "avail": ("EVENT", "AVAILABILITY", "", "Availability"),
    "exec": ("EVENT", "EXECUTION", "", "Execution"),
    "count": ("EVENT", "PART_COUNT", "GOOD", "PartCount"),
    "feed": ("SAMPLE", "PATH_FEEDRATE", "ACTUAL", "PathFeedrate"),
    "sys": ("CONDITION", "SYSTEM", "", ""),
}
GROUPS = {"EVENT": "Events", "SAMPLE": "Samples", "CONDITION": "Condition"}


class Agent:
    """An agent of one device, VMC-3Axis."""

    def __init__(self, size: int = 8, *, is_strict: bool = False, version: str = "1.3") -> None:
        self.size = size
        self.is_strict = is_strict
        self.version = version
        self.instance = 100
        self.on_request: dict[int, Any] = {}
        self.requests = 0
        self.start()

    def start(self) -> None:
        """Start the process: it has forgotten all, and knows nothing yet."""
        self.instance += 1
        self.next = 1
        self.buffer: deque[tuple[int, str, str]] = deque(maxlen=self.size)
        self.newest: dict[str, tuple[int, str, str]] = {}
        for item in ITEMS:
            self.observe(item, "UNAVAILABLE")

    def observe(self, item: str, value: str) -> None:
        seen = (self.next, item, value)
        self.buffer.append(seen)
        self.newest[item] = seen
        self.next += 1

    @property
    def first(self) -> int:
        return self.buffer[0][0]

    def __call__(self, request: Request) -> Any:
        self.requests += 1
        action = self.on_request.pop(self.requests, None)
        if isinstance(action, Reply):
            return action
        if action is not None:
            action()
        return getattr(self, f"say_{request.path.strip('/')}")(request.query)

    def say_probe(self, _query: dict[str, str]) -> Reply:
        items = "".join(
            f'<DataItem id="{name}" category="{category}" type="{kind}"'
            + (f' subType="{sub}"' if sub else "")
            + (' units="MILLIMETER/SECOND"' if name == "feed" else "")
            + f' name="n_{name}"/>'
            for name, (category, kind, sub, _) in ITEMS.items()
        )
        device = (
            f'<Device id="d1" name="VMC-3Axis" uuid="000"><DataItems>{items}</DataItems></Device>'
        )
        return self.document("Devices", f"<Devices>{device}</Devices>", self.next)

    def say_current(self, query: dict[str, str]) -> Reply:
        return self.streams(self.chosen(query, self.newest.values()), self.next)

    def say_sample(self, query: dict[str, str]) -> Reply:
        start, count = int(query["from"]), int(query["count"])
        if not self.first <= start <= self.next - self.is_strict:
            error = f"<Error errorCode=\"OUT_OF_RANGE\">'from' must be from {self.first}</Error>"
            reply = self.document("Error", f"<Errors>{error}</Errors>", self.next)
            reply.status = 200 if self.is_strict else 404
            return reply
        later = [seen for seen in self.buffer if seen[0] >= start]
        wanted = self.chosen(query, later)
        given = wanted[:count]
        is_all = len(given) == len(wanted)
        return self.streams(given, self.next if is_all else given[-1][0] + 1)

    def chosen(self, query: dict[str, str], seen: Any) -> list[tuple[int, str, str]]:
        path = query.get("path", "")
        return [one for one in seen if not path or f"'{ITEMS[one[1]][1]}'" in path]

    def streams(self, seen: list[tuple[int, str, str]], following: int) -> Reply:
        groups = "".join(self.group(category, seen) for category in GROUPS)
        component = '<ComponentStream component="Controller" name="controller" componentId="cn1">'
        device = f'<DeviceStream name="VMC-3Axis" uuid="000">{component}{groups}'
        body = f"<Streams>{device}</ComponentStream></DeviceStream></Streams>"
        return self.document("Streams", body, following)

    def group(self, category: str, seen: list[tuple[int, str, str]]) -> str:
        name = GROUPS[category]
        # Newest first: an agent need not give them in their sequence.
        inner = [self.element(*one) for one in reversed(seen) if ITEMS[one[1]][0] == category]
        return f"<{name}>{''.join(inner)}</{name}>"

    def element(self, sequence: int, item: str, value: str) -> str:
        category, kind, sub, name = ITEMS[item]
        at = (START + timedelta(seconds=sequence)).isoformat().replace("+00:00", "Z")
        said = f'dataItemId="{item}" timestamp="{at}" sequence="{sequence}"'
        if category == "CONDITION":
            level, _, text = value.partition(":")
            tag = "Unavailable" if level == "UNAVAILABLE" else level
            return f'<{tag} {said} type="{kind}" nativeCode="E7">{escape(text)}</{tag}>'
        attribute = f" subType={quoteattr(sub)}" if sub else ""
        return f"<{name} {said}{attribute}>{escape(value)}</{name}>"

    def document(self, name: str, body: str, following: int) -> Reply:
        space = f"urn:mtconnect.org:MTConnect{name}:{self.version}"
        header = (
            f'<Header creationTime="2026-11-23T08:00:00Z" sender="a" instanceId="{self.instance}"'
            f' version="{self.version}" bufferSize="{self.size}" nextSequence="{following}"'
            f' firstSequence="{self.first}" lastSequence="{self.next - 1}"/>'
        )
        root = f"MTConnect{name}"
        text = f'<?xml version="1.0"?><{root} xmlns="{space}">{header}{body}</{root}>'
        return Reply(text.encode(), headers=XML)
