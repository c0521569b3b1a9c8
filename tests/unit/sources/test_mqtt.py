"""MQTT over a real broker: what was taken is acknowledged, and what was not comes again."""

from __future__ import annotations

import gc
import json
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISSOCK
from typing import Any

import pytest

from kg.arrivals import Balance
from kg.errors import ConfigError
from kg.journal import Journal
from kg.owner import Owner
from kg.pipeline import Pipeline
from kg.settings import SourceSettings, load_plant
from kg.sources import Message
from kg.sources.feeds import open_feed
from tests.live_plant import NOW, state_row, write_live_plant
from tests.mqtt_broker import PROGRAM, Mosquitto, Publisher, wait_until

pytestmark = pytest.mark.server
STATE_TOPIC = 'topic = "line/{machine}/state"'
MACHINE_TOPIC = 'topic = "line/{machine}/label"\nchanged = ["at"]'
Served = Callable[..., Any]


def write(folder: Path, broker: Mosquitto, settings: str = "", **tables: str) -> Path:
    topics = {"state": STATE_TOPIC, "machine": MACHINE_TOPIC} | tables
    return write_live_plant(folder, "mqtt", settings=f'url = "{broker.url}"\n{settings}', **topics)


@contextmanager
def followed(plant: Path) -> Iterator[Owner]:
    with Pipeline.open(load_plant(plant)) as pipeline:
        owner = Owner(pipeline, lambda: NOW)
        owner.start(3600)
        try:
            yield owner
        finally:
            owner.stop()


@contextmanager
def publishing(broker: Mosquitto) -> Iterator[Publisher]:
    publisher = Publisher(broker)
    try:
        yield publisher
    finally:
        publisher.close()


def is_connected(owner: Owner) -> None:
    health = owner.feeds["line"].health
    wait_until(lambda: health.is_connected, f"not connected: {health}")


def has(owner: Owner, records: int) -> None:
    journal = owner.pipeline.journal
    wait_until(lambda: journal.last_seq() >= records, f"{journal.last_seq()} of {records}")


def limit_pages(journal: Journal, pages: int) -> None:
    """Let SQLite find its disk full, or not."""
    commits = journal._commits
    with commits._turn:
        commits.connection.execute(f"PRAGMA max_page_count = {pages}")


def sockets() -> int:
    """Count the sockets of this process that are open."""
    count = 0
    for file in Path("/dev/fd").iterdir():
        with suppress(OSError):  # the one that lists them
            count += S_ISSOCK(os.fstat(int(file.name)).st_mode)
    return count


def payload(number: int, **more: Any) -> bytes:
    row = json.loads(state_row(number)) | more
    del row["machine"]
    return json.dumps(row).encode()


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_what_machines_publish_is_in_the_graph_with_the_machine_of_the_topic(
    tmp_path: Path, mosquitto: Mosquitto, protocol: str
) -> None:
    plant = write(tmp_path, mosquitto, f'protocol = "{protocol}"')
    with followed(plant) as owner, publishing(mosquitto) as publisher:
        is_connected(owner)
        for number in range(50):
            publisher.send(f"line/M{number % 5}/state", payload(number))
        has(owner, 50)
        store = owner.pipeline.store
        wait_until(lambda: owner.pipeline.store.applied_seq() == 50, "the graph does not follow")
        activity = "<https://w3id.org/traveler/ontology/activity>"
        found = store.objects("<https://live.example/machine/M3>", activity) or (
            owner.pipeline.store.objects("<https://live.example/machine/M3>", activity)
        )
        assert found == ["<https://w3id.org/traveler/code/activity/production>"]
        health = owner.feeds["line"].health
        assert (health.new, health.error, health.last_message) == (50, "", "2026-11-23T08:00:00Z")


