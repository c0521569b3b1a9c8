"""A small plant of machines that send their states and runs by themselves."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
PLANT = """
[plant]
name = "Live"
base = "https://live.example/"
[[source]]
name = "line"
mapping = "line"
{settings}
"""
SOURCE = """
[source]
name = "line"
system = "MES"
adapter = "{adapter}"
placeholders = ["-"]
[[table]]
name = "state"
mapping = "state.yml"
key = ["machine", "ts"]
row = "event"
event_time = "ts"
required = ["activity"]
{state}
[table.fold]
kind = "latest"
subject = "tr:onMachine"
[[table]]
name = "machine"
mapping = "machine.yml"
key = ["machine"]
{machine}
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
    s: machine-state/$(machine)/$(ts)
    po:
      - [a, tr:MachineStateChanged]
      - [tr:onMachine, machine/$(machine)~iri]
      - [tr:eventTime, $(ts), xsd:dateTime]
      - p: tr:activity
        o:
          function: trf:lookup
          parameters:
            - [trf:value, $(activity)]
            - [trf:table, activity]
          type: iri
"""
MACHINE = """
  machine:
    sources: [[machine~table]]
    s: machine/$(machine)
    po:
      - [a, tr:Machine]
      - [rdfs:label, $(label)]
"""


def write_live_plant(
    folder: Path, adapter: str = "push", *, settings: str = "", state: str = "", machine: str = ""
) -> Path:
    """Write the plant; what is given is added to its source and its tables."""
    (folder / "line").mkdir(parents=True, exist_ok=True)
    (folder / "plant.toml").write_text(PLANT.format(settings=settings))
    text = SOURCE.format(adapter=adapter, state=state, machine=machine)
    (folder / "line" / "source.toml").write_text(text)
    (folder / "line" / "state.yml").write_text(PREFIXES + STATE)
    (folder / "line" / "machine.yml").write_text(PREFIXES + MACHINE)
    return folder / "plant.toml"


def state_row(number: int, machine: str = "M1", activity: str = "RUN", **more: Any) -> bytes:
    """Give a state event of a minute."""
    ts = f"2026-11-23T{6 + number // 60:02}:{number % 60:02}:00Z"
    return json.dumps({"machine": machine, "ts": ts, "activity": activity, **more}).encode()
