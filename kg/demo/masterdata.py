"""Writes the catalogue into the ERP: what stands there before the first order."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from kg.demo.catalogue import CENTERS, CREWS, CUSTOMERS, ITEMS, MACHINES, SUPPLIERS
from kg.demo.erp import amount, padded

if TYPE_CHECKING:
    from datetime import datetime

    from kg.demo.catalogue import Characteristic, Item
    from kg.demo.erp import Erp

CLASS_RESOURCE = {"WC10": 590, "WC20": 591, "WC30": 592, "WC40": 593}
"""The ERP's resources that stand for a whole work centre, not for a machine."""
SUBCONTRACT_RESOURCE = 599


@dataclass(slots=True)
class MasterIds:
    """The ERP's row ids by the codes that people say; features by (part, revision, position)."""

    customers: dict[str, int] = field(default_factory=dict)
    suppliers: dict[str, int] = field(default_factory=dict)
    items: dict[str, int] = field(default_factory=dict)
    features: dict[tuple[str, str, int], int] = field(default_factory=dict)


def write_master(erp: Erp, start: datetime) -> MasterIds:
    """Write partners, people, machines, parts, revisions and requirements; give their row ids."""
    ids = MasterIds()
    for code, name in CUSTOMERS.items():
        row = erp.insert("customer", code=padded(code), name=name, country="SE", blocked=0)
        ids.customers[code] = row
    for code, name in SUPPLIERS.items():
        ids.suppliers[code] = erp.insert("supplier", code=padded(code), name=name)
    for crew, badges in CREWS.items():
        for badge in badges:
            erp.insert("employee", badge=badge, crew=crew)
    _write_resources(erp)
    for item in ITEMS:
        _write_item(erp, ids, item, start)
    _write_requirements(erp, ids)
    return ids


def _write_resources(erp: Erp) -> None:
    centers = {
        code: erp.insert("work_center", code=padded(code), name=name)
        for code, name in CENTERS.items()
    }
    for machine in MACHINES:
        center = centers[machine.center]
        code = machine.id.replace("-", "")
        erp.insert(
            "resource",
            id=machine.resource,
            code=code,
            kind="M",
            work_center_id=center,
            skill=machine.skill,
        )
    for code, row in CLASS_RESOURCE.items():
        erp.insert("resource", id=row, code=code, kind="C", work_center_id=centers[code])
    erp.insert("resource", id=SUBCONTRACT_RESOURCE, code="SUB", kind="S", work_center_id=None)


def _write_item(erp: Erp, ids: MasterIds, item: Item, start: datetime) -> None:
    row = erp.insert(
        "item",
        number=padded(item.number, 12),
        name=item.name,
        kind=item.kind,
        lot_tracked=int(item.is_tracked),
        supply=1 if item.is_stocked or item.kind == "R" else 2,
        current_rev=item.revisions[-1:] or "-",
        unit=item.unit,
    )
    ids.items[item.number] = row
    for number, quantity in item.components:
        erp.insert("bom", item_id=row, component_id=ids.items[number], qty=amount(quantity))
    newest_first = list(reversed(item.revisions))
    for rev in item.revisions:
        released = erp.day(start - timedelta(days=40 + 200 * newest_first.index(rev)))
        spec = erp.insert(
            "item_spec", item_id=row, rev=rev, doc_no=f"D-{item.number[2:]}", released_on=released
        )
        for place, feature in enumerate(item.features, start=1):
            widened = feature if rev == newest_first[0] else _widen(feature)
            ids.features[item.number, rev, place * 10] = _write_feature(
                erp, spec, place * 10, widened
            )


def _widen(feature: Characteristic) -> Characteristic:
    spread = (feature.upper - feature.lower) / 2
    return type(feature)(
        feature.name,
        feature.nominal,
        feature.lower - spread if feature.lower else 0.0,
        feature.upper + spread,
        feature.unit,
    )


def _write_feature(erp: Erp, spec: int, position: int, feature: Characteristic) -> int:
    return erp.insert(
        "spec_char",
        item_spec_id=spec,
        pos=position,
        name=feature.name,
        nominal=amount(feature.nominal),
        lower_limit=amount(feature.lower),
        upper_limit=amount(feature.upper),
        unit=feature.unit,
    )


def _write_requirements(erp: Erp, ids: MasterIds) -> None:
    erp.insert(
        "cust_requirement",
        customer_id=ids.customers["KAL"],
        item_id=ids.items["P-100"],
        spec_char_id=ids.features["P-100", "C", 10],
        lower_limit=amount(44.99),
        upper_limit=amount(45.01),
        remark="Diameter 45 ±0,01 for Kallfors",
    )
    erp.insert(
        "cust_requirement",
        customer_id=ids.customers["AUR"],
        item_id=ids.items["P-150"],
        spec_char_id=ids.features["P-150", "C", 30],
        lower_limit="-",
        upper_limit=amount(0.8),
        remark="Ra 0,8 at most",
    )
