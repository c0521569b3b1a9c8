"""Of a long list the first are told, and how many others there are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.answer.runs import MAX_LISTED
from tests.unit.asof.past_shop import Shop, at, let_happen, open_shop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.answer.bundle import Context

RUNS, PIECES, JOBS = 57, 53, 61
STEP = tuple[tuple[str, dict[str, str]], float, bool, bool]


def _happened() -> Iterator[STEP]:
    """Give a job with many runs and pieces, and a customer with many jobs, all in one batch."""
    plain = {"part": "P1", "qty": "5", "status": "released", "order": "O1", "name": "Shaft"}
    yield ("order", {"id": "O1", "customer": "C1"}), 1, False, True
    for number in range(1, JOBS + 1):
        yield ("job", {"id": f"{number}", **plain}), 1, False, True
    for number in range(PIECES):
        row = {"id": f"{number:03}", "job": "1", "batch": "", "whole": ""}
        yield ("piece", row), 1, False, True
    for number in range(RUNS):
        row = {"machine": "M1", "job": "1", "program": "", "good": "1"}
        for place, kind in ((2 * number, "RunStarted"), (2 * number + 1, "RunEnded")):
            # Within minutes of their receipt: what is far ahead of it does not count.
            yield ("run", {"id": f"{place:04}", "kind": kind, **row}), place / 20, False, True


def _told(context: Context) -> tuple[int, dict[str, Any]]:
    plain = context.to_dict()
    assert {tuple(run["left_out"].items()) for run in plain["runs"]} <= {
        (("pieces", PIECES - MAX_LISTED),)
    }
    return len(plain["runs"]), plain["left_out"]


def test_what_is_left_out_of_a_list_is_counted_now_and_then(tmp_path: Path) -> None:
    with open_shop(tmp_path / "shop") as work:
        let_happen(work, list(_happened()))
        shop, now = Shop(work), at(200)
        job = work.answers().context("job/1", now)
        assert _told(job) == (MAX_LISTED, {"runs": RUNS - MAX_LISTED})
        assert {len(run.pieces) for run in job.runs} == {MAX_LISTED}
        customer = work.answers().context("customer/C1", now)
        assert len(customer.slots["job"].facts) == MAX_LISTED
        assert customer.left_out == {"slots.job": JOBS - MAX_LISTED}
        assert work.answers().context("machine/M1", now).left_out == {}
        assert _told(shop.context("job/1", 199)) == _told(job)
        assert shop.context("customer/C1", 199).left_out == customer.left_out
