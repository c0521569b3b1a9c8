"""The flow map over HTTP: in the form that is asked for, as far as whoever asks may see."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from rdflib import Graph

from tests.unit.api.access_plant import guarded

FORMS = {
    "application/json": '"late_after_minutes"',
    "image/svg+xml": "<svg ",
    "text/turtle": "tr:FlowStep",
    "text/vnd.graphviz": "digraph",
    "text/plain": "WHERE IT GOES DARK",
}
FLOWS = """\
steps:
  call:
    label: <script>alert(1)</script>
    medium: speech
    by: hand
    carries: [job-customer]
    passes_to: [list, memory]
  memory:
    medium: speech
    carries: [job-customer]
  list:
    medium: system
    carries: [job-customer]
    recorded_in: [shop.job]
"""


@pytest.fixture
def described(own_plant: Path, own_client: httpx.Client) -> httpx.Client:
    """A client of a plant that describes its flow: to do so needs no restart."""
    (own_plant.parent / "flows.yml").write_text(FLOWS, encoding="utf-8")
    return own_client


def test_every_form_is_given_to_whom_asks_for_it(described: httpx.Client) -> None:
    for media_type, holds in FORMS.items():
        answer = described.get("/v1/flows", headers={"Accept": media_type})
        assert answer.status_code == 200
        assert answer.headers["content-type"].split(";")[0] == media_type
        assert answer.headers["vary"] == "Accept"
        assert holds in answer.text
        assert "<script>" not in answer.text or media_type != "image/svg+xml"


def test_a_format_that_is_named_goes_before_what_is_accepted(described: httpx.Client) -> None:
    asked = {"Accept": "application/json"}
    answer = described.get("/v1/flows?format=turtle", headers=asked)
    assert len(Graph().parse(data=answer.text, format="turtle")) > 20
    assert described.get("/v1/flows").json()["declared"] is True


def test_what_cannot_be_written_is_refused(client: httpx.Client) -> None:
    answer = client.get("/v1/flows", headers={"Accept": "video/mp4"})
    assert (answer.status_code, answer.json()["code"]) == (406, "not-acceptable")
    assert client.get("/v1/flows?format=png").status_code == 400
    assert client.get("/v1/flows?fromat=svg").status_code == 400


def test_an_image_may_do_nothing_in_a_browser(described: httpx.Client) -> None:
    answer = described.get("/v1/flows?format=svg")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_where_the_customer_goes_dark_is_told(described: httpx.Client) -> None:
    told = described.get("/v1/flows").json()
    states = {(edge["start"], edge["end"]): edge["state"] for edge in told["edges"]}
    assert states["flow-step/call", "flow-step/memory"] == "unrecorded"
    assert states["flow-step/call", "flow-step/list"] in {"seen", "patchy"}
    (shop,) = told["sources"]
    tables = {table["table"]: table for table in shop["tables"]}
    assert tables["shop.job"]["records"] == 4
    (carried,) = tables["shop.job"]["links"]
    assert (carried["link"], carried["records"], carried["of"]) == ("job-customer", 3, 4)
    step = next(one for one in told["steps"] if one["id"] == "flow-step/memory")
    assert step["said_at"] == "flows.yml:9"


def test_a_description_that_is_wrong_is_told_with_its_line(
    described: httpx.Client, own_plant: Path
) -> None:
    (own_plant.parent / "flows.yml").write_text("steps:\n  a:\n    carries: [job-bach]\n")
    answer = described.get("/v1/flows")
    assert answer.status_code == 500
    assert "flows.yml:3" in answer.json()["detail"]
    assert answer.json()["hint"] == "did you mean job-batch?"
    assert described.get("/v1/gaps").status_code == 200


def test_a_role_is_told_of_the_links_that_it_sees(tmp_path: Path) -> None:
    def describe(folder: Path) -> None:
        (folder / "flows.yml").write_text(FLOWS, encoding="utf-8")

    with guarded(tmp_path, prepare=describe) as plant:
        for role, status in (("reader", 200), ("workshop", 200), ("sender", 403)):
            answer = plant.ask("GET", "/v1/flows", plant.key(role))
            assert answer.status_code == status, role
        told = plant.ask("GET", "/v1/flows", plant.key("workshop")).json()
        assert "job-customer" in told["withheld"]
        assert told["steps"] == []
        assert "job-customer" not in {one["link"] for one in told["links"]}
        text = plant.ask("GET", "/v1/flows?format=text", plant.key("workshop")).text
        assert "Withheld from your role: job-customer." in text
        assert plant.ask("GET", "/v1/flows").status_code == 401
