from __future__ import annotations

import httpx

from api.models import GapsAnswer


def test_coverage_and_gaps_are_told(client: httpx.Client) -> None:
    told = GapsAnswer.model_validate_json(client.get("/v1/gaps").content)
    customers = next(row for row in told.coverage if row.link == "job-customer")
    assert (customers.have, customers.of, customers.missing) == (3, 4, 1)
    assert ("job/1044", "customer", "missing") in [(g.entity, g.slot, g.state) for g in told.gaps]


def test_slot_and_state_narrow_the_gaps_and_never_the_coverage(client: httpx.Client) -> None:
    whole = client.get("/v1/gaps").json()
    by_slot = client.get("/v1/gaps?slot=spec").json()
    assert {gap["slot"] for gap in by_slot["gaps"]} == {"spec"}
    by_both = client.get("/v1/gaps?slot=spec&state=missing").json()
    assert by_both["gaps"] == []
    assert whole["coverage"] == by_slot["coverage"] == by_both["coverage"]


def test_text_reads_as_in_a_terminal(client: httpx.Client) -> None:
    answer = client.get("/v1/gaps?format=text&state=missing")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert "MISSING customer, 1:" in answer.text
    assert "UNKNOWN" not in answer.text


def test_a_state_that_is_none_is_a_problem(client: httpx.Client) -> None:
    answer = client.get("/v1/gaps?state=lost")
    assert (answer.status_code, answer.json()["code"]) == (400, "parameter")
    assert "missing" in answer.json()["detail"]
