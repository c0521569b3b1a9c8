"""A shop of two sources whose every value is a word of its own, to see where each is shown."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from rdflib import Graph

from kg import assets
from kg.access.hiding import compile_hiding
from kg.access.sight import Sight
from kg.pipeline import Pipeline
from kg.reason.rules import load_graph
from kg.roles import RoleSettings
from tests.shop_plant import MACHINE, PREFIXES

PLANT = """
[plant]
name = "Words"
base = "https://words.example/"
[[source]]
name = "books"
mapping = "books"
path = "data"
[[source]]
name = "floor"
mapping = "floor"
path = "data"
"""
TABLES = {
    "books": {
        "customer": ("state", "id,name\n{cust},{customer}\n{othercust},{othercustomer}\n"),
        "line": (
            "state",
            (
                "id,order,customer,price,currency,qty,due,job\n"
                "L1,O1,{cust},{price},{currency},7,{due},J1\n"
                "L2,O2,{othercust},{otherprice},{currency},3,{otherdue},J2\n"
                "L3,O3,,{lastprice},{currency},3,{otherdue},J3\n"
            ),
        ),
        "job": (
            "state",
            (
                "id,name,status,part,due\n"
                "J1,{jobname},in-progress,{part},{jobdue}\n"
                "J2,{otherjobname},released,{part},{jobdue}\n"
                "J3,{lastjobname},released,,\n"
            ),
        ),
        "shipment": ("state", "id,line,customer,at\nS1,L1,{shipcust},{shipped}\n"),
    },
    "floor": {
        "machine": ("state", "id,name\nM1,{machine}\nM2,{othermachine}\n"),
        "run": (
            "interval",
            "id,machine,job,person,started,ended\nR1,M1,J1,{person},2026-11-23T05:40:00Z,\n",
        ),
        "use": ("state", "id,job,batch,material\nU1,J1,{batch},{material}\n"),
        "note": ("state", "id,about,text,by\nN1,J1,{note},{person}\nN2,J2,{othernote},{person}\n"),
    },
}
MAPPINGS = {
    "customer": """
  customer:
    sources: [[customer~table]]
    s: customer/$(id)
    po:
      - [a, tr:Customer]
      - [rdfs:label, $(name)]
""",
    "line": """
  line:
    sources: [[line~table]]
    s: order-line/$(id)
    po:
      - [a, tr:SalesOrderLine]
      - [tr:lineOf, order/$(order)~iri]
      - [tr:unitPrice, $(price), xsd:decimal]
      - [tr:currency, $(currency)]
      - [tr:quantity, $(qty), xsd:decimal]
      - [tr:promisedDate, $(due), xsd:date]
  order:
    sources: [[line~table]]
    s: order/$(order)
    po:
      - [a, tr:SalesOrder]
      - [tr:orderedBy, customer/$(customer)~iri]
  allocation:
    sources: [[line~table]]
    s: allocation/$(id)
    po:
      - [a, tr:Allocation]
      - [tr:allocationOf, job/$(job)~iri]
      - [tr:toOrderLine, order-line/$(id)~iri]
""",
    "job": """
  job:
    sources: [[job~table]]
    s: job/$(id)
    po:
      - [a, tr:Job]
      - [rdfs:label, $(name)]
      - [tr:status, trc:job-status/$(status)~iri]
      - [tr:makes, part/$(part)~iri]
      - [tr:dueDate, $(due), xsd:date]
""",
    "shipment": """
  shipment:
    sources: [[shipment~table]]
    s: shipment/$(id)
    po:
      - [a, tr:Shipment]
      - [tr:shippedTo, customer/$(customer)~iri]
      - [tr:shippedAt, $(at), xsd:dateTime]
  line:
    sources: [[shipment~table]]
    s: shipment-line/$(id)
    po:
      - [a, tr:ShipmentLine]
      - [tr:inShipment, shipment/$(id)~iri]
      - [tr:shipsFor, order-line/$(line)~iri]
""",
    "use": """
  use:
    sources: [[use~table]]
    s: use/$(id)
    po:
      - [a, tr:BatchUse]
      - [tr:inputTo, job/$(job)~iri]
      - [tr:ofBatch, batch/$(batch)~iri]
  batch:
    sources: [[use~table]]
    s: batch/$(batch)
    po:
      - [a, tr:MaterialBatch]
      - [tr:ofMaterial, material/$(material)~iri]
""",
    "machine": MACHINE,
    "run": """
  run:
    sources: [[run~table]]
    s: run/$(id)
    po:
      - [a, tr:Run]
      - [tr:onMachine, machine/$(machine)~iri]
      - [tr:ofJob, job/$(job)~iri]
      - [tr:byPerson, person/$(person)~iri]
      - [tr:startedAt, $(started), xsd:dateTime]
      - [tr:endedAt, $(ended), xsd:dateTime]
""",
    "note": """
  note:
    sources: [[note~table]]
    s: note/$(id)
    po:
      - [a, tr:Note]
      - [tr:about, job/$(about)~iri]
      - [tr:text, $(text)]
      - [tr:statedBy, person/$(by)~iri]
