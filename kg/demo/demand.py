"""Customers' orders as they come in, and what the planners make of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from kg.demo.catalogue import CUSTOMERS, ITEM, SOLD, SPECLESS, STOCKED

if TYPE_CHECKING:
    from random import Random

    from kg.demo.agenda import Agenda
    from kg.demo.catalogue import Item
    from kg.demo.defects import Defects
    from kg.demo.model import Job, Line
    from kg.demo.office import Office
    from kg.demo.shop import Shop

BACKLOG_ORDERS = 20
MINUTES_BETWEEN_ORDERS = 130.0
STOCK_ORDER_SHARE = 0.12
CANCELLED_SHARE = 0.03
LONGEST_WAIT_MINUTES = 900


class Demand:
    """Places orders at random moments and lets their jobs be released."""

    def __init__(
        self, agenda: Agenda, dice: Random, office: Office, shop: Shop, defects: Defects
    ) -> None:
        self._agenda = agenda
        self._dice = dice
        self._office = office
        self._shop = shop
        self._defects = defects

    def open(self) -> None:
        """Place the orders of the first day and wait for more."""
        for _ in range(BACKLOG_ORDERS):
            self._place()
        self._wait()

    def _wait(self) -> None:
        minutes = self._dice.uniform(0.2, 1.8) * MINUTES_BETWEEN_ORDERS
        self._agenda.after(minutes, self._arrive)

    def _arrive(self) -> None:
        self._place()
        self._wait()

    def _place(self) -> None:
        customer = self._dice.choice(tuple(CUSTOMERS))
        wants = [self._choose() for _ in range(self._dice.choice((1, 1, 2, 2, 3)))]
        for line in self._office.take_order(customer, wants):
            self._plan(line.item, line.quantity, (line,))
        if self._dice.random() < STOCK_ORDER_SHARE:
            self._plan(ITEM[self._dice.choice(STOCKED)], 10 + self._dice.randrange(20), ())

    def _choose(self) -> tuple[Item, int]:
        number = self._dice.choice(SOLD)
        if self._defects.strikes("spec-missing"):
            number = SPECLESS
        item = ITEM[number]
        return item, 1 + self._dice.randrange(3) if item.is_serial else 4 + self._dice.randrange(20)

    def _plan(self, item: Item, quantity: int, lines: tuple[Line, ...]) -> None:
        job = self._office.open_job(item, quantity, lines)
        is_cancelled = self._dice.random() < CANCELLED_SHARE
        decide = partial(self._office.cancel, job) if is_cancelled else partial(self._release, job)
        self._agenda.after(self._dice.random() * LONGEST_WAIT_MINUTES, decide)

    def _release(self, job: Job) -> None:
        self._office.release(job)
        self._shop.queue(job, job.operations[0])
