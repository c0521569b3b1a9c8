"""A shop whose records have a history, and a plant folded of nothing but what counted then."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from kg.asof import Then
from kg.asof.times import ALL_ON_RECORD
from kg.moments import Moments
from kg.pipeline import Pipeline
from kg.records import Record
from kg.settings import load_plant
from tests.shop_plant import csv_table, write_shop

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from kg.answer.bundle import Context

BASE = "https://past.example/"
START = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
TR = "https://w3id.org/traveler/ontology/"
IDS = ["1", "2", "3"]
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
    + csv_table("receipt")
    + csv_table("piece")
    + csv_table("shipment")
    + csv_table("note")
    + csv_table("sheet")
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
    "receipt": """
  batch:
    sources: [[receipt~table]]
    s: batch/$(batch)
    po:
      - [a, tr:MaterialBatch]
      - [tr:suppliedBy, supplier/$(supplier)~iri]
      - [tr:quantity, $(qty), xsd:decimal]
  supplier:
    sources: [[receipt~table]]
    s: supplier/$(supplier)
    po:
      - [a, tr:Supplier]
""",
    "piece": """
  piece:
    sources: [[piece~table]]
    s: piece/$(id)
    po:
      - [a, tr:Piece]
      - [tr:serialNumber, S-$(id)]
      - [tr:pieceOf, job/$(job)~iri]
      - [tr:cutFrom, batch/$(batch)~iri]
      - [tr:assembledInto, piece/$(whole)~iri]
""",
    "shipment": """
  line:
    sources: [[shipment~table]]
    s: shipment-line/$(id)
    po:
      - [a, tr:ShipmentLine]
      - [tr:inShipment, shipment/$(shipment)~iri]
      - [tr:shipsFor, line/$(order)~iri]
      - [tr:shipsBatch, batch/$(batch)~iri]
      - [tr:shipsPiece, piece/$(piece)~iri]
      - [tr:quantity, $(qty), xsd:decimal]
  shipment:
    sources: [[shipment~table]]
    s: shipment/$(shipment)
    po:
      - [a, tr:Shipment]
      - [tr:shippedTo, customer/$(customer)~iri]
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
    # Runs that somebody writes down, beside those that are folded of events.
    "sheet": """
  run:
    sources: [[sheet~table]]
    s: run/sheet-$(id)
    po:
      - [a, tr:Run]
      - [tr:onMachine, machine/$(machine)~iri]
      - [tr:ofJob, job/$(job)~iri]
      - [tr:startedAt, $(started), xsd:dateTime]
      - [tr:endedAt, $(ended), xsd:dateTime]
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


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


class Shop:
    """A shop to which things happen minute by minute."""

    def __init__(self, work: Pipeline) -> None:
        self.work = work

    def tell(
        self, recorded: float, table: str, key: str, *, is_gone: bool = False, **row: str
    ) -> None:
        """Record a row; a ``ts`` among its columns, in minutes, is when it happened."""
        effective, by = None, "seen"
        if "ts" in row:
            effective = at(float(row["ts"])).strftime("%Y-%m-%dT%H:%M:%SZ")
            row["ts"] = effective
            by = "event" if table in {"state", "run"} else "changed"
        if "kind" in row:
            row["kind"] = TR + row["kind"]
        full = {"id": key, **({"program": ""} if table == "run" else {}), **row}
        record = Record(
            *("shop", table, key, {} if is_gone else full, f"{table}.csv"),
            effective=effective,
            effective_by=by,  # type: ignore[arg-type]
            deleted=is_gone,
        )
        self.work.journal.append([record], at(recorded))
        self.work.apply(at(recorded))

    def then(self, minute: float, believed: float | None = None) -> Then:
        return Then(at(minute), ALL_ON_RECORD if believed is None else at(believed))

    def context(self, entity: str, minute: float, believed: float | None = None) -> Context:
        then = self.then(minute, believed)
        return self.work.history.ask(then, lambda answers: answers.context(entity, then.at))

    def ask(self, name: str, now: float, **given: str) -> list[dict[str, Any]]:
        return self.work.answers().ask(name, given, at(now))


def happenings(
    rows: Mapping[str, Mapping[str, Sequence[str]]], most: int = 16
) -> st.SearchStrategy[list[Any]]:
    """Make lists of what can happen, of rows of tables whose columns can say some values.

    Each is (table, row), when it happened in minutes, whether it is taken back, and whether the
    next comes at the same time.
    """
    happened = st.one_of(
        st.tuples(
            st.just(table),
            st.fixed_dictionaries(
                {name: st.sampled_from(some) for name, some in {"id": IDS, **columns}.items()}
            ),
        )
        for table, columns in rows.items()
    )
    step = st.tuples(happened, st.integers(0, 12), st.booleans(), st.booleans())
    return st.lists(step, min_size=4, max_size=most)


def let_happen(work: Pipeline, told_in_order: list[Any]) -> None:
    """Let it all happen: what is recorded minute by minute, some of it late, some in one batch."""
    clock, waiting = 0, []
    for (table, row), minute, is_gone, is_same in told_in_order:
        waiting.append(_happened(table, dict(row), minute, is_gone=is_gone and clock > 3))
        clock += not is_same
        work.journal.append(waiting[-1:], at(clock))
        if not is_same:
            work.apply(at(clock))
    work.apply(at(clock))


def _happened(table: str, row: dict[str, str], minute: float, *, is_gone: bool) -> Record:
    ts = at(minute).strftime("%Y-%m-%dT%H:%M:%SZ")
    row = {name: f"{TR}{value}" if name == "kind" else value for name, value in row.items()}
    by = {"state": "event", "run": "event", "job": "changed", "plan": "changed"}.get(table, "seen")
    if by == "event":
        row["ts"] = ts
    return Record(
        *("shop", table, row["id"], {} if is_gone else row, f"{table}.csv"),
        effective=None if by == "seen" else ts,
        effective_by=by,  # type: ignore[arg-type]
        deleted=is_gone,
    )


@contextmanager
def busy_shop(folder: Path) -> Iterator[Shop]:
    """Give a mill that worked at job 1 from 06:02 to 06:06, which was recorded at 06:10."""
    with open_shop(folder) as work:
        shop = Shop(work)
        shop.tell(1, "machine", "M1", name="Mill", capacity="1", center="W")
        shop.tell(
            1, "job", "1", name="Shaft", part="P1", qty="5", status="released", order="", ts="1"
        )
        shop.tell(2, "run", "1", machine="M1", job="1", kind="RunStarted", good="0", ts="2")
        shop.tell(3, "state", "1", machine="M1", activity="production", ts="3")
        shop.tell(7, "state", "2", machine="M1", activity="idle", ts="7")
        shop.tell(10, "run", "2", machine="M1", job="1", kind="RunEnded", good="4", ts="6")
        shop.tell(12, "machine", "M1", name="Old mill", capacity="1", center="W")
        yield shop


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
