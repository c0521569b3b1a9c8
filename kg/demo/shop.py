"""The shop floor: waiting operations, machines that take them, runs and what the MES hears."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.demo.catalogue import CREWS, HEAT_TREATER, ITEM, MACHINES
from kg.demo.erp import lot_number
from kg.demo.model import Plan, Report, Run, Station

if TYPE_CHECKING:
    from random import Random

    from kg.demo.agenda import Agenda
    from kg.demo.defects import Defects
    from kg.demo.mes import Mes
    from kg.demo.model import Job, Lot, Operation
    from kg.demo.office import Office
    from kg.demo.stock import Stock

OUTSIDE_HOURS = 20
NO_ORDER = "no order"
FIRST_FLOW_SERIAL = 9101


class Shop:
    """Runs jobs over machines; all that it does is heard by the ERP or the MES, or lost."""

    def __init__(
        self,
        agenda: Agenda,
        dice: Random,
        office: Office,
        stock: Stock,
        mes: Mes,
        defects: Defects,
    ) -> None:
        self._agenda = agenda
        self._dice = dice
        self._office = office
        self._stock = stock
        self._mes = mes
        self._defects = defects
        self._waiting: list[tuple[Job, Operation]] = []
        self._last_serial = FIRST_FLOW_SERIAL - 1
        self._crew = CREWS["A"]
        self.stations = {machine.id: Station(machine) for machine in MACHINES}

    def open(self) -> None:
        """Let every machine report that it has nothing to do, and take what waits."""
        for station in self.stations.values():
            self.show(station, "STOP", NO_ORDER)
        self.dispatch()

    def queue(self, job: Job, operation: Operation) -> None:
        """Let an operation wait for a machine, or send it out."""
        if operation.skill == "outside":
            self._begin_job(job)
            self._office.send_out(job, operation, HEAT_TREATER)
            hours = OUTSIDE_HOURS + self._dice.randrange(8)
            self._agenda.after(hours * 60, lambda: self._take_back(job, operation))
            return
        self._waiting.append((job, operation))
        self.dispatch()

    def dispatch(self) -> None:
        """Give every free machine the most urgent operation that it can do and may begin."""
        for station in self.stations.values():
            while len(station.runs) < station.machine.capacity:
                able = [work for work in self._waiting if self._may_begin(station, *work)]
                if not able:
                    break
                job, operation = min(able, key=lambda work: (work[0].due, work[0].number))
                self._waiting.remove((job, operation))
                self.begin(station, job, operation, self._plan(job, operation))

    def begin(self, station: Station, job: Job, operation: Operation, plan: Plan) -> Run:
        """Start a run: set-up first, then production, reports and the end."""
        run = Run(job, operation, plan, "setup", self._free_pallet(station))
        station.runs.append(run)
        if not operation.is_begun:
            operation.is_begun = True
            self._office.mark_operation(operation, "I")
        self._begin_job(job)
        self._tell(station, run, "run_start")
        for lot in plan.loaded:
            self._mes.batch_event(
                "batch_loaded", self._agenda.now, station.machine, (job, operation), lot
            )
        self._show_work(station)
        self._agenda.after(plan.setup_minutes, lambda: self._produce(station, run))
        return run

    def show(self, station: Station, state: str, reason: str = "") -> None:
        """Let a machine report a state, if it is another than the last."""
        if station.state != (state, reason):
            station.state = (state, reason)
            self._mes.machine_state(self._agenda.now, station.machine, state, reason)

    def change_shift(self, crew: str) -> None:
        """Let crews change; each open run is taken over by a person of the next one."""
        self._crew = CREWS[crew]
        for station in self.stations.values():
            for run in station.runs:
                self._tell(station, run, "operator")

    def reopen(self, station: Station) -> None:
        """Let the flow use a machine again that a scene had kept."""
        station.closed_from = None
        station.loses_ends = True
        if not station.runs:
            self.show(station, "STOP", NO_ORDER)
        self.dispatch()

    def _may_begin(self, station: Station, job: Job, operation: Operation) -> bool:
        if operation.skill != station.machine.skill:
            return False
        if operation.planned_on not in {"", station.machine.id}:
            return False
        if station.closed_from is None:
            return True
        # A scene's machine must be free, and quiet, when its scene begins.
        minutes = operation.setup_minutes + operation.run_minutes
        left = (station.closed_from - self._agenda.now).total_seconds() / 60
        return minutes < left

    def _plan(self, job: Job, operation: Operation) -> Plan:
        half = job.quantity // 2
        lost = 1 if self._dice.random() < 0.12 and job.quantity > 4 else 0
        rework = 1 if self._dice.random() < 0.06 and job.quantity > 4 else 0
        middle = (Report(operation.run_minutes / 2, half),) if half and job.quantity > 8 else ()
        counted = half if middle else 0
        rest = Report(operation.run_minutes, job.quantity - counted - lost, lost, rework)
        lots = () if operation.number > job.operations[0].number else self._stock.issue(job)
        heard = lots if self._dice.random() < 0.6 else ()
        loaded = heard if self._dice.random() < 0.3 else ()
        return Plan(operation.setup_minutes, operation.run_minutes, (*middle, rest), heard, loaded)

    def _begin_job(self, job: Job) -> None:
        if not job.is_begun:
            job.is_begun = True
            self._office.book(job)

    def _produce(self, station: Station, run: Run) -> None:
        if run.plan.setup_minutes:
            self._tell(station, run, "run_end")
        run.phase = "production"
        self._tell(station, run, "run_start")
        for lot in run.plan.scanned:
            self._mes.batch_event(
                "batch_scanned",
                self._agenda.now,
                station.machine,
                (run.job, run.operation),
                lot,
            )
        self._show_work(station)
        for report in run.plan.reports:
            self._note_report(station, run, report)
        if self._dice.random() < 0.04:
            self._agenda.after(run.plan.run_minutes * 0.3, lambda: self._break_down(station))
        self._agenda.after(run.plan.run_minutes, lambda: self._finish(station, run))

    def _note_report(self, station: Station, run: Run, report: Report) -> None:
        self._agenda.after(report.minutes, lambda: self._count(station, run, report))

    def _count(self, station: Station, run: Run, report: Report) -> None:
        counts = {"good": report.good, "scrap": report.scrap, "rework": report.rework}
        self._tell(station, run, "quantity", **counts)
        job = run.job
        job.scrap += report.scrap
        job.rework += report.rework
        if run.operation is job.operations[-1]:
            job.good += report.good
            if job.item.is_serial:
                self._write_serials(run, report.good)
        self._office.book(job)

    def _finish(self, station: Station, run: Run) -> None:
        station.runs.remove(run)
        if not self._is_end_lost(station, run):
            self._tell(station, run, "run_end")
        run.operation.runs_left -= 1
        if run.operation.runs_left == 0:
            self._complete(run.job, run.operation)
        self.dispatch()
        self._show_work(station)

    def _is_end_lost(self, station: Station, run: Run) -> bool:
        may = station.loses_ends and run.plan.may_lose_end
        return may and self._defects.strikes("end-missing")

    def _take_back(self, job: Job, operation: Operation) -> None:
        self._office.take_back(operation)
        self._complete(job, operation)

    def _complete(self, job: Job, operation: Operation) -> None:
        self._office.mark_operation(operation, "C")
        place = job.operations.index(operation) + 1
        if place < len(job.operations):
            self.queue(job, job.operations[place])
            return
        self._stock.deliver(job, operation.delivers_lot)
        self._office.complete(job)

    def _break_down(self, station: Station) -> None:
        if station.runs:
            self.show(station, "DOWN", "tool broken")
            self._agenda.after(20, lambda: self._show_work(station))

    def _show_work(self, station: Station) -> None:
        phases = {run.phase for run in station.runs}
        if "production" in phases:
            self.show(station, "RUN")
        elif phases:
            self.show(station, "SETUP")
        else:
            self.show(station, "STOP", NO_ORDER)

    def _tell(self, station: Station, run: Run, kind: str, **counts: int) -> None:
        machine = station.machine
        details: dict[str, str | int | None] = {
            "phase": run.phase[0].upper(),
            "pallet": run.pallet,
            "operator": self._crew[machine.resource % len(self._crew)],
        }
        if machine.skill == "mill":
            details["program"] = f"O{run.job.item.number[2:]}{run.operation.number}"
        work = (run.job, run.operation)
        self._mes.run_event(kind, self._agenda.now, machine, work, {**details, **counts})

    def _write_serials(self, run: Run, pieces: int) -> None:
        for _ in range(pieces):
            number = run.plan.next_serial or self._last_serial + 1
            if run.plan.next_serial:
                run.plan.next_serial += 1
            else:
                self._last_serial = number
            self._office.write_serial(f"S-{number}", run.job.item, run.job, "", "")
            self._build_in(f"S-{number}", f"R-{number}", run.plan.scanned)

    def _build_in(self, pump: str, rotor: str, lots: tuple[Lot, ...]) -> None:
        # A rotor's lot is written down only where it was scanned.
        item = ITEM["P-300"]
        lot = next((lot_number(lot.number) for lot in lots if lot.item is item), "")
        self._office.write_serial(rotor, item, None, pump, lot)

    def _free_pallet(self, station: Station) -> str | None:
        if station.machine.id != "MILL-01":
            return None
        taken = {run.pallet for run in station.runs}
        return next(name for name in ("PAL-1", "PAL-2") if name not in taken)
