"""Roles over HTTP: what is hidden stands in no answer, and what cannot be filtered is not given."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from kg.owner import Owner
from kg.pipeline import Pipeline
from kg.settings import load_plant
from tests.unit.access.shop import CLERK, WORDS, write_shop
from tests.unit.api.access_plant import START, Guarded, guarded, served

SETTINGS = """
[access]
burst = 5000
[[role]]
name = "workshop"
scopes = ["context:read"]
hides = ["tr:Customer", "tr:unitPrice"]
[[role]]
name = "floor-only"
scopes = ["context:read"]
hides = ["source:books"]
[[role]]
name = "office-only"
scopes = ["context:read"]
hides = ["source:floor"]
[[role]]
name = "nameless"
scopes = ["context:read"]
hides = ["tr:Person"]
"""
HIDDEN = {
    "workshop": {"customer", "othercustomer", "cust", "othercust", "price", "otherprice"},
    "floor-only": {"customer", "cust", "price", "currency", "jobname", "part", "due", "jobdue"},
    "office-only": {"machine", "othermachine", "person", "batch", "material", "note", "othernote"},
    "nameless": {"person"},
}
QUESTIONS = (
    *("what-runs-on-a-machine?machine=M1", "jobs-that-lack-a-link", "what-people-said?thing=J1"),
    *("where-a-chain-breaks?thing=J1", "completion-dates-kept-apart?order=O1"),
)
THINGS = ("machine/M1", "job/J1", "job/J2", "order/O1", "order-line/L1", "customer/CustQuoin")


@contextmanager
def _shop(folder: Path, settings: str = SETTINGS) -> Iterator[Guarded]:
    with Pipeline.open(load_plant(write_shop(folder, settings))) as pipeline:
        owner = Owner(pipeline, lambda: START)
        owner.round()
        pipeline.validate(START)
        with served(owner) as found:
            yield found


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with _shop(tmp_path_factory.mktemp("shop")) as found:
        yield found


def _paths(client: httpx.Client) -> Iterator[str]:
    for thing in THINGS:
        for form in ("json", "jsonld", "md"):
            yield f"/v1/context?q={thing}&format={form}"
            yield f"/v1/context?q={thing}&format={form}&focus=full"
            yield f"/v1/context?q={thing}&format={form}&at=2026-11-23T07:00:00Z"
    for form in ("json", "text", "csv", "html", "turtle"):
        yield f"/v1/gaps?format={form}"
    yield from ("/v1/gaps/history", "/v1/questions", "/", "/health", "/ready", "/v1/session")
    yield from ("/v1/context?q=Quillfeathe", "/v1/context?q=quillfeather", "/v1/context?q=J")
    yield from ("/v1/machines", "/v1/machines?limit=1", "/plain")
    for form in ("json", "text", "svg", "dot", "turtle"):
        yield f"/v1/flows?format={form}"
    yield from ("/metrics", "/v1/readiness", "/v1/epcis", "/v1/trace?q=Quillfeather")
    for form in ("json", "text"):
        yield f"/v1/trace?q=J1&worst_case=true&format={form}"
        yield f"/v1/trace/order/O1?direction=backward&format={form}"
    for form in ("json", "text", "csv"):
        yield f"/v1/recall?q=job/J1&format={form}"
    # By what was on record then, which is all of it: asked of what was, and not of the graph.
    then = "believed_at=2026-11-23T08:00:00Z"
    yield from (f"/v1/trace?q=J1&{then}", f"/v1/recall?q=job/J1&{then}", f"/v1/context?q=J1&{then}")
    for name in QUESTIONS:
        yield f"/v1/questions/{name}"
        yield f"/v1/questions/{name}{'&' if '?' in name else '?'}format=csv"


@pytest.mark.parametrize("role", HIDDEN)
def test_no_hidden_word_leaves_the_server(shop: Guarded, role: str) -> None:
    words = {WORDS[cell].casefold() for cell in HIDDEN[role]}
    words |= {CLERK} if role == "nameless" else set()
    with shop.client(shop.key("reader")) as everybody, shop.client(shop.key(role)) as client:
        shown = ""
        for path in _paths(client):
            told = everybody.get(path).text.casefold()
            shown += told
            # Twice, as answers are kept: what is kept for one is not for another.
            for _ in range(2):
                answer = client.get(path)
                asked = {w for w in words if w in path.casefold()}
                assert answer.status_code in {200, 400, 403, 404, 503}, (path, answer.text)
                found = [w for w in words - asked if w in answer.text.casefold()]
                assert found == [], (path, answer.text)
        assert words & {w for w in words if w in shown}, "who sees everything sees them"


@pytest.mark.parametrize("role", HIDDEN)
def test_facts_are_traced_as_far_as_they_are_shown(shop: Guarded, role: str) -> None:
    words = {WORDS[cell].casefold() for cell in HIDDEN[role]}
    statuses = set()
    with shop.client(shop.key("reader")) as everybody, shop.client(shop.key(role)) as client:
        for thing in THINGS[:5]:
            slots = everybody.get(f"/v1/context?q={thing}").json()["slots"].values()
            for fact in (fact for slot in slots for fact in slot["facts"]):
                for form in ("json", "text"):
                    answer = client.get(f"/v1/facts/{fact['id']}", params={"format": form})
                    statuses.add(answer.status_code)
                    plain = answer.text.casefold()
                    named = [w for w in words if w in plain and w not in fact["id"].casefold()]
                    assert named == [], answer.text
    assert 200 in statuses
    assert 404 in statuses


def test_what_cannot_be_filtered_is_for_those_who_see_everything(shop: Guarded) -> None:
    key, floor = shop.key("workshop"), shop.key("floor-only")
    for path, who in (
        ("/v1/questions/jobs-that-lack-a-link", key),
        ("/v1/accepted", key),
        ("/v1/recall?q=job/J1", floor),
        ("/v1/epcis", floor),
        ("/v1/readiness", floor),
    ):
        answer = shop.ask("GET", path, who)
        assert (answer.status_code, answer.json()["code"]) == (403, "withheld"), path
        assert answer.json()["hint"], path
        assert shop.ask("GET", path, shop.key("reader")).status_code == 200, path


def test_a_role_is_answered_without_what_it_does_not_see(shop: Guarded) -> None:
    key = shop.key("workshop")
    recalled = shop.ask("GET", "/v1/recall?q=batch/BatchYarrow", key).json()
    assert {row["customer"] for row in recalled["rows"]} == {"withheld"}
    assert recalled["is_whole"] is False
    rows = shop.ask("GET", "/v1/questions/where-a-batch-went?batch=BatchYarrow", key).json()
    assert rows["withheld"] == ["orderedBy"]
    assert rows["rows"][0]["customer"] == "withheld"
    everybody = shop.ask("GET", "/v1/recall?q=batch/BatchYarrow", shop.key("reader")).json()
    assert (everybody["is_whole"], everybody["withheld"]) == (True, [])
    numbers = shop.ask("GET", "/metrics", shop.key("floor-only")).text
    assert 'source="floor"' in numbers
    assert "books" not in numbers


def test_a_thing_of_a_hidden_class_is_not_told_of(shop: Guarded) -> None:
    key = shop.key("workshop")
    there, not_there = (
        shop.ask("GET", f"/v1/context/customer/{name}", key) for name in ("CustQuoin", "CustNobody")
    )
    assert there.status_code == not_there.status_code == 404
    assert there.text.replace("CustQuoin", "") == not_there.text.replace("CustNobody", "")


@pytest.mark.parametrize("role", [*HIDDEN, "reader"])
def test_machines_are_listed_as_their_contexts_tell_of_them(shop: Guarded, role: str) -> None:
    with shop.client(shop.key(role)) as client:
        listed = client.get("/v1/machines").json()
        for one in listed["machines"]:
            context = client.get(f"/v1/context/{one['id']}").json()
            assert {name: one[name] for name in context["status"]} == context["status"]
            assert one["label"] == context["entity"]["label"]
            assert one["runs"] == len(context["runs"])
    ids = [one["id"] for one in listed["machines"]]
    assert ids == ([] if role == "office-only" else ["machine/M1", "machine/M2"])
    assert listed["of"] == len(ids)
    running, _ = listed["machines"] or [None, None]
    if role in {"reader", "workshop", "nameless"}:
        assert (running["state"], running["runs"], listed["withheld"]) == ("running", 1, 0)
    assert "machine/M" not in shop.ask("GET", "/plain", shop.key("office-only")).text


def test_the_flow_map_leaves_hidden_links_out_by_name_and_changes_no_other(shop: Guarded) -> None:
    whole = shop.ask("GET", "/v1/flows", shop.key("reader")).json()
    assert whole["withheld"] == []
    assert {edge["link"] for edge in whole["edges"]} >= {"job-customer", "job-batch", "machine-now"}
    for role, gone in (
        ("workshop", {"job-customer"}),
        ("floor-only", {"job-customer", "job-spec", "next"}),
        ("office-only", {"job-machine", "job-batch", "machine-now", "next"}),
        ("nameless", {"doneBy", "byPerson", "statedBy"}),
    ):
        told = shop.ask("GET", "/v1/flows", shop.key(role)).json()
        assert gone <= set(told["withheld"]), role
        links = {one["link"] for one in told["links"]}
        assert links == {one["link"] for one in whole["links"]} - set(told["withheld"])
        assert told["edges"] == [edge for edge in whole["edges"] if edge["link"] in links]
        carried = {link for step in told["steps"] for link in step["carries"]}
        assert carried <= links
        assert all(step["carries"] for step in told["steps"])
        tables = [table for source in told["sources"] for table in source["tables"]]
        assert {one["link"] for table in tables for one in table["links"]} <= links
    books = shop.ask("GET", "/v1/flows", shop.key("floor-only")).text
    assert "floor.use" in books
    assert "books" not in books
    assert "order-list" not in books
    assert "books.customer" not in shop.ask("GET", "/v1/flows", shop.key("workshop")).text


def test_a_map_whose_way_is_hidden_is_refused(tmp_path: Path) -> None:
    hides = SETTINGS.replace('"tr:Person"', '"tr:passesTo"')
    with _shop(tmp_path, hides) as shop:
        answer = shop.ask("GET", "/v1/flows", shop.key("nameless"))
        assert (answer.status_code, answer.json()["code"]) == (403, "withheld")
        assert "passesTo" in answer.json()["detail"]


def test_a_guessed_value_is_not_said_to_be_right_or_wrong(shop: Guarded) -> None:
    price, near = (
        f"order-line/L1~unitPrice~{_digest(shop, amount)}" for amount in ("918273.5", "918273.6")
    )
    assert shop.ask("GET", f"/v1/facts/{price}", shop.key("reader")).status_code == 200
    key = shop.key("workshop")
    right, wrong = (shop.ask("GET", f"/v1/facts/{fact}", key) for fact in (price, near))
    assert right.status_code == wrong.status_code == 404
    assert right.text.replace(price, "") == wrong.text.replace(near, "")


def _digest(shop: Guarded, amount: str) -> str:
    """Give the end of the id of the fact that a line's price is this."""
    base = shop.owner.pipeline.plant.base
    fact = (
        f"<{base}order-line/L1>",
        "<https://w3id.org/traveler/ontology/unitPrice>",
        f'"{amount}"^^<http://www.w3.org/2001/XMLSchema#decimal>',
    )
    return sha256(" ".join(fact).encode()).hexdigest()[:8]


