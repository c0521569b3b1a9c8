"""A made-up plant of any size, as the seven tables that an ERP's export would be.

One job has three operations, every second one an order and a batch of its own. Some cells stay
empty, as they do in real exports. The same size and seed give the same bytes.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    Row = tuple[object, ...]

OPERATIONS_PER_JOB = 3
WORK_CENTERS = 12
SUPPLIERS = 100
MATERIALS = ("42CrMo4", "EN AW-6082", "X5CrNi18-10")
COUNTRIES = ("AT", "CH", "NO", "PL")
REVISIONS = "ABC"
STATUSES = ("planned", "running", "done")
EMPTY = {"job.order": 0.03, "job.part": 0.02, "job.batch": 0.10}
"""The share of cells that are left empty, by table and column."""
EMPTY |= {"operation.machine": 0.04, "operation.end": 0.10}
# Times are written without an offset; source.toml says that they are UTC.
_FIRST_DAY = datetime(2026, 1, 1)  # noqa: DTZ001
_BETWEEN_JOBS = timedelta(minutes=3)
_BETWEEN_OPERATIONS = timedelta(hours=1)
_OPERATION = timedelta(minutes=45)


@dataclass(frozen=True, slots=True)
class PlantSize:
    """How many rows each kind of thing has in a plant of so many jobs."""

    jobs: int

    @property
    def machines(self) -> int:
        """One for each 2,000 jobs, at least 20."""
        return max(20, self.jobs // 2_000)

    @property
    def customers(self) -> int:
        """One for each 50 jobs, at least 50."""
        return max(50, self.jobs // 50)

    @property
    def parts(self) -> int:
        """One for each 100 jobs, at least 100."""
        return max(100, self.jobs // 100)

    @property
    def orders(self) -> int:
        """One for two jobs."""
        return self.jobs // 2

    @property
    def batches(self) -> int:
        """One for two jobs."""
        return self.jobs // 2


def write_tables(folder: Path, jobs: int, seed: int) -> dict[str, int]:
    """Write ``<table>.csv`` for each table and give its number of rows; needs two jobs."""
    size = PlantSize(jobs)
    return {
        # A stream of its own for each table: to change one leaves the others as they were.
        name: _write(folder / f"{name}.csv", header, rows_of(size, Random(f"{seed} {name}")))
        for name, (header, rows_of) in _TABLES.items()
    }


def _write(path: Path, header: tuple[str, ...], rows: Iterable[Row]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def _machines(size: PlantSize, _draw: Random) -> Iterator[Row]:
    for number in range(size.machines):
        yield machine_id(number), f"Milling machine {number}", f"WC{number % WORK_CENTERS:02}"


def _customers(size: PlantSize, draw: Random) -> Iterator[Row]:
    for number in range(size.customers):
        yield customer_id(number), f"Buyer no. {number}", draw.choice(COUNTRIES)


def _parts(size: PlantSize, draw: Random) -> Iterator[Row]:
    for number in range(size.parts):
        tolerance = f"{draw.uniform(0.005, 0.1):.4f}"
        yield part_id(number), draw.choice(REVISIONS), draw.choice(MATERIALS), tolerance


def _batches(size: PlantSize, draw: Random) -> Iterator[Row]:
    for number in range(size.batches):
        heat, supplier = f"H{draw.randrange(1_000_000):06}", f"S{draw.randrange(SUPPLIERS):02}"
        yield batch_id(number), draw.choice(MATERIALS), heat, supplier


def _orders(size: PlantSize, draw: Random) -> Iterator[Row]:
    for number in range(size.orders):
        due = _FIRST_DAY + 2 * number * _BETWEEN_JOBS
        yield order_id(number), customer_id(draw.randrange(size.customers)), due.date()


def _jobs(size: PlantSize, draw: Random) -> Iterator[Row]:
    for number in range(size.jobs):
        order = order_id(min(number // 2, size.orders - 1))
        part = part_id(draw.randrange(size.parts))
        batch = batch_id(draw.randrange(size.batches))
        yield (
            job_id(number),
            _or_empty(draw, "job.order", order),
            _or_empty(draw, "job.part", part),
            draw.randint(1, 499),
            draw.choice(STATUSES),
            _or_empty(draw, "job.batch", batch),
        )


def _operations(size: PlantSize, draw: Random) -> Iterator[Row]:
    for number in range(size.jobs):
        for step in range(1, OPERATIONS_PER_JOB + 1):
            start = _FIRST_DAY + number * _BETWEEN_JOBS + (step - 1) * _BETWEEN_OPERATIONS
            end = (start + _OPERATION).isoformat()
            yield (
                f"{job_id(number)}-{10 * step}",
                job_id(number),
                step,
                _or_empty(draw, "operation.machine", machine_id(draw.randrange(size.machines))),
                start.isoformat(),
                _or_empty(draw, "operation.end", end),
                draw.randrange(500),
            )


def _or_empty(draw: Random, cell: str, value: str) -> str:
    return "" if draw.random() < EMPTY[cell] else value


def machine_id(number: int) -> str:
    """Give a machine's id; the other ids are made alike."""
    return f"M{number:05}"


def customer_id(number: int) -> str:
    """Give a customer's id."""
    return f"C{number:06}"


def part_id(number: int) -> str:
    """Give a part's id."""
    return f"P{number:06}"


def batch_id(number: int) -> str:
    """Give a batch's id."""
    return f"B{number:07}"


def order_id(number: int) -> str:
    """Give an order's id."""
    return f"O{number:07}"


def job_id(number: int) -> str:
    """Give a job's id."""
    return f"J{number:07}"


_TABLES: dict[str, tuple[tuple[str, ...], Callable[[PlantSize, Random], Iterator[Row]]]] = {
    "machine": (("id", "name", "area"), _machines),
    "customer": (("id", "name", "country"), _customers),
    "part": (("id", "rev", "material", "tol"), _parts),
    "batch": (("id", "material", "heat", "supplier"), _batches),
    "order": (("id", "customer", "due"), _orders),
    "job": (("id", "order", "part", "qty", "status", "batch"), _jobs),
    "operation": (("id", "job", "seq", "machine", "start", "end", "good"), _operations),
}
