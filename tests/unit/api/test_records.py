"""What other systems send is durable when it is accepted, and once however often it is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest

from api.guard import MAX_BODY_BYTES, MAX_RECORDS_BYTES
from kg.journal import Journal
from kg.owner import Owner
from kg.pipeline import Pipeline
from kg.settings import load_plant
from tests.live_plant import NOW, state_row, write_live_plant
from tests.unit.api.conftest import served

ROUTE = "/v1/records/line/state"
TOKEN = "s3cret-ü"


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plant to which a line pushes states; a source of files takes machines only."""
    monkeypatch.setenv("LINE_TOKEN", TOKEN)
    path = write_live_plant(tmp_path)
    hall = tmp_path / "hall"
    hall.mkdir()
    text = (tmp_path / "line" / "source.toml").read_text().replace('name = "line"', 'name = "hall"')
    text = text.replace('adapter = "push"', 'adapter = "files"')
    text = text.replace('name = "machine"', 'name = "machine"\npush = true\nfile = "none.csv"')
    (hall / "source.toml").write_text(text)
    for name in ("state.yml", "machine.yml"):
        (hall / name).write_text((tmp_path / "line" / name).read_text())
    with path.open("a") as file:
        file.write('[[source]]\nname = "hall"\nmapping = "hall"\npath = "."\n')
        file.write('[[source]]\nname = "safe"\nmapping = "line"\ntoken = "${LINE_TOKEN}"\n')
    return path


@pytest.fixture
def owner(plant: Path) -> Iterator[Owner]:
    with Pipeline.open(load_plant(plant)) as pipeline:
        yield Owner(pipeline, lambda: NOW)


@pytest.fixture
def client(owner: Owner) -> Iterator[httpx.Client]:
    with served(owner) as client:
        yield client


def post(
    client: httpx.Client, content: bytes, kind: str = "json", **headers: str
) -> httpx.Response:
    sent = {"Content-Type": f"application/{kind}", **headers}
    return client.post(ROUTE, content=content, headers=sent)


def test_a_record_is_accepted_once_it_is_durable(client: httpx.Client, owner: Owner) -> None:
    answer = post(client, state_row(1))
    assert answer.status_code == 202
    assert answer.json() == {
        "records": 1,
        "new": 1,
        "unchanged": 0,
        "filtered": 0,
        "quarantined": 0,
        "refused": [],
        "warnings": [],
        "seq": 1,
    }
    with closing(Journal.open(owner.pipeline.plant.journal_path)) as journal:
        (record,) = journal.records_after(0, 9)
    assert record.key == "M1|2026-11-23T06:01:00Z"
    assert record.position == f"POST {ROUTE}"


def test_records_sent_again_change_nothing_whatever_form_they_take(client: httpx.Client) -> None:
    rows = [state_row(number) for number in range(3)]
    assert post(client, b"[" + b",".join(rows) + b"]").json()["new"] == 3
    lines = post(client, b"\r\n".join([*rows, b"", state_row(9)]), "x-ndjson; charset=utf-8")
    assert (lines.json()["new"], lines.json()["unchanged"], lines.json()["seq"]) == (1, 3, 4)
    assert post(client, b"[]").json()["records"] == 0


def test_a_bad_line_says_which_it_is_and_does_not_hold_up_the_others(
    client: httpx.Client, owner: Owner
) -> None:
    lines = [state_row(1), b'{"machine": ', state_row(2, activity="-"), state_row(3)]
    answer = post(client, b"\n".join(lines), "x-ndjson")
    told = answer.json()
    assert answer.status_code == 202
    assert (told["new"], told["quarantined"]) == (2, 2)
    assert [(row["position"], row["code"]) for row in told["refused"]] == [
        (f"POST {ROUTE}#2", "bad-row"),
        (f"POST {ROUTE}#3", "missing-required"),
    ]
    assert all(row["hint"] for row in told["refused"])
    first, _ = owner.pipeline.journal.waiting()
    assert first.rejected.raw == '{"machine":'


