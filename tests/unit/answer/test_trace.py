"""Traces: how sure each thing is that a batch went into, or came from."""

from __future__ import annotations

import pytest

from kg.answer.tracing.leaks import find_breaks
from kg.answer.tracing.stock import stock_of
from kg.answer.tracing.trace import begin, trace
from kg.answer.tracing.traced import reasons
from kg.answer.tracing.worstcase import worst_case
from kg.errors import QueryError, UnknownEntity
from tests.unit.answer.genealogies import BASE, short, store_of, term

CHAIN = """
use/1 ofBatch batch/bar ; inputTo job/1
use/2 ofBatch batch/blank ; outputOf job/1
use/3 ofBatch batch/blank ; inputTo job/2
piece/P pieceOf job/2
piece/P assembledInto piece/Q
allocation/1 allocationOf job/2 ; toOrderLine line/1
line/1 lineOf order/1
order/1 orderedBy customer/C
batch/bar suppliedBy supplier/S
"""


def traced(text: str, start: str, direction: str = "forward", most: int = 1_000):
    store = store_of(text)
    return trace(store, BASE, begin(store, term(start)), direction, most)


def hows(text: str, start: str, direction: str = "forward") -> dict[str, str]:
    found = traced(text, start, direction)
    return {thing[1:-1].removeprefix(BASE): r.how for thing, r in found.things.items()}


def why(text: str, start: str, thing: str) -> list[str]:
    found = traced(text, start)
    return reasons(found.path(term(thing)))


def test_a_batch_is_followed_to_the_customer() -> None:
    assert hows(CHAIN, "batch/bar") == dict.fromkeys(
        ["job/1", "batch/blank", "job/2", "piece/P", "piece/Q", "line/1", "order/1", "customer/C"],
        "certain",
    )


@pytest.mark.parametrize("start", ["customer/C", "order/1", "line/1", "piece/Q", "piece/P"])
def test_what_left_is_followed_to_the_supplier(start: str) -> None:
    found = hows(CHAIN, start, "backward")
    assert {"batch/bar", "batch/blank", "job/1", "job/2", "supplier/S"} <= found.keys()
    assert set(found.values()) == {"certain"}


def test_a_path_goes_from_the_start_step_by_step() -> None:
    found = traced(CHAIN, "batch/bar")
    path = found.path(term("customer/C"))
    assert path[0].start.thing == term("batch/bar")
    assert [step.end.thing for step in path] == [
        term(name) for name in ("job/1", "batch/blank", "job/2", "line/1", "order/1", "customer/C")
    ]
    assert all(step.grade.facts for step in path)


def test_a_circle_of_batches_is_walked_once() -> None:
    text = """
    use/1 ofBatch batch/A ; inputTo job/1
    use/2 ofBatch batch/B ; outputOf job/1
    use/3 ofBatch batch/B ; inputTo job/2
    use/4 ofBatch batch/A ; outputOf job/2
    """
    assert hows(text, "batch/A") == dict.fromkeys(["job/1", "batch/B", "job/2"], "certain")
    assert hows(text, "batch/A", "backward") == dict.fromkeys(
        ["job/1", "batch/B", "job/2"], "certain"
    )


LOADED = """
batch/X ofMaterial part/steel
batch/Y ofMaterial part/steel
use/1 ofBatch batch/X ; loadedFor job/1
use/2 ofBatch batch/Y ; loadedFor job/1
use/3 ofBatch batch/out ; outputOf job/1
"""


def test_of_several_loaded_each_is_possible_and_so_is_what_follows() -> None:
    assert hows(LOADED, "batch/X") == {"job/1": "possible", "batch/out": "possible"}
    assert why(LOADED, "batch/X", "batch/out") == [
        "2 batches of its material were loaded for job/1"
    ]


def test_another_batch_scanned_rules_out_one_that_was_loaded() -> None:
    text = LOADED + "use/4 ofBatch batch/Y ; inputTo job/1"
    assert hows(text, "batch/X") == {"job/1": "excluded", "batch/out": "excluded"}
    assert why(text, "batch/X", "batch/out") == ["job/1 scanned batch/Y, of the same material"]
    assert hows(text, "batch/Y") == {"job/1": "certain", "batch/out": "certain"}
    back = hows(text, "batch/out", "backward")
    assert (back["batch/X"], back["batch/Y"]) == ("excluded", "certain")


