"""Builds the demo plant's folder and lets it go on in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from kg.closing import Closing
from kg.demo.agenda import Agenda
from kg.demo.catalogue import ITEM, ITEMS
from kg.demo.defects import Defects
from kg.demo.demand import Demand
from kg.demo.erp import Erp
from kg.demo.identity import Crosswalk, write_machines
from kg.demo.masterdata import write_master
from kg.demo.mes import Mes
from kg.demo.notes import write_notes
from kg.demo.office import Office
from kg.demo.paper import FLOWS, Slips
from kg.demo.scenario import OPENED, Scenario
from kg.demo.shop import Shop
from kg.demo.stock import Stock
from kg.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_HOURS = 72.0
ZONE = ZoneInfo("Europe/Stockholm")
SHIFTS = {6: "A", 14: "B", 22: "C"}
"""Which crew begins at which local hour."""

PLANT = """\
[plant]
name = "Demo"
base = "https://demo.example/"
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

[[source]]
name = "notes"
mapping = "mappings/notes"
path = "."
"""
WRITTEN = (
    "erp.sqlite", "events.jsonl", "machines.csv", "crosswalk.csv", "notes.csv", "flows.yml",
    "plant.toml",
)  # fmt: skip


class Simulation(Closing):
    """A demo plant at a moment of its own clock; ``advance`` is the only way time passes.

    The same seed and start give the same events and rows, whatever the steps.
    """

    def __init__(self, folder: Path, seed: int, start: datetime, end: datetime) -> None:
        self.folder = folder
        self._agenda = Agenda(start.astimezone(UTC).replace(microsecond=0))
        dice, defects = Random(seed), Defects(seed)
        self._erp = Erp(folder / "erp.sqlite", ZONE)
        self._mes = Mes(folder / "events.jsonl", ZONE, defects)
        self._crosswalk = Crosswalk(folder / "crosswalk.csv")
        ids = write_master(self._erp, start)
        office = Office(self._agenda, dice, self._erp, ids, defects, self._crosswalk)
        self.slips = Slips(self._agenda, end)
        stock = Stock(self._agenda, self._erp, ids, defects, self._crosswalk, self.slips)
        self._shop = Shop(self._agenda, dice, office, stock, self._mes, defects)
        for item in (*(item for item in ITEMS if item.kind == "R"), ITEM["P-300"], ITEM["P-140"]):
            stock.open_with(item)
        Scenario(self._agenda, end, office, stock, self._shop).note()
        self._agenda.at(start + (end - start) * 0.4, self._send_nonsense)
        self._note_next_shift()
        self._shop.open()
        Demand(self._agenda, dice, office, self._shop, defects).open()

    @property
    def now(self) -> datetime:
        """Give the plant's own time."""
        return self._agenda.now

    def advance(self, until: datetime) -> int:
        """Let the plant go on up to ``until`` and give how many things happened.

        Events are appended in whole lines, the ERP's rows change in one transaction.
        """
        happened = self._agenda.run(until.astimezone(UTC))
        self._erp.commit()
        self._crosswalk.flush()
        self._mes.flush()
        return happened

    def close(self) -> None:
        """Let go of the files."""
        self._erp.close()
        self._crosswalk.close()
        self._mes.close()

    def _note_next_shift(self) -> None:
        local = self._agenda.now.astimezone(ZONE).replace(minute=0, second=0)
        while True:
            local = (local.astimezone(UTC) + timedelta(hours=1)).astimezone(ZONE)
            if local.hour in SHIFTS:
                break
        self._agenda.at(local.astimezone(UTC), partial(self._change_shift, SHIFTS[local.hour]))

    def _change_shift(self, crew: str) -> None:
        self._shop.change_shift(crew)
        self._note_next_shift()

    def _send_nonsense(self) -> None:
        columns: dict[str, str | int | None] = {"machine": "saw02", "state": "STOP", "reason": None}
        self._mes.write("machine_state", "2026-02-30T25:61:00", columns, key="BAD-DATE")
        now = self._agenda.now.strftime("%Y-%m-%dT%H:%M:%SZ")
        self._mes.write("machine_state", now, columns, key="")


def build_plant(
    folder: Path, seed: int, start: datetime, hours: float = DEFAULT_HOURS
) -> Simulation:
    """Write a plant with ``hours`` of history from ``start`` and give it, ready to go on.

    Files of an earlier demo plant in ``folder`` are replaced.

    Raises:
        ConfigError: the history is too short for its scenes, or ``start`` has no zone.
    """
    if start.tzinfo is None:
        raise ConfigError("the demo plant's start has no zone", hint="give it one, such as +00:00")
    if hours * 60 <= OPENED:
        raise ConfigError(
            f"{hours:g} hours of history are too short for the demo's scenes",
            hint=f"give more than {OPENED // 60} hours",
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name in WRITTEN:
        (folder / name).unlink(missing_ok=True)
    start = start.replace(microsecond=0)
    end = start + timedelta(hours=hours)
    (folder / "plant.toml").write_text(PLANT, encoding="utf-8")
    (folder / "flows.yml").write_text(FLOWS, encoding="utf-8")
    write_machines(folder / "machines.csv")
    write_notes(folder / "notes.csv", end, ZONE)
    simulation = Simulation(folder, seed, start, end)
    simulation.advance(end)
    return simulation
