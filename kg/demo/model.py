"""What the simulation knows while it runs: jobs, operations, lots, machines at work, runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from kg.demo.catalogue import Item, Machine, Skill, Step


@dataclass(slots=True)
class Lot:
    """A batch in stock; ``left`` in the item's unit."""

    number: int
    item: Item
    heat: str
    left: float
    is_heat_scanned: bool = False


@dataclass(slots=True)
class Operation:
    """A step of one job; ``runs_left`` counts the runs that must end before it is done.

    ``planned_on`` is our id of the machine that the planner named, or "".
    ``delivers_lot`` fixes the number of the lot that the job's last step puts into stock.
    """

    row_id: int
    step: Step
    setup_minutes: float
    run_minutes: float
    planned_on: str = ""
    runs_left: int = 1
    is_begun: bool = False
    delivers_lot: int = 0

    @property
    def number(self) -> int:
        """Give the step's number in the routing."""
        return self.step.number

    @property
    def skill(self) -> Skill:
        """Give what kind of machine the step needs."""
        return self.step.skill


@dataclass(slots=True)
class Line:
    """A sales order's line, by the ERP's row ids."""

    row_id: int
    order_id: int
    item: Item
    quantity: int


@dataclass(slots=True)
class Job:
    """A production order; ``lines`` are the sales lines it is made for, none for stock."""

    row_id: int
    number: int
    item: Item
    quantity: int
    due: datetime
    lines: tuple[Line, ...] = ()
    alias: str = ""
    good: int = 0
    scrap: int = 0
    rework: int = 0
    is_begun: bool = False
    operations: list[Operation] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Report:
    """What is counted so many minutes after production began."""

    minutes: float
    good: int
    scrap: int = 0
    rework: int = 0


@dataclass(slots=True)
class Plan:
    """How one run goes; ``scanned`` and ``loaded`` are the lots that the terminal hears of.

    ``next_serial`` is the number of the next piece, 0 for the next of all.
    """

    setup_minutes: float
    run_minutes: float
    reports: tuple[Report, ...] = ()
    scanned: tuple[Lot, ...] = ()
    loaded: tuple[Lot, ...] = ()
    may_lose_end: bool = True
    next_serial: int = 0


@dataclass(slots=True, eq=False)
class Run:
    """One job's operation on one machine, now."""

    job: Job
    operation: Operation
    plan: Plan
    phase: str = "setup"
    pallet: str | None = None


@dataclass(slots=True)
class Station:
    """A machine at work; the flow starts nothing there that would pass ``closed_from``."""

    machine: Machine
    runs: list[Run] = field(default_factory=list)
    closed_from: datetime | None = None
    loses_ends: bool = True
    state: tuple[str, str] = ("", "")
