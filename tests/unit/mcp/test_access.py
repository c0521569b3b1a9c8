"""Access: what a role does not see, its models do not see; keys, limits and the log are one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import PromptReference

from kg.owner import Owner
from kg.pipeline import Pipeline
from kg.settings import load_plant
from tests.unit.access.shop import WORDS, write_shop
from tests.unit.api.access_plant import START, Guarded, guarded, served
from tests.unit.api.identity_provider import provided
from tests.unit.mcp.talking import error_of, over_http, text_of

SETTINGS = """
[mcp]
run_sparql = true
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
"""
HIDDEN = {
    "workshop": {"customer", "othercustomer", "cust", "othercust", "price", "otherprice"},
    "floor-only": {"customer", "cust", "price", "currency", "jobname", "part", "due", "jobdue"},
}
THINGS = ("machine/M1", "job/J1", "job/J2", "order/O1", "order-line/L1", "customer/CustQuoin")
QUESTIONS = (
    ("what-runs-on-a-machine", {"machine": "machine/M1"}),
    ("how-old-each-fact-is", {"thing": "job/J1"}),
    ("why-an-order-is-late", {"order": "order/O1"}),
    ("what-changed-since", {"since": "2026-11-01T00:00:00Z"}),
    ("jobs-that-lack-a-link", {}),
    ("what-people-said", {"thing": "job/J1"}),
)
CALL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "get_context", "arguments": {"entity": "machine/M1"}},
}
HEADERS = {"Accept": "application/json"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = write_shop(tmp_path_factory.mktemp("shop"), SETTINGS)
    with Pipeline.open(load_plant(folder)) as pipeline:
        owner = Owner(pipeline, lambda: START)
        owner.round()
        pipeline.validate(START)
        with served(owner) as found:
            yield found


async def _everything(plant: Client) -> str:
    """Ask for all that a model could ask for; gives all that it was told."""
    told: list[str] = []

    async def ask(tool: str, **arguments: Any) -> dict[str, Any]:
        result = await plant.call_tool(tool, arguments)
        told.append(result.model_dump_json())
        return dict(result.structured_content or {})

    for thing in (*THINGS, *WORDS.values()):
        await ask("find_entities", query=thing)
        await ask("get_context", entity=thing, focus="full", max_tokens=4000, include_notes=True)
        await ask("get_context", entity=f"why is {thing} late?", as_of="2026-11-23T07:00:00Z")
        await ask("list_gaps", entity=thing)
        for fact in (await ask("get_facts", entity=thing)).get("facts", []):
            await ask("explain_fact", fact_id=fact["id"])
    await ask("list_gaps")
    for name, parameters in QUESTIONS:
        await ask("ask_question", question=name, parameters=parameters)
    for uri in ("factory://sources", "factory://job/J1", "factory://customer/CustQuoin"):
        try:
            told.append((await plant.read_resource(uri)).model_dump_json())
        except MCPError as error:
            told.append(str(error))
    told.append((await plant.get_prompt("why_late", {"job": "job/J1"})).model_dump_json())
    ids = await plant.complete(PromptReference(name="why_late"), {"name": "job", "value": ""})
    told.append(ids.model_dump_json())
    return "\n".join(told).casefold()


@pytest.mark.parametrize("role", HIDDEN)
def test_no_hidden_word_is_told_to_a_model(shop: Guarded, role: str) -> None:
    words = {WORDS[cell].casefold() for cell in HIDDEN[role]}

    async def ask_all(plant: Client) -> str:
        return await _everything(plant)

    whole = over_http(shop.url, ask_all, key=shop.key("reader"))
    assert {word for word in words if word in whole} == words, "the plant does not tell them at all"

    async def ask_shown(plant: Client) -> list[str]:
        told = []
        for thing in THINGS:
            if any(word in thing.casefold() for word in words):
                continue
            for tool, more in [
                ("find_entities", {}),
                ("get_context", {"focus": "full", "max_tokens": 4000, "include_notes": True}),
                ("list_gaps", {}),
                ("get_facts", {}),
            ]:
                name = "query" if tool == "find_entities" else "entity"
                result = await plant.call_tool(tool, {name: thing, **more})
                told.append(result.model_dump_json())
                for fact in (result.structured_content or {}).get("facts", []):
                    explained = await plant.call_tool("explain_fact", {"fact_id": fact["id"]})
                    told.append(explained.model_dump_json())
        told.append((await plant.call_tool("list_gaps", {})).model_dump_json())
        for name, parameters in QUESTIONS:
            asked = {"question": name, "parameters": parameters}
            told.append((await plant.call_tool("ask_question", asked)).model_dump_json())
        told.append((await plant.read_resource("factory://sources")).model_dump_json())
        told.append((await plant.get_prompt("readiness", {"job": "job/J1"})).model_dump_json())
        return told

    shown = over_http(shop.url, ask_shown, key=shop.key(role))
    assert len(shown) > 10
    leaks = {word for word in words for text in shown if word in text.casefold()}
    assert leaks == set()


def test_what_is_hidden_is_told_like_what_is_not_there(shop: Guarded) -> None:
    async def work(plant: Client) -> list[str]:
        return [
            (await error_of(plant, tool, **{argument: name})).replace(name, "it")
            for tool, argument in [("get_context", "entity"), ("get_facts", "entity")]
            for name in ("customer/CustQuoin", "customer/CustNowhere")
        ]

    told = over_http(shop.url, work, key=shop.key("workshop"))
    assert told[0] == told[1]
    assert told[2] == told[3]


def test_sparql_is_for_who_sees_everything_and_may_ask_it(shop: Guarded) -> None:
    query = "SELECT ?job WHERE { ?job a tr:Job } ORDER BY ?job"

    async def allowed(plant: Client) -> str:
        told = await text_of(plant, "run_sparql", query=query, max_rows=2)
        assert told.splitlines()[1:] == ["job", "job/J1", "job/J2"]
        triples = await text_of(
            plant, "run_sparql", query="CONSTRUCT { ?j a tr:Job } WHERE { ?j a tr:Job }"
        )
        assert triples.startswith("# 3 of 3 triples")
        assert await text_of(plant, "run_sparql", query="ASK { ?j a tr:Job }") == "# true\n"
        wrong = await error_of(plant, "run_sparql", query="SELECT nothing")
        assert await error_of(plant, "run_sparql", query="DELETE WHERE { ?s ?p ?o }")
        assert wrong
        return told

    assert "2 of 3 rows, 1 cut" in over_http(shop.url, allowed, key=shop.key("analyst"))

    async def refused(plant: Client) -> str:
        return await error_of(plant, "run_sparql", query=query)

    for role in ("reader", "workshop", "floor-only"):
        assert "may not ask SPARQL" in over_http(shop.url, refused, key=shop.key(role))


def test_nobody_unknown_is_answered(shop: Guarded) -> None:
    for key in ("", "tvk_00000000_wrong"):
        answer = shop.ask("POST", "/mcp/", key, json=CALL, headers=HEADERS)
        assert answer.status_code == 401
        assert "resource_metadata" not in answer.headers["www-authenticate"]
    sender = shop.ask("POST", "/mcp/", shop.key("sender"), json=CALL, headers=HEADERS)
    assert (sender.status_code, sender.json()["code"]) == (403, "forbidden")


def test_each_call_is_noted_and_counts_against_the_limit(tmp_path: Path) -> None:
    settings = "[access]\nrequests_per_minute = 60\nburst = 3\n"
    with guarded(tmp_path, settings) as plant:
        key = plant.key("reader", "a model")
        call = CALL | {"params": {"name": "get_context", "arguments": {"entity": "SAW-01"}}}
        given = [plant.ask("POST", "/mcp/", key, json=call, headers=HEADERS) for _ in range(4)]
        assert [answer.status_code for answer in given] == [200, 200, 200, 429]
        line = plant.audited(4)[0]
        assert (line["route"], line["who"], line["tool"]) == ("/mcp/", "a model", "get_context")
        assert (line["about"], line["withheld"]) == ("machine/SAW-01", 0)
        assert line["rows"] > 0


def test_clients_are_led_to_the_identity_provider(tmp_path: Path) -> None:
    with provided() as provider, guarded(tmp_path, provider.settings()) as plant:
        refused = plant.ask("POST", "/mcp/", json=CALL, headers=HEADERS)
        told = refused.headers["www-authenticate"]
        where = "http://127.0.0.1/.well-known/oauth-protected-resource/mcp/"
        assert f'resource_metadata="{where}"' in told
        path = where.removeprefix("http://127.0.0.1")
        for known in (path, path.rstrip("/"), "/.well-known/oauth-protected-resource"):
            described = plant.ask("GET", known)
            assert described.status_code == 200
            assert described.json() == {
                "resource": "http://127.0.0.1/mcp/",
                "authorization_servers": [provider.url],
                "bearer_methods_supported": ["header"],
                "resource_name": "Small & <b>neat</b>",
            }
        others = plant.ask("GET", "/v1/gaps")
        assert "resource_metadata" not in others.headers["www-authenticate"]
        token = provider.token()
        call = CALL | {"params": {"name": "get_context", "arguments": {"entity": "SAW-01"}}}
        answer: httpx.Response = plant.ask("POST", "/mcp/", token, json=call, headers=HEADERS)
        assert "machine/SAW-01" in answer.json()["result"]["content"][0]["text"]
