"""The flow map as one SVG image (SVG 1.1): needs nothing else, in light and dark, on any scale."""

from __future__ import annotations

import base64
from hashlib import sha256
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from kg.answer.flow.layout import BOX_WIDTH, MARGIN, lay_out
from kg.answer.flow.map import DARKEST
from kg.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kg.answer.flow.layout import Band, Box
    from kg.answer.flow.map import FlowMap

MOST_LETTERS = 25
LEGEND = 64.0
_STYLE = """
.flow { color: #1b1f24; background: #fff; font: 12px system-ui, sans-serif; }
.flow text { fill: currentColor; }
.flow .told { font-size: 10px; opacity: .75; }
.flow .box { fill: #f3f5f7; stroke: currentColor; stroke-width: 1; }
.flow .dark { stroke-dasharray: 4 3; fill: #fff; }
.flow .link { fill: #e3e8ee; }
.flow .band { fill: none; opacity: .7; }
.flow .never { stroke-dasharray: 2 6; }
.flow .unrecorded { stroke-dasharray: 6 5; }
.flow .late { stroke-dasharray: 14 4; }
.flow .patchy { stroke-dasharray: 26 3; }
.flow .l0 { stroke: #0068b5; } .flow .l1 { stroke: #8a5a00; } .flow .l2 { stroke: #a3195b; }
.flow .l3 { stroke: #1f7a3a; } .flow .l4 { stroke: #6941c6; } .flow .l5 { stroke: #57606a; }
@media (prefers-color-scheme: dark) {
.flow { color: #e6e9ed; background: #14181d; }
.flow .box { fill: #232a32; } .flow .dark { fill: #14181d; } .flow .link { fill: #323b45; }
.flow .l0 { stroke: #58b0f0; } .flow .l1 { stroke: #e0ae4a; } .flow .l2 { stroke: #f07fb0; }
.flow .l3 { stroke: #63c684; } .flow .l4 { stroke: #b09bf5; } .flow .l5 { stroke: #9aa4af; }
}
"""
_HASH = base64.b64encode(sha256(_STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'"
"""What a browser may do with the image: nothing but its own style."""


def flow_svg(flow: FlowMap) -> str:
    """Draw the map; every text of data is escaped, and nothing is fetched."""
    drawing = lay_out(flow)
    width = max(drawing.width, 640.0)
    height = drawing.height + LEGEND
    dark = len(flow.dark)
    title = f"How information flows in {flow.plant}"
    told = [f"As of {flow.as_of}: {len(flow.steps)} steps, {dark} places where it goes dark."]
    told += [f"Withheld: {', '.join(flow.withheld)}."] if flow.withheld else []
    told += [edge.why for edge in flow.dark[:10]]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="flow" role="img"'
        f' aria-labelledby="flow-title flow-desc" width="{width:g}" height="{height:g}"'
        f' viewBox="0 0 {width:g} {height:g}">'
    )
    parts = [
        head,
        f'<title id="flow-title">{_text(title)}</title>',
        f'<desc id="flow-desc">{_text(" ".join(told))}</desc>',
        f"<style>{_STYLE}</style>",
        *(_band(band) for band in drawing.bands),
        *(_box(box) for box in drawing.boxes),
        *_legend(flow, drawing.height),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _text(text: str) -> str:
    return escape(printable(text))


def _short(text: str) -> str:
    text = printable(text)
    return text if len(text) <= MOST_LETTERS else text[: MOST_LETTERS - 1] + "…"


def _band(band: Band) -> str:
    place = min(band.place, 5)
    return (
        f'<path class="band l{place} {band.state}" d="{_path(band)}"'
        f' stroke-width="{band.width:g}"><title>{_text(band.told)}</title></path>'
    )


def _path(band: Band) -> str:
    (x, y), *_ = band.points
    path = [f"M{x:.1f} {y:.1f}"]
    for (x1, y1), (x2, y2) in pairwise(band.points):
        bend = max(abs(x2 - x1) / 2, 40.0) if y1 != y2 else 0.0
        path.append(f"C{x1 + bend:.1f} {y1:.1f} {x2 - bend:.1f} {y2:.1f} {x2:.1f} {y2:.1f}")
    return " ".join(path)


def _box(box: Box) -> str:
    x, y, middle = f"{box.x:.1f}", f"{box.y:.1f}", box.y + box.height / 2
    told = f'x="{box.x + 8:.1f}" y="{middle + 11:.1f}"'
    return (
        f"<g><title>{_text(f'{box.title} ({box.name}): {told}')}</title>"
        f'<rect class="box {box.kind}" x="{x}" y="{y}" width="{BOX_WIDTH:g}"'
        f' height="{box.height:.1f}" rx="4"/>'
        f'<text x="{box.x + 8:.1f}" y="{middle - 3:.1f}">{escape(_short(box.title))}</text>'
        f'<text class="told" {told}>{escape(_short(box.told))}</text></g>'
    )


def _legend(flow: FlowMap, y: float) -> Iterator[str]:
    bands = [(f"l{min(place, 5)} seen", link.link) for place, link in enumerate(flow.links)]
    yield from _legend_row(bands, y + 12)
    yield from _legend_row([(f"l5 {state}", state) for state in DARKEST], y + 38)


def _legend_row(bands: Sequence[tuple[str, str]], y: float) -> Iterator[str]:
    for place, (kind, name) in enumerate(bands):
        x = MARGIN + place * 120
        yield f'<path class="band {kind}" d="M{x:g} {y:g} h30" stroke-width="6"/>'
        yield f'<text class="told" x="{x + 36:g}" y="{y + 4:g}">{_text(name)}</text>'