def test_a_name_that_is_hidden_finds_nothing(shop: Guarded) -> None:
    key = shop.key("floor-only")
    by_name = shop.ask("GET", "/v1/context", key, params={"q": WORDS["jobname"]})
    assert by_name.status_code == 404
    assert "J1" not in by_name.text
    # Only the hidden source says that it is there: words do not find it, its own id does.
    assert shop.ask("GET", "/v1/context", key, params={"q": "J1"}).status_code == 404
    assert shop.ask("GET", "/v1/context/job/J1", key).status_code == 200
    assert shop.ask("GET", "/v1/context", key, params={"q": WORDS["machine"]}).status_code == 200


def test_the_stream_tells_a_role_of_what_it_sees_only(shop: Guarded) -> None:
    changes = shop.owner.pipeline.changes
    base = shop.owner.pipeline.plant.base
    pairs = [("customer/CustQuoin", "label"), ("order-line/L1", "unitPrice"), ("job/J1", "dueDate")]
    with (
        shop.client(shop.key("workshop")) as client,
        client.stream("GET", "/v1/stream") as answer,
    ):
        lines = answer.iter_lines()
        assert next(line for line in lines if line.startswith("event")) == "event: hello"
        for entity, word in pairs:
            fact = (f"<{base}{entity}>", f"<https://w3id.org/traveler/ontology/{word}>", '"x"', "")
            changes.tell_batch([], [fact], 7)
        told = next(line for line in lines if line.startswith("data") and '"what"' in line)
    assert json.loads(told.removeprefix("data: "))["id"] == "job/J1"


