from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from api import pages


def test_the_plant_tells_what_pages_must_know(client: httpx.Client) -> None:
    told = client.get("/v1/plant").json()
    assert told["name"] == "Small & <b>neat</b>"
    assert (told["zone"], told["base"]) == ("UTC", "https://small.example/")
    assert {"machine", "job", "batch"} <= set(told["kinds"])
    assert told["is_limited"] is False


def test_every_machine_has_the_status_of_its_context(client: httpx.Client) -> None:
    told = client.get("/v1/machines").json()
    ids = [one["id"] for one in told["machines"]]
    assert ids == ["machine/CELL%2F3", "machine/SAW-01", "machine/SAW-02"]
    for one in told["machines"]:
        context = client.get("/v1/context", params={"q": one["id"]}).json()
        assert {name: one[name] for name in context["status"]} == context["status"]
        assert one["runs"] == len(context["runs"])
        assert one["label"] == context["entity"]["label"]
    assert told["machines"][1]["state"] == "running"


def test_machines_come_in_parts(client: httpx.Client) -> None:
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        part = client.get("/v1/machines", params={"after": after, "limit": 1}).json()
        assert part["of"] == 3
        assert len(part["machines"]) == 1
        found += [one["id"] for one in part["machines"]]
        after = part["next"]
    assert found == ["machine/CELL%2F3", "machine/SAW-01", "machine/SAW-02"]
    assert client.get("/v1/machines?limit=0").json()["code"] == "parameter"


def test_terms_can_be_written_in_queries(client: httpx.Client) -> None:
    terms = client.get("/v1/terms").json()["terms"]
    by_name = {one["name"]: one for one in terms}
    assert by_name["tr:runningOn"]["kind"] == "property"
    assert by_name["tr:Machine"]["definition"]
    assert "<https://w3id.org/traveler/code/activity/idle>" in by_name
    values = " ".join(one["name"] for one in terms)
    query = f"PREFIX tr: <https://w3id.org/traveler/ontology/> ASK {{ VALUES ?t {{ {values} }} }}"
    found = client.post(
        "/sparql", content=query, headers={"Content-Type": "application/sparql-query"}
    )
    assert found.json()["boolean"] is True


def _built(folder: Path) -> None:
    (folder / "assets").mkdir()
    (folder / "index.html").write_text("<!doctype html><title>Built</title>")
    (folder / "assets" / "a-1.js").write_text("document.title = 'x';")
    (folder / "assets" / "a-1.txt").write_text("not one of ours")


def test_built_pages_are_sent(
    client: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _built(tmp_path)
    monkeypatch.setattr(pages, "FOLDER", tmp_path)
    first = client.get("/")
    assert "<title>Built" in first.text
    assert first.headers["content-encoding"] == "gzip"
    policy = first.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    script = client.get("/assets/a-1.js", headers={"Accept-Encoding": "identity"})
    assert script.text == "document.title = 'x';"
    assert "immutable" in script.headers["cache-control"]
    for name in ("a-1.txt", "..%2Findex.html", "%2e%2e%2findex.html", "b.js", "a%00.js"):
        answer = client.get(f"/assets/{name}")
        assert answer.status_code == 404, name
        assert answer.json()["code"] == "not-found"


def test_pages_that_were_not_built_say_how_to(
    client: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "FOLDER", tmp_path)
    assert "make web" in client.get("/").text
    assert client.get("/assets/a-1.js").status_code == 404
