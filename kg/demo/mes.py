"""The demo plant's MES: events as JSON lines, each machine's terminal with habits of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from kg.demo.catalogue import Machine
    from kg.demo.defects import Defects
    from kg.demo.model import Job, Lot, Operation

RUN_EVENT = ("machine", "order", "operation", "phase", "pallet", "program", "operator")
QUANTITIES = ("good", "scrap", "rework")
PHASES = {"setup": "S", "production": "P"}


class Mes:
    """Appends events to ``events.jsonl``; whole lines reach the file with ``flush``."""

    def __init__(self, path: Path, zone: ZoneInfo, defects: Defects) -> None:
        # Unbuffered: what is appended reaches readers in one piece, never half a line.
        self._file = path.open("wb", buffering=0)
        self._zone = zone
        self._defects = defects
        self._count = 0
        self._waiting: list[str] = []

    def run_event(
        self,
        kind: str,
        now: datetime,
        machine: Machine,
        work: tuple[Job, Operation],
        details: dict[str, str | int | None],
    ) -> None:
        """Write run_start, run_end, quantity or operator with every column of a run event."""
        job, operation = work
        order, step = _name_work(machine, job, operation)
        named = {"machine": machine.mes, "order": order, "operation": step}
        columns = dict.fromkeys((*RUN_EVENT, *QUANTITIES)) | named | details
        self.write(kind, self.time(now, machine), columns)

    def machine_state(self, now: datetime, machine: Machine, state: str, reason: str) -> None:
        """Write a change of RUN, SETUP, STOP, DOWN or OFF; an empty reason is null."""
        columns: dict[str, str | int | None] = {
            "machine": machine.mes,
            "state": state,
            "reason": reason or None,
        }
        self.write("machine_state", self.time(now, machine), columns)

    def batch_event(
        self, kind: str, now: datetime, machine: Machine, work: tuple[Job, Operation], lot: Lot
    ) -> None:
        """Write batch_loaded or batch_scanned with the lot as the terminal spells it."""
        order, step = _name_work(machine, *work)
        spelled = lot.heat if lot.is_heat_scanned else _spell_lot(machine, lot.number)
        columns: dict[str, str | int | None] = {
            "machine": machine.mes,
            "order": order,
            "operation": step,
            "lot": spelled,
        }
        self.write(kind, self.time(now, machine), columns)

    def write(
        self, kind: str, ts: str, columns: dict[str, str | int | None], key: str | None = None
    ) -> None:
        """Write one event; now and then the network delivers it twice."""
        self._count += 1
        event = {"id": f"E{self._count:06d}" if key is None else key, "ts": ts, "type": kind}
        line = json.dumps(event | columns, ensure_ascii=False)
        self._waiting.append(line)
        if key is None and self._defects.strikes("redelivered"):
            self._waiting.append(line)

    def time(self, moment: datetime, machine: Machine) -> str:
        """Write a time as the machine's terminal does: UTC, or plant-local without an offset."""
        if machine.is_local:
            return moment.astimezone(self._zone).strftime("%Y-%m-%dT%H:%M:%S")
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    def flush(self) -> None:
        """Append what is waiting to the file, in one piece of whole lines."""
        if self._waiting:
            self._file.write("".join(f"{line}\n" for line in self._waiting).encode())
            self._waiting.clear()

    def close(self) -> None:
        """Append what is waiting and let go of the file."""
        self.flush()
        self._file.close()


def _name_work(machine: Machine, job: Job, operation: Operation) -> tuple[str, str | None]:
    if job.alias:
        return job.alias, str(operation.number)
    if machine.order_habit == "dotted":
        return f"{job.number}.{operation.number}", None
    text = f"WO-{job.number}" if machine.order_habit == "prefixed" else f"{job.number:07d}"
    return text, str(operation.number)


def _spell_lot(machine: Machine, number: int) -> str:
    return f"LOT{number}" if machine.order_habit == "dotted" else f"{number:07d}"
