"""The flow map as text, in 80 columns: sources, each link's way, where it goes dark, what next."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from kg.answer.flow.map import duration_text
from kg.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kg.answer.flow.map import FlowEdge, FlowMap, LinkFlow
    from kg.answer.flow.steps import FlowStep

WIDTH = 80
MOST_PEOPLE = 3
_HEADS = ("table", "records", "a day", "late p50", "p95", "last seen")


def flow_text(flow: FlowMap) -> str:
    """Show the map for a terminal; text of data is one line each, without control characters."""
    blocks = [_head(flow), _sources(flow)]
    blocks += [_link(flow, link) for link in flow.links]
    blocks += [_dark(flow), _hanging(flow), _next(flow)]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _wrap(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        printable(text), WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
    )


def _head(flow: FlowMap) -> list[str]:
    steps = len(flow.steps)
    said = f"{steps} steps described" if steps else "no steps described"
    lines = _wrap(
        f"How information flows in {flow.plant}, as of {flow.as_of}: {said},"
        f" {len(flow.tables)} tables measured, {len(flow.dark)} places where it goes dark.",
        "",
        "  ",
    )
    if not flow.declared:
        hint = "Nobody has said yet what goes by paper and by word: write flows.yml beside"
        lines += _wrap(f"{hint} plant.toml (README, Where information goes dark).", "", "  ")
    if flow.withheld:
        lines += _wrap(f"Withheld from your role: {', '.join(flow.withheld)}.", "", "  ")
    return lines


def _sources(flow: FlowMap) -> list[str]:
    rows: list[Sequence[str]] = [_HEADS]
    notes: list[str] = []
    for source in flow.sources:
        rows += [_table(table) for table in source["tables"]]
        notes += _source_notes(source)
    widths = [max(len(row[place]) for row in rows) for place in range(len(_HEADS))]
    widths[0] = min(widths[0], 30)
    lines = []
    for row in rows:
        name, *numbers, seen = row
        cells = [cell.rjust(width) for cell, width in zip(numbers, widths[1:-1], strict=True)]
        lines.append("  ".join([printable(name)[: widths[0]].ljust(widths[0]), *cells, seen]))
    if not any(table.delay for table in flow.tables.values()):
        notes += _wrap("No delay is known: nothing came yet after the first readings.", "", "  ")
    return [line.rstrip() for line in lines] + notes


def _table(table: dict[str, Any]) -> Sequence[str]:
    delay = table["delay"]
    late = (
        (duration_text(delay["p50_seconds"]), duration_text(delay["p95_seconds"]))
        if delay
        else ("-", "-")
    )
    per_day = "-" if table["per_day"] is None else f"{table['per_day']:.3g}"
    seen = (table["last_seen"] or "never")[:16].replace("T", " ")
    return (table["table"], str(table["records"]), per_day, *late, seen)


def _source_notes(source: dict[str, Any]) -> Iterator[str]:
    told = []
    if source["visible"]:
        visible = source["visible"]
        usual, long = duration_text(visible["p50_seconds"]), duration_text(visible["p95_seconds"])
        told.append(f"in answers {usual} after receipt (p95 {long})")
    people: dict[str, int] = {}
    for table in source["tables"]:
        for one in table["people"]:
            people[one["person"]] = people.get(one["person"], 0) + one["records"]
    if people:
        ranked = sorted(people, key=lambda person: (-people[person], person))
        named = ", ".join(f"{person} {people[person]}" for person in ranked[:MOST_PEOPLE])
        more = len(ranked) - MOST_PEOPLE
        told.append(f"entered by {named}" + (f" and {more} more" if more > 0 else ""))
    if told:
        yield from _wrap(f"{source['name']}: {'; '.join(told)}", "", "  ")


def _link(flow: FlowMap, link: LinkFlow) -> list[str]:
    percent = f" ({100 * link.have // link.of} %)" if link.of else ""
    lacking = f"; {link.missing} missing" if link.missing else ""
    lacking += f"; {link.unknown} unknown" if link.unknown else ""
    lines = _wrap(
        f"{link.link.upper()}: {link.have} of {link.of} known{percent}{lacking}", "", "  "
    )
    lines += _carried(flow, link)
    steps = {step.name: step for step in flow.steps}
    for edge in flow.edges:
        if edge.link == link.link:
            lines += _edge(edge, steps)
    if link.gaps_elsewhere and link.of:
        lines += _wrap(
            f"{link.gaps_elsewhere} gaps hang on no step that is described", "  ", "    "
        )
    used = f"used by {len(link.questions)} saved questions"
    return lines + _wrap(used, "  ", "    ")


def _carried(flow: FlowMap, link: LinkFlow) -> list[str]:
    told = [
        f"{table.table} {one.records} of {one.of}"
        for table in flow.tables.values()
        for one in table.links
        if one.link == link.link
    ]
    named = ", ".join(told) or "no connected source can say it"
    return _wrap(f"records that say it: {named}", "  ", "    ")


def _edge(edge: FlowEdge, steps: dict[str, FlowStep]) -> list[str]:
    start = _named(steps.get(edge.start)) if edge.start else "(arises)"
    end = _named(steps.get(edge.end)) if edge.end else "(nothing)"
    mark = "" if edge.state == "seen" else f"{edge.state.upper()} "
    gaps = f"; {edge.gaps} gaps" if edge.gaps else ""
    return _wrap(f"{start} -> {end}: {mark}{edge.why}{gaps}", "  ", "      ")


def _named(step: FlowStep | None) -> str:
    if step is None:
        return "?"
    people = [person.removeprefix("person/") for person in sorted(step.people)]
    told = [step.medium, f"by {step.handover}" if step.handover else "", *people]
    marks = ", ".join(filter(None, told))
    name = step.name.removeprefix("flow-step/")
    return f"{name} [{marks}]" if marks else name


def _dark(flow: FlowMap) -> list[str]:
    if not flow.dark:
        return []
    lines = ["WHERE IT GOES DARK, that on which most gaps hang first"]
    steps = {step.name: step for step in flow.steps}
    for place, edge in enumerate(flow.dark, 1):
        start = edge.start.removeprefix("flow-step/") or "(arises)"
        end = edge.end.removeprefix("flow-step/") or "(nothing)"
        gaps = f", {edge.gaps} gaps" if edge.gaps else ""
        head = f"{place}. {edge.link} {edge.state.upper()}: {start} -> {end}{gaps}"
        lines += _wrap(head, "", "   ")
        minutes = f"; people say {edge.dark_minutes} min" if edge.dark_minutes else ""
        lines += _wrap(f"{edge.why}{minutes}{_said(steps, edge)}", "   ", "   ")
    return lines


def _said(steps: dict[str, FlowStep], edge: FlowEdge) -> str:
    step = steps.get(edge.end) or steps.get(edge.start)
    return f" ({step.said_at})" if step and step.said_at else ""


def _hanging(flow: FlowMap) -> list[str]:
    if not flow.hangs_on:
        return []
    lines = ["HANGS ON ONE person or sheet"]
    for row in flow.hangs_on:
        named = f"{row['what']} {row['name']}"
        answers = row.get("questions", "")
        number = len(answers.split(", ")) if answers else 0
        lines += _wrap(
            f"{named}: {row['carries']}; {row['why']}; {number} saved questions", "  ", "    "
        )
    return lines


def _next(flow: FlowMap) -> list[str]:
    lines: list[str] = []
    if flow.processes:
        lines.append("CONNECT NEXT, of what people do outside of systems")
    for row in flow.processes:
        told = f"{row.get('process', '(not described)')}: {row['links']}; {row['gaps']} gaps,"
        rest = f" {row['answers']} answers made whole, {row['dark_minutes']} min in the dark"
        lines += _wrap(f"{row['rank']}. {told}{rest}", "  ", "     ")
    if flow.next:
        lines.append("CONNECT NEXT, of sources, by the questions that they would answer")
    for place, one in enumerate(flow.next, 1):
        what = f"mapping {one.name}" if one.what == "mapping" else f"what says {one.title}"
        gained = f"{len(one.whole)} whole, {len(one.part)} in part"
        lines += _wrap(f"{place}. {what}: {gained}", "  ", "     ")
    return lines
