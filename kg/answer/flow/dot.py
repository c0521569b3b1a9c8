"""The flow map in the DOT language of Graphviz."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.answer.flow.layout import lines_of, nodes_of
from kg.errors import printable

if TYPE_CHECKING:
    from kg.answer.flow.layout import Line, Node
    from kg.answer.flow.map import FlowMap

_SHAPES = {"seen": "box", "dark": "note", "table": "cylinder", "link": "ellipse"}
_STYLES = {
    "seen": "solid",
    "patchy": "solid",
    "late": "bold",
    "unrecorded": "dashed",
    "never": "dotted",
}
_NOWHERE = "nowhere"


def flow_dot(flow: FlowMap) -> str:
    """Write the map as a digraph; every text of data stands in quotes and is escaped."""
    nodes, lines = nodes_of(flow), lines_of(flow)
    body = [_node(node) for node in nodes]
    if any(not line.start or not line.end for line in lines):
        body.append(f"{_quoted(_NOWHERE)} [label={_quoted('?')}, shape=plaintext];")
    body += [_edge(line) for line in lines]
    head = [f"digraph {_quoted(flow.plant)} {{", "  rankdir=LR;"]
    return "\n".join([*head, *(f"  {line}" for line in body), "}"]) + "\n"


def _node(node: Node) -> str:
    label = _quoted(f"{node.title} ({node.told})" if node.told else node.title)
    return f"{_quoted(node.name)} [label={label}, shape={_SHAPES[node.kind]}];"


def _edge(line: Line) -> str:
    start, end = _quoted(line.start or _NOWHERE), _quoted(line.end or _NOWHERE)
    mark = line.link if line.state == "seen" else f"{line.link}: {line.state}"
    told = f"tooltip={_quoted(line.told)}, penwidth={line.width:g}, style={_STYLES[line.state]}"
    return f"{start} -> {end} [label={_quoted(mark)}, {told}];"


def _quoted(text: str) -> str:
    """Write a double-quoted string; a backslash must not take the quote that ends it."""
    return '"' + printable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
