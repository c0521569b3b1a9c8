"""Sparkplug B with an edge node over a real broker: births, aliases, gaps, rebirths, deaths."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.owner import Owner
from kg.pipeline import Pipeline
from kg.settings import load_plant
from kg.sources.sparkplugnodes import Node, Place
from kg.sources.sparkplugpayload import BadPayload, decode_payload
from tests.live_plant import NOW
from tests.mqtt_broker import Mosquitto, wait_until
from tests.sparkplug_edge import (
    AT,
    BOOLEAN,
    DATE_TIME,
    DOUBLE,
    FLOAT,
    INT32,
    INT64,
    STRING,
    EdgeNode,
    block,
    metric,
    number,
    payload,
    value_of,
)

PLANT = """
[plant]
name = "Sparkplug"
base = "https://sparkplug.example/"
[[source]]
name = "edge"
mapping = "edge"
url = "{url}"
protocol = "{protocol}"
host_id = "traveler"
groups = ["plant"]
"""
SOURCE = """
[source]
name = "edge"
system = "MES"
adapter = "sparkplug"
[[table]]
name = "state"
mapping = "state.yml"
where = { metric = "State" }
key = ["path", "timestamp"]
row = "event"
event_time = "timestamp"
[table.fold]
kind = "latest"
subject = "tr:onMachine"
[[table]]
name = "metric"
mapping = "metric.yml"
key = ["path", "timestamp"]
row = "event"
event_time = "timestamp"
[lookup.activity]
RUN = "trc:activity/production"
STOP = "trc:activity/idle"
"""
PREFIXES = """
prefixes:
  tr: https://w3id.org/traveler/ontology/
  trf: https://w3id.org/traveler/function/
  trc: https://w3id.org/traveler/code/
  rdfs: http://www.w3.org/2000/01/rdf-schema#
  xsd: http://www.w3.org/2001/XMLSchema#
mappings:
"""
STATE = """
  state:
    sources: [[state~table]]
    s: event/$(path)/$(timestamp)
    po:
      - [a, tr:MachineStateChanged]
      - [tr:eventTime, $(timestamp), xsd:dateTime]
      - [tr:onMachine, machine/$(device)~iri]
      - p: tr:activity
        o:
          function: trf:lookup
          parameters:
            - [trf:value, $(value)]
            - [trf:table, activity]
          type: iri
"""
METRIC = """
  metric:
    sources: [[metric~table]]
    s: metric/$(path)/$(timestamp)
    po:
      - [rdfs:label, $(metric)]
