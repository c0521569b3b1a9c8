"""Gaps as a page: one HTML file that needs nothing else, reads on a phone and prints."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from kg.answer.gaps.groups import group_gaps

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.answer.bundle import SlotGap
    from kg.answer.gaps.coverage import Check, LinkCoverage
    from kg.answer.gaps.groups import Group
    from kg.answer.gaps.ranking import Repair

MAX_SHOWN = 200
"""Rows of a group that are shown; the table of all is the CSV file."""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'"
_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 72rem; margin: 1.5rem auto;
  padding: 0 1rem; }
h2 { margin: 2rem 0 .3rem; font-size: 1.15rem; }
p { margin: .3rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { padding: .25rem .8rem .25rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid #8885; overflow-wrap: anywhere; }
.n { text-align: right; white-space: nowrap; }
.s { font-size: .8rem; padding: .1em .5em; border-radius: .3em; background: #8883; }
.missing { background: #d9540033; } .conflicting { background: #c0126a33; }
meter { width: 6rem; }
@media (max-width: 40rem) {
  .gaps thead { display: none; }
  .gaps tr { display: block; padding: .4rem 0; border-bottom: 1px solid #8885; }
  .gaps td { display: block; border: 0; padding: 0; text-align: left; white-space: normal; }
  .gaps td[data-name]:not(:empty)::before { content: attr(data-name) ": "; color: #888; }
}
@media print {
  body { max-width: none; margin: 0; font-size: 9pt; }
  tr, h2 { break-inside: avoid; } h2 { break-after: avoid; }
}
"""
_HEADS = ("what", "since", "due", "at risk", "orders and customers", "where to mend", "perhaps")


def gaps_html(check: Check, plant: str) -> str:
    """Write a check as a page; every text of data is escaped, and nothing is fetched."""
    groups = "\n".join(_group(group) for group in group_gaps(check.gaps))
    as_of = f"<p>As of {escape(check.checked_at)}.</p>" if check.checked_at else ""
    bad = "".join(
        f"<li>{escape(row.source)} {escape(row.kind)}: {row.rows} row(s), {escape(row.code)}</li>"
        for row in check.quarantine
    )
    waiting = f"<h2>Rows that wait in quarantine</h2>\n<ul>{bad}</ul>" if bad else ""
    nothing = "" if groups or bad else "<p>Nothing is missing, conflicting or invalid.</p>"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<title>{escape(plant)}: what is missing</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{escape(plant)}: what is missing</h1>
{as_of}
{_coverage(check.coverage)}
{_repairs(check.repairs)}
{groups}
{waiting}{nothing}
</body>
</html>
"""


def _coverage(rows: Iterable[LinkCoverage]) -> str:
    heads = ("link", "", "have", "of", "none", "not due", "unknown", "missing")
    lines = "\n".join(_coverage_row(row) for row in rows)
    return f"<table>\n<thead>{_row('th', heads)}</thead>\n<tbody>\n{lines}\n</tbody>\n</table>"


def _coverage_row(row: LinkCoverage) -> str:
    counts = (row.have, row.of, row.none, row.not_due, row.unknown, row.missing)
    numbers = "".join(f'<td class="n">{count}</td>' for count in counts)
    full = f'<meter min="0" max="{max(row.of, 1)}" value="{row.have}"></meter>'
    return f"<tr><td>{escape(row.link)}</td><td>{full}</td>{numbers}</tr>"


def _repairs(repairs: Sequence[Repair]) -> str:
    if not repairs:
        return ""
    items = "".join(f"<li>{escape(repair.sentence())}</li>" for repair in repairs)
    return f"<h2>What mends most</h2>\n<ol>{items}</ol>"


def _group(group: Group) -> str:
    rows = "\n".join(_gap(gap) for gap in group.gaps[:MAX_SHOWN])
    more = len(group.gaps) - MAX_SHOWN
    rest = f"<p>and {more} more: the CSV file has all</p>" if more > 0 else ""
    blocks = ", ".join(group.questions)
    blocked = f"<p>No full answer to: {escape(blocks)}.</p>" if blocks else ""
    state = f'<span class="s {escape(group.state)}">{escape(group.state)}</span>'
    return f"""<section>
<h2>{state} {escape(group.slot)}, {len(group.gaps)}</h2>
<p>{escape(group.sentence())}</p>
{blocked}
<table class="gaps">
<thead>{_row("th", _HEADS)}</thead>
<tbody>
{rows}
</tbody>
</table>
{rest}
</section>"""


def _gap(gap: SlotGap) -> str:
    risk = gap.at_risk
    named = f"{gap.entity} {gap.label}" if gap.label not in gap.entity else gap.entity
    money = " + ".join(f"{w.amount} {w.currency or ''}".strip() for w in gap.value_at_risk)
    whom = ", ".join((*risk.orders, *risk.customers)) if risk else ""
    where = " ".join(filter(None, (gap.flow_step or gap.source, gap.record)))
    perhaps = ", ".join(
        f"{c.entity} ({c.score:.2f}: {', '.join(c.reasons)})" for c in gap.candidates
    )
    due = (risk.due if risk else None) or ""
    cells = (named, (gap.since or "")[:10], due, money, whom, where, perhaps)
    tds = "".join(
        f'<td data-name="{name}">{escape(cell)}</td>'
        if name != "what"
        else f"<td>{escape(cell)}</td>"
        for name, cell in zip(_HEADS, cells, strict=True)
    )
    return f"<tr>{tds}</tr>"


def _row(tag: str, cells: Iterable[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"
