"""Recall: from a bad batch, the list that goes to customers: who got what, when, and how sure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kg import vocab
from kg.answer.evidence import short
from kg.answer.rowtable import rows_csv
from kg.answer.tracing.grading import ORDER
from kg.answer.tracing.leaks import find_breaks
from kg.answer.tracing.stock import stock_of
from kg.answer.tracing.trace import MOST_THEN, begin, trace
from kg.answer.tracing.traced import names_of, number_text, reasons, told_stock
from kg.answer.tracing.veil import (
    behind,
    filled,
    require_all,
    seen_breaks,
    shows_stock,
    told_withheld,
)
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from kg.answer.answers import Answers
    from kg.answer.tracing.grading import How
    from kg.answer.tracing.steps import Place, Step
    from kg.answer.tracing.trace import Traced
    from kg.answer.tracing.veil import Veil
    from kg.records import Term

COLUMNS = (
    "how", "customer", "customer_name", "order", "order_line", "shipment", "shipped_at",
    "goods", "serial", "quantity", "unit", "quantity_is", "why",
)  # fmt: skip
_NEAREST = ("shipment-line", "piece", "batch", "job")
"""What tells best which goods an order line was met by; of a line only the best is listed."""


class _Delivered(NamedTuple):
    """Goods that went, or will go, to a customer: for an order line, in a shipment, or both."""

    how: How
    why: tuple[str, ...]
    line: Term
    shipment_line: Term
    goods: Term


def tell_recall(
    answers: Answers,
    reference: str,
    now: datetime,
    *,
    most_things: int,
    veil: Veil | None = None,
) -> dict[str, Any]:
    """List whom a bad thing reached, and what of it is still here; whole, or not at all.

    Behind a ``veil`` cells may be withheld, never rows.

    A row is one delivery: ``quantity`` is what was ``shipped``, one ``piece``, or what was
    ``ordered`` where nothing tells the goods nearer. Raises: as `traced.tell_trace`; AccessError
    where rows would be lacking.
    """
    store, base = answers.store, answers.plant.base
    seq = store.applied_seq()
    start = begin(store, answers.finder.find(reference).term)
    most_things = min(most_things, MOST_THEN) if answers.is_past else most_things
    require_all(veil, "a recall", but=behind(start.kind))
    traced = trace(store, base, start, "forward", most_things, veil)
    customers = traced.of_kind("customer", is_excluded=True)
    names = names_of(store, [start.thing, *customers], veil)
    delivered = sorted(_delivered(traced), key=lambda d: (ORDER.index(d.how), d[2:]))
    rows = [row for d in delivered for row in _rows(traced, d, base, names)]
    batches = traced.batches() if shows_stock(veil) else []
    stock = [stock_of(traced.held, batch) for batch in batches]
    withheld = told_withheld(traced)
    return {
        "entity": {
            "id": short(start.thing, base),
            "kind": start.kind,
            "label": names.get(start.thing, ""),
            "iri": start.thing[1:-1],
        },
        "as_of": format_time(now),
        "applied_seq": seq,
        "columns": list(COLUMNS),
        "rows": rows,
        "here": [told_stock(one, base) for one in stock if one.state != "none"],
        "jobs": [short(job, base) for job in traced.of_kind("job")],
        "excluded": [
            {"id": short(thing, base), "kind": r.place.kind, "why": reasons(traced.path(thing))}
            for thing, r in traced.things.items()
            if r.how == "excluded" and r.place.kind in {"order-line", "shipment", "job"}
        ],
        "breaks": [
            {"kind": b.kind, "id": short(b.thing, base), "said": b.said}
            for b in seen_breaks(veil, find_breaks(traced, base))
        ],
        "is_whole": not withheld,
        "withheld": withheld,
    }


def recall_csv(told: Mapping[str, Any]) -> str:
    """Write the list for a spreadsheet, which runs nothing of it (RFC 4180)."""
    return rows_csv(COLUMNS, told["rows"])


def _delivered(traced: Traced) -> Iterator[_Delivered]:
    """Give the deliveries of what was reached: for each order line by what tells it best."""
    ways = _ways_in(traced)
    for line in traced.of_kind("order-line"):
        into = ways.get(line, {})
        nearest = next((kind for kind in _NEAREST if into.get(kind)), "")
        for place, step in into.get(nearest, []):
            shipment_line = place.thing if place.kind == "shipment-line" else ""
            goods = "" if shipment_line else place.thing
            yield from _of(traced, place, step, line, shipment_line, goods)
    for shipment_line in traced.of_kind("shipment-line"):
        if not traced.held.of(shipment_line, vocab.SHIPS_FOR):
            how, why = _way(traced, traced.things[shipment_line].place)
            yield from _goods(traced, _Delivered(how, why, "", shipment_line, ""))
    if traced.start.kind == "order-line":
        yield _Delivered("certain", (), traced.start.thing, "", "")


def _of(
    traced: Traced, place: Place, step: Step, line: Term, shipment_line: Term, goods: Term
) -> Iterator[_Delivered]:
    how, why = _way(traced, place)
    how = max(how, step.grade.how, key=ORDER.index)
    if how == "excluded":
        return
    told = tuple(dict.fromkeys((*why, *([step.grade.why] if step.grade.why else []))))
    found = _Delivered(how, told, line, shipment_line, goods)
    yield from _goods(traced, found) if shipment_line else (found,)


def _goods(traced: Traced, found: _Delivered) -> Iterator[_Delivered]:
    """Give one delivery for each thing that a shipment line names and the trace reached."""
    named = traced.grading.named_goods(found.shipment_line)
    reached = sorted(g for g in named if g in traced.things or g == traced.start.thing)
    for goods in reached or [""]:
        yield found._replace(goods=goods)


def _way(traced: Traced, place: Place) -> tuple[How, tuple[str, ...]]:
    if place == traced.start:
        return "certain", ()
    reached = traced.ways[place]
    steps = [reached.step]
    while steps[-1].start != traced.start:
        steps.append(traced.ways[steps[-1].start].step)
    return reached.how, tuple(reasons(steps[::-1]))


def _ways_in(traced: Traced) -> dict[Term, dict[str, list[tuple[Place, Step]]]]:
    """Give for each order line the places that lead into it, by kind; a job's once."""
    found: dict[Term, dict[str, list[tuple[Place, Step]]]] = {}
    places = [traced.start, *sorted(traced.ways, key=lambda p: ORDER.index(traced.ways[p].how))]
    for place in places:
        for step in traced.steps.get(place, ()):
            if step.end.kind == "order-line" and step.grade.how != "excluded":
                listed = found.setdefault(step.end.thing, {}).setdefault(place.kind, [])
                if all(other.thing != place.thing for other, _ in listed):
                    listed.append((place, step))
    return found


