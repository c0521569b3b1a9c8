"""OPC UA servers are followed by subscription: real servers, that go away and come back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("asyncua", reason="asyncua is not installed")

from asyncua import ua

from kg.arrivals import Balance
from kg.errors import ConfigError, JournalError
from kg.intake import Intake
from kg.journal import Journal
from kg.settings import Plant, SourceSettings
from kg.sources import opcua
from kg.sources.feeds import open_feed
from kg.tally import Tally
from tests.unit.sources.opcserver import START, OpcServer, Users, free_port, make_certificate
from tests.unit.sources.polled import open_journal

STATE, COUNT, SPEED = "ns=2;s=Saw.State", "/Plant/Saw/Count", "nsu=urn:plant;s=Saw.Speed"
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
OVERFLOW = 0x480
BAD = 0x80050000


@dataclass
class Saw:
    """A feed of a saw into a real journal."""

    journal: Journal
    url: str
    source: dict[str, Any] = field(default_factory=dict)
    table: dict[str, Any] = field(default_factory=dict)
    refusals: int = 0

    def __post_init__(self) -> None:
        head = {"name": "saw", "adapter": "opcua", "url": self.url}
        opcua = {"interval_ms": 20, "timeout_seconds": 2}
        table = {"name": "values", "mapping": "v.yml", "key": ["node"], "arrives": "changes"}
        table |= {"nodes": [STATE, COUNT, SPEED], "changed": ["source_timestamp"]}
        self.settings = SourceSettings.model_validate(
            head | {"opcua": opcua, "tables": [table | self.table]} | self.source
        )
        plant = Plant(name="P", base="https://p.example/", sources=(self.settings,))
        self.intake = Intake(
            plant, self.journal, {("saw", "values"): "1"}, lambda *_: None, Tally()
        )
        feed = open_feed(self.settings, self.take, lambda: NOW)
        assert feed is not None
        self.feed = feed
        self.feed.start()

    def take(self, table: str, messages: Any) -> Balance:
        if self.refusals:
            self.refusals -= 1
            raise JournalError("the disk is full", hint="make room")
        balance = self.intake.take("saw", table, messages, NOW)
        self.feed.health.count(balance, NOW)
        return balance

    def rows(self) -> list[dict[str, Any]]:
        return [dict(r.row) for r in self.journal.versions_of("saw", "values")]

    def values(self, path: str = STATE) -> list[Any]:
        return [row["value"] for row in self.rows() if row["path"] == path]

    def wait(self, is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not is_so():
            assert time.monotonic() < deadline, (self.feed.health, self.rows())
            time.sleep(0.02)


@pytest.fixture(scope="module")
def open_server() -> Iterator[OpcServer]:
    server = OpcServer(free_port(), jobs=True)
    yield server
    server.stop()


@pytest.fixture
def server(open_server: OpcServer) -> OpcServer:
    """A server with job control that lets anybody in."""
    open_server.reset()
    return open_server


@pytest.fixture(scope="module")
def guarded() -> Iterator[OpcServer]:
    """A server without job control that lets one account in."""
    server = OpcServer(free_port(), users=Users())
    yield server
    server.stop()


@pytest.fixture
def follow(tmp_path: Path) -> Iterator[Callable[..., Saw]]:
    journal = open_journal(tmp_path)
    followed: list[Saw] = []

    def follow_server(url: str, **settings: Any) -> Saw:
        followed.append(Saw(journal, url, **settings))
        return followed[-1]

    yield follow_server
    for saw in followed:
        saw.feed.stop()
    journal.close()


def test_values_are_followed_with_their_times_and_status(
    server: OpcServer, follow: Callable[..., Saw]
) -> None:
    saw = follow(server.url)
    saw.wait(lambda: len(saw.rows()) == 3)
    server.write("State", "RUNNING", at=START + timedelta(minutes=1))
    server.write("Speed", 1.65, ua.VariantType.Double, at=START + timedelta(minutes=1.5))
    server.write("Count", 0, status=BAD, at=START + timedelta(minutes=2))
    saw.wait(lambda: len(saw.rows()) == 6)
    last = {row["path"]: row for row in saw.rows()}
    assert last[STATE] == {
        "node": STATE,
        "path": STATE,
        "value": "RUNNING",
        "status": "Good",
        "good": True,
        "overflow": False,
        "source_timestamp": "2026-11-23T07:01:00Z",
    }
    assert last[SPEED]["value"] == 1.65
    count = last[COUNT]
    assert (count["value"], count["good"]) == (None, False)
    assert (count["node"], count["status"]) == ("ns=2;s=Saw.Count", "BadCommunicationError")
    assert saw.journal.newest("saw", "values", STATE).effective == "2026-11-23T07:01:00Z"
    assert (saw.feed.health.is_connected, saw.feed.health.error) == (True, "")


def test_every_value_between_two_reports_comes_in_its_order(
    server: OpcServer, follow: Callable[..., Saw]
) -> None:
    saw = follow(server.url, source={"opcua": {"interval_ms": 200, "queue": 50}})
    saw.wait(lambda: len(saw.rows()) == 3)
    for number in range(1, 31):
        server.write("Count", number, at=START + timedelta(seconds=number))
    saw.wait(lambda: saw.values(COUNT)[-1] == 30)
    assert saw.values(COUNT) == list(range(31))


@pytest.mark.slow
def test_a_server_that_is_late_goes_away_and_comes_back_is_followed(
    follow: Callable[..., Saw],
) -> None:
    port = free_port()
    saw = follow(f"opc.tcp://127.0.0.1:{port}/plant")
    saw.wait(lambda: "cannot be reached" in saw.feed.health.error)
    server = OpcServer(port)
    saw.wait(lambda: len(saw.rows()) == 3)
    assert (saw.feed.health.is_connected, saw.feed.health.error) == (True, "")
    server.stop()
    saw.wait(lambda: not saw.feed.health.is_connected and saw.feed.health.error != "")
    assert "tried again and again" in saw.feed.health.hint
    again = OpcServer(port)
    try:
        saw.wait(lambda: saw.feed.health.is_connected)
        assert saw.feed.health.error == ""
        again.write("State", "AFTER", at=START + timedelta(minutes=5))
        saw.wait(lambda: saw.values()[-1] == "AFTER")
        assert saw.values() == ["IDLE", "AFTER"], "the same value at the same time is no news"
    finally:
        saw.feed.stop()
        again.stop()


def test_what_the_servers_queue_dropped_is_said(
    server: OpcServer, follow: Callable[..., Saw]
) -> None:
    saw = follow(server.url)
    saw.wait(lambda: len(saw.rows()) == 3)
    server.write("Count", 7, status=OVERFLOW, at=START + timedelta(minutes=1))
    saw.wait(lambda: saw.values(COUNT)[-1] == 7)
    assert saw.feed.health.warnings == [f"values: the server's queue for {COUNT} ran over"]
    row = saw.rows()[-1]
    assert (row["overflow"], row["good"], row["status"]) == (True, True, "Good")


def test_a_journal_that_refuses_loses_no_value(
    server: OpcServer, follow: Callable[..., Saw]
) -> None:
    saw = follow(server.url)
    saw.wait(lambda: len(saw.rows()) == 3)
    saw.refusals = 3
    for number in (1, 2):
        server.write("Count", number, at=START + timedelta(minutes=number))
    saw.wait(lambda: "the disk is full" in saw.feed.health.error)
    saw.wait(lambda: saw.values(COUNT) == [0, 1, 2])


def test_more_values_than_can_wait_are_said_and_the_newest_read(
    server: OpcServer, follow: Callable[..., Saw], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opcua, "_MOST_WAITING", 5)
    saw = follow(server.url, source={"opcua": {"interval_ms": 20, "queue": 1}})
    saw.wait(lambda: len(saw.rows()) == 3)
    saw.refusals = 4
    said: list[str] = []
    for number in range(1, 31):
        server.write("Count", number, at=START + timedelta(seconds=number))
        time.sleep(0.03)
        said.append(saw.feed.health.error)
    saw.wait(lambda: saw.values(COUNT)[-1] == 30)
    saw.wait(lambda: any("some were lost" in warning for warning in saw.feed.health.warnings))
    assert any("the disk is full" in one for one in said)


def test_nodes_that_are_not_there_are_named_and_others_followed(
    server: OpcServer, follow: Callable[..., Saw]
) -> None:
    nodes = [STATE, "/Plant/Saww/State", "ns=2;s=None", "nsu=urn:x;s=A", "Saw State=3"]
    saw = follow(server.url, table={"nodes": nodes})
    saw.wait(lambda: saw.values() == ["IDLE"] and saw.feed.health.error != "")
    said = saw.feed.health.error
    assert "/Plant/Saww/State ends before 'Saww'; there is 2:Saw" in said
    assert "no namespace urn:x: it has urn" in said
    assert "'Saw State=3' is no node id" in said
    unknown = follow(server.url, table={"nodes": ["ns=2;s=None"]})
    unknown.wait(lambda: unknown.feed.health.error != "")
    assert "ns=2;s=None (BadNodeIdUnknown)" in unknown.feed.health.error


def test_job_orders_become_rows_with_their_states(
    server: OpcServer, follow: Callable[..., Saw]
) -> None:
    table = {"nodes": ["job-orders"], "key": ["job_order_id"]}
    saw = follow(server.url, table=table)
    saw.wait(lambda: saw.feed.health.is_connected)
    running = server.job("1043", ("Running", 3), ("Held", 12))
    listed = [running, server.job("1044", ("AllowedToStart", 2))]
    server.write("jobs", listed, ua.VariantType.ExtensionObject, at=START)
    saw.wait(lambda: len(saw.rows()) == 2)
    first, second = saw.rows()
    assert first == {
        "node": first["node"],
        "path": "/2:Plant/2:Saw/3:JobOrderControl/3:JobOrderList",
        "status": "Good",
        "good": True,
        "overflow": False,
        "source_timestamp": "2026-11-23T07:00:00Z",
        "job_order_id": "1043",
        "state": "Running",
        "substate": "Held",
        "state_number": 3,
        "description": "Job 1043",
        "work_master": None,
        "start_time": "2026-11-23T07:00:00Z",
        "end_time": None,
        "priority": 3,
        "listed": True,
    }
    assert (second["job_order_id"], second["state"]) == ("1044", "AllowedToStart")
    later = START + timedelta(minutes=1)
    left = [server.job("1044", ("Running", 3))]
    server.write("jobs", left, ua.VariantType.ExtensionObject, at=later)
    saw.wait(lambda: len(saw.rows()) == 4)
    states = {row["job_order_id"]: (row["state"], row["listed"]) for row in saw.rows()[2:]}
    assert states == {"1044": ("Running", True), "1043": ("Running", False)}


def test_a_server_without_job_control_says_so(
    guarded: OpcServer, follow: Callable[..., Saw]
) -> None:
    table = {"nodes": ["job-orders"], "key": ["job_order_id"]}
    saw = follow(guarded.url, table=table, source={"user": "traveler", "password": "s3cret"})
    saw.wait(lambda: "no job control of ISA-95" in saw.feed.health.error)


def test_values_of_all_kinds_become_cells(server: OpcServer, follow: Callable[..., Saw]) -> None:
    kinds = ua.VariantType
    given: list[tuple[Any, Any, Any]] = [
        (ua.LocalizedText("Läuft"), None, "Läuft"),
        ([1, 2], kinds.Int64, "[1, 2]"),
        (b"\xff", kinds.ByteString, "/w=="),
        (datetime(2026, 1, 1, tzinfo=UTC), kinds.DateTime, "2026-01-01T00:00:00Z"),
        (True, kinds.Boolean, True),
        (1.65, kinds.Float, 1.65),
        (float("nan"), kinds.Double, None),
        (2**64 - 1, kinds.UInt64, str(2**64 - 1)),
        (ua.NodeId("Saw", 2), kinds.NodeId, "ns=2;s=Saw"),
    ]
    nodes = [server.add(f"Kind{n}", value, kind) for n, (value, kind, _) in enumerate(given)]
    saw = follow(server.url, table={"nodes": nodes})
    saw.wait(lambda: len(saw.rows()) == len(given))
    values = {row["node"]: row["value"] for row in saw.rows()}
    assert values == {node: expected for node, (*_, expected) in zip(nodes, given, strict=True)}


def test_an_account_is_used_and_its_refusal_said(
    guarded: OpcServer, follow: Callable[..., Saw]
) -> None:
    stranger = follow(guarded.url, source={"user": "traveler", "password": "wr0ng"})
    stranger.wait(lambda: "refuses us" in stranger.feed.health.error)
    assert "user and password" in stranger.feed.health.hint
    assert "wr0ng" not in stranger.feed.health.error
    stranger.feed.stop()
    saw = follow(guarded.url, source={"user": "traveler", "password": "s3cret"})
    saw.wait(lambda: len(saw.rows()) == 3)


@pytest.mark.slow
def test_a_connection_is_encrypted_with_a_certificate(
    tmp_path: Path, follow: Callable[..., Saw]
) -> None:
    theirs = make_certificate(tmp_path, "server", "urn:plant:server")
    ours = make_certificate(tmp_path, "ours", "urn:plant:traveler")
    other = make_certificate(tmp_path, "other", "urn:plant:other")
    files = {"cert_file": str(ours[0]), "key_file": str(ours[1])}
    server = OpcServer(free_port(), certificate=theirs)
    try:
        impostor = follow(server.url, source=files | {"ca_file": str(other[0])})
        impostor.wait(lambda: impostor.feed.health.error != "")
        assert impostor.rows() == []
        impostor.feed.stop()
        open_one = follow(server.url)
        open_one.wait(lambda: open_one.feed.health.error != "")
        assert open_one.rows() == []
        open_one.feed.stop()
        saw = follow(server.url, source=files | {"ca_file": str(theirs[0])})
        saw.wait(lambda: len(saw.rows()) == 3)
        saw.feed.stop()
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"cert_file": "ours.der"}, "belong together"),
        ({"cert_file": "no.der", "key_file": "no.pem"}, "there is no no.der"),
    ],
)
def test_files_that_are_not_there_are_named(files: dict[str, str], said: str) -> None:
    table = {"name": "values", "mapping": "v.yml", "key": ["node"], "nodes": [STATE]}
    source = SourceSettings.model_validate(
        {"name": "saw", "adapter": "opcua", "url": "opc.tcp://h", "tables": [table]} | files
    )
    with pytest.raises(ConfigError, match=said):
        open_feed(source, lambda *_: None, lambda: NOW)


@pytest.mark.parametrize("url", ["http://host:4840", "opc.tcp://u:p@host:4840"])
def test_a_url_that_is_no_servers_is_refused(url: str) -> None:
    table = {"name": "values", "mapping": "v.yml", "key": ["node"], "nodes": [STATE]}
    source = SourceSettings.model_validate(
        {"name": "saw", "adapter": "opcua", "url": url, "tables": [table]}
    )
    with pytest.raises(ConfigError, match="no OPC UA server's"):
        open_feed(source, lambda *_: None, lambda: NOW)


def test_a_table_without_nodes_is_refused() -> None:
    table = {"name": "values", "mapping": "v.yml", "key": ["node"]}
    with pytest.raises(ValueError, match="table values needs nodes"):
        SourceSettings.model_validate(
            {"name": "saw", "adapter": "opcua", "url": "opc.tcp://h", "tables": [table]}
        )
