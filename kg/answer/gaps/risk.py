"""Risk: which open orders and customers wait for what a gap is about, and for how much money."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, NamedTuple

from kg import vocab
from kg.answer.bundle import AtRisk, Worth
from kg.answer.evidence import literal_text, short
from kg.answer.lookup import look_up
from kg.answer.slots import JOB_LINKS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from kg.records import Term
    from kg.store import Store

MAX_NAMED = 50
OVER = {vocab.code("order-status", name) for name in ("closed", "cancelled")}
DONE = {vocab.code("job-status", name) for name in ("completed", "closed", "cancelled")}
_TO_JOB = "|".join(
    (
        vocab.OPERATION_OF,
        *JOB_LINKS,
        f"(^{vocab.RUNNING_ON}/({'|'.join(JOB_LINKS)}))",
        vocab.CONSUMED_BY,
        vocab.INPUT_TO,
        vocab.LOADED_FOR,
        vocab.ALLOCATION_OF,
        vocab.PIECE_OF,
        f"^{vocab.MAKES}",
        f"^{vocab.APPLIES_SPEC}",
        f"^{vocab.PRESUMED_SPEC}",
    )
)
_TO_LINE = f"^{vocab.LINE_OF}|(^{vocab.ORDERED_BY}/^{vocab.LINE_OF})|{vocab.TO_ORDER_LINE}"
_OF_LINE = (
    f"?entity a {vocab.SALES_ORDER_LINE} OPTIONAL {{ ?entity {vocab.UNIT_PRICE} ?price }} "
    f"OPTIONAL {{ ?entity {vocab.CURRENCY} ?currency }} "
    f"OPTIONAL {{ ?entity {vocab.QUANTITY} ?ordered }} "
    f"OPTIONAL {{ ?entity {vocab.PROMISED_DATE} ?promised }} "
    f"OPTIONAL {{ ?entity {vocab.REQUESTED_DATE} ?requested }} "
    f"OPTIONAL {{ ?entity {vocab.LINE_OF} ?order "
    f"OPTIONAL {{ ?order {vocab.STATUS} ?status }} "
    f"OPTIONAL {{ ?order {vocab.ORDERED_BY} ?customer }} }}"
)


class Stake(NamedTuple):
    """What depends on an entity: named orders and customers, and money by currency."""

    at_risk: AtRisk
    worth: tuple[Worth, ...]


@dataclass(slots=True)
class _Line:
    """An order line with all that is said of it; closed orders and their lines are left out."""

    orders: set[Term] = field(default_factory=set)
    customers: set[Term] = field(default_factory=set)
    due: str | None = None
    price: Decimal | None = None
    currency: str | None = None
    ordered: Decimal | None = None


def find_stakes(store: Store, base: str, entities: Collection[Term]) -> dict[Term, Stake]:
    """Find what is at risk with each entity, by way of jobs, allocations, order lines and orders.

    Money is allocated quantity times unit price; the ordered quantity stands in for one that is
    not allocated. Orders that are closed or cancelled are at risk no more.
    """
    jobs = _reached(store, entities, _TO_JOB)
    by_job = _shares(store, set(entities).union(*jobs.values()))
    by_line = _reached(store, entities, _TO_LINE)
    wanted = {line for shares in by_job.values() for line, _ in shares}
    lines = _lines(store, set(entities).union(wanted, *by_line.values()))
    due = _due_of_open_jobs(store, set(entities).union(*jobs.values()))
    found = {}
    for entity in entities:
        own = {entity, *jobs.get(entity, ())}
        shares: dict[Term, Decimal | None] = {}
        for line, share in (pair for job in sorted(own) for pair in by_job.get(job, ())):
            before = shares.get(line, Decimal())
            # One share without a quantity stands for the whole line.
            shares[line] = None if before is None or share is None else before + share
        for line in (entity, *by_line.get(entity, ())):
            shares.setdefault(line, None)
        dues = [due[job] for job in own if job in due]
        found[entity] = _stake(lines, shares, dues, base)
    return found


def _reached(store: Store, entities: Iterable[Term], path: str) -> dict[Term, set[Term]]:
    found: dict[Term, set[Term]] = defaultdict(set)
    for row in look_up(store, entities, f"?entity {path} ?reached"):
        found[row["entity"]].add(row["reached"])
    return found


def _shares(store: Store, jobs: Iterable[Term]) -> dict[Term, list[tuple[Term, Decimal | None]]]:
    """Give the order lines that each job serves, with the quantity that is allocated to it."""
    found: dict[Term, list[tuple[Term, Decimal | None]]] = defaultdict(list)
    pattern = (
        f"?allocation {vocab.ALLOCATION_OF} ?entity ; {vocab.TO_ORDER_LINE} ?line "
        f"OPTIONAL {{ ?allocation {vocab.QUANTITY} ?share }}"
    )
    for row in look_up(store, jobs, pattern):
        found[row["entity"]].append((row["line"], _number(row.get("share"))))
    return found


def _lines(store: Store, entities: Iterable[Term]) -> dict[Term, _Line]:
    found: dict[Term, _Line] = {}
    closed = set()
    for row in look_up(store, entities, _OF_LINE):
        line = found.setdefault(row["entity"], _Line())
        if row.get("status") in OVER:
            closed.add(row["entity"])
        line.orders |= {row["order"]} if "order" in row else set()
        line.customers |= {row["customer"]} if "customer" in row else set()
        line.due = min(filter(None, (line.due, _date(row))), default=None)
        line.price = _number(row.get("price"))
        line.ordered = _number(row.get("ordered"))
        line.currency = literal_text(row["currency"]) if "currency" in row else None
    return {name: line for name, line in found.items() if name not in closed}


def _date(row: dict[str, Term]) -> str | None:
    date = row.get("promised") or row.get("requested")
    return literal_text(date) if date is not None else None


def _due_of_open_jobs(store: Store, jobs: Iterable[Term]) -> dict[Term, str]:
    found: dict[Term, str] = {}
    pattern = f"?entity {vocab.DUE_DATE} ?due OPTIONAL {{ ?entity {vocab.STATUS} ?status }}"
    for row in look_up(store, jobs, pattern):
        if row.get("status") not in DONE:
            due = literal_text(row["due"])
            found[row["entity"]] = min(found.get(row["entity"], due), due)
    return found


def _stake(
    lines: dict[Term, _Line],
    shares: Mapping[Term, Decimal | None],
    job_dues: Iterable[str],
    base: str,
) -> Stake:
    orders: dict[Term, str] = {}
    customers: set[Term] = set()
    money: dict[str | None, Decimal] = defaultdict(Decimal)
    for name, share in shares.items():
        if (line := lines.get(name)) is None:
            continue
        customers |= line.customers
        for order in line.orders:
            orders[order] = min(orders.get(order, "9999"), line.due or "9999")
        quantity = share if share is not None else line.ordered
        if line.price is not None and quantity is not None:
            money[line.currency] += line.price * quantity
    dues = [due for due in orders.values() if due != "9999"] or list(job_dues)
    first = sorted(orders, key=lambda order: (orders[order], order))
    at_risk = AtRisk(
        orders=tuple(short(order, base) for order in first[:MAX_NAMED]),
        customers=tuple(short(customer, base) for customer in sorted(customers)[:MAX_NAMED]),
        due=min(dues, default=None),
        order_count=len(orders),
        customer_count=len(customers),
    )
    worth = [Worth(_plain(money[name]), name) for name in sorted(money, key=str)]
    return Stake(at_risk, tuple(worth))


def _number(term: Term | None) -> Decimal | None:
    try:
        number = Decimal(literal_text(term)) if term is not None else None
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() else None


def _plain(amount: Decimal) -> str:
    """Write an amount without an exponent and without zeros that say nothing."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