def _rows(
    traced: Traced, found: _Delivered, base: str, names: Mapping[Term, str]
) -> Iterator[dict[str, str]]:
    """Write down a delivery, once for each customer that it may have gone to."""
    held = traced.held
    orders = held.of(found.line, vocab.LINE_OF) if found.line else []
    shipments = held.of(found.shipment_line, vocab.IN_SHIPMENT) if found.shipment_line else []
    buyers = [c for order in orders for c in held.of(order, vocab.ORDERED_BY)]
    buyers = buyers or [c for s in shipments for c in held.of(s, vocab.SHIPPED_TO)]
    amount, unit, is_what = _amount(traced, found)
    serial = held.text(found.goods, vocab.SERIAL_NUMBER) if found.goods else None
    when = [held.text(s, vocab.SHIPPED_AT) or "" for s in shipments]
    for customer in dict.fromkeys(buyers or [""]):
        row = {
            "how": found.how,
            "customer": short(customer, base) if customer else "",
            "customer_name": names.get(customer, ""),
            "order": ", ".join(short(order, base) for order in orders),
            "order_line": short(found.line, base) if found.line else "",
            "shipment": ", ".join(short(shipment, base) for shipment in shipments),
            "shipped_at": ", ".join(filter(None, when)),
            "goods": short(found.goods, base) if found.goods else "",
            "serial": serial or "",
            "quantity": amount,
            "unit": unit,
            "quantity_is": is_what,
            "why": "; ".join(found.why),
        }
        yield filled(held.veil, {name: cell for name, cell in row.items() if cell})


def _amount(traced: Traced, found: _Delivered) -> tuple[str, str, str]:
    """Give how much went, its unit, and what kind of number that is."""
    held = traced.held
    if found.shipment_line:
        number = held.number(found.shipment_line, vocab.QUANTITY)
        unit = held.text(found.shipment_line, vocab.UNIT)
        return number_text(number) or "", unit or "", "shipped" if number is not None else ""
    if found.goods and _is_piece(traced, found.goods):
        return "1", "", "piece"
    number = held.number(found.line, vocab.QUANTITY)
    unit = held.text(found.line, vocab.UNIT)
    return number_text(number) or "", unit or "", "ordered" if number is not None else ""


def _is_piece(traced: Traced, goods: Term) -> bool:
    place = traced.start if goods == traced.start.thing else traced.things[goods].place
    return place.kind == "piece"
