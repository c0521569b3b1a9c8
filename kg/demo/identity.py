"""The two spreadsheets that say which ids of two systems mean one thing."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from kg.demo.catalogue import MACHINES

if TYPE_CHECKING:
    from pathlib import Path

MACHINE_COLUMNS = (
    "id", "name", "work_center", "erp_resource", "mes_name", "mtconnect_uuid", "opcua_endpoint",
    "asset_tag", "cell", "capacity",
)  # fmt: skip


def write_machines(path: Path) -> None:
    """Write machines.csv: our id, every system's id, asset tag, cell and concurrent runs."""
    with path.open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file, lineterminator="\n")
        sheet.writerow(MACHINE_COLUMNS)
        for machine in MACHINES:
            tag, cell = f"A-{machine.resource}", f"Hall {1 + machine.resource // 520}"
            names = (machine.id, machine.label, machine.center, machine.resource, machine.mes)
            sheet.writerow((*names, "", "", tag, cell, machine.capacity))


class Crosswalk:
    """Appends to crosswalk.csv what somebody in the office noted: two ids, one thing."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._sheet = csv.writer(self._file, lineterminator="\n")
        self._sheet.writerow(("kind", "canonical", "alias"))

    def note(self, kind: str, canonical: str, alias: str) -> None:
        """Note that ``{kind}/{alias}`` is ``{kind}/{canonical}``."""
        self._sheet.writerow((kind, canonical, alias))

    def flush(self) -> None:
        """Let readers see what was noted."""
        self._file.flush()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
