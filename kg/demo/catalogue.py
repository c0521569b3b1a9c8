"""Master data of the demo plant: machines, people, partners, parts, revisions and routings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Skill: TypeAlias = Literal["saw", "turn", "mill", "grind", "bench", "outside"]
OrderHabit: TypeAlias = Literal["prefixed", "padded", "dotted"]


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine by our id, the ERP's resource number and the MES's own name.

    ``order_habit`` is how its terminal writes a job (WO-1043, 0001043, 1043.10);
    ``is_local`` says that it sends plant time without an offset.
    """

    id: str
    label: str
    center: str
    skill: Skill
    resource: int
    mes: str
    order_habit: OrderHabit
    is_local: bool = False
    capacity: int = 1


@dataclass(frozen=True, slots=True)
class Characteristic:
    """One toleranced feature, in its unit."""

    name: str
    nominal: float
    lower: float
    upper: float
    unit: str = "mm"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a routing; minutes are for set-up and for one piece."""

    number: int
    skill: Skill
    text: str
    setup_minutes: int
    piece_minutes: float


@dataclass(frozen=True, slots=True)
class Item:
    """A part or material; ``revisions`` run from oldest to current, "" means no specification."""

    number: str
    name: str
    kind: Literal["F", "R"] = "F"
    is_tracked: bool = True
    is_stocked: bool = False
    is_serial: bool = False
    revisions: str = ""
    components: tuple[tuple[str, float], ...] = ()
    steps: tuple[Step, ...] = ()
    features: tuple[Characteristic, ...] = ()
    unit: str = "pcs"
    supplier: str = ""


CENTERS = {"WC10": "Sawing", "WC20": "Turning", "WC30": "Milling", "WC40": "Finishing and assembly"}

MACHINES = (
    Machine("SAW-01", "Band saw 1", "WC10", "saw", 501, "saw01", "prefixed", True, 2),
    Machine("SAW-02", "Band saw 2", "WC10", "saw", 502, "saw02", "prefixed", True),
    Machine("LATHE-01", "Lathe 1", "WC20", "turn", 511, "T1", "padded"),
    Machine("LATHE-02", "Lathe 2", "WC20", "turn", 512, "T2", "padded"),
    Machine("LATHE-03", "Lathe 3", "WC20", "turn", 513, "T3", "padded"),
    Machine("LATHE-04", "Lathe 4", "WC20", "turn", 514, "T4", "padded"),
    Machine("MILL-01", "Mill 1, two pallets", "WC30", "mill", 521, "DMG-1", "dotted", False, 2),
    Machine("MILL-02", "Mill 2", "WC30", "mill", 522, "DMG-2", "dotted"),
    Machine("MILL-03", "Mill 3", "WC30", "mill", 523, "DMG-3", "dotted"),
    Machine("MILL-04", "Mill 4", "WC30", "mill", 524, "DMG-4", "dotted"),
    Machine("GRIND-01", "Cylindrical grinder", "WC40", "grind", 531, "grind", "prefixed", True),
    Machine("BENCH-01", "Assembly bench", "WC40", "bench", 532, "bench1", "prefixed"),
)

SKILL_CENTER = {machine.skill: machine.center for machine in MACHINES}

CUSTOMERS = {
    "KAL": "Kallfors Marin AB",
    "NOR": "Nordan Pumpar AB",
    "VES": "Vestra Hydraulik AB",
    "AUR": "Aurelia Medizintechnik GmbH",
    "BRA": "Brattberg Rail AS",
    "SKE": "Skelle Vattenkraft AB",
    "LUM": "Lumenta Robotics Oy",
    "TOR": "Torneby Gruvteknik AB",
}

SUPPLIERS = {
    "S01": "Ovansjö Specialstål AB",
    "S02": "Mälardalens Gjuteri AB",
    "S03": "Norrmetall Lättmetall AB",
    "S04": "Hård & Seg Värmebehandling AB",
}

HEAT_TREATER = "S04"
CREWS = {"A": ("P01", "P02", "P03", "P04"), "B": ("P05", "P06", "P07"), "C": ("P08", "P09")}


def _shaft(nominal: float, length: float) -> tuple[Characteristic, ...]:
    return (
        Characteristic("Diameter", nominal, nominal - 0.02, nominal + 0.02),
        Characteristic("Length", length, length - 0.1, length + 0.1),
        Characteristic("Roughness Ra", 0.8, 0.0, 1.6, "um"),
    )


def _prism(width: float, bore: float) -> tuple[Characteristic, ...]:
    return (
        Characteristic("Width", width, width - 0.05, width + 0.05),
        Characteristic("Bore", bore, bore, bore + 0.025),
    )


SAW = Step(10, "saw", "Saw to length", 15, 6)
ITEMS = (
    Item("R-10", "Bar 42CrMo4, 60 mm", "R", unit="m", supplier="S01"),
    Item("R-20", "Casting EN-GJS-400", "R", supplier="S02"),
    Item("R-30", "Aluminium EN AW-6082", "R", unit="m", supplier="S03"),
    Item("R-40", "Bronze CC493K", "R", unit="m", supplier="S02"),
    Item("R-50", "POM rod", "R", is_tracked=False, unit="m", supplier="S03"),
    Item(
        "P-100", "Spindle shaft", revisions="ABC", components=(("R-10", 0.4),),
        steps=(
            SAW, Step(20, "turn", "Turn", 40, 8), Step(30, "grind", "Grind seats", 15, 2),
        ),
        features=_shaft(45.0, 380.0),
    ),
    Item(
        "P-110", "Guide pin", is_tracked=False, revisions="AB", components=(("R-10", 0.15),),
        steps=(
            Step(10, "turn", "Turn", 30, 7), Step(20, "outside", "Case harden", 0, 0),
            Step(30, "grind", "Grind", 15, 2),
        ),
        features=_shaft(20.0, 120.0),
    ),
    Item(
        "P-120", "Bearing housing", revisions="ABCD", components=(("R-20", 1.0),),
        steps=(Step(10, "mill", "Mill complete", 60, 12), Step(20, "bench", "Deburr", 5, 2)),
        features=_prism(180.0, 72.0),
    ),
    Item(
        "P-130", "Flange", is_tracked=False, revisions="AB", components=(("R-10", 0.08),),
        steps=(SAW, Step(20, "mill", "Mill and drill", 45, 7)),
        features=_prism(110.0, 50.0),
    ),
    Item(
        "P-140", "Valve body", revisions="A", components=(("R-30", 0.2),),
        steps=(Step(10, "mill", "Mill complete", 50, 10), Step(20, "bench", "Deburr", 5, 2)),
        features=_prism(90.0, 28.0),
    ),
    Item(
        "P-150", "Bushing", is_tracked=False, revisions="BC", components=(("R-40", 0.06),),
        steps=(Step(10, "turn", "Turn", 30, 5),),
        features=_shaft(50.0, 45.0),
    ),
    Item(
        "P-160", "Bracket", is_tracked=False, revisions="AB", components=(("R-30", 0.1),),
        steps=(SAW, Step(20, "mill", "Mill", 35, 7)),
        features=_prism(60.0, 12.0),
    ),
    Item(
        "P-170", "Spacer", is_tracked=False, revisions="A", components=(("R-50", 0.05),),
        steps=(Step(10, "turn", "Turn", 20, 4),),
        features=_shaft(30.0, 12.0),
    ),
    Item(
        "P-180", "Sealing ring", is_stocked=True, revisions="AB", components=(("R-40", 0.03),),
        steps=(Step(10, "grind", "Grind faces", 20, 3),),
        features=_shaft(64.0, 8.0),
    ),
    Item(
        "P-190", "Fixture plate", is_tracked=False, components=(("R-30", 0.3),),
        steps=(Step(10, "mill", "Mill", 40, 10),),
    ),
    Item(
        "P-200", "Manifold", is_tracked=False, revisions="ABC", components=(("R-30", 0.15),),
        steps=(Step(10, "mill", "Mill complete", 45, 9),),
        features=_prism(140.0, 16.0),
    ),
    Item(
        "P-300", "Rotor shaft", is_stocked=True, revisions="AB", components=(("R-10", 0.3),),
        steps=(Step(10, "turn", "Turn complete", 45, 9),),
        features=_shaft(28.0, 210.0),
    ),
    Item(
        "P-900", "Pump unit", is_serial=True, revisions="A",
        components=(("P-300", 1.0), ("P-140", 1.0)),
        steps=(Step(10, "bench", "Assemble and test", 10, 25),),
        features=(Characteristic("Flow at 3 bar", 120.0, 114.0, 126.0, "l/min"),),
    ),
)  # fmt: skip

ITEM = {item.number: item for item in ITEMS}
SPECLESS = "P-190"
"""The part that nobody ever wrote a specification for."""
SOLD = tuple(
    item.number
    for item in ITEMS
    if item.kind == "F" and not item.is_stocked and item.number != SPECLESS
)
STOCKED = tuple(item.number for item in ITEMS if item.is_stocked)
