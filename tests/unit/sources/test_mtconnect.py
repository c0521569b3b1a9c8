"""An MTConnect agent is followed through restarts and overruns, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kg.errors import SourceError
from kg.settings import SourceSettings
from tests.unit.sources.mtagent import ITEMS, XML, Agent
from tests.unit.sources.polled import Polled, open_journal
from tests.unit.sources.services import Reply, Service, serving

EVENTS = {
    "key": ["device_uuid", "instance_id", "sequence"],
    "arrives": "events",
    "row": "event",
    "event_time": "timestamp",
}


@pytest.fixture(params=[False, True], ids=["lenient", "strict"])
def agent(request: pytest.FixtureRequest) -> Agent:
    """An agent that takes the next sequence as one to begin at, and one that does not."""
    return Agent(is_strict=request.param)


@pytest.fixture
def service(agent: Agent) -> Iterator[Service]:
    with serving(agent) as served:
        yield served


@pytest.fixture
def machine(agent: Agent, service: Service, tmp_path: Path) -> Iterator[Polled]:
    source = {"adapter": "mtconnect", "url": service.url, "mtconnect": {"timeout_seconds": 5}}
    polled = Polled(open_journal(tmp_path), source, dict(EVENTS))
    yield polled
    polled.journal.close()


def sequences(machine: Polled) -> list[tuple[str, int]]:
    """The instance and sequence of every observation in the journal, in its order."""
    records = machine.journal.versions_of("erp", "jobs")
    return [(str(r.row["instance_id"]), int(str(r.row["sequence"]))) for r in records]


def test_everything_is_read_once_and_in_its_sequence(machine: Polled, agent: Agent) -> None:
    assert machine.poll().new == len(ITEMS)
    balance = machine.poll()
    assert (balance.read, balance.new, balance.missed) == (0, 0, "")
    agent.observe("exec", "ACTIVE")
    agent.observe("feed", "12.5")
    assert machine.counts() == (2, 2, 0)
    assert sequences(machine) == [("101", n) for n in range(1, 8)]


def test_an_observation_becomes_a_row(machine: Polled, agent: Agent) -> None:
    agent.observe("feed", " 12.5 ")
    agent.observe("sys", "Fault:Spindle & drive")
    agent.observe("count", "7")
    machine.poll()
    rows = {r.row["sequence"]: r for r in machine.journal.versions_of("erp", "jobs")}
    feed, fault, count, nothing = rows[6].row, rows[7].row, rows[8].row, rows[2].row
    assert feed == {
        "device_uuid": "000",
        "device": "VMC-3Axis",
        "component": "Controller",
        "component_id": "cn1",
        "component_name": "controller",
        "category": "SAMPLE",
        "data_item_id": "feed",
        "name": "n_feed",
        "type": "PATH_FEEDRATE",
        "sub_type": "ACTUAL",
        "units": "MILLIMETER/SECOND",
        "value": "12.5",
        "available": True,
        "level": None,
        "code": None,
        "severity": None,
        "qualifier": None,
        "timestamp": "2026-11-23T07:00:06Z",
        "sequence": 6,
        "instance_id": "101",
    }
    assert (fault["category"], fault["type"], fault["level"]) == ("CONDITION", "SYSTEM", "FAULT")
    assert (fault["code"], fault["value"]) == ("E7", "Spindle & drive")
    assert (count["type"], count["sub_type"]) == ("PART_COUNT", "GOOD")
    assert (nothing["type"], nothing["value"], nothing["available"]) == ("EXECUTION", None, False)
    assert rows[6].effective == "2026-11-23T07:00:06Z"
    assert rows[6].position == "127.0.0.1:101#000|101|6"


def test_many_observations_come_in_parts(machine: Polled, agent: Agent) -> None:
    agent.size = 1_000
    agent.start()
    machine.source["mtconnect"]["count"] = 10
    for number in range(95):
        agent.observe("count", str(number))
    balance = machine.poll()
    assert (balance.new, balance.waits) == (100, "")
    for number in range(95):
        agent.observe("count", str(number))
    machine.source["mtconnect"]["max_requests"] = 4
    balances = [machine.poll()]
    while balances[-1].waits:
        balances.append(machine.poll())
    assert len(balances) > 3
    assert sequences(machine) == [("102", n) for n in range(1, 196)]


def test_what_the_buffer_forgot_is_said_and_the_rest_is_read(machine: Polled, agent: Agent) -> None:
    machine.poll()
    for number in range(20):
        agent.observe("count", str(number))
    balance = machine.poll()
    assert "forgot sequences 6 to 17" in balance.missed
    assert sequences(machine)[5:] == [("101", n) for n in range(18, 26)]
    assert machine.poll().missed == ""


def test_what_is_current_is_read_although_the_buffer_forgot_it(
    machine: Polled, agent: Agent
) -> None:
    machine.poll()
    agent.observe("exec", "ACTIVE")
    for number in range(20):
        agent.observe("count", str(number))
    assert "forgot sequences 6 to 18" in machine.poll().missed
    assert ("101", 6) in sequences(machine), "the execution that it still has"
    read = [n for _, n in sequences(machine)[5:]]
    assert read == sorted(read)


@pytest.mark.parametrize("later", [0, 3, 30])
def test_a_restart_is_said_and_the_new_run_is_read(
    machine: Polled, agent: Agent, later: int
) -> None:
    agent.observe("exec", "ACTIVE")
    machine.poll()
    agent.start()
    for number in range(later):
        agent.observe("count", str(number))
    balance = machine.poll()
    assert "the agent was started anew" in balance.missed
    assert "after sequence 6 of instance 101" in balance.missed
    assert ("and sequences 1 to" in balance.missed) == (later == 30)
    new = {n for instance, n in sequences(machine) if instance == "102"}
    assert {n for n, _, _ in agent.buffer} | {n for n, _, _ in agent.newest.values()} <= new
    balance = machine.poll()
    assert (balance.new, balance.missed) == (0, "")


def test_a_restart_between_two_requests_is_seen(machine: Polled, agent: Agent) -> None:
    agent.size = 100
    agent.start()
    machine.source["mtconnect"]["count"] = 4
    machine.poll()
    for number in range(10):
        agent.observe("count", str(number))
    agent.requests = 0
    agent.on_request[3] = agent.start
    balance = machine.poll()
    assert "after sequence 9 of instance 102" in balance.missed
    assert [n for i, n in sequences(machine) if i == "103"] == [1, 2, 3, 4, 5]


def test_an_overrun_while_it_is_read_is_said(machine: Polled, agent: Agent) -> None:
    machine.source["mtconnect"]["count"] = 2
    machine.poll()
    for number in range(6):
        agent.observe("count", str(number))
    agent.requests = 0
    agent.on_request[3] = lambda: [agent.observe("exec", f"E{n}") for n in range(20)]
    balance = machine.poll()
    assert "forgot sequences 8 to" in balance.missed
    assert {n for n, _, _ in agent.buffer} <= {n for _, n in sequences(machine)}


def test_a_path_chooses_what_is_read(machine: Polled, agent: Agent, service: Service) -> None:
    query = "//DataItem[@type='EXECUTION']"
    agent.observe("exec", "ACTIVE")
    agent.observe("feed", "1")
    assert machine.counts(query=query) == (2, 2, 0)
    agent.observe("feed", "2")
    assert machine.counts(query=query) == (0, 0, 0)
    assert service.asked[-1].query["path"] == query


def test_the_state_of_each_item_can_be_kept_instead(machine: Polled, agent: Agent) -> None:
    machine.table = {"key": ["device_uuid", "data_item_id"], "changed": ["timestamp"]}
    for value in ("READY", "ACTIVE"):
        agent.observe("exec", value)
    machine.poll()
    assert machine.journal.newest("erp", "jobs", "000|exec").row["value"] == "ACTIVE"
    for number in range(20):
        agent.observe("count", str(number))
    machine.poll()
    assert machine.journal.newest("erp", "jobs", "000|count").row["value"] == "19"


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(b"<html>", headers={"Content-Type": "text/html"}), "no XML"),
        (Reply(b"<html/>", headers=XML), "answers html and not MTConnect"),
        (
            Reply(
                b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
                b"<MTConnectStreams>&x;</MTConnectStreams>",
                headers=XML,
            ),
            "declares a document type",
        ),
        (Reply(b"<MTConnectStreams><Header/></MTConnectStreams>", headers=XML), "sequences"),
        (
            Reply(
                b'<MTConnectError><Errors><Error errorCode="INVALID_XPATH">bad</Error></Errors>'
                b"</MTConnectError>",
                headers=XML,
            ),
            "INVALID_XPATH: bad",
        ),
        (Reply(b"boom", 500), "500"),
        (Reply(b"<MTConnectStreams><a>" + b"<a>" * 9_999, headers=XML), "no XML"),
    ],
)
def test_an_answer_that_is_something_else_is_an_error(
    machine: Polled, agent: Agent, reply: Reply, said: str
) -> None:
    agent.on_request |= dict.fromkeys(range(2, 9), reply)
    with pytest.raises(SourceError, match="source erp, table jobs: http://127") as caught:
        machine.poll()
    assert said in caught.value.message
    assert "root:" not in caught.value.message
    assert caught.value.hint


def test_an_agent_that_never_goes_on_is_an_error(machine: Polled, agent: Agent) -> None:
    machine.poll()
    stuck = agent.streams([], 5)
    agent.requests = 0
    agent.on_request[2] = stuck
    agent.observe("exec", "ACTIVE")
    with pytest.raises(SourceError, match="goes on from 6 to 5"):
        machine.poll()


def test_a_snapshot_of_an_agent_is_refused() -> None:
    table: dict[str, Any] = {"name": "jobs", "mapping": "jobs.yml", "key": ["sequence"]}
    with pytest.raises(ValueError, match="arrives = 'events' or 'changes'"):
        SourceSettings.model_validate(
            {"name": "a", "adapter": "mtconnect", "url": "http://a/", "tables": [table]}
        )
