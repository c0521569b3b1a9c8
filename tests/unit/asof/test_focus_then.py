"""What a focus adds to an answer as of a time is what a graph of those records alone would add."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.answer.planning.next import RULES
from tests.unit.asof.past_shop import Shop, at, busy_shop, fold_only, those_that_count, told

ASKED = [("full", "earliest-due-date"), *(("next", rule) for rule in RULES)]


def busier(shop: Shop) -> None:
    """Give the mill more to do: an operation that waits, one that is blocked, material."""
    shop.tell(13, "job", "2", name="Pin", part="P1", qty="7", status="released", order="", ts="13")
    shop.tell(13, "job", "3", name="Nut", part="P2", qty="2", status="planned", order="", ts="13")
    for name, job in (("1-10", "1"), ("2-10", "2"), ("3-10", "3")):
        row = {"job": job, "machine": "M1", "program": "", "status": "released"}
        shop.tell(14, "operation", name, **row)
    shop.tell(15, "heat", "B1", batch="B1", material="P1")
    shop.tell(16, "use", "U1", batch="B1", input="1", loaded="", output="")
    shop.tell(18, "job", "3", name="Nut", part="P2", qty="2", status="released", order="", ts="18")


@pytest.mark.parametrize("minute", [15, 18])
def test_every_focus_adds_what_a_graph_of_then_would(tmp_path: Path, minute: int) -> None:
    with busy_shop(tmp_path / "shop") as shop:
        busier(shop)
        then = shop.then(minute, minute)
        with fold_only(tmp_path / "then", those_that_count(shop.work, then), then.at) as alone:
            for entity in ("machine/M1", "job/1"):
                for focus, rule in ASKED:
                    found = shop.work.history.ask(
                        then,
                        lambda answers, e=entity, f=focus, r=rule: answers.context(
                            e, then.at, focus=f, rule=r
                        ),
                    )
                    expected = alone.answers().context(entity, at(minute), focus=focus, rule=rule)
                    assert told(found.to_dict()) == told(expected.to_dict()), (entity, focus, rule)
