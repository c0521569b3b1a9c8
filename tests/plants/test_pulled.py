"""A plant whose ERP is a web service and whose machine has an MTConnect agent."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from kg.pipeline import Pipeline
from tests.plants.conftest import NOW, load_whole
from tests.unit.sources.mtagent import Agent
from tests.unit.sources.services import Request, serving

FILES = {
    "plant.toml": """\
[plant]
name = "Nordwerk"
base = "https://nordwerk.example/"
zone = "Europe/Berlin"
[[source]]
name = "erp"
mapping = "mappings/erp"
url = "{erp}/odata/v4/"
[[source]]
name = "machines"
mapping = "mappings/machines"
url = "{agent}"
""",
    "mappings/erp/source.toml": """\
[source]
name = "erp"
system = "ERP"
adapter = "http"
[source.http]
paging = "odata"
[[table]]
name = "order"
table = "ProductionOrders?$select=Number,Quantity,Modified"
mapping = "order.yml"
key = ["Number"]
arrives = "changes"
changed = ["Modified"]
cursor = {column = "Modified"}
""",
    "mappings/erp/order.yml": """\
mappings:
  job:
    sources: [[order~table]]
    s: job/$(Number)
    po:
      - [a, tr:Job]
      - [tr:identifier, $(Number)]
      - [tr:plannedQuantity, $(Quantity), xsd:decimal]
""",
    "mappings/machines/source.toml": """\
[source]
name = "machines"
system = "MES"
adapter = "mtconnect"
[[table]]
name = "execution"
query = "//DataItem[@type='EXECUTION']"
mapping = "execution.yml"
key = ["device_uuid", "instance_id", "sequence"]
arrives = "events"
row = "event"
event_time = "timestamp"
where = {available = "true"}
[table.fold]
kind = "latest"
subject = "tr:onMachine"
[lookup.activity]
ACTIVE = "trc:activity/production"
READY = "trc:activity/idle"
""",
    "mappings/machines/execution.yml": """\
mappings:
  event:
    sources: [[execution~table]]
    s: event/$(device_uuid)/$(instance_id)/$(sequence)
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
""",
}
JOBS = "SELECT ?n ?q WHERE { ?j a tr:Job ; tr:identifier ?n ; tr:plannedQuantity ?q } ORDER BY ?n"
ACTIVITY = "SELECT ?m ?a WHERE { ?m tr:activity ?a FILTER NOT EXISTS { ?m a tr:Event } }"


def local_names(work: Pipeline, query: str) -> list[list[str]]:
    """The rows of a query, without what IRIs begin with and literals end with."""
    rows = work.store.select(query)
    return [[_short(term) for term in row.values()] for row in rows]


def _short(term: str) -> str:
    return term.split('"')[1] if '"' in term else term.strip("<>").rpartition("/")[2]


class Erp:
    """OData whose server gives a page of two rows at a time."""

    def __init__(self) -> None:
        self.rows = [{"Number": f"{n}", "Quantity": n, "Modified": at(n)} for n in range(1, 6)]

    def __call__(self, request: Request) -> Any:
        assert request.path == "/odata/v4/ProductionOrders"
        least = request.query.get("$filter", "ge ").rpartition("ge ")[2]
        rows = [row for row in self.rows if row["Modified"] >= least]
        start = int(request.query.get("$skiptoken", 0))
        answer: dict[str, Any] = {"value": rows[start : start + 2]}
        if rows[start + 2 :]:
            asked = f"$filter=Modified ge {least}&$skiptoken={start + 2}"
            answer["@odata.nextLink"] = f"ProductionOrders?{asked}"
        return answer


def at(minutes: int) -> str:
    return (NOW - timedelta(hours=2) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_what_is_pulled_becomes_the_present(tmp_path: Path) -> None:
    erp, agent = Erp(), Agent(size=8)
    agent.observe("exec", "ACTIVE")
    with serving(erp) as web, serving(agent) as machine:
        for name, text in FILES.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            text = text.replace("{erp}", web.url).replace("{agent}", machine.url)
            (tmp_path / name).write_text(text, encoding="utf-8")
        with load_whole(tmp_path) as work:
            assert local_names(work, JOBS) == [[f"{n}", f"{n}"] for n in range(1, 6)]
            assert local_names(work, ACTIVITY) == [["VMC-3Axis", "production"]]
            erp.rows[1] |= {"Quantity": 20, "Modified": at(60)}
            erp.rows.sort(key=lambda row: str(row["Modified"]))
            agent.observe("exec", "READY")
            balances = work.read(NOW)
            assert [b.error for b in balances] == [None, None]
            assert [b.new for b in balances] == [1, 1]
            work.apply(NOW)
            assert ["2", "20"] in local_names(work, JOBS)
            assert local_names(work, ACTIVITY) == [["VMC-3Axis", "idle"]]
            for number in range(30):
                agent.observe("count", str(number))
            agent.start()
            agent.observe("exec", "ACTIVE")
            balances = work.read(NOW + timedelta(minutes=1))
            assert "the agent was started anew" in balances[1].missed
            work.apply(NOW)
