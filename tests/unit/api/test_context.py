from __future__ import annotations

import httpx
import pytest

from api.models import ContextAnswer
from kg.answer.tokens import estimate_tokens


@pytest.mark.parametrize(
    "address",
    [
        "/v1/context/machine/SAW-01",
        "/v1/context?q=SAW-01",
        "/v1/context?q=saw%201&kind=machine",
        "/v1/context?q=machine/SAW-01",
    ],
)
def test_a_machine_is_found_by_id_and_by_label(client: httpx.Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    found = ContextAnswer.model_validate_json(answer.content)
    assert found.entity.iri == "https://small.example/machine/SAW-01"
    assert found.as_of == "2026-11-23T08:00:00Z"
    assert [run.run for run in found.runs] == ["run/1"]
    assert [fact.value for fact in found.slots["customer"].facts] == ["customer/Nordwind"]


@pytest.mark.parametrize("id_", ["CELL%2F3", "CELL/3", "CELL%252F3"])
def test_an_id_may_hold_a_slash(client: httpx.Client, id_: str) -> None:
    answer = client.get(f"/v1/context/machine/{id_}")
    assert answer.json()["entity"]["label"] == "Cell 3"


def test_a_name_that_means_nothing_is_not_found_and_near_ones_are_named(
    client: httpx.Client,
) -> None:
    answer = client.get("/v1/context?q=Saww%2001")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-entity")
    assert "machine/SAW-01" in answer.json()["hint"]


def test_an_id_that_is_not_there_is_never_taken_for_one_with_other_digits(
    client: httpx.Client,
) -> None:
    answer = client.get("/v1/context?q=SAW-9")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-entity")
    assert answer.json()["detail"] == "there is no machine 'SAW-9'"
    assert "SAW-01" not in answer.text


def test_a_name_of_several_things_is_a_conflict_that_names_them(client: httpx.Client) -> None:
    answer = client.get("/v1/context?q=bracket")
    assert (answer.status_code, answer.json()["code"]) == (409, "ambiguous-entity")
    assert "job/1044, job/1045" in answer.json()["detail"]


def test_a_kind_that_is_none_names_the_kinds(client: httpx.Client) -> None:
    for address in ("/v1/context/gadget/SAW-01", "/v1/context?q=SAW-01&kind=gadget"):
        answer = client.get(address)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown-entity")
        assert "machine" in answer.json()["hint"]


@pytest.mark.parametrize(
    ("asked", "accept", "media_type"),
    [
        ("md", "*/*", "text/markdown"),
        ("md", "text/html,*/*;q=0.8", "text/plain"),
        ("jsonld", "text/markdown", "application/ld+json"),
        ("compact", "text/markdown", "application/json"),
        ("", "text/markdown", "text/markdown"),
        ("", "application/ld+json", "application/ld+json"),
        ("", "text/html,*/*;q=0.8", "application/json"),
    ],
)
def test_the_format_is_chosen_by_name_and_else_by_accept(
    client: httpx.Client, asked: str, accept: str, media_type: str
) -> None:
    answer = client.get(
        "/v1/context/job/1043",
        params={"format": asked} if asked else {},
        headers={"Accept": accept},
    )
    assert answer.headers["content-type"].partition(";")[0] == media_type
    assert answer.headers["vary"] == "Accept"


def test_a_format_that_nobody_writes_is_not_acceptable(client: httpx.Client) -> None:
    answer = client.get("/v1/context/job/1043", headers={"Accept": "image/png"})
    assert (answer.status_code, answer.json()["code"]) == (406, "not-acceptable")


def test_a_card_cites_and_fits(client: httpx.Client) -> None:
    card = client.get("/v1/context/machine/SAW-01?format=md&max_tokens=200").text
    assert card.startswith('# machine/SAW-01 "Saw 1" | as of 2026-11-23T08:00:00Z')
    whole = client.get("/v1/context/machine/SAW-01?format=md&max_tokens=4000").text
    assert "] shop/run/1 " in whole
    assert len(card) < len(whole)


def test_compact_json_is_the_card_as_json_and_as_short_as_asked(client: httpx.Client) -> None:
    for name in ("machine/SAW-01", "job/1043"):
        answer = client.get(f"/v1/context/{name}?format=compact&max_tokens=600")
        found = answer.json()
        assert found["entity"] == name
        assert {fact["trust"] for fact in found["facts"]} <= {"system", "event", "derived"}
        assert estimate_tokens(answer.text) <= 600


def test_a_card_that_cannot_be_so_short_is_refused_with_what_to_ask(client: httpx.Client) -> None:
    answer = client.get("/v1/context/job/1045?focus=full&format=md&max_tokens=100")
    assert (answer.status_code, answer.json()["code"]) == (422, "card-too-short")
    hint = answer.json()["hint"]
    assert hint.startswith("ask with max_tokens=")
    tokens = hint.rsplit("=", 1)[1]
    again = client.get(f"/v1/context/job/1045?focus=full&format=md&max_tokens={tokens}")
    assert again.status_code == 200
    assert estimate_tokens(again.text) <= int(tokens)


@pytest.mark.parametrize(
    "question",
    [
        "why is job 1043 late on SAW-01",
        "varför är jobb 1043 sent",
        "Warum ist Fertigungsauftrag 1043 spät?",
    ],
)
def test_a_question_in_words_is_answered_and_how_it_was_read_is_told(
    client: httpx.Client, question: str
) -> None:
    found = client.get("/v1/context", params={"q": question})
    said = found.json()
    assert (found.status_code, said["entity"]["id"], said["focus"]) == (
        200,
        "job/1043",
        "why_late",
    )
    assert (said["asked"]["subject"]["id"], said["asked"]["focus"]) == ("job/1043", "why_late")
    card = client.get("/v1/context", params={"q": question, "format": "md"}).text
    assert card.startswith("# job/1043")
    assert "\nRead as why_late (" in card
    linked = client.get("/v1/context", params={"q": question, "format": "jsonld"}).json()
    assert linked["@graph"]


def test_a_question_that_can_be_about_two_things_is_given_back(client: httpx.Client) -> None:
    answer = client.get("/v1/context", params={"q": "Warum ist Auftrag 1043 spät?"})
    assert (answer.status_code, answer.json()["code"]) == (409, "ambiguous-entity")
    assert {"job/1043", "order/1043"} <= set(answer.json()["detail"].replace(",", " ").split())


def test_a_question_in_words_is_answered_in_compact_json_too(client: httpx.Client) -> None:
    answer = client.get("/v1/context", params={"q": "why is job 1043 late", "format": "compact"})
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["entity"] == "job/1043"
    assert answer.json()["read"].startswith("Read as why_late (")
    plain = client.get("/v1/context", params={"q": "job/1043", "format": "compact"})
    assert "read" not in plain.json()


def test_the_context_of_json_ld_is_published_and_the_one_that_answers_carry(
    client: httpx.Client,
) -> None:
    answer = client.get("/v1/context.jsonld")
    assert answer.headers["content-type"] == "application/ld+json"
    carried = client.get("/v1/context/job/1043?format=jsonld").json()["@context"]
    assert carried.pop("@base") == "https://small.example/"
    assert answer.json() == {"@context": carried}


def test_an_answer_is_as_of_now_or_of_the_latest_record(client: httpx.Client) -> None:
    for at in ("now", "latest"):
        assert client.get(f"/v1/context/job/1043?at={at}").status_code == 200
    for name in ("at", "believed_at"):
        answer = client.get(f"/v1/context/job/1043?{name}=2026-11-20T00:00:00Z")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown-entity")
        assert answer.json()["detail"] == "job/1043 was not known then"


def test_an_answer_as_of_a_time_is_given_in_every_form(client: httpx.Client) -> None:
    asked = "/v1/context/job/1043?at=2026-11-23T08:00:00Z&believed_at=2026-11-23T08:00:00Z"
    then, now = client.get(asked).json(), client.get("/v1/context/job/1043").json()
    assert then["slots"]["customer"]["facts"] == now["slots"]["customer"]["facts"]
    assert then["as_of"] == "2026-11-23T08:00:00Z"
    assert client.get(f"{asked}&format=md").text.startswith("# job/1043")
    assert client.get(f"{asked}&format=jsonld").json()["@graph"]


@pytest.mark.parametrize("name", ["at", "believed_at"])
@pytest.mark.parametrize("time", ["yesterday", "2026-02-30", "2027-01-01T00:00:00Z", "x" * 41])
def test_a_time_that_cannot_be_or_is_to_come_is_refused(
    client: httpx.Client, name: str, time: str
) -> None:
    answer = client.get("/v1/context/job/1043", params={name: time})
    assert (answer.status_code, answer.json()["code"]) == (400, "parameter")
    assert name in answer.json()["detail"]


@pytest.mark.parametrize(
    "query", ["max_tokens=99", "max_tokens=4001", "max_tokens=x", "format=xml", "max_token=500"]
)
def test_an_impossible_parameter_is_named(client: httpx.Client, query: str) -> None:
    answer = client.get(f"/v1/context/job/1043?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "parameter")
    assert query.partition("=")[0] in answer.json()["detail"]


def test_nothing_asked_is_an_impossible_parameter(client: httpx.Client) -> None:
    for query in ("", "?q="):
        assert client.get(f"/v1/context{query}").json()["code"] == "parameter"