""",
}
FLOWS = """
steps:
  call:
    medium: speech
    by: hand
    who: [Hollowmere]
    carries: [job-customer, job-batch]
    passes_to: [order-list, slip]
  order-list:
    medium: system
    who: [Hollowmere]
    carries: [job-customer]
    recorded_in: [books.line]
  slip:
    medium: paper
    who: [Hollowmere]
    latency_minutes: 240
    carries: [job-batch]
    passes_to: [use-list]
  use-list:
    medium: system
    by: hand
    carries: [job-batch]
    recorded_in: [floor.use]
  screen:
    medium: system
    carries: [machine-now, job-machine]
    recorded_in: [floor.run]
"""
"""What its people say of the ways of links."""
CLERK = "hollowmere"
"""A person of whom they alone tell, in small letters."""
WORDS = {
    "cust": "CustQuoin",
    "othercust": "CustVellum",
    "due": "2031-01-17",
    "otherdue": "2031-02-18",
    "jobdue": "2031-03-19",
    "customer": "Quillfeather",
    "othercustomer": "Vantabrook",
    "price": "918273.5",
    "otherprice": "827364.5",
    "lastprice": "736455.5",
    "currency": "XQZ",
    "jobname": "Spindlewort",
    "otherjobname": "Bracketmoss",
    "lastjobname": "Flangefern",
    "part": "PartZephyr",
    "shipped": "2031-04-20T10:00:00Z",
    "shipcust": "CustOnyx",
    "batch": "BatchYarrow",
    "material": "MatOrpiment",
    "machine": "Sawmarrow",
    "othermachine": "Millhazel",
    "person": "Zenobiah",
    "note": "bearingwhistle",
    "othernote": "coolantdrip",
}
"""What stands in one cell each; the sums of money that follow from a price are prices too."""


NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
CUSTOMERS = {"customer", "othercustomer"}
CUSTOMER_IDS = {"cust", "othercust"}
PRICES = {"price", "otherprice", "lastprice"}
JOB_NAMES = {"jobname", "otherjobname", "lastjobname"}
MACHINES = {"machine", "othermachine"}
NOTES = {"note", "othernote"}
MONEY = ("6427914.5", "2482093.5", "2209366.5")
"""What the lines of the orders come to."""

HIDDEN: dict[str, set[str]] = {
    "tr:unitPrice": PRICES,
    "tr:currency": {"currency"},
    "tr:orderedBy": CUSTOMERS | CUSTOMER_IDS,
    "tr:Customer": CUSTOMERS | CUSTOMER_IDS | {"shipcust"},
    "rdfs:label": CUSTOMERS | JOB_NAMES | MACHINES,
    "tr:Person": {"person"},
    "tr:text": NOTES,
    "tr:shippedAt": {"shipped"},
    "tr:ofMaterial": {"material"},
    "tr:MaterialBatch": {"batch", "material"},
    "tr:makes": {"part"},
    "tr:dueDate": {"jobdue"},
    "tr:promisedDate": {"due", "otherdue"},
    "source:books": CUSTOMERS
    | CUSTOMER_IDS
    | PRICES
    | JOB_NAMES
    | {"currency", "part", "due", "otherdue", "jobdue", "shipped", "shipcust"},
    "source:floor": MACHINES | NOTES | {"person", "batch", "material"},
}
"""For what can be hidden, the cells whose words must then stand nowhere."""


def write_shop(folder: Path, settings: str = "", words: dict[str, str] = WORDS) -> Path:
    """Write the plant, with ``settings`` after its own; gives its plant.toml."""
    (folder / "data").mkdir()
    path = folder / "plant.toml"
    path.write_text(PLANT + settings, encoding="utf-8")
    (folder / "flows.yml").write_text(FLOWS, encoding="utf-8")
    for source, tables in TABLES.items():
        (folder / source).mkdir()
        head = f'[source]\nname = "{source}"\nadapter = "files"\nzone = "UTC"\nsystem = "ERP"\n'
        for name, (row, text) in tables.items():
            head += f'[[table]]\nname = "{name}"\nmapping = "{name}.yml"\nfile = "{name}.csv"\n'
            head += f'key = ["id"]\nrow = "{row}"\n'
            mapping = PREFIXES + MAPPINGS[name]
            (folder / source / f"{name}.yml").write_text(mapping, encoding="utf-8")
            (folder / "data" / f"{name}.csv").write_text(text.format(**words), encoding="utf-8")
        (folder / source / "source.toml").write_text(head, encoding="utf-8")
    return path


@cache
def _ontology() -> Graph:
    return load_graph(assets.ontology_folder())


def sight_of(shop: Pipeline, hides: set[str]) -> Sight:
    """Give what a role sees of the shop from which some of it is hidden."""
    role = RoleSettings(name="narrow", scopes=("context:read",), hides=tuple(sorted(hides)))
    hiding = compile_hiding(role, shop.rules, _ontology())
    answers = shop.answers()
    return Sight(hiding, answers.store, answers.evidence(NOW), shop.plant.base)
