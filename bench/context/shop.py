"""A made-up job shop of any size, written as an ERP's database, an MES's events and two sheets.

It knows what such systems write, and nothing of answers: the demo plant's mappings read it, as
they would the real ones. The same size and seed give the same rows.
"""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from kg.demo.erp import SCHEMA, amount, job_number, lot_number, padded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

ZONE = ZoneInfo("Europe/Stockholm")
FIRST_JOB = 20_001
STEPS = ((10, "saw to length"), (20, "mill"), (30, "deburr and check"))
CENTERS = ("Sawing", "Turning", "Milling", "Finishing")
SKILLS = ("saw", "turn", "mill", "bench")
_PLANT = """\
[plant]
name = "Shop"
base = "https://shop.example/"
zone = "Europe/Stockholm"

[[source]]
name = "erp"
mapping = "mappings/demo-erp"
url = "sqlite:///erp.sqlite"

[[source]]
name = "mes"
mapping = "mappings/demo-mes"
path = "."

[[source]]
name = "identity"
mapping = "mappings/demo-identity"
path = "."
"""
_FIRST = ("Nord", "Öst", "Väster", "Silver", "Björk", "Kron", "Sten", "Lång", "Malm", "Fors")
_SECOND = ("vik", "berg", "dal", "holm", "strand", "sjö", "mark", "fält", "ås", "by")
_THIRD = ("Hydraulik", "Pumpar", "Verkstad", "Marin", "Robot", "Ventiler", "Energi")
_LEGAL = ("AB", "GmbH", "AS", "Oy", "Ltd")
_PARTS = ("valve body", "shaft", "bracket", "flange", "cover", "bushing", "manifold")
_ALLOYS = ("42CrMo4 bar", "EN AW-6082 plate", "X5CrNi18-10 bar", "S355 flat")
_REASONS = ("no order", "no material", "tool change", "waits for the crane")


@dataclass(slots=True)
class _Job:
    """One production order; ``state`` is its row's status code, ``step`` where it is."""

    row: int
    item: int
    quantity: int
    state: int
    due: datetime
    step: int = 0
    machine: int = 0


@dataclass(slots=True)
class _Rows:
    """Rows under way, by table."""

    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)

    def add(self, table: str, *values: Any) -> int:
        listed = self.rows.setdefault(table, [])
        row = len(listed) + 1
        listed.append((row, *values))
        return row

    def happen(self, kind: str, at: datetime, **columns: Any) -> None:
        text = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        name = f"E{len(self.events) + 1:08d}"
        self.events.append({"id": name, "ts": text, "type": kind, **columns})