def test_a_stream_ends_with_its_key(shop: Guarded) -> None:
    changes = shop.owner.pipeline.changes
    key = shop.key("reader", "listener")
    with shop.client(key) as client, client.stream("GET", "/v1/stream") as answer:
        lines = answer.iter_lines()
        assert next(line for line in lines if line.startswith("event")) == "event: hello"
        shop.gate.keys.revoke("listener", shop.clock())
        changes.tell_reset("wake up", 7)
        assert [line for line in lines if line.startswith("event: entity")] == []


PUSHED = """
[access]
"""


def _push(folder: Path) -> None:
    """Let the shop's tables be sent to, and give the source a token of its own."""
    path = folder / "plant.toml"
    text = path.read_text("utf-8").replace('path = "data"', 'path = "data"\ntoken_file = "token"')
    path.write_text(text, encoding="utf-8")
    (folder / "token").write_text("of-the-source", encoding="utf-8")
    source = folder / "shop" / "source.toml"
    pushed = source.read_text("utf-8").replace('key = ["id"]', 'key = ["id"]\npush = true')
    source.write_text(pushed + NOTE_TABLE, encoding="utf-8")
    (folder / "shop" / "note.yml").write_text(NOTE, encoding="utf-8")
    (folder / "data" / "note.csv").write_text("id,text,job\n", encoding="utf-8")