def test_a_scan_of_another_material_rules_nothing_out() -> None:
    text = LOADED + "batch/Z ofMaterial part/paint\nuse/4 ofBatch batch/Z ; inputTo job/1"
    assert hows(text, "batch/X")["job/1"] == "possible"


def test_a_batch_booked_to_the_last_bit_elsewhere_is_ruled_out() -> None:
    text = LOADED + "batch/X quantity 5 ; unit kg\n"
    partly = text + "use/5 ofBatch batch/X ; inputTo job/9 ; usedQuantity 4.5"
    assert hows(partly, "batch/X")["job/1"] == "possible"
    wholly = partly + "\nuse/6 ofBatch batch/X ; inputTo job/8 ; usedQuantity 0.5"
    assert hows(wholly, "batch/X")["job/1"] == "excluded"
    assert why(wholly, "batch/X", "job/1") == ["all 5 kg of batch/X is booked to job/9, job/8"]
    twice = wholly + "\nuse/7 ofBatch batch/X ; inputTo job/8 ; usedQuantity 0.5"
    assert hows(twice, "batch/X")["job/1"] == "possible"
    other = partly + "\nuse/6 ofBatch batch/X ; inputTo job/8 ; usedQuantity 900 ; unit g"
    assert hows(other, "batch/X")["job/1"] == "possible"


def test_a_job_that_was_over_before_a_batch_came_cannot_have_used_it() -> None:
    text = LOADED + (
        "run/1 ofJob job/1 ; startedAt 2026-11-01T06:00:00Z ; endedAt 2026-11-01T09:00:00Z\n"
        "batch/X receivedAt 2026-11-01T10:30:00+01:00\n"
    )
    assert hows(text, "batch/X")["job/1"] == "excluded"
    assert "was over at 2026-11-01T09:00:00Z" in why(text, "batch/X", "job/1")[0]
    still = text + "run/2 ofJob job/1 ; startedAt 2026-11-02T06:00:00Z"
    assert hows(still, "batch/X")["job/1"] == "possible"


def test_a_batch_made_after_a_job_was_over_is_ruled_out_from_either_end() -> None:
    text = LOADED + (
        "run/1 ofJob job/1 ; endedAt 2026-11-01T09:00:00Z\n"
        "use/9 ofBatch batch/X ; outputOf job/0\n"
        "run/0 ofJob job/0 ; startedAt 2026-11-03T06:00:00Z\n"
    )
    assert hows(text, "batch/X")["job/1"] == "excluded"
    assert hows(text, "batch/out", "backward")["batch/X"] == "excluded"


def test_a_booking_that_is_only_possible_is_no_scan() -> None:
    text = "use/1 ofBatch batch/X ; inputTo job/1 ; certainty possible"
    assert hows(text, "batch/X") == {"job/1": "possible"}


MIXED = """
batch/X ofMaterial part/steel
batch/Y ofMaterial part/steel
use/1 ofBatch batch/X ; inputTo job/1
use/2 ofBatch batch/Y ; inputTo job/1
piece/1 pieceOf job/1 ; cutFrom batch/X
piece/2 pieceOf job/1 ; cutFrom batch/Y
piece/3 pieceOf job/1
"""


def test_a_piece_is_of_the_batch_that_it_was_cut_from() -> None:
    assert hows(MIXED, "batch/X") == {
        "job/1": "certain",
        "piece/1": "certain",
        "piece/2": "excluded",
        "piece/3": "possible",
    }
    assert why(MIXED, "batch/X", "piece/2") == ["piece/2 was cut from batch/Y"]
    assert "used 2 batches of the material" in why(MIXED, "batch/X", "piece/3")[0]
    assert hows(MIXED, "piece/2", "backward")["batch/X"] == "excluded"


def test_the_surest_of_several_ways_counts() -> None:
    text = (
        LOADED
        + """
    use/7 ofBatch batch/X ; inputTo job/5
    use/8 ofBatch batch/mid ; outputOf job/5
    use/9 ofBatch batch/mid ; inputTo job/1
    """
    )
    assert hows(text, "batch/X")["batch/out"] == "certain"


