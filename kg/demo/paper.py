"""What the demo plant keeps on paper, in sheets and in heads: issue slips, and flows.yml about it.

The store writes each issue and receipt on a slip, with its time. Once a shift somebody types the
slips into the ERP, which then shows the times of the slips: the records are right, and late. A
history ends as the last slips are typed, so that it is whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kg.demo.agenda import Agenda

TYPED_EVERY_MINUTES = 480
"""How often somebody types the slips of the store into the ERP."""

DARK_EDGES = {
    ("job-batch", "issue-slip", "stock-booking"): "late",
    ("job-customer", "order-call", "rush-word"): "unrecorded",
    ("job-customer", "sales-order", "job-origin"): "patchy",
    ("job-machine", "dispatch", "shift-board"): "unrecorded",
    ("job-spec", "", "revision-list"): "patchy",
    ("job-spec", "drawing-print", "first-piece"): "never",
    ("job-spec", "revision-list", "drawing-print"): "unrecorded",
    ("machine-now", "terminal", "handover-talk"): "unrecorded",
}
"""Where the simulation lets a link go dark: link, from which step, to which, and how.

What is patchy is so by defects: origins left blank (``customer-blank``), a part without a revision
(``spec-missing``).
"""

DARK_AT_FIRST = {("machine-now", "", "terminal"): "patchy"}
"""What is dark as the history ends, by the scene ``no-job``: a spindle turns, nothing is booked."""

FLOWS = """\
# By which steps information travels in the demo plant. What no system holds stands here alone.
late_after_minutes: 60

steps:
  # For whom a job is made
  order-call:
    label: Customer calls or writes
    process: order entry
    medium: speech
    by: hand
    who: [P21, P22]
    times_per_day: 11
    latency_minutes: 30
    carries: [job-customer]
    passes_to: [sales-order, rush-word]
  sales-order:
    label: Sales order in the ERP
    process: order entry
    medium: system
    by: hand
    who: [P21]
    carries: [job-customer]
    recorded_in: [erp.sales_order, erp.sales_line]
    passes_to: [job-origin]
  rush-word:
    label: What the planner was told
    process: order entry
    medium: speech
    by: hand
    who: [P21]
    times_per_day: 1
    carries: [job-customer]
  job-origin:
    label: The planner writes for whom
    process: planning
    medium: system
    by: hand
    who: [P21]
    carries: [job-customer]
    recorded_in: [erp.production_order, erp.peg]

  # To which specification
  revision-list:
    label: Revisions, and the pin at release
    process: release
    medium: system
    by: hand
    who: [P23]
    carries: [job-spec]
    recorded_in: [erp.item, erp.item_spec, erp.production_order]
    passes_to: [drawing-print]
  drawing-print:
    label: Drawing in the job's folder
    process: release
    medium: paper
    by: hand
    who: [P23]
    times_per_day: 12
    latency_minutes: 600
    carries: [job-spec]
    passes_to: [first-piece]
  first-piece:
    label: First-piece report
    process: inspection
    medium: spreadsheet
    by: hand
    who: [P24]
    times_per_day: 12
    latency_minutes: 15
    carries: [job-spec]
    recorded_in: [measuring-room.report]

  # On which machine
  routing:
    label: Plan of operations
    process: planning
    medium: system
    by: hand
    who: [P21]
    carries: [job-machine]
    recorded_in: [erp.routing_op]
    passes_to: [dispatch]
  dispatch:
    label: Dispatch
    process: planning
    medium: system
    by: hand
    who: [P21]
    carries: [job-machine]
    recorded_in: [erp.routing_op]
    passes_to: [terminal, shift-board]
  shift-board:
    label: Board at the shift leader's desk
    process: setting up
    medium: paper
    by: hand
    who: [P01]
    times_per_day: 20
    latency_minutes: 90
    carries: [job-machine]
    passes_to: [terminal]
  terminal:
    label: Terminal at the machine
    process: setting up
    medium: system
    by: hand
    who: [P01, P05, P08]
    carries: [job-machine, machine-now]
    recorded_in: [mes.run]
    passes_to: [handover-talk]
  handover-talk:
    label: What crews tell one another
    process: shift change
    medium: speech
    by: hand
    who: [P01, P05, P08]
    times_per_day: 3
    carries: [machine-now]

  # From which batch
  issue-slip:
    label: Issue slip of the store
    process: material issue
    medium: paper
    by: hand
    who: [P25]
    times_per_day: 25
    latency_minutes: 240
    carries: [job-batch]
    passes_to: [stock-booking]
  stock-booking:
    label: Slips typed once a shift
    process: material issue
    medium: system
    by: hand
    who: [P22]
    carries: [job-batch]
    recorded_in: [erp.batch_move]
  scanner:
    label: Scanner at the machine
    process: setting up
    medium: system
    by: hand
    who: [P01, P05, P08]
    carries: [job-batch]
    recorded_in: [mes.batch_scanned, mes.batch_loaded]
  heat-list:
    label: Sheet of heat numbers and rush jobs
    process: planning
    medium: spreadsheet
    by: hand
    who: [P21]
    carries: [job-batch, job-machine]
    recorded_in: [identity.crosswalk]
"""


@dataclass(frozen=True, slots=True)
class Typed:
    """A slip that was typed: when the thing happened, and when the ERP had it."""

    happened: datetime
    typed: datetime


class Slips:
    """Holds slips until somebody types them; ``typed`` are those that were, in their order."""

    def __init__(self, agenda: Agenda, end: datetime) -> None:
        self._agenda = agenda
        self._waiting: list[tuple[datetime, Callable[[], None]]] = []
        self.typed: list[Typed] = []
        every = timedelta(minutes=TYPED_EVERY_MINUTES)
        rounds = (end - agenda.now) // every
        self._agenda.at(end - rounds * every, self._type)

    def write(self, type_it: Callable[[], None]) -> None:
        """Write a slip, now; ``type_it`` is what typing it will do."""
        self._waiting.append((self._agenda.now, type_it))

    def _type(self) -> None:
        for happened, type_it in self._waiting:
            type_it()
            self.typed.append(Typed(happened, self._agenda.now))
        self._waiting.clear()
        self._agenda.after(TYPED_EVERY_MINUTES, self._type)
