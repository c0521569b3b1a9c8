from __future__ import annotations

import csv
import io

import httpx
import pytest
import rdflib

from api.models import GapHistoryAnswer, GapsAnswer
from kg import vocab


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


def test_a_gap_says_what_depends_on_it_and_who_can_mend_it(client: httpx.Client) -> None:
    told = GapsAnswer.model_validate_json(client.get("/v1/gaps").content)
    (gap,) = (g for g in told.gaps if (g.entity, g.slot) == ("job/1044", "customer"))
    assert (gap.label, gap.owner, gap.flow_step) == ("Bracket", "Production", "shop.job")
    assert gap.record == "record/shop/job/1044"
    assert gap.at_risk is not None
    assert gap.at_risk.orders == ("order/1044",)
    assert "where-a-batch-went" in gap.questions
    assert gap.since == gap.checked_at == "2026-11-23T08:00:00Z"
    assert {repair.what for repair in told.repairs} == {"record", "table", "connect"}
    assert all(repair.sentence for repair in told.repairs)


def test_what_no_source_covers_stands_last(client: httpx.Client) -> None:
    states = [gap["state"] == "unknown" for gap in client.get("/v1/gaps").json()["gaps"]]
    assert states == sorted(states)
    assert set(states) == {True, False}


def test_gaps_are_narrowed_by_kind_and_number(client: httpx.Client) -> None:
    assert client.get("/v1/gaps?kind=conflict").json()["gaps"] == []
    whole = client.get("/v1/gaps").json()["gaps"]
    assert client.get("/v1/gaps?limit=2").json()["gaps"] == whole[:2]
    assert client.get("/v1/gaps?limit=0").status_code == 400


@pytest.mark.parametrize(
    ("form", "media_type"),
    [
        ("json", "application/json"),
        ("text", "text/plain; charset=utf-8"),
        ("csv", "text/csv; header=present; charset=utf-8"),
        ("html", "text/html; charset=utf-8"),
        ("turtle", "text/turtle; charset=utf-8"),
    ],
)
def test_every_form_says_what_it_is(client: httpx.Client, form: str, media_type: str) -> None:
    answer = client.get(f"/v1/gaps?format={form}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert "job/1044" in answer.text


def test_the_table_and_the_graph_hold_the_same_gaps_in_their_order(client: httpx.Client) -> None:
    ids = [gap["id"] for gap in client.get("/v1/gaps").json()["gaps"]]
    text = client.get("/v1/gaps?format=csv").content.decode()
    assert [row["id"] for row in csv.DictReader(io.StringIO(text, newline=""))] == ids
    graph = rdflib.Graph().parse(data=client.get("/v1/gaps?format=turtle").text, format="turtle")
    found = graph.objects(None, rdflib.URIRef("http://purl.org/dc/terms/identifier"))
    assert {str(name) for name in found} == set(ids)
    focus = graph.objects(None, rdflib.URIRef(vocab.SH + "focusNode"))
    assert rdflib.URIRef("https://small.example/job/1044") in set(focus)


def test_the_page_may_run_nothing(client: httpx.Client) -> None:
    answer = client.get("/v1/gaps?format=html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "<script" not in answer.text
    assert "Small &amp; &lt;b&gt;neat&lt;/b&gt;" in answer.text


def test_the_history_tells_how_much_was_linked_and_when(client: httpx.Client) -> None:
    client.get("/v1/gaps")
    told = GapHistoryAnswer.model_validate_json(client.get("/v1/gaps/history").content)
    now = {row.link: (row.have, row.of, row.missing) for row in told.coverage}
    assert now["job-customer"] == (3, 4, 1)
    assert ("link", "missing") in {(row.kind, row.state) for row in told.gaps}
    assert [day.day for day in told.days] == ["2026-11-23"]
    assert client.get("/v1/gaps/history?since=2026-11-24").json() == {
        "coverage": [],
        "gaps": [],
        "days": [],
    }


def test_the_history_reads_in_a_terminal(client: httpx.Client) -> None:
    client.get("/v1/gaps")
    answer = client.get("/v1/gaps/history?format=text")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert max(map(len, answer.text.splitlines())) <= 80
    assert "job-customer" in answer.text
    assert client.get("/v1/gaps/history?since=soon").status_code == 400
