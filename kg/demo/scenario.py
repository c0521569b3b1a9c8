"""Brings about the scenes: what is opened, kept free, begun and said before a history ends.

All moments are minutes before the end of the history (negative: after it).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from kg.demo.catalogue import ITEM
from kg.demo.model import Plan, Report

if TYPE_CHECKING:
    from datetime import datetime

    from kg.demo.agenda import Action, Agenda
    from kg.demo.model import Job, Line, Lot
    from kg.demo.office import Office
    from kg.demo.shop import Shop
    from kg.demo.stock import Stock

FIRST_PUMP = 9001
"""The first serial number of the assembly's pumps."""

OPENED = 600
"""When the scenes' orders are taken; a history must be longer than this."""

KEPT_FREE = {
    "SAW-01": 130, "SAW-02": 380, "LATHE-01": 250, "LATHE-02": 230, "LATHE-03": 450,
    "LATHE-04": 420, "MILL-01": 200, "MILL-02": 110, "MILL-03": 400, "MILL-04": 170,
    "GRIND-01": 160, "BENCH-01": 180,
}  # fmt: skip
"""From when on the flow leaves a machine to its scene."""

STILL_QUIET: dict[str, float] = {"LATHE-04": -120, "MILL-02": -180}
"""When the flow may use a machine again that has no run in its scene."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A scene's job: its part, quantity, buyer ("" for stock) and what the planner wrote."""

    number: int
    item: str
    quantity: int
    customer: str = ""
    line_id: int | None = None
    origin: str | None = None
    revision: str | None = None


OPENINGS = (
    Opening(1043, "P-100", 18, "KAL"),
    Opening(1044, "P-130", 24, "NOR"),
    Opening(1046, "P-120", 12, "AUR"),
    Opening(1047, "P-120", 8, "VES", revision="C"),
    Opening(1048, "P-110", 30, "BRA"),
    Opening(1049, "P-120", 10, "SKE"),
    Opening(1050, "P-110", 16, "LUM"),
    Opening(1051, "P-180", 80),
    Opening(1054, "P-200", 40, "KAL"),
    Opening(1055, "P-900", 3, "NOR"),
    Opening(1056, "P-140", 14, "TOR", origin="-  "),
    Opening(1057, "P-160", 20, "TOR"),
    Opening(1058, "P-300", 6),
)


@dataclass(frozen=True, slots=True)
class Beginning:
    """A run of a scene: when it begins, where, and for how many minutes."""

    at: int
    machine: str
    job: int
    setup_minutes: int
    run_minutes: int
    reports: tuple[Report, ...]


BEGINNINGS = (
    Beginning(435, "LATHE-03", 1058, 30, 150, (Report(150, 6),)),
    Beginning(410, "LATHE-04", 1050, 20, 110, (Report(110, 16),)),
    Beginning(
        380, "MILL-03", 1054, 45, 520, (Report(160, 12, 1), Report(275, 10, 1, 1), Report(520, 16)),
    ),
    Beginning(370, "SAW-02", 1053, 15, 120, (Report(120, 20),)),
    Beginning(240, "LATHE-01", 1045, 30, 560, (Report(180, 22), Report(560, 38))),
    Beginning(215, "LATHE-02", 1045, 30, 500, (Report(170, 19, 1), Report(500, 40))),
    Beginning(190, "MILL-01", 1046, 50, 640, (Report(120, 4), Report(640, 8))),
    Beginning(170, "BENCH-01", 1055, 10, 400, (Report(80, 1), Report(130, 1), Report(400, 1))),
    Beginning(160, "MILL-04", 1056, 40, 450, (Report(110, 5), Report(450, 9))),
    Beginning(150, "GRIND-01", 1051, 20, 480, (Report(115, 31, 2), Report(480, 47))),
    Beginning(130, "MILL-01", 1047, 45, 600, (Report(600, 8),)),
    Beginning(120, "SAW-01", 1043, 15, 600, (Report(90, 7), Report(600, 11))),
    Beginning(95, "SAW-01", 1044, 10, 660, (Report(70, 9), Report(660, 15))),
    Beginning(90, "SAW-02", 1057, 15, 360, (Report(60, 8), Report(360, 12))),
    Beginning(25, "LATHE-03", 1048, 85, 300, (Report(300, 30),)),
)  # fmt: skip

QUEUED_AFTER: dict[int, float] = {1049: -200, 1052: -240}
"""Jobs that are released and begun by nobody yet, and when the flow may take them."""


