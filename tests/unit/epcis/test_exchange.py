"""Events taken in by a plant, and given out by it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kg.answer.tracing.traced import tell_trace
from kg.cli.epcis import _messages, _tables
from kg.epcis.export import epcis_document
from kg.epcis.rows import events_of, rows_of
from kg.epcis.triples import event_graph
from kg.errors import SourceError
from kg.pipeline import Pipeline
from kg.settings import load_plant

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
BASE = "https://plant.example/"
PLANT = f"""
[plant]
name = "Events"
base = "{BASE}"
[[source]]
name = "epcis"
mapping = "mappings/epcis"
"""
LOT = "urn:epc:class:lgtin:4012345.011111.{}"
HOUSED = "https://id.gs1.org/01/04012345111118/10/"


def event(kind: str, id_: str, time: str, **more: object) -> dict[str, object]:
    return {
        "type": kind,
        "eventID": f"urn:example:{id_}",
        "eventTime": time,
        "eventTimeZoneOffset": "+00:00",
        **more,
    }


RECEIVED = event(
    *("ObjectEvent", "received", "2026-11-20T06:00:00Z"),
    action="OBSERVE",
    bizStep="receiving",
    quantityList=[{"epcClass": LOT.format("bar"), "quantity": 12.5, "uom": "KGM"}],
    sourceList=[{"type": "owning_party", "source": "urn:epc:id:pgln:4012345.00225"}],
    bizLocation={"id": "urn:epc:id:sgln:0614141.00777.0"},
)
MADE = event(
    *("TransformationEvent", "made", "2026-11-21T06:00:00Z"),
    inputQuantityList=[
        {"epcClass": LOT.format("bar"), "quantity": 2, "uom": "KGM"},
        {"epcClass": "urn:epc:idpat:sgtin:4012345.066666.*", "quantity": 5},
    ],
    outputEPCList=["urn:epc:id:sgtin:0614141.107346.1"],
    bizTransactionList=[{"type": "prodorder", "bizTransaction": f"{BASE}job/7"}],
)
PACKED = event(
    *("AggregationEvent", "packed", "2026-11-22T06:00:00Z"),
    action="ADD",
    parentID="urn:epc:id:sscc:0614141.1234567890",
    childEPCs=["urn:epc:id:sgtin:0614141.107346.1"],
)
SHIPPED = event(
    *("ObjectEvent", "shipped", "2026-11-22T07:00:00Z"),
    action="OBSERVE",
    bizStep="https://ref.gs1.org/cbv/BizStep-shipping",
    epcList=["urn:epc:id:sscc:0614141.1234567890"],
    destinationList=[{"type": "owning_party", "destination": f"{BASE}customer/KAL"}],
)
CHAIN = [RECEIVED, MADE, PACKED, SHIPPED]


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Pipeline]:
    (tmp_path / "plant.toml").write_text(PLANT, encoding="utf-8")
    with Pipeline.open(load_plant(tmp_path)) as opened:
        yield opened


def take(work: Pipeline, document: object) -> int:
    """Take a document in; gives how many of its rows were new."""
    new = 0
    for table, rows in _tables([("it", document)], BASE).items():
        balance = work.take("epcis", table, _messages(table, rows), NOW)
        assert not balance.quarantined
        new += balance.new
    assert work.apply(NOW).rejected == 0
    return new


def reached(work: Pipeline, thing: str, direction: str = "forward") -> dict[str, str]:
    told = tell_trace(work.answers(), thing, direction, NOW, most_things=100)  # type: ignore[arg-type]
    return {one["id"]: one["how"] for one in told["reached"]}


def test_a_lot_is_followed_over_events_to_the_customer(work: Pipeline) -> None:
    take(work, {"type": "EPCISDocument", "epcisBody": {"eventList": CHAIN}})
    found = reached(work, "batch/04012345111118.bar")
    assert {"job/7", "piece/10614141073464.1", "piece/106141412345678908", "customer/KAL"} <= set(
        found
    )
    assert set(found.values()) == {"certain"}
    back = reached(work, "customer/KAL", "backward")
    assert back["supplier/4012345002256"] == "certain"


def test_what_is_left_and_where_it_lies_is_known_from_events(work: Pipeline) -> None:
    take(work, CHAIN)
    told = tell_trace(
        *(work.answers(), "batch/04012345111118.bar", "forward", NOW), most_things=100
    )
    assert told["stock"] == [
        {
            "batch": "batch/04012345111118.bar",
            "state": "known",
            "left": "10.5",
            "unit": "KGM",
            "received": "12.5",
            "used": "2",
            "shipped": "0",
            "discarded": "0",
            "perhaps_used": "0",
            "places": ["location/0614141007776"],
            "why": "",
        }
    ]


def test_what_was_used_by_its_class_alone_is_a_break(work: Pipeline) -> None:
    take(work, CHAIN)
    told = tell_trace(*(work.answers(), "job/7", "backward", NOW), most_things=100)
    assert [row["kind"] for row in told["breaks"]] == ["no-batch"]


def test_events_that_come_again_change_nothing(work: Pipeline) -> None:
    assert take(work, CHAIN) > 0
    before = set(work.store.dump())
    assert take(work, CHAIN[::-1]) == 0
    assert set(work.store.dump()) == before


def test_an_event_declared_to_be_in_error_says_nothing_any_more(work: Pipeline) -> None:
    take(work, CHAIN)
    error = {"declarationTime": "2026-11-23T06:00:00Z", "reason": "did_not_occur"}
    take(work, [SHIPPED | {"errorDeclaration": error}])
    assert "customer/KAL" not in reached(work, "batch/04012345111118.bar")
    assert "piece/106141412345678908" in reached(work, "batch/04012345111118.bar")


def test_what_a_plant_gives_out_another_takes_in(work: Pipeline, tmp_path: Path) -> None:
    take(work, CHAIN)
    document, left_out = epcis_document(work.answers(), NOW)
    assert left_out == {}
    kinds = [one["type"] for one in document["epcisBody"]["eventList"]]
    assert kinds == ["ObjectEvent", "TransformationEvent", "AssociationEvent", "ObjectEvent"]
    received = document["epcisBody"]["eventList"][0]
    assert received["quantityList"] == [
        {"epcClass": f"{HOUSED}bar", "quantity": 12.5, "uom": "KGM"}
    ]
    assert len(event_graph(document, "it")) > 30
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "plant.toml").write_text(PLANT, encoding="utf-8")
    with Pipeline.open(load_plant(tmp_path / "other")) as other:
        take(other, json.loads(json.dumps(document)))
        for thing, direction in (("batch/04012345111118.bar", "forward"), ("job/7", "backward")):
            ours, theirs = (reached(one, thing, direction) for one in (work, other))
            # Shipments are events, and their ids are made of the event's.
            assert {t: h for t, h in ours.items() if "ship" not in t} == {
                t: h for t, h in theirs.items() if "ship" not in t
            }


def test_the_same_plant_gives_the_same_document(work: Pipeline) -> None:
    take(work, CHAIN)
    assert epcis_document(work.answers(), NOW) == epcis_document(work.answers(), NOW)


def test_every_published_event_can_be_taken_in(work: Pipeline, shared_data: Path) -> None:
    files = sorted((shared_data / "epcis" / "JSON").rglob("*.jsonld"))
    assert len(files) == 47
    documents = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    events = [one for document in documents for one in events_of(document, "it")]
    assert len(events) == 56
    assert take(work, documents) > 100


@pytest.mark.parametrize(
    "document", [{}, [], 7, {"epcisBody": {}}, {"epcisBody": {"eventList": 1}}]
)
def test_what_has_no_events_is_refused(document: object) -> None:
    if document == []:
        assert events_of(document, "it") == []
        return
    with pytest.raises(SourceError, match="no EPCIS events"):
        events_of(document, "it")


@pytest.mark.parametrize(
    "more",
    [
        {"quantityList": 5, "action": "ADD"},
        {"quantityList": [{"quantity": 5}], "action": "ADD"},
        {"quantityList": ["x"], "action": "ADD"},
        {"epcList": "urn:a:b", "action": "ADD"},
    ],
)
def test_an_event_of_another_shape_is_refused_by_name(more: dict) -> None:
    with pytest.raises(SourceError, match="it#1"):
        list(rows_of(event("ObjectEvent", "x", "2026-11-20T06:00:00Z", **more), BASE, "it#1"))


def test_too_many_pairs_of_pieces_are_refused() -> None:
    pieces = [f"urn:epc:id:sgtin:0614141.107346.{n}" for n in range(101)]
    wide = event("TransformationEvent", "w", "2026-11-20T06:00:00Z")
    with pytest.raises(SourceError, match="101 pieces went into 101"):
        list(rows_of(wide | {"inputEPCList": pieces, "outputEPCList": pieces}, BASE, "it"))
