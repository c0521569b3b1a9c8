"""Lots in stock: received, issued to jobs, made by jobs, and how two systems spell them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kg.demo.catalogue import ITEM
from kg.demo.erp import amount, lot_number
from kg.demo.model import Lot

if TYPE_CHECKING:
    from kg.demo.agenda import Agenda
    from kg.demo.catalogue import Item
    from kg.demo.defects import Defects
    from kg.demo.erp import Erp
    from kg.demo.identity import Crosswalk
    from kg.demo.masterdata import MasterIds
    from kg.demo.model import Job
    from kg.demo.paper import Slips

SCENE_LOTS = range(4780, 4800)
"""Lot numbers that only scenes use."""
SMALLEST_DELIVERY = 12.0


class Stock:
    """Receives and issues lots, oldest first, and writes a slip of every movement for the ERP."""

    def __init__(
        self,
        agenda: Agenda,
        erp: Erp,
        ids: MasterIds,
        defects: Defects,
        crosswalk: Crosswalk,
        slips: Slips,
    ) -> None:
        self._agenda = agenda
        self._erp = erp
        self._ids = ids
        self._defects = defects
        self._crosswalk = crosswalk
        self._slips = slips
        self._last = 4700
        self._lots: dict[str, list[Lot]] = {}
        self._kept: dict[int, Lot] = {}

    def receive(
        self, item: Item, quantity: float, number: int = 0, *, is_bought: bool = True
    ) -> Lot:
        """Write a new lot; a scene's lot (``number``) is kept out of the ordinary stock."""
        is_scene = number != 0
        number = number or self._take_number()
        heat = f"H{80000 + number * 7}" if item.kind == "R" else ""
        supplier = self._ids.suppliers.get(item.supplier) if is_bought else None
        lot = Lot(number, item, heat, quantity)
        if is_scene:
            self._kept[number] = lot
        else:
            self._lots.setdefault(item.number, []).append(lot)
            lot.is_heat_scanned = bool(heat) and self._defects.strikes("heat-scanned")
        if lot.is_heat_scanned:
            self._crosswalk.note("batch", str(number), heat)
        self._erp.insert(
            "batch",
            lot_no=lot_number(number),
            item_id=self._ids.items[item.number],
            supplier_id=supplier,
            heat_no=heat or "-",
            qty=amount(quantity),
            received_on=self._erp.day(self._agenda.now),
        )
        return lot

    def issue(self, job: Job, *, may_be_blank: bool = True) -> tuple[Lot, ...]:
        """Take each tracked material of a job and give the lots that the paper names.

        A lot that stays blank on the issue is named nowhere else either.
        """
        named = []
        for number, each in job.item.components:
            item = ITEM[number]
            if not item.is_tracked:
                continue
            need = each * job.quantity
            lot = self._take(item, need)
            if may_be_blank and self._defects.strikes("lot-blank"):
                self._move("I", self._defects.placeholder(), job, need)
            else:
                self._move("I", lot_number(lot.number), job, need)
                named.append(lot)
        return tuple(named)

    def issue_kept(self, job: Job, number: int, quantity: float) -> Lot:
        """Issue a scene's lot to a job and give it."""
        self._move("I", lot_number(number), job, quantity)
        return self.kept(number)

    def kept(self, number: int) -> Lot:
        """Give a scene's lot, which nobody issued."""
        return self._kept[number]

    def deliver(self, job: Job, number: int = 0) -> None:
        """Put what a job made into stock, as a lot of its own."""
        if not job.item.is_tracked or not job.good:
            return
        lot = self.receive(job.item, float(job.good), number, is_bought=False)
        self._move("R", lot_number(lot.number), job, float(job.good))

    def open_with(self, item: Item) -> None:
        """Write the stock of the first day."""
        self.receive(item, SMALLEST_DELIVERY)

    def _take(self, item: Item, need: float) -> Lot:
        for lot in self._lots.get(item.number, []):
            if lot.left >= need:
                break
        else:
            lot = self.receive(item, max(SMALLEST_DELIVERY, math.ceil(need * 2.5)))
        lot.left -= need
        return lot

    def _move(self, kind: str, lot_ref: str, job: Job, quantity: float) -> None:
        """Write a slip of an issue (I) or a receipt (R), which somebody types later."""
        moved_at = self._erp.time(self._agenda.now)
        self._slips.write(
            lambda: self._book(
                move_type=kind,
                lot_ref=lot_ref,
                prod_id=job.row_id,
                qty=amount(quantity),
                moved_at=moved_at,
            )
        )

    def _book(self, **values: str | int) -> None:
        self._erp.insert("batch_move", **values)

    def _take_number(self) -> int:
        self._last += 1
        while self._last in SCENE_LOTS:
            self._last += 1
        return self._last
