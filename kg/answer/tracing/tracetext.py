"""A trace for a terminal: counts, what was reached and how, breaks, and what is left."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from kg.answer.tracing.veil import WITHHELD
from kg.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

WIDTH = 80
SHOWN = 20
"""Things, breaks or batches of a list that are shown; the JSON has all."""
_MORE = "  and {} more: --format json has them all"
_HEADS = {
    "certain": "CERTAIN, {}: every step was scanned or booked",
    "possible": "POSSIBLE, {}: nothing tells whether it is so",
    "excluded": "EXCLUDED, {}: it would be reached, but something rules it out",
}


def trace_text(told: Mapping[str, Any]) -> str:
    """Write a trace, by the sections that have something to say."""
    entity = told["entity"]
    named = f' "{entity["label"]}"' if entity["label"] and entity["label"] != entity["id"] else ""
    lines = _wrap(f"{entity['id']}{named} {told['direction']} | as of {told['as_of']}", "", "  ")
    lines += [*_withheld(told["withheld"]), "", *_counts(told["counts"])]
    for how, head in _HEADS.items():
        reached = [thing for thing in told["reached"] if thing["how"] == how]
        if reached:
            lines += ["", head.format(len(reached)), *_things(reached)]
    lines += _breaks(told["breaks"])
    lines += _stock(told["stock"])
    lines += _worst(told["worst_case"])
    return "\n".join(lines)


def recall_text(told: Mapping[str, Any]) -> str:
    """Write a recall: who got what, the surest first, then what is still here."""
    entity, rows = told["entity"], told["rows"]
    customers = {row["customer"] for row in rows if row.get("customer")} - {WITHHELD}
    hidden = any(row.get("customer") == WITHHELD for row in rows)
    lines = _wrap(
        f"RECALL of {entity['id']} | as of {told['as_of']} | {len(rows)} deliveries,"
        f" {len(customers)} customers{' and others that are withheld' if hidden else ''}",
        "",
        "  ",
    )
    lines += _withheld(told["withheld"])
    for how in ("certain", "possible"):
        found = [row for row in rows if row["how"] == how]
        if found:
            lines += ["", f"{how.upper()}, {len(found)}"]
            lines += [line for row in found[:SHOWN] for line in _delivery(row)]
            lines += [_MORE.format(len(found) - SHOWN)] if len(found) > SHOWN else []
    if told["jobs"]:
        jobs = told["jobs"]
        lines += ["", *_wrap(f"IN JOBS, {len(jobs)}: {_named(jobs, len(jobs))}", "", "  ")]
    for out in told["excluded"][:SHOWN]:
        lines += _wrap(f"EXCLUDED {out['id']}: {'; '.join(out['why'])}", "", "  ")
    lines += _breaks(told["breaks"])
    lines += _stock(told["here"])
    return "\n".join(lines)


def _delivery(row: Mapping[str, str]) -> Iterator[str]:
    buyer = " ".join(
        filter(None, (row.get("customer", "customer unknown"), row.get("customer_name")))
    )
    yield from _wrap(buyer, "  ", "    ")
    amount = f"{row['quantity']} {row.get('unit', '')}".strip() if row.get("quantity") else ""
    said = (
        row.get("order_line", ""),
        f"serial {row['serial']}" if row.get("serial") else row.get("goods", ""),
        f"{amount} {row['quantity_is']}" if amount else "",
        row.get("shipment", ""),
        row.get("shipped_at", ""),
    )
    yield from _wrap(", ".join(filter(None, said)), "    ", "      ")
    if row.get("why"):
        yield from _wrap(f"because {row['why']}", "    ", "      ")


def _withheld(withheld: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Say at the top that this is not all: a list that looks whole is taken for whole."""
    if not withheld:
        return
    yield from _wrap(
        "NOT WHOLE: your role does not see everything, and others may have to be told:", "", "  "
    )
    for part in withheld:
        what = ", ".join(part["properties"])
        yield from _wrap(f"{part['things']} {part['kind']}: {what} withheld", "  ", "    ")


def _counts(counts: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    if not counts:
        yield "Nothing is known to be reached."
        return
    yield f"{'':<16}{'certain':>9}{'possible':>10}{'excluded':>10}"
    for kind, of in counts.items():
        yield f"{kind:<16}{of['certain']:>9}{of['possible']:>10}{of['excluded']:>10}"


def _things(reached: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for thing in reached[:SHOWN]:
        label = f" {thing['label']}" if thing["label"] not in {"", thing["id"]} else ""
        yield from _wrap(f"{thing['id']}{label}", "  ", "    ")
        way = " > ".join(thing["path"])
        cited = f" [{', '.join(thing['records'])}]" if thing["records"] else ""
        yield from _wrap(f"{way}{cited}", "    ", "      ")
        for why in thing["why"]:
            yield from _wrap(f"because {why}", "    ", "      ")
    if len(reached) > SHOWN:
        yield _MORE.format(len(reached) - SHOWN)


def _breaks(breaks: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not breaks:
        return
    yield from ("", f"BREAKS, {len(breaks)}: here the records end")
    for found in breaks[:SHOWN]:
        yield from _wrap(f"{found['kind']}: {found['said']}", "  ", "    ")
    if len(breaks) > SHOWN:
        yield _MORE.format(len(breaks) - SHOWN)


def _stock(stock: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    left = [row for row in stock if row["state"] != "none"]
    if not stock:
        return
    yield from ("", f"LEFT: {len(left)} of {len(stock)} batches are not known to be used up")
    for row in left[:SHOWN]:
        yield from _wrap(f"{row['batch']}: {_left(row)}", "  ", "    ")
    if len(left) > SHOWN:
        yield _MORE.format(len(left) - SHOWN)


def _left(row: Mapping[str, Any]) -> str:
    unit = f" {row['unit']}" if row["unit"] else ""
    if row["state"] == "unknown":
        return f"unknown, as {row['why']}"
    said = f"{row['left']} of {row['received']}{unit}"
    if row["state"] == "conflicting":
        said = f"{said}: {row['why']}"
    if row["perhaps_used"] != "0":
        said += f", of which {row['perhaps_used']}{unit} may be used"
    return f"{said}, at {', '.join(row['places'])}" if row["places"] else said


def _worst(worst: Mapping[str, Any] | None) -> Iterator[str]:
    if worst is None:
        return
    if worst["why"] and not worst["counts"] and not worst["unbounded"]:
        yield from ("", *_wrap(f"WORST CASE unknown: {worst['why']}", "", "  "))
    elif worst["counts"] or worst["unbounded"]:
        yield from ("", "WORST CASE, if every break leaked, besides:")
        for kind, number in worst["counts"].items():
            yield from _wrap(
                f"{number} {kind}: {_named(worst['named'][kind], number)}", "  ", "    "
            )
        if worst["unbounded"]:
            named = _named(worst["unbounded"], len(worst["unbounded"]))
            yield from _wrap(
                f"anything, in {named}: nothing tells what it is made from", "  ", "    "
            )


def _named(ids: Sequence[str], number: int) -> str:
    more = f" and {number - 5} more" if number > 5 else ""
    return f"{', '.join(ids[:5])}{more}"


def _wrap(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        printable(text), WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
    )
