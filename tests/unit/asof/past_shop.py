"""A shop whose records have a history, and a plant folded of nothing but what counted then."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kg.asof import Then
from kg.moments import Moments
from kg.pipeline import Pipeline
from kg.settings import load_plant
from tests.shop_plant import csv_table, write_shop

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from kg.records import Record

BASE = "https://past.example/"
TR = "https://w3id.org/traveler/ontology/"
_EVENTS = 'arrives = "events"\nrow = "event"\nevent_time = "ts"\n[table.fold]\n'
TABLES = (
    csv_table("crosswalk")
    + csv_table("machine")
    + csv_table("order")
    + csv_table("job", 'changed = ["changed"]')
    + csv_table("plan", 'changed = ["changed"]')
    + csv_table("operation")
    + csv_table("use")
    + csv_table("heat")
    + csv_table("note")
    + csv_table("state", f'{_EVENTS}kind = "latest"\nsubject = "tr:onMachine"')
    + csv_table(
        "run",
        f'{_EVENTS}kind = "open-close"\npair = ["tr:onMachine", "tr:ofJob"]\n'
        'sum = ["tr:goodQuantity"]',
    )
)
MAPPINGS = {
    "crosswalk": """
  thing:
    sources: [[crosswalk~table]]
    s: machine/$(canonical)
    po:
      - [owl:sameAs, machine/$(alias)~iri]
""",
    "machine": """
  thing:
    sources: [[machine~table]]
    s: machine/$(id)
    po:
      - [a, tr:Machine]
      - [rdfs:label, $(name)]
      - [tr:capacity, $(capacity), xsd:integer]
      - [tr:inWorkCenter, work-center/$(center)~iri]
""",
    "order": """
  order:
    sources: [[order~table]]
    s: order/$(id)
    po:
      - [a, tr:SalesOrder]
      - [tr:orderedBy, customer/$(customer)~iri]
  line:
    sources: [[order~table]]
    s: line/$(id)
    po:
      - [a, tr:SalesOrderLine]
      - [tr:lineOf, order/$(id)~iri]
""",
    "job": """
  job:
    sources: [[job~table]]
    s: job/$(id)
    po:
      - [a, tr:Job]
      - [rdfs:label, $(name)]
      - [tr:makes, part/$(part)~iri]
      - [tr:plannedQuantity, $(qty), xsd:decimal]
      - [tr:status, trc:job-status/$(status)~iri]
  allocation:
    sources: [[job~table]]
    s: allocation/$(id)
    po:
      - [a, tr:Allocation]
      - [tr:allocationOf, job/$(id)~iri]
      - [tr:toOrderLine, line/$(order)~iri]
""",
    # A second voice about jobs: where it says otherwise, the newest claim is current.
    "plan": """
  job:
    sources: [[plan~table]]
    s: job/$(job)
    po:
      - [a, tr:Job]
      - [tr:makes, part/$(part)~iri]
      - [tr:status, trc:job-status/$(status)~iri]
""",
    "operation": """
  operation:
    sources: [[operation~table]]
    s: operation/$(id)
    po:
      - [a, tr:Operation]
      - [tr:operationOf, job/$(job)~iri]
      - [tr:plannedOn, machine/$(machine)~iri]
      - [tr:runsProgram, program/$(program)~iri]
      - [tr:status, trc:operation-status/$(status)~iri]
""",
    "use": """
  use:
    sources: [[use~table]]
    s: use/$(id)
    po:
      - [a, tr:BatchUse]
      - [tr:ofBatch, batch/$(batch)~iri]
      - [tr:inputTo, job/$(input)~iri]
      - [tr:loadedFor, job/$(loaded)~iri]
      - [tr:outputOf, job/$(output)~iri]
""",
    "heat": """
  batch:
    sources: [[heat~table]]
    s: batch/$(batch)
    po:
      - [a, tr:MaterialBatch]
      - [tr:ofMaterial, part/$(material)~iri]
""",
    "note": """
  note:
    sources: [[note~table]]
    s: note/$(id)
    po:
      - [a, tr:Note]
      - [tr:about, machine/$(machine)~iri]
      - [tr:text, $(text)]
      - [tr:expiresAt, $(until), xsd:dateTime]
""",
    "state": """
  event:
    sources: [[state~table]]
    s: event/s$(id)
    po:
      - [a, tr:MachineStateChanged]
      - [tr:eventTime, $(ts), xsd:dateTime]
      - [tr:onMachine, machine/$(machine)~iri]
      - [tr:activity, trc:activity/$(activity)~iri]
""",
    "run": """
  event:
    sources: [[run~table]]
    s: event/r$(id)
    po:
      - [a, $(kind)~iri]
      - [tr:eventTime, $(ts), xsd:dateTime]
      - [tr:onMachine, machine/$(machine)~iri]
      - [tr:ofJob, job/$(job)~iri]
      - [tr:runsProgram, program/$(program)~iri]
      - [tr:goodQuantity, $(good), xsd:decimal]
""",
}


def open_shop(folder: Path) -> Pipeline:
    """Make the shop's plant, with nothing in it, and open it."""
    folder.mkdir(parents=True, exist_ok=True)
    return Pipeline.open(load_plant(write_shop(folder, "past", TABLES, MAPPINGS, path="data")))


def every_version(work: Pipeline) -> list[Record]:
    """Give all that the shop's journal holds, in order."""
    return work.journal.records_after(0, 1_000_000)


def those_that_count(work: Pipeline, then: Then) -> list[Record]:
    """Choose the versions on record by ``believed_at`` that were true by ``at``."""
    moments = Moments(work.plant)
    chosen = []
    for record in every_version(work):
        recorded = record.recorded.removesuffix("Z")
        true_since = (moments.of(record).at or record.recorded).removesuffix("Z")
        if recorded <= then.believed_text and true_since <= then.at_text:
            chosen.append(record)
    return chosen


def fold_only(folder: Path, records: Iterable[Record], now: datetime) -> Pipeline:
    """Fold a plant of these versions alone, recorded when they were, and look for its gaps."""
    work = open_shop(folder)
    for record in records:
        moment = now.fromisoformat(record.recorded)
        work.journal.append([replace(record, seq=0, recorded="")], moment)
    work.rebuild(now)
    work.validate(now)
    return work


def told(context: dict[str, Any]) -> dict[str, Any]:
    """Leave out of an answer what says where it was folded, and since when gaps are on record."""
    context.pop("applied_seq")
    return _without(context)


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        is_gap = {"shape", "severity"} <= value.keys()
        left = {"since", "checked_at"} if is_gap else set()
        return {key: _without(inner) for key, inner in value.items() if key not in left}
    return [_without(inner) for inner in value] if isinstance(value, list) else value