SHIPPED = (
    CHAIN
    + """
line/1 quantity 5
sent/1 inShipment shipment/1 ; shipsFor line/1 ; shipsPiece piece/P ; quantity 5
shipment/1 shippedTo customer/C
"""
)


def test_a_shipment_that_names_its_pieces_is_reached_by_them() -> None:
    found = hows(SHIPPED, "batch/bar")
    assert (found["sent/1"], found["shipment/1"], found["line/1"]) == ("certain",) * 3
    assert hows(SHIPPED, "shipment/1", "backward")["batch/bar"] == "certain"


def test_an_order_line_met_by_other_lots_is_ruled_out() -> None:
    text = SHIPPED.replace("shipsPiece piece/P", "shipsPiece piece/other")
    assert hows(text, "batch/bar")["customer/C"] == "excluded"
    assert why(text, "batch/bar", "customer/C") == ["line/1 was served by other lots"]
    short_of = text.replace(
        "shipsPiece piece/other ; quantity 5", "shipsPiece piece/other ; quantity 4"
    )
    assert hows(short_of, "batch/bar")["customer/C"] == "certain"


def test_a_shipment_without_a_lot_is_possible_and_a_break() -> None:
    text = SHIPPED.replace(" ; shipsPiece piece/P", "")
    found = traced(text, "batch/bar")
    assert found.things[term("shipment/1")].how == "possible"
    assert [(b.kind, b.said) for b in find_breaks(found, BASE)] == [
        ("no-lot", "sent/1 names no batch and no piece")
    ]


def test_made_batches_that_cannot_be_told_apart_are_possible_for_a_customer() -> None:
    text = """
    use/1 ofBatch batch/A ; outputOf job/1
    use/2 ofBatch batch/B ; outputOf job/1
    allocation/1 allocationOf job/1 ; toOrderLine line/1
    """
    assert hows(text, "batch/A") == {"line/1": "possible"}
    assert hows(text.replace("use/2 ofBatch batch/B ; outputOf job/1", ""), "batch/A") == {
        "line/1": "certain"
    }


@pytest.mark.parametrize(
    ("text", "start", "direction", "kinds"),
    [
        ("job/1 status closed", "job/1", "backward", ["no-batch"]),
        ("job/1 status planned", "job/1", "backward", []),
        ("use/1 inputTo job/1", "job/1", "backward", ["no-batch"]),
        ("use/1 ofBatch batch/A ; outputOf job/1", "batch/A", "backward", ["no-batch"]),
        ("batch/A quantity 1", "batch/A", "backward", ["no-origin"]),
        ("batch/A suppliedBy supplier/S", "batch/A", "backward", []),
        ("line/1 quantity 1", "line/1", "backward", ["no-job"]),
        ("line/1 quantity 1", "line/1", "forward", ["no-customer"]),
        ("line/1 lineOf order/1", "line/1", "forward", ["no-customer"]),
        ("use/1 ofBatch batch/A ; inputTo job/1\njob/1 status closed", "batch/A", "forward",
         ["no-outcome"]),
        ("use/1 ofBatch batch/A ; inputTo job/1\njob/1 status released", "batch/A", "forward", []),
    ],
)  # fmt: skip
def test_breaks_are_told_where_records_end(text, start, direction, kinds) -> None:
    found = traced(text, start, direction)
    assert [b.kind for b in find_breaks(found, BASE)] == kinds


LEAKY = (
    CHAIN
    + """
batch/bar ofMaterial part/steel
job/1 makes part/blank
job/7 makes part/blank ; status in-progress
allocation/7 allocationOf job/7 ; toOrderLine line/7
line/7 lineOf order/7
job/8 makes part/other ; status in-progress
job/1 consumes batch/bar
"""
)


def worst(text: str, start: str, direction: str):
    store = store_of(text)
    found = trace(store, BASE, begin(store, term(start)), direction, 1_000)
    return worst_case(store, found, find_breaks(found, BASE), 1_000)


