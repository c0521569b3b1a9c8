"""Where the map is drawn: steps in columns from left to right, links as bands between them.

Steps stand behind all that passes something on to them, as far as there is no circle; at the right
edge stands each of the five links, and what is recorded reaches it. The same map is drawn the same
way, whatever the order in which its parts were found.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from math import log10
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kg.answer.flow.map import FlowEdge, FlowMap, State

BOX_WIDTH, BOX_HEIGHT = 184.0, 40.0
COLUMN, GAP, MARGIN = 264.0, 16.0, 24.0
THINNEST, THICKEST = 2.5, 12.0
STUB = 46.0
PASSED = "passed"
"""The kind of what only keeps room for a band in a column that it passes."""


@dataclass(frozen=True, slots=True)
class Box:
    """A step, a table that no step names, or one of the five links, where it is drawn (pixels)."""

    name: str
    title: str
    told: str
    kind: str
    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Band:
    """A link's way between two boxes, or from or to nothing; ``place`` counts the five links.

    ``points`` are two for each stretch: where it leaves one column, and where it reaches the next.
    """

    link: str
    place: int
    state: State
    told: str
    points: tuple[tuple[float, float], ...]
    width: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """All that is drawn, and how large it is (pixels)."""

    boxes: tuple[Box, ...]
    bands: tuple[Band, ...]
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Node:
    """What becomes a box: its id, what is written in it, and the links that pass it."""

    name: str
    title: str
    told: str
    kind: str
    links: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """What becomes a band; ``start`` or ``end`` is "" where there is none."""

    link: str
    start: str
    end: str
    state: State
    told: str
    width: float


def nodes_of(flow: FlowMap) -> list[Node]:
    """Give the steps, the tables that none of them names, and the five links."""
    steps = [
        Node(
            step.name,
            step.label or step.name.removeprefix("flow-step/"),
            ", ".join(filter(None, (step.medium, *_codes(step.people)))),
            "seen" if step.is_seen else "dark",
            tuple(sorted(step.carries)),
        )
        for step in flow.steps
    ]
    named = {table for step in flow.steps for table in step.tables}
    tables = [
        Node(
            f"table/{table.table}",
            table.table,
            f"{table.records} records",
            "table",
            tuple(sorted({one.link for one in table.links})),
        )
        for table in flow.tables.values()
        if table.table not in named and any(one.records for one in table.links)
    ]
    links = [
        Node(f"link/{one.link}", one.link, f"{one.have} of {one.of} known", "link", (one.link,))
        for one in flow.links
    ]
    return [*steps, *tables, *links]


def _codes(people: Iterable[str]) -> list[str]:
    return [person.removeprefix("person/") for person in sorted(people)]


def lines_of(flow: FlowMap) -> list[Line]:
    """Give the edges of the map, and from each step that a table records what reaches the links.

    They stand in an order of their own.
    """
    lines = [
        Line(
            edge.link, edge.start, edge.end, edge.state, edge_told(edge), _width(flow, edge.tables)
        )
        for edge in flow.edges
        if edge.start or edge.is_dark
    ]
    return sorted(
        [*lines, *_reaching(flow)], key=lambda line: (line.link, line.start, line.end, line.told)
    )


def edge_told(edge: FlowEdge) -> str:
    """Say an edge in one line."""
    start = edge.start.removeprefix("flow-step/") or "(arises)"
    end = edge.end.removeprefix("flow-step/") or "(nothing)"
    gaps = f"; {edge.gaps} gaps hang on it" if edge.gaps else ""
    return f"{edge.link}, {edge.state}: {start} to {end}: {edge.why}{gaps}"


def _reaching(flow: FlowMap) -> Iterator[Line]:
    named: dict[str, list[str]] = defaultdict(list)
    for step in flow.steps:
        for name in step.tables:
            named[name].append(step.name)
    for table in flow.tables.values():
        for one in table.links:
            if not one.records:
                continue
            told = f"{one.link}: {one.records} of {one.of} records of {table.table} say it"
            width = _width(flow, (table.table,))
            carriers = [s.name for s in flow.steps if one.link in s.carries]
            starts = [name for name in named[table.table] if name in carriers]
            for start in starts or ([] if named[table.table] else [f"table/{table.table}"]):
                yield Line(one.link, start, f"link/{one.link}", "seen", told, width)


def _width(flow: FlowMap, tables: Iterable[str]) -> float:
    """Give a band's width, by how much comes in a day."""
    per_day = [flow.tables[name].per_day for name in tables if name in flow.tables]
    most = max((float(number) for number in per_day if number is not None), default=0.0)
    return round(min(THINNEST + 3 * log10(1 + most), THICKEST), 1)