"""
BIRTHS = [
    ("", [metric("Uptime", 5, INT64, alias=1)]),
    ("M1", [metric("State", "STOP", alias=10), metric("Temperature", 20.5, DOUBLE, alias=11)]),
]


@pytest.fixture
def plant(tmp_path: Path, mosquitto: Mosquitto, request: pytest.FixtureRequest) -> Path:
    protocol = getattr(request, "param", "5")
    (tmp_path / "plant.toml").write_text(PLANT.format(url=mosquitto.url, protocol=protocol))
    (tmp_path / "edge").mkdir()
    (tmp_path / "edge" / "source.toml").write_text(SOURCE)
    (tmp_path / "edge" / "state.yml").write_text(PREFIXES + STATE)
    (tmp_path / "edge" / "metric.yml").write_text(PREFIXES + METRIC)
    return tmp_path


@contextmanager
def followed(plant: Path) -> Iterator[Owner]:
    with Pipeline.open(load_plant(plant)) as pipeline:
        owner = Owner(pipeline, lambda: NOW)
        owner.start(3600)
        try:
            health = owner.feeds["edge"].health
            wait_until(lambda: health.is_connected, f"not connected: {health}")
            yield owner
        finally:
            owner.stop()


@pytest.fixture
def node(mosquitto: Mosquitto) -> Iterator[EdgeNode]:
    node = EdgeNode(mosquitto, 3, BIRTHS)
    yield node
    node.close()


def rows(owner: Owner, path: str) -> list[tuple[Any, ...]]:
    records = owner.pipeline.journal.records_after(0, 1_000)
    found = [record.row for record in records if record.kind == "metric"]
    return [(row["message"], row["value"], row["quality"]) for row in found if row["path"] == path]


def has(owner: Owner, path: str, *expected: tuple[Any, ...]) -> None:
    wait_until(lambda: rows(owner, path) == [*expected], f"{path}: {rows(owner, path)}", 15)


@pytest.mark.server
@pytest.mark.parametrize("plant", ["5", "3.1.1"], indirect=True)
def test_births_and_data_become_rows_and_an_alias_is_the_name_that_it_was_born_with(
    plant: Path, node: EdgeNode
) -> None:
    with followed(plant) as owner:
        node.be_born()
        node.send("DDATA", metric(alias=10, value="RUN", is_typed=False), device="M1", at=AT + 1000)
        has(owner, "plant/press/M1/State", ("DBIRTH", "STOP", "good"), ("DDATA", "RUN", "good"))
        has(owner, "plant/press/M1/$online", ("DBIRTH", True, "good"))
        has(owner, "plant/press/Uptime", ("NBIRTH", 5, "good"))
        assert node.rebirths == 0
        activity = "<https://w3id.org/traveler/ontology/activity>"
        machine = "<https://sparkplug.example/machine/M1>"
        running = ["<https://w3id.org/traveler/code/activity/production>"]
        wait_until(
            lambda: owner.pipeline.store.objects(machine, activity) == running,
            "the graph does not follow",
        )


@pytest.mark.server
def test_the_host_says_that_it_is_there_and_that_it_goes(plant: Path, node: EdgeNode) -> None:
    with followed(plant):
        wait_until(lambda: len(node.states) == 1, "no STATE")
        moment = node.states[0]["timestamp"]
        assert node.states == [{"online": True, "timestamp": moment}]
        assert moment == AT
    wait_until(lambda: len(node.states) == 2, "no STATE after the end")
    assert node.states[1] == {"online": False, "timestamp": moment}


@pytest.mark.server
def test_a_node_that_was_born_before_us_is_asked_for_its_births(
    plant: Path, node: EdgeNode
) -> None:
    node.be_born()
    with followed(plant) as owner:
        node.send("DDATA", metric(alias=11, value=21.0, datatype=DOUBLE), device="M1", at=AT + 1)
        has(owner, "plant/press/M1/Temperature", ("DBIRTH", 20.5, "good"))
        assert node.rebirths == 1
        (row,) = owner.pipeline.journal.waiting()
        assert row.rejected.code == "unknown-alias"
        assert row.rejected.position == "spBv1.0/plant/DDATA/press/M1"


@pytest.mark.server
def test_a_gap_in_the_sequence_asks_once_and_keeps_what_came(plant: Path, node: EdgeNode) -> None:
    with followed(plant) as owner:
        node.be_born()
        has(owner, "plant/press/M1/State", ("DBIRTH", "STOP", "good"))
        for number_lost in range(3):
            node.lose()
            state = metric("State", "RUN", at=AT + 1000 + number_lost)
            node.send("DDATA", state, device="M1")
        wait_until(lambda: node.rebirths == 1, "no rebirth was asked for")
        wait_until(lambda: len(rows(owner, "plant/press/M1/State")) == 4, "a value was lost")
        assert node.rebirths == 1


@pytest.mark.server
def test_a_dead_node_leaves_stale_values_and_its_next_birth_brings_new_ones(
    plant: Path, node: EdgeNode, mosquitto: Mosquitto
) -> None:
    with followed(plant) as owner:
        node.be_born()
        born = ("DBIRTH", "STOP", "good")
        has(owner, "plant/press/M1/State", born)
        node.vanish()
        has(owner, "plant/press/M1/$online", ("DBIRTH", True, "good"), ("NDEATH", False, "stale"))
        has(owner, "plant/press/M1/State", born, ("NDEATH", None, "stale"))
        has(owner, "plant/press/$online", ("NBIRTH", True, "good"), ("NDEATH", False, "stale"))
        again = EdgeNode(mosquitto, 4, [("", []), ("M1", [metric("State", "RUN", at=AT + 5000)])])
        again.be_born()
        has(
            owner,
            "plant/press/M1/State",
            *(born, ("NDEATH", None, "stale"), ("DBIRTH", "RUN", "good")),
        )
        again.close()


@pytest.mark.server
def test_a_broker_that_was_away_makes_all_stale_until_it_is_born_again(
    plant: Path, node: EdgeNode, mosquitto: Mosquitto
) -> None:
    with followed(plant) as owner:
        node.be_born()
        has(owner, "plant/press/M1/State", ("DBIRTH", "STOP", "good"))
        node.close()
        mosquitto.stop()
        mosquitto.start()
        state = rows
        wait_until(
            lambda: ("NDEATH", None, "stale") in state(owner, "plant/press/M1/State"),
            "what may have died goes on being true",
        )


@pytest.mark.server
def test_what_is_no_sparkplug_waits_and_holds_up_nothing(plant: Path, node: EdgeNode) -> None:
    with followed(plant) as owner:
        wait_until(node.client.is_connected, "the node is not connected")
        node.client.publish("spBv1.0/plant/NDATA/press", b"\x0a\xff\xff")
        node.client.publish("spBv1.0/plant/HELLO/press", b"x")
        node.be_born()
        has(owner, "plant/press/M1/State", ("DBIRTH", "STOP", "good"))
        waiting = owner.pipeline.journal.waiting
        wait_until(lambda: len(waiting()) == 2, "what is no Sparkplug does not wait")
        found = [(row.rejected.code, row.rejected.raw) for row in waiting()]
        assert found == [("bad-payload", "\x0a\udcff\udcff"), ("unknown-topic", "x")]


@pytest.mark.parametrize(
    ("datatype", "value", "expected"),
    [
        (1, -5, -5),
        (INT32, -(2**31), -(2**31)),
        (INT64, -1, -1),
        (8, 2**64 - 1, str(2**64 - 1)),
        (FLOAT, 0.5, 0.5),
        (DOUBLE, 1e300, 1e300),
        (DOUBLE, float("nan"), None),
        (BOOLEAN, True, True),
        (STRING, "Öl", "Öl"),
        (DATE_TIME, AT + 1, "2026-11-23T08:00:00.001Z"),
        (STRING, None, None),
    ],
)
def test_values_are_what_was_sent(datatype: int, value: Any, expected: object) -> None:
    (one,) = decode_payload(payload(metric("x", value, datatype, at=AT)), {}).metrics
    assert one.value == expected
    assert one.timestamp == "2026-11-23T08:00:00Z"


def test_a_table_and_a_template_are_json() -> None:
    row = block(4, block(1, value_of(INT32, -7, 1)) + block(1, value_of(STRING, "a", 1)))
    columns = block(2, b"n") + block(2, b"s") + number(3, INT32) + number(3, STRING)
    dataset = block(1, b"t") + number(4, 16) + block(17, number(1, 2) + columns + row)
    template = block(1, b"u") + number(4, 19) + block(18, block(2, metric("x", 1, INT32)))
    made = decode_payload(payload(dataset, template), {}).metrics
    assert [one.value for one in made] == ['[{"n": -7, "s": "a"}]', '{"x": 1}']


def test_history_and_quality_are_told() -> None:
    old = metric("x", 1, INT32, is_historical=True, quality=500)
    (one,) = decode_payload(payload(old), {}).metrics
    assert (one.is_historical, one.quality) == (True, "stale")


@pytest.mark.parametrize(
    "content",
    [b"\xff", b"hello", block(2, b"\x0a\x01\xc3"), block(2, metric("x", 1) + block(15, b"\xc3"))],
)
def test_bytes_that_are_no_payload_are_refused(content: bytes) -> None:
    with pytest.raises(BadPayload):
        decode_payload(content, {})


@given(content=st.binary(max_size=60), is_inside=st.booleans())
def test_any_bytes_are_a_payload_or_are_refused(content: bytes, is_inside: bool) -> None:
    with suppress(BadPayload):
        decode_payload(block(2, content) if is_inside else content, {})


@pytest.fixture
def hear() -> Callable[..., list[Any]]:
    """Lets a node hear messages; gives for each how many rows it made, and why a rebirth."""
    node = Node()

    def hear_all(*messages: tuple[str, bytes]) -> list[Any]:
        heard = []
        for topic, content in messages:
            place = Place.of(f"spBv1.0/plant/{topic}")
            assert place is not None
            one = node.hear(place, content, "2026-11-23T08:00:00Z")
            heard.append((len(one.rows), one.rebirth))
        return heard

    return hear_all


def test_the_death_of_an_earlier_session_kills_nobody(hear: Callable[..., list[Any]]) -> None:
    birth = payload(metric("bdSeq", 7, INT64), seq=0)
    heard = hear(
        ("NDEATH/n", payload(metric("bdSeq", 7, INT64))),
        ("NBIRTH/n", birth),
        ("NDEATH/n", payload(metric("bdSeq", 6, INT64))),
        ("NDATA/n", payload(seq=1)),
        ("NDEATH/n", payload(metric("bdSeq", 7, INT64))),
        ("NDEATH/n", payload(metric("bdSeq", 7, INT64))),
        ("NDATA/n", payload(seq=2)),
    )
    assert heard == [
        (0, ""),
        (1, ""),
        (0, ""),
        (0, ""),
        (1, ""),
        (0, ""),
        (0, "NDATA before NBIRTH"),
    ]


def test_the_sequence_goes_round_and_deaths_of_devices_count(
    hear: Callable[..., list[Any]],
) -> None:
    heard = hear(
        ("NBIRTH/n", payload(metric("bdSeq", 0, INT64), seq=254)),
        ("DBIRTH/n/d", payload(metric("x", 1, INT32), seq=255)),
        ("DDATA/n/d", payload(metric("x", 2, INT32), seq=0)),
        ("DDEATH/n/d", payload(seq=1)),
        ("DDATA/n/d", payload(metric("x", 3, INT32), seq=2)),
        ("NDATA/n", payload(seq=4)),
    )
    assert heard == [
        *[(1, ""), (2, ""), (1, ""), (2, ""), (1, "DDATA before DBIRTH"), (0, "seq 4, not 3")],
    ]


@pytest.mark.parametrize(
    "topic", ["spBv1.0/g/NBIRTH", "spBv1.0/g/NBIRTH/n/d", "spBv1.0/g/DDATA/n", "spAv1.0/g/NDATA/n"]
)
def test_other_topics_are_no_place_of_sparkplug(topic: str) -> None:
    assert Place.of(topic) is None
