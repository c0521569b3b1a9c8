"""The office: takes orders, opens, releases, books, completes and closes jobs in the ERP."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

from kg.demo import erp as erp_codes
from kg.demo.catalogue import MACHINES, SKILL_CENTER
from kg.demo.defects import NO_DATE
from kg.demo.erp import amount, job_number
from kg.demo.masterdata import CLASS_RESOURCE, SUBCONTRACT_RESOURCE
from kg.demo.model import Job, Line, Operation

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from random import Random

    from kg.demo.agenda import Agenda
    from kg.demo.catalogue import Item, Step
    from kg.demo.defects import Defects
    from kg.demo.erp import Erp
    from kg.demo.identity import Crosswalk
    from kg.demo.masterdata import MasterIds

SCENE_JOBS = range(1043, 1059)
"""Job numbers that only scenes use."""
OUTSIDE_MINUTES = 48 * 60
"""What the planners allow a supplier for a step."""


class Office:
    """Writes orders and jobs as the planners do, with their omissions."""

    def __init__(
        self,
        agenda: Agenda,
        dice: Random,
        erp: Erp,
        ids: MasterIds,
        defects: Defects,
        crosswalk: Crosswalk,
    ) -> None:
        self._agenda = agenda
        self._dice = dice
        self._erp = erp
        self._ids = ids
        self._defects = defects
        self._crosswalk = crosswalk
        self._sent_out: dict[int, int] = {}
        """The purchase line of each operation that is with a supplier, both by their rows."""
        self._numbers = (number for number in count(1001) if number not in SCENE_JOBS)
        self._rushes = count(11)
        self._planned: Counter[str] = Counter()
        self._unfinished: Counter[int] = Counter()

    def take_order(
        self, customer: str, wants: Sequence[tuple[Item, int]], line_id: int | None = None
    ) -> list[Line]:
        """Write an order and its lines; ``line_id`` fixes the first line's row id."""
        now = self._agenda.now
        stamp = self._erp.time(now)
        order = self._erp.insert(
            "sales_order",
            customer_id=self._ids.customers[customer],
            status="O",
            ordered_on=self._erp.day(now - timedelta(days=3)),
            changed_at=stamp,
        )
        self._erp.update("sales_order", order, number=str(5000 + order))
        lines = []
        for place, (item, quantity) in enumerate(wants, start=1):
            days = 5 + self._dice.randrange(9)
            row = self._erp.insert(
                "sales_line",
                id=line_id if place == 1 else None,
                order_id=order,
                pos=place,
                item_id=self._ids.items[item.number],
                qty=amount(quantity),
                unit_price=amount(40 + self._dice.randrange(900), 2),
                currency="SEK",
                requested_on=self._erp.day(now + timedelta(days=days)),
                promised_on=self._erp.day(now + timedelta(days=days + 2)),
                changed_at=stamp,
            )
            lines.append(Line(row, order, item, quantity))
        return lines

    def open_job(
        self,
        item: Item,
        quantity: int,
        lines: Sequence[Line] = (),
        *,
        number: int = 0,
        origin: str | None = None,
    ) -> Job:
        """Write a planned job with its operations; a ``number`` of its own makes it a scene's.

        One line is named by the job's origin, several by pegs.
        """
        is_scene = number != 0
        due = self._agenda.now + timedelta(days=4 + self._dice.randrange(8))
        if origin is None:
            origin = self._write_origin(lines, is_scene)
        number = number or next(self._numbers)
        row = self._erp.insert(
            "production_order",
            number=job_number(number),
            item_id=self._ids.items[item.number],
            qty=amount(quantity),
            status=erp_codes.PLANNED,
            origin=origin,
            supply=2 if lines else 1,
            spec_rev=" ",
            priority=self._dice.choice((1, 2, 2, 3, 3, 3)),
            due_on=self._write_due(due, is_scene),
            changed_at=self._erp.time(self._agenda.now),
        )
        job = Job(row, number, item, quantity, due, tuple(lines))
        self._unfinished.update({line.order_id for line in lines})
        self._write_pegs(job)
        if not is_scene and self._defects.strikes("aliased"):
            job.alias = f"RUSH-{next(self._rushes)}"
            self.note_alias(job)
        job.operations = [self._plan_operation(job, step) for step in item.steps]
        return job

    def note_alias(self, job: Job) -> None:
        """Write into crosswalk.csv what the MES calls a job and its operations."""
        self._crosswalk.note("job", str(job.number), job.alias)
        for step in job.item.steps:
            name = f"{job.number}-{step.number}"
            self._crosswalk.note("operation", name, f"{job.alias}-{step.number}")

    def release(self, job: Job, revision: str | None = None) -> None:
        """Release a job, pinned to ``revision``, else to the current one unless forgotten."""
        if revision is None:
            forgotten = self._defects.strikes("spec-unpinned")
            revision = " " if forgotten else job.item.revisions[-1:] or "-"
        self.mark(job, erp_codes.RELEASED, spec_rev=revision)
        for operation in job.operations:
            self.mark_operation(operation, "R")

    def mark(self, job: Job, status: int, **values: str | int | None) -> None:
        """Write a job's status, and other columns with it."""
        stamp = self._erp.time(self._agenda.now)
        self._erp.update("production_order", job.row_id, status=status, changed_at=stamp, **values)

    def mark_operation(self, operation: Operation, status: str) -> None:
        """Write an operation's status letter: P, R, I, C or X."""
        stamp = self._erp.time(self._agenda.now)
        self._erp.update("routing_op", operation.row_id, status=status, changed_at=stamp)

    def cancel(self, job: Job) -> None:
        """Cancel a job that has not begun."""
        self.mark(job, erp_codes.CANCELLED)
        for operation in job.operations:
            self.mark_operation(operation, "X")

    def book(self, job: Job) -> None:
        """Write a begun job's counts as they stand."""
        self.mark(
            job,
            erp_codes.IN_PROGRESS,
            qty_good=amount(job.good),
            qty_scrap=amount(job.scrap),
            qty_rework=amount(job.rework),
        )

    def complete(self, job: Job) -> None:
        """Complete a job; its order closes with the last of its jobs."""
        self.mark(job, erp_codes.COMPLETED)
        for order in sorted({line.order_id for line in job.lines}):
            self._unfinished[order] -= 1
            if not self._unfinished[order]:
                stamp = self._erp.time(self._agenda.now)
                self._erp.update("sales_order", order, status="C", changed_at=stamp)
        self._agenda.after(
            360 + self._dice.randrange(720), lambda: self.mark(job, erp_codes.CLOSED)
        )

    def send_out(self, job: Job, operation: Operation, supplier: str) -> None:
        """Write the purchase line of an operation that is done outside."""
        self._sent_out[operation.row_id] = self._erp.insert(
            "po_line",
            po_number=f"B{8000 + job.number}",
            op_id=operation.row_id,
            supplier_id=self._ids.suppliers[supplier],
            due_on=self._erp.day(self._agenda.now + timedelta(days=2)),
        )
        self.mark_operation(operation, "I")

    def take_back(self, operation: Operation) -> None:
        """Write into its purchase line that what was sent out has come back."""
        line = self._sent_out.pop(operation.row_id)
        self._erp.update("po_line", line, arrived_on=self._erp.day(self._agenda.now))

    def write_serial(self, number: str, item: Item, job: Job | None, parent: str, lot: str) -> None:
        """Write a piece; ``parent`` is the serial it was built into, ``lot`` where it came from."""
        self._erp.insert(
            "serial",
            serial_no=number,
            item_id=self._ids.items[item.number],
            prod_id=job.row_id if job else None,
            parent_serial=parent or None,
            lot_ref=lot or "-",
        )

    def _write_origin(self, lines: Sequence[Line], is_scene: bool) -> str:
        if not lines:
            return "STOCK"
        if len(lines) > 1:
            return "-"
        if not is_scene and self._defects.strikes("customer-blank"):
            return self._defects.placeholder()
        return f"SO-LINE,{lines[0].row_id}"

    def _write_pegs(self, job: Job) -> None:
        for line in job.lines if len(job.lines) > 1 else ():
            quantity = amount(line.quantity)
            self._erp.insert("peg", prod_id=job.row_id, sales_line_id=line.row_id, qty=quantity)

    def _write_due(self, due: datetime, is_scene: bool) -> str:
        if not is_scene and self._defects.strikes("due-blank"):
            return NO_DATE
        return self._erp.day(due)

    def _plan_operation(self, job: Job, step: Step) -> Operation:
        named, resource = self._choose_resource(step)
        begin = self._agenda.now + timedelta(hours=2 + step.number)
        is_outside = step.skill == "outside"
        minutes = OUTSIDE_MINUTES if is_outside else step.piece_minutes * job.quantity
        row = self._erp.insert(
            "routing_op",
            prod_id=job.row_id,
            op_no=step.number,
            name=step.text,
            resource_id=resource,
            status="P",
            planned_start=self._erp.time(begin),
            planned_end=self._erp.time(begin + timedelta(minutes=step.setup_minutes + minutes)),
            setup_min=None if is_outside else step.setup_minutes,
            piece_min=None if is_outside else amount(step.piece_minutes),
            skill=None if is_outside else step.skill,
            changed_at=self._erp.time(self._agenda.now),
        )
        return Operation(row, step, step.setup_minutes, minutes, named)

    def _choose_resource(self, step: Step) -> tuple[str, int]:
        if step.skill == "outside":
            return "", SUBCONTRACT_RESOURCE
        if self._defects.strikes("class-only"):
            return "", CLASS_RESOURCE[SKILL_CENTER[step.skill]]
        able = [machine for machine in MACHINES if machine.skill == step.skill]
        self._planned[step.skill] += 1
        machine = able[self._planned[step.skill] % len(able)]
        return machine.id, machine.resource
