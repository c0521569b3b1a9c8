"""Notes over HTTP: written, listed, confirmed and contradicted, by whoever may."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.models import ContextAnswer
from api.notes import NotesAnswer, NoteWritten
from kg.owner import announce
from tests.unit.api.access_plant import Guarded, guarded
from tests.unit.api.conftest import opened, served

BODY = {"about": "machine/SAW-01", "text": "Blade wanders.", "by": "P12"}
SETTINGS = """
[access]
requests_per_minute = 6000
burst = 5000
[[role]]
name = "post"
scopes = ["notes:write"]
[[role]]
name = "workshop"
scopes = ["context:read", "notes:write"]
hides = ["tr:orderedBy"]
[[role]]
name = "yard"
scopes = ["context:read", "notes:write"]
hides = ["tr:Machine"]
"""


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """A plant of several roles, served."""
    with guarded(tmp_path_factory.mktemp("noted"), SETTINGS) as found:
        yield found


def written(answer: httpx.Response, status: int = 201) -> NoteWritten:
    assert answer.status_code == status, answer.text
    return NoteWritten.model_validate_json(answer.content)


def texts(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [note.text for note in NotesAnswer.model_validate_json(answer.content).notes]


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_note_is_written_told_confirmed_and_contradicted(own_client: httpx.Client) -> None:
    note = written(own_client.post("/v1/notes", json=BODY | {"key": "k1"}))
    assert (note.label, note.state, note.is_new) == ("Saw 1", "unconfirmed", True)
    again = written(own_client.post("/v1/notes", json=BODY | {"key": "k1"}), 200)
    assert (again.id, again.is_new) == (note.id, False)
    context = own_client.get("/v1/context/machine/SAW-01")
    told = ContextAnswer.model_validate_json(context.content).notes
    assert [(one["text"], one["stated_by"]) for one in told] == [("Blade wanders.", "person/P12")]
    path = f"/v1/{note.id.replace('note/', 'notes/')}/confirm"
    own = own_client.post(path, json={"by": "P12"})
    assert code_of(own) == (409, "own-note")
    confirmed = written(own_client.post(path, json={"by": "P20"}), 200)
    assert [(one.by, one.at) for one in confirmed.confirmed_by] == [
        ("person/P20", "2026-11-23T08:00:00Z")
    ]
    full = own_client.post(f"/v1/notes/{note.id}/confirm", json={"by": "P20"})
    assert written(full, 200).is_new is False
    denial = {"text": "It was changed.", "by": "P30", "contradicts": note.id}
    denied = written(own_client.post("/v1/notes", json=denial))
    assert denied.about == "machine/SAW-01"
    listed = NotesAnswer.model_validate_json(own_client.get("/v1/notes?about=Saw 1").content)
    assert {one.id: one.state for one in listed.notes} == {
        note.id: "contradicted",
        denied.id: "unconfirmed",
    }
    gone = written(own_client.request("DELETE", path, json={"by": "P20"}), 200)
    assert gone.confirmed_by == []
    missing = own_client.request("DELETE", path, json={"by": "P20"})
    assert code_of(missing) == (404, "unknown-entity")


def test_an_answer_that_is_kept_tells_the_new_note(own_client: httpx.Client) -> None:
    path = "/v1/context/machine/SAW-01"
    own_client.get(path)
    assert "hit" in own_client.get(path).headers["Cache-Status"]
    note = written(own_client.post("/v1/notes", json=BODY))
    assert [one["state"] for one in own_client.get(path).json()["notes"]] == ["unconfirmed"]
    assert "hit" in own_client.get(path).headers["Cache-Status"]
    own_client.post(f"/v1/notes/{note.id}/confirm", json={"by": "P20"})
    assert [one["state"] for one in own_client.get(path).json()["notes"]] == ["confirmed"]
    denial = {"text": "No.", "by": "P30", "contradicts": note.id}
    own_client.post("/v1/notes", json=denial)
    assert own_client.get(path).json()["notes"][0]["state"] == "contradicted"
    assert own_client.get(path).json()["notes"][0]["state"] == "contradicted", "as it is kept"


def test_a_page_ends_where_the_next_begins(own_client: httpx.Client) -> None:
    for number in range(5):
        own_client.post("/v1/notes", json=BODY | {"text": f"note {number}"})
    found, after = [], ""
    for _ in range(4):
        told = own_client.get("/v1/notes", params={"limit": 2, "after": after}).json()
        found += [note["text"] for note in told["notes"]]
        if told["next"] is None:
            break
        after = told["next"]
    assert sorted(found) == [f"note {number}" for number in range(5)]
    assert texts(own_client.get("/v1/notes?state=expired")) == []
    assert code_of(own_client.get("/v1/notes?after=never")) == (400, "parameter")
    assert code_of(own_client.get("/v1/notes?state=old")) == (400, "parameter")
    assert code_of(own_client.get("/v1/notes?about=SAW-9")) == (404, "unknown-entity")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", (400, "parameter")),
        ("[", (400, "parameter")),
        ("{}", (400, "parameter")),
        ('{"text": "x", "by": "P12"}', (400, "body")),
        ('{"about": "SAW-01", "text": "", "by": "P12"}', (400, "parameter")),
        ('{"about": "SAW-01", "text": " ", "by": "P12"}', (400, "body")),
        ('{"about": "SAW-01", "text": "x", "by": ""}', (400, "parameter")),
        ('{"about": "SAW-01", "text": "x", "by": "P12", "more": 1}', (400, "parameter")),
        ('{"about": "SAW-01", "text": "\\u0000", "by": "P12"}', (400, "body")),
        ('{"about": "SAW-01", "text": "\\ud800", "by": "P12"}', (400, "parameter")),
        ('{"about": "SAW-9", "text": "x", "by": "P12"}', (404, "unknown-entity")),
        ('{"text": "x", "by": "P12", "contradicts": "note/none"}', (404, "unknown-entity")),
        ('{"about": "SAW-01", "text": "x", "by": "P12", "expires_at": "1999"}', (400, "body")),
    ],
)
def test_a_body_that_is_no_note_writes_nothing(
    client: httpx.Client, body: str, expected: tuple[int, str]
) -> None:
    answer = client.post("/v1/notes", content=body, headers={"Content-Type": "application/json"})
    assert code_of(answer) == expected, answer.text
    assert answer.json()["detail"]
    assert texts(client.get("/v1/notes")) == []


def test_who_may_only_write_notes_reads_and_writes_nothing_else(plant: Guarded) -> None:
    key = plant.key("post")
    note = written(plant.ask("POST", "/v1/notes", key, json=BODY | {"text": "from a post"}))
    assert "from a post" in texts(plant.ask("GET", "/v1/notes?about=SAW-01", key))
    assert "from a post" in texts(plant.ask("GET", "/v1/notes", key))
    other = plant.ask("POST", f"/v1/notes/{note.id}/confirm", key, json={"by": "P20"})
    assert written(other, 200).state == "confirmed"
    assert plant.ask("GET", "/v1/plant", key).status_code == 200
    for path in ("/v1/context/machine/SAW-01", "/v1/machines", "/v1/gaps", "/v1/stream", "/plain"):
        assert plant.ask("GET", path, key).status_code == 403, path
    fact = plant.ask("POST", "/v1/notes", key, json=BODY | {"contradicts": "job/1043~customer~0"})
    assert code_of(fact) == (403, "forbidden")


def test_who_reads_does_not_write_and_who_is_nobody_does_neither(plant: Guarded) -> None:
    reader = plant.key("reader")
    assert plant.ask("GET", "/v1/notes", reader).status_code == 200
    assert code_of(plant.ask("POST", "/v1/notes", reader, json=BODY)) == (403, "forbidden")
    sender = plant.key("sender")
    assert code_of(plant.ask("GET", "/v1/notes", sender)) == (403, "forbidden")
    assert plant.ask("GET", "/v1/notes").status_code == 401
    assert plant.ask("POST", "/v1/notes", json=BODY).status_code == 401
    kiosk = plant.key("kiosk")
    assert written(plant.ask("POST", "/v1/notes", kiosk, json=BODY | {"text": "kiosk"}))


def test_what_a_role_does_not_see_its_notes_do_not_tell(plant: Guarded) -> None:
    admin, workshop, yard = plant.key("admin"), plant.key("workshop"), plant.key("yard")
    order = BODY | {"about": "job/1043", "text": "It is for Nordwind after all."}
    about_job = written(plant.ask("POST", "/v1/notes", admin, json=order))
    about_saw = written(plant.ask("POST", "/v1/notes", admin, json=BODY | {"text": "of a saw"}))
    whole = plant.ask("GET", "/v1/notes", workshop)
    assert code_of(whole) == (403, "withheld")
    assert "of a saw" in texts(plant.ask("GET", "/v1/notes?about=SAW-01", workshop))
    (told,) = texts(plant.ask("GET", "/v1/notes?about=job/1043", workshop))
    assert "Nordwind" not in told
    assert code_of(plant.ask("GET", "/v1/notes?about=SAW-01", yard)) == (404, "unknown-entity")
    mine = plant.ask("POST", "/v1/notes", yard, json=BODY)
    assert code_of(mine) == (404, "unknown-entity")
    path = f"/v1/notes/{about_saw.id}/confirm"
    assert code_of(plant.ask("POST", path, yard, json={"by": "P20"})) == (404, "unknown-entity")
    denial = {"text": "No.", "by": "P20", "contradicts": about_saw.id}
    assert code_of(plant.ask("POST", "/v1/notes", yard, json=denial)) == (404, "unknown-entity")
    seen = plant.ask("POST", f"/v1/notes/{about_job.id}/confirm", yard, json={"by": "P20"})
    assert written(seen, 200).state == "confirmed"
    facts = plant.ask("GET", "/v1/context/job/1043", admin).json()["slots"]["customer"]["facts"]
    hidden = {"text": "No.", "by": "P20", "contradicts": facts[0]["id"]}
    assert written(plant.ask("POST", "/v1/notes", admin, json=hidden)).contradicts
    refused = plant.ask("POST", "/v1/notes", workshop, json=hidden)
    assert code_of(refused) == (404, "unknown-entity")
    listed = plant.ask("GET", "/v1/notes?about=job/1043", workshop).json()["notes"]
    assert [note["contradicts"] for note in listed] == [None, None]


def test_the_audit_log_tells_of_what_and_not_what_was_said(plant: Guarded) -> None:
    admin = plant.key("admin", "auditor")
    plant.ask("POST", "/v1/notes", admin, json=BODY | {"text": "hush hush"})
    lines: list[dict[str, Any]] = []
    for count in range(1, 1_000):
        lines = [line for line in plant.audited(count) if line["who"] == "auditor"]
        if lines:
            break
    assert lines[-1]["about"] == "machine/SAW-01"
    assert "hush" not in str(lines)


def test_the_command_asks_the_owner_of_a_served_plant(own_plant: Path) -> None:
    def traveler(*words: str) -> str:
        command = [sys.executable, "-m", "kg.cli", "note", *words, "--plant", str(own_plant)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    with opened(own_plant) as owner, served(owner) as client:
        announce(owner.pipeline.plant.store_path, str(client.base_url).rstrip("/"))
        note = json.loads(traveler("SAW-01", "Blade wanders.", "--by", "P12", "--json"))
        confirmed = traveler("--confirm", note["id"], "--by", "P20", "-q")
        assert confirmed == ""
        assert "confirmed by person/P20" in traveler("--list", "Saw 1")
        traveler("--confirm", note["id"], "--by", "P20", "--undo")
        assert texts(client.get("/v1/notes?state=unconfirmed")) == ["Blade wanders."]