def lay_out(flow: FlowMap) -> Drawing:
    """Place every box and band."""
    nodes, lines = nodes_of(flow), lines_of(flow)
    places = {one.link: place for place, one in enumerate(flow.links)}
    depth = _columns(nodes, lines)
    ways = [_way(line, number, depth) for number, line in enumerate(lines)]
    stops = [stop for way in ways for stop in way.passed]
    depth |= {stop.name: column for way in ways for column, stop in way.columns(depth)}
    columns: list[list[Node]] = [[] for _ in range(max(depth.values(), default=0) + 1)]
    for node in [*nodes, *stops]:
        columns[depth[node.name]].append(node)
    sent, got = _sums(lines, "start"), _sums(lines, "end")
    heights = {way_stop.name: way.line.width for way in ways for way_stop in way.passed}
    boxes: dict[str, Box] = {}
    for column, members in enumerate(_ordered(columns, ways, places)):
        y = MARGIN
        for node in members:
            tallest = max(sent.get(node.name, 0.0), got.get(node.name, 0.0)) + 8
            height = heights.get(node.name, max(BOX_HEIGHT, tallest))
            x = MARGIN + STUB + column * COLUMN
            boxes[node.name] = Box(node.name, node.title, node.told, node.kind, x, y, height)
            y += height + GAP
    shown = tuple(box for box in boxes.values() if box.kind != PASSED)
    width = max((box.x for box in shown), default=0.0) + BOX_WIDTH + STUB + MARGIN
    height = max((box.y + box.height for box in boxes.values()), default=0.0) + MARGIN
    return Drawing(shown, tuple(_bands(boxes, ways, places)), width, height)


@dataclass(frozen=True, slots=True)
class Way:
    """A line, and what it passes in the columns between its ends, where room is kept for it."""

    line: Line
    passed: tuple[Node, ...]

    @property
    def stops(self) -> list[str]:
        """The names of all that it touches, from its start to its end; "" where there is none."""
        return [self.line.start, *(node.name for node in self.passed), self.line.end]

    def columns(self, depth: Mapping[str, int]) -> Iterator[tuple[int, Node]]:
        """Give the column of each that it passes."""
        yield from enumerate(self.passed, depth.get(self.line.start, 0) + 1)


def _way(line: Line, number: int, depth: Mapping[str, int]) -> Way:
    between = range(0)
    if line.start and line.end:
        between = range(depth[line.start] + 1, depth[line.end])
    names = (f"{PASSED}/{number}/{column}" for column in between)
    return Way(line, tuple(Node(name, "", "", PASSED, (line.link,)) for name in names))


def _sums(lines: Iterable[Line], side: str) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for line in lines:
        found[getattr(line, side)] += line.width + 1
    return found


def _columns(nodes: Sequence[Node], lines: Sequence[Line]) -> dict[str, int]:
    """Put each node behind those that lead to it; the links, and tables before them, go last."""
    onward: dict[str, list[str]] = defaultdict(list)
    for line in sorted(lines, key=lambda line: (line.start, line.end)):
        if line.start and line.end and not line.end.startswith("link/"):
            onward[line.start].append(line.end)
    depth = _depths([node.name for node in nodes if node.kind in {"seen", "dark"}], onward)
    last = max(depth.values(), default=0)
    for node in nodes:
        if node.kind in {"table", "link"}:
            depth[node.name] = last + (node.kind == "link")
    return depth


