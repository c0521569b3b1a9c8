"""What is connected and what mappings make of rows, while the plant is served and files change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from kg.owner import Owner
from tests.unit.api.access_plant import guarded
from tests.unit.api.conftest import opened, served

MORE = """
[[source]]
name = "later"
mapping = "later"
path = "data"
"""
LATER = """
[source]
name = "later"
adapter = "files"
[[table]]
name = "part"
mapping = "part.yml"
file = "part.csv"
key = ["no"]
required = ["no"]
"""
PART = """
prefixes:
  tr: https://w3id.org/traveler/ontology/
  rdfs: http://www.w3.org/2000/01/rdf-schema#
mappings:
  part:
    sources: [[part~table]]
    s: part/$(no)
    po:
      - [a, tr:Part]
      - [rdfs:label, $(name)]
"""


def rows(client: httpx.Client, table: str, query: str = "", source: str = "shop") -> dict[str, Any]:
    answer = client.get(f"/v1/sources/{source}/{table}{query}")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_every_table_tells_how_far_it_is_loaded(client: httpx.Client, owner: Owner) -> None:
    told = client.get("/v1/start").json()
    (source,) = told["sources"]
    assert (source["name"], source["adapter"], source["place"]) == ("shop", "files", "data")
    assert source["is_loaded"] is True
    tables = {one["name"]: one for one in source["tables"]}
    assert {name: one["records"] for name, one in tables.items()} == {
        "machine": 3,
        "job": 4,
        "run": 1,
    }
    assert tables["run"]["mapping"] == "shop/run.yml"
    assert all(one["is_current"] and one["waiting"] == {} for one in tables.values())
    folder = owner.pipeline.plant.folder
    shown = folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
    assert told["commands"]["serve"] == f"traveler serve --plant {shown}"
    assert told["commands"]["draft"].startswith(f"traveler init {shown} --from ")


def test_a_plant_whose_file_has_another_name_is_read_and_named_by_it(own_plant: Path) -> None:
    file = own_plant.rename(own_plant.with_name("night-shift.toml"))
    with opened(file) as owner, served(owner) as client:
        told = client.get("/v1/start").json()
        assert [one["name"] for one in told["sources"]] == ["shop"]
        assert told["commands"]["serve"] == f"traveler serve --plant {file}"
        assert told["commands"]["draft"] == (
            f"traveler init {file.parent} --plant {file} --from FILE"
        )
        assert rows(client, "job")["is_current"] is True


def test_a_row_stands_beside_what_is_made_of_it(client: httpx.Client, owner: Owner) -> None:
    told = rows(client, "run")
    assert (told["is_current"], told["is_loaded"], told["unused"]) == (True, True, [])
    (row,) = told["rows"]
    assert row["cells"]["machine"] == "SAW-01"
    facts = {(one["about"], one["predicate"]): one for one in row["facts"]}
    assert facts["run/1", "a"]["value"] == "Run"
    machine = facts["run/1", "onMachine"]
    assert (machine["value"], machine["columns"]) == ("machine/SAW-01", ["machine"])
    mapping = (owner.pipeline.plant.folder / "shop" / "run.yml").read_text("utf-8").splitlines()
    assert "tr:onMachine" in mapping[machine["line"] - 1]
    assert [one["key"] for one in rows(client, "job", "?rows=2")["rows"]] == ["10 46", "1043"]


def test_two_things_of_a_row_have_lines_of_their_own(client: httpx.Client, owner: Owner) -> None:
    mapping = (owner.pipeline.plant.folder / "shop" / "job.yml").read_text("utf-8").splitlines()
    facts = next(one for one in rows(client, "job")["rows"] if one["key"] == "1043")["facts"]
    classes = {one["value"]: one for one in facts if one["predicate"] == "a"}
    assert {"Job", "Allocation", "SalesOrder", "Customer"} <= classes.keys()
    for name, one in classes.items():
        assert f"tr:{name}]" in mapping[one["line"] - 1]
        assert one["columns"] == []


def test_rows_that_wait_are_counted_by_reason(
    own_plant: Path, own_owner: Owner, own_client: httpx.Client
) -> None:
    runs = own_plant.parent / "data" / "run.csv"
    runs.write_text(runs.read_text("utf-8") + "2,SAW-01,1044,soon,\n", encoding="utf-8")
    own_owner.round()
    (source,) = own_client.get("/v1/start").json()["sources"]
    run = next(one for one in source["tables"] if one["name"] == "run")
    ((code, count),) = run["waiting"].items()
    assert count == 1
    faults = [one["code"] for row in rows(own_client, "run")["rows"] for one in row["faults"]]
    assert faults == [code], "told at the row, where it could be read"


def test_a_mapping_is_seen_as_its_file_stands(own_plant: Path, own_client: httpx.Client) -> None:
    file = own_plant.parent / "shop" / "machine.yml"
    before = file.read_text("utf-8")
    file.write_text(before + "      - [tr:identifier, $(id)]\n", encoding="utf-8")
    told = rows(own_client, "machine")
    assert told["is_current"] is False
    made = {one["predicate"] for row in told["rows"] for one in row["facts"]}
    assert "identifier" in made
    file.write_text(before.replace("$(name)", "$(nmae)"), encoding="utf-8")
    answer = own_client.get("/v1/sources/shop/machine")
    assert (answer.status_code, answer.json()["code"]) == (500, "mapping")
    assert "machine.yml" in answer.json()["detail"]
    file.write_text(before, encoding="utf-8")
    assert rows(own_client, "machine")["is_current"] is True


def test_columns_that_nothing_reads_are_named(own_plant: Path, own_client: httpx.Client) -> None:
    file = own_plant.parent / "shop" / "job.yml"
    text = file.read_text("utf-8").replace("      - [rdfs:label, $(name)]\n", "")
    file.write_text(text, encoding="utf-8")
    assert rows(own_client, "job")["unused"] == ["name"]


def test_what_was_connected_later_is_seen_before_it_is_loaded(
    own_plant: Path, own_owner: Owner, own_client: httpx.Client
) -> None:
    folder = own_plant.parent
    (folder / "later").mkdir()
    (folder / "later" / "source.toml").write_text(LATER, encoding="utf-8")
    (folder / "later" / "part.yml").write_text(PART, encoding="utf-8")
    (folder / "data" / "part.csv").write_text("no,name\nP-1,Shaft\n,Bush\n", encoding="utf-8")
    own_plant.write_text(own_plant.read_text("utf-8") + MORE, encoding="utf-8")
    last = own_owner.pipeline.journal.last_seq()
    later = own_client.get("/v1/start").json()["sources"][1]
    assert (later["name"], later["is_loaded"]) == ("later", False)
    assert later["tables"][0]["is_current"] is False
    told = rows(own_client, "part", source="later")
    assert (told["is_current"], told["is_loaded"]) == (False, False)
    assert [one["value"] for one in told["rows"][0]["facts"]] == ["Part", "Shaft"]
    assert told["faults"][0]["code"] == "empty-key"
    assert own_owner.pipeline.journal.last_seq() == last, "nothing is kept of it"


def test_no_answer_holds_a_password(own_plant: Path, own_client: httpx.Client) -> None:
    folder = own_plant.parent
    (folder / "far").mkdir()
    text = LATER.replace('"later"', '"far"').replace('adapter = "files"', 'adapter = "mqtt"')
    text = text.replace('file = "part.csv"', 'topic = "part/{no}"')
    (folder / "far" / "source.toml").write_text(text, encoding="utf-8")
    (folder / "far" / "part.yml").write_text(PART, encoding="utf-8")
    far = MORE.replace("later", "far").replace(
        'path = "data"', 'url = "mqtt://broker.example:8883/s3cret?key=s3cret"\nuser_file = "who"'
    )
    own_plant.write_text(own_plant.read_text("utf-8") + far + 'password_file = "word"\n')
    for name in ("who", "word"):
        (folder / name).write_text("s3cret\n", encoding="utf-8")
        (folder / name).chmod(0o600)
    answer = own_client.get("/v1/start")
    assert answer.status_code == 200, answer.text
    assert answer.json()["sources"][1]["place"] == "mqtt://broker.example:8883"
    assert "s3cret" not in answer.text
    assert "s3cret" not in own_client.get("/v1/sources/far/part").text


@pytest.mark.parametrize("path", ["shop/nothing", "nothing/run", "traveler/accepted"])
def test_what_is_not_there_is_said_to_be(client: httpx.Client, path: str) -> None:
    answer = client.get(f"/v1/sources/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-entity")


@pytest.mark.parametrize("rows_asked", ["0", "51", "x"])
def test_no_more_rows_are_read_than_one_looks_at(client: httpx.Client, rows_asked: str) -> None:
    answer = client.get(f"/v1/sources/shop/run?rows={rows_asked}")
    assert (answer.status_code, answer.json()["code"]) == (400, "parameter")


def test_only_who_may_administer_sees_it(tmp_path: Path) -> None:
    with guarded(tmp_path) as plant:
        for path in ("/v1/start", "/v1/sources/shop/run"):
            assert plant.ask("GET", path, plant.key("reader")).status_code == 403
            assert plant.ask("GET", path, plant.key("admin")).status_code == 200


def test_a_command_is_as_short_as_it_can_be_from_here(
    client: httpx.Client, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(owner.pipeline.plant.folder.parent)
    name = owner.pipeline.plant.folder.name
    assert client.get("/v1/start").json()["commands"]["serve"] == f"traveler serve --plant {name}"
