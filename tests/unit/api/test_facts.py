from __future__ import annotations

from urllib.parse import quote

import httpx
import pytest

from api.models import FactAnswer


@pytest.fixture(scope="module")
def fact_id(client: httpx.Client) -> str:
    """The id of the fact for whom job 1043 is."""
    slots = client.get("/v1/context/job/1043").json()["slots"]
    return str(slots["customer"]["facts"][0]["id"])


def test_a_fact_is_traced_to_row_mapping_line_and_rule(client: httpx.Client, fact_id: str) -> None:
    told = FactAnswer.model_validate_json(client.get(f"/v1/facts/{fact_id}").content)
    assert told.fact.predicate == "forCustomer"
    assert told.lineage.rule
    said = [said for premise in told.lineage.premises for said in premise.said_by]
    assert {one.record for one in said} == {"record/shop/job/1043"}
    assert all(one.mapping and one.mapping.startswith("shop/job.yml:") for one in said)
    assert told.records[0].position == "job.csv:2"
    assert told.records[0].row["customer"] == "Nordwind"


def test_a_trace_reads_as_in_a_terminal(client: httpx.Client, fact_id: str) -> None:
    answer = client.get(f"/v1/facts/{fact_id}?format=text")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith("job/1043 forCustomer customer/Nordwind")


def test_an_id_may_be_pasted_as_it_stands(client: httpx.Client) -> None:
    slots = client.get("/v1/context/job/10%2046").json()["slots"]
    id_ = slots["status"]["facts"][0]["id"]
    assert "%20" in id_
    for written in (id_, quote(id_)):
        assert client.get(f"/v1/facts/{written}").json()["fact"]["value"] == "released"


def test_a_fact_that_is_gone_is_not_found(client: httpx.Client, fact_id: str) -> None:
    answer = client.get(f"/v1/facts/{fact_id[:-8]}00000000")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-entity")
    assert answer.json()["hint"]


def test_a_form_that_nobody_writes_is_a_problem(client: httpx.Client, fact_id: str) -> None:
    assert client.get(f"/v1/facts/{fact_id}?format=xml").json()["code"] == "parameter"