class Shop:
    """Writes one shop; ``now`` is when its systems are read."""

    def __init__(self, jobs: int, seed: int, now: datetime) -> None:
        self._draw = Random(f"shop-{seed}")
        self._now = now
        self._rows = _Rows()
        self._jobs = jobs
        self.machines = max(12, jobs // 400)
        self._items = max(40, jobs // 100)
        self._customers = max(30, jobs // 50)
        self._revisions: dict[int, str] = {}
        self._busy: set[int] = set()
        self._lots: dict[int, list[int]] = {}

    def write(self, folder: Path) -> None:
        """Write every file into a folder that exists."""
        self._write_master()
        for place in range(self._jobs):
            self._write_job(place)
        self._write_states()
        self._save(folder)

    def _stamp(self, moment: datetime) -> str:
        return moment.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")

    def _day(self, moment: datetime) -> str:
        return moment.astimezone(ZONE).strftime("%Y-%m-%d")

    def _write_master(self) -> None:
        add, draw = self._rows.add, self._draw
        for place in range(self._customers):
            code = f"K{place:05d}"
            name = f"{draw.choice(_FIRST)}{draw.choice(_SECOND)} {draw.choice(_THIRD)}"
            add("customer", padded(code), f"{name} {draw.choice(_LEGAL)}", "SE", 0)
        for place in range(20):
            add("supplier", padded(f"S{place:03d}"), f"{draw.choice(_FIRST)}metall {place}")
        for place in range(60):
            add("employee", f"P{place:03d}", "ABC"[place % 3])
        for place, name in enumerate(CENTERS):
            add("work_center", padded(f"WC{10 * (place + 1)}"), name)
        for place in range(self.machines):
            center = place % len(CENTERS) + 1
            add("resource", f"R{place:05d}", "M", center, SKILLS[center - 1])
        for place, alloy in enumerate(_ALLOYS):
            add("item", padded(f"R-{place:02d}", 12), alloy, "R", 1, 1, "-", "kg")
        for place in range(self._items):
            self._write_item(place)

    def _write_item(self, place: int) -> None:
        add, draw = self._rows.add, self._draw
        is_specified = place % 50 != 7
        revisions = "ABC"[: draw.randint(1, 3)] if is_specified else ""
        name = f"{draw.choice(_PARTS)} {draw.randint(10, 99)}"
        supply = 1 if place % 5 == 3 else 2
        tracked = place % 12 != 5
        number = padded(f"P-{1000 + place}", 12)
        row = add("item", number, name, "F", 1, supply, revisions[-1:] or "-", "pcs")
        if tracked:
            add("bom", row, place % len(_ALLOYS) + 1, amount(draw.uniform(0.2, 9)))
        self._revisions[row] = revisions
        for revision in revisions:
            spec = add("item_spec", row, revision, f"D-{1000 + place}", self._day(self._now))
            for at, feature in enumerate(("diameter", "length", "roughness Ra"), start=1):
                nominal = draw.uniform(5, 200)
                low, high = nominal - draw.uniform(0.01, 0.2), nominal + draw.uniform(0.01, 0.2)
                values = [amount(value) for value in (nominal, low, high)]
                add("spec_char", spec, 10 * at, feature, *values, "mm")

    def _write_job(self, place: int) -> None:
        """Write one job; the last ones are planned, released or under way, the others closed."""
        draw, waiting = self._draw, self._jobs - 1 - place
        places = self.machines + self.machines // 3
        item = draw.randrange(self._items)
        slot = waiting % places
        # Every third machine takes two jobs at once; some have none.
        machine = slot if slot < self.machines else 3 * (slot - self.machines)
        state = (10, 20, 30)[waiting // places] if waiting < 3 * places else 50
        if state == 30 and machine % 10 == 4:
            state = 20
        days = draw.randint(-2, 14) if state < 50 else -3 - waiting * 40 / self._jobs
        due = self._now + timedelta(days=days)
        job = _Job(place + 1, item, draw.randint(4, 300), state, due, machine=machine)
        if state == 30:
            job.step = waiting % 3
        self._write_order(job)
        self._write_steps(job)
        self._write_material(job)

    def _write_order(self, job: _Job) -> None:
        add, draw = self._rows.add, self._draw
        is_stock = job.item % 5 == 3
        origin, stamp = "STOCK", self._stamp(self._now - timedelta(hours=draw.randint(1, 200)))
        lines = 0 if is_stock else 2 if job.row % 90 == 17 else 1
        for place in range(lines):
            customer = draw.randrange(self._customers) + 1
            order = add("sales_order", str(500_000 + job.row * 2 + place), customer, "O", "", stamp)
            day = self._day(job.due + timedelta(days=2))
            price = amount(draw.uniform(20, 900), 2)
            wanted = amount(job.quantity / lines)
            part = len(_ALLOYS) + job.item + 1
            line = add("sales_line", order, 1, part, wanted, price, "SEK", day, day, stamp)
            origin = f"SO-LINE,{line}" if lines == 1 else "-"
            if lines > 1:
                add("peg", job.row, line, wanted)
        if lines == 1 and job.row % 33 == 5:
            origin = draw.choice(("-", "NULL", "n/a", "#1", "   "))
        self._write_production_order(job, origin, stamp)

    def _write_production_order(self, job: _Job, origin: str, stamp: str) -> None:
        good = job.quantity // 2 if job.state == 30 else job.quantity if job.state == 50 else None
        counted = None if good is None else amount(good)
        part = len(_ALLOYS) + job.item + 1
        is_pinned = job.state > 10 and job.row % 12 != 4
        pinned = self._revisions[part][-1:] if is_pinned else " "
        due = "1900-01-01" if job.row % 35 == 9 else self._day(job.due)
        self._rows.add(
            "production_order",
            job_number(FIRST_JOB + job.row),
            part,
            amount(job.quantity),
            counted,
            None,
            None,
            job.state,
            origin,
            1 if job.item % 5 == 3 else 2,
            pinned,
            self._draw.randint(1, 3),
            due,
            stamp,
        )

    def _write_steps(self, job: _Job) -> None:
        start = job.due - timedelta(days=2, hours=self._draw.randint(0, 40))
        for place, (number, name) in enumerate(STEPS):
            machine = (job.machine + 5 * (place - job.step)) % self.machines
            status = self._status(job, place)
            begin = start + timedelta(hours=9 * place)
            end = begin + timedelta(hours=5)
            times = (self._stamp(begin), self._stamp(end))
            named = None if job.row % 16 == 3 and place != job.step else machine + 1
            minutes = amount(300 / job.quantity)
            self._rows.add(
                "routing_op", job.row, number, name, named, status, *times, 20, minutes, None,
                self._stamp(min(begin, self._now)),
            )  # fmt: skip
            if status == "C" and place == 0:
                self._write_run(job, number, machine, begin, end)
            elif status == "I":
                began = self._now - timedelta(minutes=self._draw.randint(15, 300))
                self._write_run(job, number, machine, began, None)

    @staticmethod
    def _status(job: _Job, place: int) -> str:
        if job.state == 30:
            return "C" if place < job.step else "I" if place == job.step else "R"
        return {10: "P", 20: "R", 50: "C"}[job.state]

    def _write_run(
        self, job: _Job, number: int, machine: int, begin: datetime, end: datetime | None
    ) -> None:
        happen, draw = self._rows.happen, self._draw
        order = f"WO-{FIRST_JOB + job.row}"
        work = {"machine": f"m{machine}", "order": order, "operation": str(number), "phase": "P"}
        work["operator"] = f"P{draw.randrange(60):03d}"
        happen("run_start", begin, **work)
        made = job.quantity if end is not None else job.quantity // 2
        counted = end or self._now - timedelta(minutes=5)
        happen("quantity", counted, **work, good=made, scrap=draw.choice((0, 0, 0, 1)), rework=0)
        if end is not None:
            happen("run_end", end, **work)
        else:
            self._busy.add(machine)

    def _write_material(self, job: _Job) -> None:
        """Issue a lot in the ERP, or leave it blank; of some only loading is known."""
        if job.state < 30 or job.item % 12 == 5:
            return
        add, draw = self._rows.add, self._draw
        alloy = job.item % len(_ALLOYS) + 1
        lots = 2 if job.row % 19 == 2 else 1
        names = list(dict.fromkeys(self._take_lot(alloy) for _ in range(3 * lots - 2)))
        at = self._now - timedelta(minutes=draw.randint(20, 400))
        if lots == 2:
            for number in names:
                order = f"WO-{FIRST_JOB + job.row}"
                self._rows.happen("batch_loaded", at, order=order, lot=f"LOT{number}")
            return
        reference = "-" if job.row % 25 == 6 else lot_number(names[0])
        add("batch_move", "I", reference, job.row, amount(100), self._stamp(at))

    def _take_lot(self, alloy: int) -> int:
        """Give the number of a lot of an alloy; three jobs share one."""
        draw, taken = self._draw, self._lots.get(alloy, [])
        if not taken:
            number = len(self._rows.rows.get("batch", ())) + 40_001
            heat, supplier = f"H{draw.randrange(10**6):06d}", draw.randrange(20) + 1
            self._rows.add("batch", lot_number(number), alloy, supplier, heat, amount(500), "")
            taken = [number] * 3
        self._lots[alloy] = taken[1:]
        return taken[0]

    def _write_states(self) -> None:
        for machine in range(self.machines):
            at = self._now - timedelta(minutes=self._draw.randint(1, 200))
            runs = machine in self._busy or machine % 20 == 14
            state, reason = ("RUN", None) if runs else ("STOP", self._draw.choice(_REASONS))
            self._rows.happen(
                "machine_state", at, machine=f"m{machine}", state=state, reason=reason
            )

    def _save(self, folder: Path) -> None:
        (folder / "plant.toml").write_text(_PLANT, encoding="utf-8")
        with closing(sqlite3.connect(folder / "erp.sqlite")) as connection:
            connection.executescript("PRAGMA synchronous = OFF;" + SCHEMA)
            for table, rows in self._rows.rows.items():
                marks = ", ".join("?" * len(rows[0]))
                connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
            connection.commit()
        ordered = sorted(self._rows.events, key=lambda event: (event["ts"], event["id"]))
        lines = (json.dumps(event, ensure_ascii=False) + "\n" for event in ordered)
        (folder / "events.jsonl").write_text("".join(lines), encoding="utf-8")
        columns = ("id", "name", "work_center", "erp_resource", "mes_name", "capacity")
        machines = (
            (f"M-{place:04d}", f"Machine {place}", f"WC{10 * (place % 4 + 1)}", place + 1,
             f"m{place}", 2 if place % 3 == 0 else 1)
            for place in range(self.machines)
        )  # fmt: skip
        _write_sheet(folder / "machines.csv", columns, machines)
        _write_sheet(folder / "crosswalk.csv", ("kind", "canonical", "alias"), ())


def _write_sheet(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file, lineterminator="\n")
        sheet.writerow(columns)
        sheet.writerows(rows)