def test_a_connection_that_has_ended_leaves_no_socket_open(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    with Pipeline.open(load_plant(write(tmp_path, mosquitto))) as pipeline:
        owner = Owner(pipeline, lambda: NOW)
        before = sockets()
        gc.disable()
        try:
            owner.start(3600)
            is_connected(owner)
            assert sockets() > before
            owner.stop()
            assert sockets() == before
        finally:
            gc.enable()


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_what_is_published_while_we_are_away_is_there_when_we_come_back(
    tmp_path: Path, mosquitto: Mosquitto, protocol: str
) -> None:
    plant = write(tmp_path, mosquitto, f'protocol = "{protocol}"')
    with publishing(mosquitto) as publisher:
        with followed(plant) as owner:
            is_connected(owner)
            publisher.send("line/M1/state", payload(0))
            has(owner, 1)
        for number in range(1, 30):
            publisher.send("line/M1/state", payload(number))
        wait_until(lambda: publisher.acknowledged == 30, "not all were published")
        with followed(plant) as owner:
            has(owner, 30)


def test_a_message_that_the_journal_could_not_take_is_taken_as_soon_as_it_can(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    plant = write(tmp_path, mosquitto)
    with followed(plant) as owner, publishing(mosquitto) as publisher:
        is_connected(owner)
        health = owner.feeds["line"].health
        journal = owner.pipeline.journal
        limit_pages(journal, 1)
        publisher.send("line/M1/state", payload(0, note="x" * 500_000))
        wait_until(lambda: "is full" in health.error, "health says nothing")
        assert "free some space" in health.hint
        assert journal.last_seq() == 0
        limit_pages(journal, 1_000_000)
        has(owner, 1)
        wait_until(lambda: health.error == "", "health goes on complaining")


def test_a_message_that_nobody_foresaw_waits_alone_and_the_others_are_taken(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    source = load_plant(write(tmp_path, mosquitto)).source("line")
    taken: list[tuple[str, str]] = []

    def take(table: str, messages: Sequence[Message]) -> Balance:
        for message in messages:
            if b"13" in message.content and message.problem is None:
                raise RecursionError
        taken.extend((table, message.content.decode()) for message in messages)
        return Balance("line", table)

    feed = open_feed(source, take, lambda: NOW)
    assert feed is not None
    feed.start()
    try:
        wait_until(lambda: feed.health.is_connected, "not connected")
        with publishing(mosquitto) as publisher:
            for number in range(10, 20):
                publisher.send("line/M1/state", str(number).encode())
            wait_until(lambda: len(taken) == 10, f"{taken}")
    finally:
        feed.stop()
    assert sorted(taken) == [("", "13"), *(("state", str(n)) for n in range(10, 20) if n != 13)]


def test_what_cannot_be_read_waits_with_its_topic_and_holds_up_nothing(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    plant = write(tmp_path, mosquitto)
    with followed(plant) as owner, publishing(mosquitto) as publisher:
        is_connected(owner)
        publisher.send("line/M1/state", b"\xff\x00")
        publisher.send("line/M1/state", b"")
        publisher.send("line/M1/state", payload(1).replace(b"activity", b"activty"))
        publisher.send("line/M1/state", payload(2))
        has(owner, 1)
        journal = owner.pipeline.journal
        wait_until(lambda: len(journal.waiting()) == 2, "not quarantined")
        rows = [row.rejected for row in journal.waiting()]
        assert [(row.position, row.code) for row in rows] == [
            ("line/M1/state", "bad-encoding"),
            ("line/M1/state", "missing-required"),
        ]
        assert rows[0].raw.encode(errors="surrogateescape") == b"\xff\x00"


def test_a_topic_of_earlier_settings_waits_until_it_is_some_tables_again(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    plant = write(tmp_path, mosquitto)
    with publishing(mosquitto) as publisher:
        with followed(plant) as owner:
            is_connected(owner)
        write(tmp_path, mosquitto, state='topic = "hall/{machine}/state"')
        publisher.send("line/M1/state", payload(1))
        with followed(plant) as owner:
            journal = owner.pipeline.journal
            wait_until(lambda: len(journal.waiting()) == 1, "not quarantined")
            assert journal.waiting()[0].rejected.code == "unknown-topic"
        write(tmp_path, mosquitto)
        with followed(plant) as owner:
            assert owner.replay(owner.pipeline.journal.waiting()).waiting == 0
            assert owner.pipeline.journal.last_seq() == 1


def test_a_topic_may_be_of_several_tables_told_apart_by_what_is_in_the_message(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    topic = 'topic = "line/{machine}/event"\nwhere = { type = "%s" }'
    plant = write(tmp_path, mosquitto, state=topic % "state", machine=topic % "label")
    with followed(plant) as owner, publishing(mosquitto) as publisher:
        is_connected(owner)
        publisher.send("line/M1/event", payload(1, type="state"))
        publisher.send("line/M1/event", b'{"type": "label", "label": "Mill"}')
        has(owner, 2)
        kinds = sorted(record.kind for record in owner.pipeline.journal.live_records())
        assert kinds == ["machine", "state"]


def test_a_retained_message_is_known_when_it_comes_again(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    plant = write(tmp_path, mosquitto, 'protocol = "3.1.1"')
    with publishing(mosquitto) as publisher:
        publisher.send("line/M1/state", payload(1), retain=True)
        wait_until(lambda: publisher.acknowledged == 1, "not published")
        for _ in range(2):
            with followed(plant) as owner:
                health = owner.feeds["line"].health
                wait_until(lambda: health.new + health.unchanged == 1, "it did not come")  # noqa: B023
                assert owner.pipeline.journal.last_seq() == 1


def test_a_broker_that_is_not_there_is_said_and_waited_for(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    plant = write(tmp_path, mosquitto)
    mosquitto.stop()
    with followed(plant) as owner:
        health = owner.feeds["line"].health
        wait_until(lambda: "cannot be reached" in health.error, "health says nothing")
        assert not health.is_connected
        assert health.hint
        mosquitto.start()
        is_connected(owner)
        assert health.error == ""
        mosquitto.stop()
        wait_until(lambda: not health.is_connected, "it was not noticed")
        assert "was lost" in health.error or "cannot be reached" in health.error


def test_a_wrong_password_is_said_and_the_right_one_lets_us_in(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    if PROGRAM is None:
        pytest.skip("Mosquitto is not on this machine: `make servers` installs it")
    folder = tmp_path_factory.mktemp("accounts")
    accounts = folder / "accounts"
    accounts.touch(mode=0o600)
    subprocess.run(["mosquitto_passwd", "-b", str(accounts), "traveler", "s3cret"], check=True)
    broker = Mosquitto(folder, f"allow_anonymous false\npassword_file {accounts}")
    broker.start()
    try:
        (tmp_path / "password").write_text("wr0ng\n")
        monkeypatch.setenv("MQTT_USER", "traveler")
        plant = write(tmp_path, broker, 'user = "${MQTT_USER}"\npassword_file = "password"\n')
        with followed(plant) as owner:
            health = owner.feeds["line"].health
            wait_until(lambda: "refuses us" in health.error, "health says nothing")
            assert health.hint == "set user and password of the source in plant.toml"
            assert "wr0ng" not in repr(owner.pipeline.plant)
        (tmp_path / "password").write_text("s3cret\n")
        with followed(plant) as owner:
            is_connected(owner)
    finally:
        broker.stop()


# paho leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_over_tls_the_broker_must_prove_who_it_is(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if PROGRAM is None:
        pytest.skip("Mosquitto is not on this machine: `make servers` installs it")
    folder = tmp_path_factory.mktemp("tls")
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    make += ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    key, certificate = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        [*make, "-keyout", key, "-out", certificate], check=True, stderr=subprocess.DEVNULL
    )
    broker = Mosquitto(folder, tls=f"certfile {certificate}\nkeyfile {key}\n")
    broker.start()
    try:
        (tmp_path / "ca.pem").write_bytes(certificate.read_bytes())
        plant = write(tmp_path, broker)
        text = plant.read_text().replace("mqtt://", "mqtts://")
        plant.write_text(text)
        with followed(plant) as owner:
            health = owner.feeds["line"].health
            wait_until(lambda: "certificate" in health.error, "health says nothing")
            assert "ca_file" in health.hint
        plant.write_text(text + 'ca_file = "ca.pem"\n')
        with followed(plant) as owner:
            is_connected(owner)
    finally:
        broker.stop()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"url": "http://host"}, "is no broker's"),
        ({"url": "mqtt://user:secret@host"}, "is no broker's"),
        ({"url": "mqtt://host:port"}, "its url"),
        ({"url": "mqtts://host", "ca_file": "none.pem"}, "its certificates"),
    ],
)
def test_settings_that_lead_to_no_broker_are_refused(settings: dict[str, str], said: str) -> None:
    source = SourceSettings.model_validate({"name": "line", "adapter": "mqtt"} | settings)
    with pytest.raises(ConfigError, match=said) as caught:
        open_feed(source, lambda table, messages: None, lambda: NOW)  # type: ignore[arg-type,return-value]
    assert "secret" not in caught.value.message
