"""What is at risk, against a count of one thing at a time."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from hypothesis import example, given, settings
from hypothesis import strategies as st

from kg import vocab
from kg.answer.bundle import AtRisk, Worth
from kg.answer.gaps.risk import MAX_NAMED, find_stakes
from kg.store import EmbeddedStore

BASE = "https://tiny.example/"
OPEN, CLOSED = (vocab.code("order-status", name) for name in ("open", "closed"))


def named(kind: str, number: int) -> str:
    return f"<{BASE}{kind}/{number}>"


def decimal(number: int) -> str:
    return f'"{number}"^^<{vocab.XSD}decimal>'


def date(day: int) -> str:
    return f'"2026-12-{day:02}"^^<{vocab.XSD}date>'


few = st.integers(0, 3)
lines = st.dictionaries(
    few,
    st.fixed_dictionaries(
        {},
        optional={
            "order": few,
            "price": st.integers(1, 9),
            "currency": st.sampled_from(["EUR", "SEK"]),
            "ordered": st.integers(1, 9),
            "promised": st.integers(1, 28),
        },
    ),
    max_size=4,
)
orders = st.dictionaries(
    few,
    st.fixed_dictionaries(
        {}, optional={"customer": few, "status": st.sampled_from([OPEN, CLOSED])}
    ),
    max_size=4,
)
shares = st.lists(st.tuples(few, few, st.one_of(st.none(), st.integers(1, 9))), max_size=6)


def facts_of(lines, orders, shares) -> set[tuple[str, str, str]]:
    facts = set()
    for number, line in lines.items():
        me = named("line", number)
        facts.add((me, vocab.RDF_TYPE, vocab.SALES_ORDER_LINE))
        if "order" in line:
            facts.add((me, vocab.LINE_OF, named("order", line["order"])))
        if "price" in line:
            facts.add((me, vocab.UNIT_PRICE, decimal(line["price"])))
        if "currency" in line:
            facts.add((me, vocab.CURRENCY, f'"{line["currency"]}"'))
        if "ordered" in line:
            facts.add((me, vocab.QUANTITY, decimal(line["ordered"])))
        if "promised" in line:
            facts.add((me, vocab.PROMISED_DATE, date(line["promised"])))
    for number, order in orders.items():
        me = named("order", number)
        if "customer" in order:
            facts.add((me, vocab.ORDERED_BY, named("customer", order["customer"])))
        if "status" in order:
            facts.add((me, vocab.STATUS, order["status"]))
    for number, (job, line, quantity) in enumerate(shares):
        me = named("share", number)
        facts.add((me, vocab.ALLOCATION_OF, named("job", job)))
        facts.add((me, vocab.TO_ORDER_LINE, named("line", line)))
        if quantity is not None:
            facts.add((me, vocab.QUANTITY, decimal(quantity)))
    return facts


def counted(job: int, lines, orders, shares) -> tuple[dict, set, set]:
    """Money by currency, orders and customers of one job, by going through every row."""
    money: dict[str | None, Decimal] = defaultdict(Decimal)
    at_risk: set[int] = set()
    customers: set[int] = set()
    for number, line in lines.items():
        mine = [quantity for owner, of, quantity in shares if (owner, of) == (job, number)]
        order = orders.get(line.get("order"), {})
        if not mine or order.get("status") == CLOSED:
            continue
        at_risk |= {line["order"]} if "order" in line else set()
        customers |= {order["customer"]} if "customer" in order else set()
        # One share without a quantity stands for the whole line.
        quantity = line.get("ordered") if None in mine else sum(mine)
        if "price" in line and quantity is not None:
            money[line.get("currency")] += line["price"] * quantity
    return dict(money), at_risk, customers


@settings(max_examples=80, deadline=None)
@given(lines, orders, shares)
@example({0: {"price": 1}}, {}, [(0, 0, None), (0, 0, 1)])
def test_what_is_at_risk_with_a_job_is_what_its_rows_add_up_to(lines, orders, shares) -> None:
    jobs = {named("job", number) for number in range(4)}
    with EmbeddedStore.in_memory(BASE) as store:
        store.apply(set(), {(*fact, "") for fact in facts_of(lines, orders, shares)}, 1)
        stakes = find_stakes(store, BASE, jobs)
    for number in range(4):
        money, at_risk, customers = counted(number, lines, orders, shares)
        stake = stakes[named("job", number)]
        assert {w.currency: Decimal(w.amount) for w in stake.worth} == money
        assert set(stake.at_risk.orders) == {f"order/{n}" for n in at_risk}
        assert set(stake.at_risk.customers) == {f"customer/{n}" for n in customers}
        assert stake.at_risk.order_count == len(at_risk)


def stake_of(entity: str, *more: tuple[str, str, str]) -> tuple[AtRisk, tuple[Worth, ...]]:
    facts = facts_of(
        {1: {"order": 1, "price": 4, "currency": "EUR", "ordered": 5, "promised": 9}},
        {1: {"customer": 1, "status": OPEN}},
        [(1, 1, 3)],
    )
    with EmbeddedStore.in_memory(BASE) as store:
        store.apply(set(), {(*fact, "") for fact in {*facts, *more}}, 1)
        return find_stakes(store, BASE, {entity})[entity]


WHO = AtRisk(("order/1",), ("customer/1",), "2026-12-09", 1, 1)


def test_the_way_to_orders_goes_through_jobs_from_whatever_the_gap_is_of() -> None:
    machine, run, operation = (named(kind, 1) for kind in ("machine", "run", "operation"))
    job = named("job", 1)
    share = (Worth("12", "EUR"),)
    assert stake_of(job) == (WHO, share)
    assert stake_of(operation, (operation, vocab.OPERATION_OF, job)) == (WHO, share)
    assert stake_of(run, (run, vocab.OF_JOB, job)) == (WHO, share)
    assert stake_of(machine, (run, vocab.OF_JOB, job), (run, vocab.RUNNING_ON, machine)) == (
        WHO,
        share,
    )
    assert stake_of(named("part", 1), (job, vocab.MAKES, named("part", 1))) == (WHO, share)


def test_an_order_and_its_line_are_at_risk_as_a_whole() -> None:
    for entity in (named("line", 1), named("order", 1), named("customer", 1)):
        assert stake_of(entity) == (WHO, (Worth("20", "EUR"),)), entity


def test_a_job_for_no_order_is_due_as_long_as_it_is_open() -> None:
    job = named("job", 7)
    due = (job, vocab.DUE_DATE, date(3))
    assert stake_of(job, due) == (AtRisk(due="2026-12-03"), ())
    closed = (job, vocab.STATUS, vocab.code("job-status", "completed"))
    assert stake_of(job, due, closed) == (AtRisk(), ())


def test_of_many_orders_the_first_to_be_due_are_named_and_all_are_counted() -> None:
    part = named("part", 1)
    lines = {n: {"order": n, "promised": 1 + n % 28} for n in range(MAX_NAMED + 9)}
    shares = [(n, n, None) for n in lines]
    facts = facts_of(lines, {n: {} for n in lines}, shares)
    facts |= {(named("job", n), vocab.MAKES, part) for n in lines}
    with EmbeddedStore.in_memory(BASE) as store:
        store.apply(set(), {(*fact, "") for fact in facts}, 1)
        risk = find_stakes(store, BASE, {part})[part].at_risk
    assert (len(risk.orders), risk.order_count) == (MAX_NAMED, MAX_NAMED + 9)
    assert risk.orders[:3] == ("order/0", "order/28", "order/56")
    assert risk.due == "2026-12-01"
