"""In which forms the flow map can be had: by name, as command and route write it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from kg.answer.flow.dot import flow_dot
from kg.answer.flow.svg import flow_svg
from kg.answer.flow.text import flow_text
from kg.answer.flow.turtle import flow_turtle
from kg.answer.render import to_json

if TYPE_CHECKING:
    from kg.answer.flow.map import FlowMap

FlowFormat: TypeAlias = Literal["text", "svg", "dot", "json", "turtle"]
MEDIA_TYPES: dict[str, FlowFormat] = {
    "application/json": "json",
    "image/svg+xml": "svg",
    "text/turtle": "turtle",
    "text/vnd.graphviz": "dot",
    "text/plain": "text",
}
"""The media type of each form, that which is given unasked first."""


def write_flows(flow: FlowMap, form: FlowFormat, base: str) -> str:
    """Write the map in a form; each ends with a newline."""
    written = {
        "text": lambda: flow_text(flow) + "\n",
        "svg": lambda: flow_svg(flow),
        "dot": lambda: flow_dot(flow),
        "json": lambda: to_json(flow.to_dict()) + "\n",
        "turtle": lambda: flow_turtle(flow, base),
    }
    return written[form]()