class Scenario:
    """Notes the scenes on the agenda, relative to the end of the history."""

    def __init__(
        self, agenda: Agenda, end: datetime, office: Office, stock: Stock, shop: Shop
    ) -> None:
        self._agenda = agenda
        self._end = end
        self._office = office
        self._stock = stock
        self._shop = shop
        self._jobs: dict[int, Job] = {}

    def note(self) -> None:
        """Keep the machines free and note everything that the scenes need."""
        for name, kept in KEPT_FREE.items():
            self._shop.stations[name].closed_from = self._end - timedelta(minutes=kept)
        for name in STILL_QUIET:
            # No run follows there that would show an earlier one without an end to be over.
            self._shop.stations[name].loses_ends = False
        self._at(OPENED, self._open_jobs)
        self._at(OPENED - 30, self._release_jobs)
        for beginning in BEGINNINGS:
            self._at(beginning.at, partial(self._begin, beginning))
        self._at(75, partial(self._show, "MILL-02", "STOP", "no material"))
        self._at(40, partial(self._show, "LATHE-04", "RUN"))
        for number, minutes in QUEUED_AFTER.items():
            self._at(minutes, partial(self._queue, number))
        for name, reopened in self._reopenings().items():
            self._at(reopened, partial(self._reopen, name))

    def _open_jobs(self) -> None:
        for opening in OPENINGS:
            self._open(opening)
        self._jobs[1057].alias = "RUSH-7"
        self._office.note_alias(self._jobs[1057])
        self._jobs[1058].operations[-1].delivers_lot = 4790
        shared = self._office.take_order("BRA", [(ITEM["P-150"], 180)], 3902)
        for number, quantity in ((1045, 120), (1052, 60)):
            self._jobs[number] = self._office.open_job(
                ITEM["P-150"], quantity, shared, number=number
            )
        self._jobs[1045].operations[0].runs_left = 2
        bracket = ITEM["P-160"]
        lines = self._office.take_order("LUM", [(bracket, 12)])
        lines += self._office.take_order("TOR", [(bracket, 8)])
        self._jobs[1053] = self._office.open_job(bracket, 20, lines, number=1053)
        for number in (4781, 4782):
            self._stock.receive(ITEM["R-10"], 12.0, number)
        self._stock.receive(ITEM["P-140"], 6.0, 4791, is_bought=False)

    def _open(self, opening: Opening) -> None:
        item = ITEM[opening.item]
        lines: list[Line] = []
        if opening.customer:
            lines = self._office.take_order(opening.customer, [(item, opening.quantity)])
        self._jobs[opening.number] = self._office.open_job(
            item, opening.quantity, lines, number=opening.number, origin=opening.origin
        )

    def _release_jobs(self) -> None:
        pinned = {opening.number: opening.revision for opening in OPENINGS}
        for number, job in self._jobs.items():
            self._office.release(job, pinned.get(number) or job.item.revisions[-1])

    def _begin(self, beginning: Beginning) -> None:
        job = self._jobs[beginning.job]
        scanned, loaded = self._feed(job)
        plan = Plan(
            beginning.setup_minutes,
            beginning.run_minutes,
            beginning.reports,
            scanned,
            loaded,
            may_lose_end=False,
            next_serial=FIRST_PUMP if job.item.is_serial else 0,
        )
        self._shop.begin(self._shop.stations[beginning.machine], job, job.operations[0], plan)

    def _feed(self, job: Job) -> tuple[tuple[Lot, ...], tuple[Lot, ...]]:
        if job.number == 1048:
            return (), (self._stock.kept(4781), self._stock.kept(4782))
        if job.number == 1055:
            return tuple(self._stock.issue_kept(job, lot, 3.0) for lot in (4790, 4791)), ()
        if job.is_begun:
            return (), ()
        return self._stock.issue(job, may_be_blank=False), ()

    def _queue(self, number: int) -> None:
        job = self._jobs[number]
        self._shop.queue(job, job.operations[0])

    def _show(self, name: str, state: str, reason: str = "") -> None:
        self._shop.show(self._shop.stations[name], state, reason)

    def _reopen(self, name: str) -> None:
        self._shop.reopen(self._shop.stations[name])

    def _reopenings(self) -> dict[str, float]:
        ended: dict[str, float] = {
            one.machine: one.at - one.setup_minutes - one.run_minutes - 1 for one in BEGINNINGS
        }
        return ended | STILL_QUIET

    def _at(self, minutes: float, action: Action) -> None:
        self._agenda.at(self._end - timedelta(minutes=minutes), action)