def _depths(names: Sequence[str], onward: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Give the length of the longest way to each, leaving out what closes a circle."""
    order, back = _walked(names, onward)
    depth = dict.fromkeys(names, 0)
    for name in reversed(order):
        for further in onward.get(name, ()):
            if (name, further) not in back:
                depth[further] = max(depth[further], depth[name] + 1)
    return depth


def _walked(
    names: Sequence[str], onward: Mapping[str, Sequence[str]]
) -> tuple[list[str], set[tuple[str, str]]]:
    """Walk depth first: the order in which nodes are left, and the edges that lead back."""
    led_to = {further for some in onward.values() for further in some}
    left: list[str] = []
    back: set[tuple[str, str]] = set()
    state: dict[str, str] = {}
    for root in sorted(names, key=lambda name: (name in led_to, name)):
        if root in state:
            continue
        state[root] = "open"
        ahead = [(root, iter(onward.get(root, ())))]
        while ahead:
            name, rest = ahead[-1]
            further = next(rest, None)
            if further is None:
                state[name] = "left"
                left.append(name)
                ahead.pop()
            elif further not in state:
                state[further] = "open"
                ahead.append((further, iter(onward.get(further, ()))))
            elif state[further] == "open":
                back.add((name, further))
    return left, back


def _ordered(
    columns: Sequence[list[Node]], ways: Iterable[Way], places: Mapping[str, int]
) -> Iterator[list[Node]]:
    """Order each column so that bands cross little: behind the mean of what leads there."""
    before: dict[str, list[str]] = defaultdict(list)
    for way in ways:
        for name, further in pairwise(way.stops):
            before[further].append(name)
    rank: dict[str, float] = {}

    def key(node: Node) -> tuple[float, int, str]:
        known = [rank[name] for name in before[node.name] if name in rank]
        first = min((places.get(link, len(places)) for link in node.links), default=0)
        if node.kind == "link":
            return (0.0, first, node.name)
        return (sum(known) / len(known) if known else float(first), first, node.name)

    for members in columns:
        ordered = sorted(members, key=key)
        rank |= {node.name: float(place) for place, node in enumerate(ordered)}
        yield ordered


def _bands(
    boxes: Mapping[str, Box], ways: Sequence[Way], places: Mapping[str, int]
) -> Iterator[Band]:
    """Lead the bands side by side out of and into their boxes, in the order of where they go."""
    leave = _side_by_side(boxes, ways, own=0, other=1)
    reach = _side_by_side(boxes, ways, own=-1, other=-2)
    for number, way in enumerate(ways):
        line = way.line
        start, end = boxes.get(line.start), boxes.get(line.end)
        begins = (start.x + BOX_WIDTH, leave[number]) if start else None
        ends = (end.x, reach[number]) if end else None
        if begins is None and ends is not None:
            begins = (ends[0] - STUB, ends[1])
        if ends is None and begins is not None:
            ends = (begins[0] + STUB, begins[1])
        if begins is None or ends is None:
            continue
        points = [begins]
        for node in way.passed:
            box = boxes[node.name]
            middle = box.y + box.height / 2
            points += [(box.x, middle), (box.x + BOX_WIDTH, middle)]
        points.append(ends)
        place = places.get(line.link, len(places))
        yield Band(line.link, place, line.state, line.told, tuple(points), line.width)


def _side_by_side(
    boxes: Mapping[str, Box], ways: Sequence[Way], own: int, other: int
) -> dict[int, float]:
    """Give by way the height at which it touches its box, its start (``own`` 0) or its end (-1)."""
    filled: dict[str, float] = defaultdict(lambda: 4.0)
    found: dict[int, float] = {}

    def order(number: int) -> tuple[float, int]:
        there = boxes.get(ways[number].stops[other])
        return (there.y if there else 0.0, number)

    for number in sorted(range(len(ways)), key=order):
        way = ways[number]
        if (box := boxes.get(way.stops[own])) is not None:
            found[number] = box.y + filled[box.name] + way.line.width / 2
            filled[box.name] += way.line.width + 1
    return found