NOTE_TABLE = """
[[table]]
name = "note"
mapping = "note.yml"
file = "note.csv"
key = ["id"]
push = true
allow_empty = true
"""
NOTE = """
prefixes:
  tr: https://w3id.org/traveler/ontology/
mappings:
  note:
    sources: [[note~table]]
    s: note/$(id)
    po:
      - [a, tr:Note]
      - [tr:text, $(text)]
      - [tr:about, job/$(job)~iri]
"""
MACHINE = {"id": "SAW-09", "name": "Saw 9"}


def test_records_are_sent_by_those_who_may(tmp_path: Path) -> None:
    with guarded(tmp_path, PUSHED, _push) as plant:
        machines, notes = "/v1/records/shop/machine", "/v1/records/shop/note"
        note = {"id": "n1", "text": "hums", "job": "1043"}
        kiosk, sender = plant.key("kiosk"), plant.key("sender")
        assert plant.ask("POST", machines, sender, json=MACHINE).status_code == 202
        assert plant.ask("POST", machines, "of-the-source", json=MACHINE).status_code == 202
        assert plant.ask("POST", machines, plant.key("reader"), json=MACHINE).status_code == 403
        assert plant.ask("POST", machines, json=MACHINE).status_code == 401
        # A kiosk sends notes, and nothing that becomes anything else.
        assert plant.ask("POST", machines, kiosk, json=MACHINE).status_code == 403
        assert plant.ask("POST", notes, kiosk, json=note).status_code == 202
        # The source's token is good for its records, and nothing else.
        assert plant.ask("GET", "/v1/gaps", "of-the-source").status_code == 401
        assert plant.ask("POST", "/v1/records/other/machine", "of-the-source").status_code == 401
        assert "of-the-source" not in json.dumps(plant.audited(8))
