"""Each guaranteed scene stands in the records themselves when the history ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from kg.demo import SCENES, Scene

Check = Callable[[Any], bool]


def nested_saw(plant: Any) -> bool:
    runs = plant.open_runs("saw01")
    customers = [plant.customers("1043"), plant.customers("1044")]
    return {run["order"] for run in runs} == {"WO-1043", "WO-1044"} and customers == [
        {"KAL"},
        {"NOR"},
    ]


def two_pallets(plant: Any) -> bool:
    runs = plant.open_runs("DMG-1")
    return {(run["order"], run["pallet"]) for run in runs} == {
        ("1046.10", "PAL-1"),
        ("1047.10", "PAL-2"),
    }


def two_machines(plant: Any) -> bool:
    return [plant.open_runs(name)[0]["order"] for name in ("T1", "T2")] == ["0001045"] * 2


def setup(plant: Any) -> bool:
    (run,) = plant.open_runs("T3")
    quantity = [kind for kind in plant.runs_of("1048")["T3"] if kind == "quantity"]
    return (run["order"], run["phase"]) == ("0001048", "S") and not quantity


def no_material(plant: Any) -> bool:
    job = plant.one("SELECT id, status FROM production_order WHERE number = '0001049'")
    moves = plant.rows("SELECT id FROM batch_move WHERE prod_id = ?", job[0])
    state = plant.last_state("DMG-2")
    return state == ("STOP", "no material") and job[1] == 20 and not moves


def no_job(plant: Any) -> bool:
    return plant.last_state("T4") == ("RUN", None) and not plant.open_runs("T4")


def outside(plant: Any) -> bool:
    found = plant.one(
        "SELECT o.status, r.kind, s.code FROM routing_op o JOIN resource r ON r.id = o.resource_id"
        " JOIN production_order p ON p.id = o.prod_id JOIN po_line b ON b.op_id = o.id"
        " JOIN supplier s ON s.id = b.supplier_id WHERE p.number = '0001050' AND o.op_no = 20"
    )
    return [text.strip() for text in found] == ["I", "S", "S04"]


def stock(plant: Any) -> bool:
    found = plant.one("SELECT origin, supply FROM production_order WHERE number = '0001051'")
    return found == ("STOCK", 1) and plant.open_runs("grind")[0]["order"] == "WO-1051"


def line_split(plant: Any) -> bool:
    jobs = plant.rows("SELECT number, qty FROM production_order WHERE origin = 'SO-LINE,3902'")
    return sorted(jobs) == [("0001045", "120,000"), ("0001052", "60,000")]


def lines_merged(plant: Any) -> bool:
    pegs = plant.rows(
        "SELECT g.qty FROM peg g JOIN production_order p ON p.id = g.prod_id"
        " WHERE p.number = '0001053' AND p.origin = '-'"
    )
    return sorted(pegs) == [("12,000",), ("8,000",)] and plant.customers("1053") == {"LUM", "TOR"}


def partial(plant: Any) -> bool:
    counted = [e for e in plant.events if e["type"] == "quantity" and e["order"] == "1054.10"]
    counts = {e["id"]: (e["good"], e["scrap"], e["rework"]) for e in counted}.values()
    booked = plant.one(
        "SELECT qty, qty_good, qty_scrap, qty_rework FROM production_order WHERE number = '0001054'"
    )
    return [sum(column) for column in zip(*counts, strict=True)] == [22, 2, 1] and booked == (
        "40,000",
        "22,000",
        "2,000",
        "1,000",
    )


def serials(plant: Any) -> bool:
    job = plant.one("SELECT id FROM production_order WHERE number = '0001055'")
    found = plant.rows(
        "SELECT serial_no, prod_id, parent_serial, lot_ref FROM serial"
        " WHERE 'S-9001' IN (serial_no, parent_serial) ORDER BY id"
    )
    return found == [("S-9001", job, None, "-"), ("R-9001", None, "S-9001", "CH-0004790")]


def genealogy(plant: Any) -> bool:
    moves = plant.rows(
        "SELECT m.move_type, p.number FROM batch_move m JOIN production_order p"
        " ON p.id = m.prod_id WHERE m.lot_ref = 'CH-0004790' ORDER BY m.id"
    )
    bars = plant.rows(
        "SELECT m.lot_ref FROM batch_move m JOIN production_order p ON p.id = m.prod_id"
        " WHERE p.number = '0001058' AND m.move_type = 'I'"
    )
    return moves == [("R", "0001058"), ("I", "0001055")] and bars[0][0].startswith("CH-")


def stricter_customer(plant: Any) -> bool:
    found = plant.one(
        "SELECT r.upper_limit, c.upper_limit, c.name FROM cust_requirement r"
        " JOIN spec_char c ON c.id = r.spec_char_id WHERE r.id = 1"
    )
    return found == ("45,010", "45,020", "Diameter") and plant.customers("1043") == {"KAL"}


def pinned_revision(plant: Any) -> bool:
    found = plant.one(
        "SELECT p.spec_rev, i.current_rev FROM production_order p JOIN item i ON i.id = p.item_id"
        " WHERE p.number = '0001047'"
    )
    return found == ("C", "D")


def possible_batch(plant: Any) -> bool:
    heard = {
        (e["type"], e["lot"]) for e in plant.events if e.get("order") == "0001048" and "lot" in e
    }
    return heard == {("batch_loaded", "0004781"), ("batch_loaded", "0004782")}


def blank_customer(plant: Any) -> bool:
    found = plant.one("SELECT origin, supply FROM production_order WHERE number = '0001056'")
    running = plant.open_runs("DMG-4")[0]["order"]
    return found == ("-  ", 2) and running == "1056.10" and not plant.customers("1056")


def alias(plant: Any) -> bool:
    notes = {(row["kind"], row["canonical"]): row["alias"] for row in plant.sheet("crosswalk.csv")}
    running = plant.open_runs("saw02")[0]["order"]
    return running == notes["job", "1057"] == "RUSH-7" and "1057" not in plant.runs_of("1057")


def expired_note(plant: Any) -> bool:
    (note,) = [row for row in plant.sheet("notes.csv") if row["id"] == "N3"]
    history = plant.start + timedelta(hours=72)
    ended = datetime.fromisoformat(note["expires"])
    return note["about"] == "MILL-02" and ended < history.replace(tzinfo=None)


CHECKS: dict[str, Check] = {
    check.__name__.replace("_", "-"): check
    for check in (
        nested_saw, two_pallets, two_machines, setup, no_material, no_job, outside, stock,
        line_split, lines_merged, partial, serials, genealogy, stricter_customer, pinned_revision,
        possible_batch, blank_customer, alias, expired_note,
    )
}  # fmt: skip


def test_every_scene_has_a_check() -> None:
    assert set(CHECKS) == {scene.name for scene in SCENES}


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_the_history_ends_with_the_scene(written: Any, scene: Scene) -> None:
    assert CHECKS[scene.name](written), scene.sentence
