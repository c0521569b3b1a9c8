"""The example that the README shows: what machines publish is what is going on with them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kg.owner import Owner
from kg.pipeline import Pipeline
from kg.settings import load_plant
from tests.mqtt_broker import Mosquitto, Publisher, wait_until

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[3]
PLANT = """
[plant]
name = "Nordwerk"
base = "https://nordwerk.example/"
[[source]]
name = "machines"
mapping = "mappings/mqtt-machines"
url = "{url}"
"""


def messages() -> list[tuple[str, str]]:
    """The messages that source.toml shows."""
    text = (ROOT / "mappings" / "mqtt-machines" / "source.toml").read_text(encoding="utf-8")
    lines = [line.removeprefix("#").split() for line in text.splitlines()]
    shown = [line for line in lines if line and line[0].startswith("factory/SAW")]
    assert len(shown) == 5
    return [(topic, " ".join(rest).removesuffix("(retained)")) for topic, *rest in shown]


@pytest.mark.server
def test_the_messages_that_are_shown_say_what_the_saw_works_on(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    (tmp_path / "plant.toml").write_text(PLANT.format(url=mosquitto.url))
    with Pipeline.open(load_plant(tmp_path)) as pipeline:
        owner = Owner(pipeline, lambda: NOW)
        owner.start(3600)
        publisher = Publisher(mosquitto)
        try:
            health = owner.feeds["machines"].health
            wait_until(lambda: health.is_connected, f"not connected: {health}")
            *before, end = messages()
            for topic, payload in before:
                publisher.send(topic, json.dumps(json.loads(payload)).encode())
            wait_until(lambda: pipeline.store.applied_seq() == 4, "the graph does not follow")
            saw = owner.answers().context("SAW-01", NOW)
            assert saw.entity["label"] == "Band saw 1"
            assert saw.status["activity"] == "production"
            (run,) = saw.runs
            assert run.slots["job"].facts[0].value == "job/1043"
            assert (run.quantity["good"], run.since) == ("7", "2026-11-23T05:40:00Z")
            publisher.send(end[0], end[1].encode())
            wait_until(lambda: pipeline.store.applied_seq() == 5, "the graph does not follow")
            assert owner.answers().context("SAW-01", NOW).runs == []
        finally:
            publisher.close()
            owner.stop()
    assert health.error == "stopped"