def test_what_was_sent_is_in_the_graph_at_once_although_nothing_is_polled(
    client: httpx.Client, owner: Owner
) -> None:
    owner.start(3600)
    try:
        post(client, state_row(1, "M7"))
        deadline = monotonic() + 20
        while owner.pipeline.store.applied_seq() < 1:
            assert monotonic() < deadline
            sleep(0.02)
        ready = client.get("/ready").json()
        (line, _) = ready["feeds"]
        assert (line["source"], line["new"], line["is_connected"]) == ("line", 1, True)
    finally:
        owner.stop()


@pytest.mark.parametrize(
    ("route", "content", "kind", "status", "code", "said"),
    [
        ("line/state", b"{", "json", 400, "body", "nothing of it was taken"),
        ("line/state", b"", "json", 400, "body", "nothing of it was taken"),
        ("line/state", b"a=1", "x-www-form-urlencoded", 415, "media-type", "application/json"),
        ("lime/state", b"{}", "json", 404, "unknown-entity", "did you mean line?"),
        ("line/sate", b"{}", "json", 404, "unknown-entity", "did you mean state?"),
        ("line/x", b"{}", "json", 404, "unknown-entity", "the tables of line are state, machine"),
        ("hall/state", b"{}", "json", 403, "push-refused", "push = true"),
        ("safe/state", b"{}", "json", 401, "unauthorized", "Bearer"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_what_to_do(
    client: httpx.Client, route: str, content: bytes, kind: str, status: int, code: str, said: str
) -> None:
    headers = {"Content-Type": f"application/{kind}"}
    answer = client.post(f"/v1/records/{route}", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert said in answer.json()["hint"]


def test_a_table_of_another_adapter_takes_records_where_it_is_allowed(
    client: httpx.Client,
) -> None:
    answer = client.post("/v1/records/hall/machine", json={"machine": "M1", "label": "Mill"})
    assert answer.json()["new"] == 1


@pytest.mark.parametrize("given", ["", TOKEN, f"Basic {TOKEN}", "Bearer s3cret-u", "Bearer"])
def test_a_source_with_a_token_takes_nothing_without_it(client: httpx.Client, given: str) -> None:
    answer = client.post(
        "/v1/records/safe/state", content=state_row(1), headers={"Authorization": given.encode()}
    )
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert TOKEN not in answer.text


def test_a_source_with_a_token_takes_records_with_it(client: httpx.Client) -> None:
    sent = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}".encode()}
    answer = client.post("/v1/records/safe/state", content=state_row(1), headers=sent)
    assert answer.status_code == 202


def test_a_body_may_be_larger_than_elsewhere_and_not_without_end(client: httpx.Client) -> None:
    large = json.dumps([{"machine": "M1", "ts": f"{n}", "note": "x" * 1000} for n in range(100)])
    assert MAX_BODY_BYTES < len(large) < MAX_RECORDS_BYTES
    assert post(client, large.encode()).status_code == 202
    told = client.post(ROUTE, content=iter([b"["] + [b" " * 1_000_000] * 17))
    assert told.status_code == 415
    headers = {"Content-Type": "application/json"}
    untold = client.post(ROUTE, content=iter([b"["] + [b" " * 1_000_000] * 17), headers=headers)
    assert (untold.status_code, untold.json()["code"]) == (413, "too-large")
    assert post(client, b" " * (MAX_RECORDS_BYTES + 1)).status_code == 413
    assert post(client, b"{}", **{"Content-Encoding": "gzip"}).status_code == 415


def test_many_senders_at_once_lose_nothing(client: httpx.Client, owner: Owner) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: post(client, state_row(n, f"M{n}")), range(40)))
    assert {answer.status_code for answer in answers} == {202}
    assert owner.pipeline.journal.last_seq() == 40
    assert sorted(answer.json()["new"] for answer in answers) == [1] * 40