def test_the_worst_case_adds_jobs_that_may_have_used_the_batch() -> None:
    found = worst(LEAKY, "batch/bar", "forward")
    assert {kind: short(things) for kind, things in found.things.items()} == {
        "job": {"job/7"},
        "order-line": {"line/7"},
        "order": {"order/7"},
    }
    assert not found.unbounded


def test_the_worst_case_backward_is_every_batch_of_what_the_part_is_made_of() -> None:
    text = LEAKY + "batch/spare ofMaterial part/steel ; suppliedBy supplier/T"
    found = worst(text, "order/7", "backward")
    assert short(found.things["batch"]) == {"batch/bar", "batch/spare"}
    assert short(found.things["supplier"]) == {"supplier/S", "supplier/T"}
    unknown = worst(text, "job/8", "backward")
    assert short(unknown.unbounded) == {"job/8"}


def test_the_worst_case_knows_bills_of_material() -> None:
    bill = "component/1 componentOf part/other ; componentPart part/steel\n"
    forward = worst(LEAKY + bill, "batch/bar", "forward")
    assert short(forward.things["job"]) == {"job/7", "job/8"}
    backward = worst(LEAKY + bill, "job/8", "backward")
    assert short(backward.things["batch"]) == {"batch/bar"}
    assert not backward.unbounded


def stock(text: str, batch: str):
    found = traced(text, batch)
    return stock_of(found.held, term(batch))


def test_what_is_left_is_what_came_without_what_went() -> None:
    text = """
    batch/A quantity 12.50 ; unit kg ; discardedQuantity 0.5 ; storedAt place/rack
    use/1 ofBatch batch/A ; inputTo job/1 ; usedQuantity 3
    use/2 ofBatch batch/A ; loadedFor job/2 ; usedQuantity 2
    sent/1 shipsBatch batch/A ; quantity 1
    """
    found = stock(text, "batch/A")
    assert (found.state, str(found.left), found.unit) == ("known", "8.0", "kg")
    assert (str(found.perhaps), short(found.places)) == ("2", {"place/rack"})


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ("use/1 ofBatch batch/A ; inputTo job/1 ; usedQuantity 5", "none"),
        ("use/1 ofBatch batch/A ; inputTo job/1 ; usedQuantity 6", "conflicting"),
        ("use/1 ofBatch batch/A ; inputTo job/1", "unknown"),
        ("use/1 ofBatch batch/A ; inputTo job/1 ; usedQuantity 1 ; unit m", "unknown"),
    ],
)
def test_what_is_left_is_no_guess(more: str, state: str) -> None:
    found = stock(f"batch/A quantity 5 ; unit kg\n{more}", "batch/A")
    assert found.state == state
    assert bool(found.why) is (state in {"unknown", "conflicting"})


def test_a_scan_beside_a_booking_for_the_same_job_is_one_use() -> None:
    text = """
    batch/A quantity 5
    use/1 ofBatch batch/A ; inputTo job/1 ; usedQuantity 2
    use/2 ofBatch batch/A ; inputTo job/1
    """
    assert str(stock(text, "batch/A").left) == "3"


def test_a_batch_without_a_quantity_is_what_its_jobs_made_of_it() -> None:
    text = "use/1 ofBatch batch/A ; outputOf job/1 ; usedQuantity 4"
    assert str(stock(text, "batch/A").left) == "4"
    assert stock(text + "\nuse/2 ofBatch batch/A ; outputOf job/2", "batch/A").left is None


def test_a_trace_that_leads_too_far_is_an_error_and_no_part_of_it() -> None:
    assert len(traced(CHAIN, "batch/bar", most=9).things) == 8
    with pytest.raises(QueryError, match="more than 8 things") as refused:
        traced(CHAIN, "batch/bar", most=8)
    assert refused.value.code == "trace-too-large"


@pytest.mark.parametrize(
    ("start", "direction"), [("customer/C", "forward"), ("supplier/S", "backward")]
)
def test_nothing_is_traced_beyond_its_end(start: str, direction: str) -> None:
    with pytest.raises(UnknownEntity) as refused:
        traced(CHAIN, start, direction)
    assert refused.value.code == "parameter"


def test_what_goes_into_nothing_cannot_be_traced() -> None:
    with pytest.raises(UnknownEntity, match="cannot be traced"):
        traced("machine/M capacity x", "machine/M")
