"""A plant with its graph in a SPARQL server gives the answers of the embedded one."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kg.demo import DEFAULT_HOURS, build_plant
from kg.errors import StoreError
from kg.owner import Owner
from kg.pipeline import Pipeline
from kg.settings import load_plant
from kg.store import endpoint, updates
from tests.sparql_servers import Link, SparqlServer, free_port
from tests.unit.api.conftest import served

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)
ENTITIES = ("SAW-01", "MILL-01", "LATHE-04", "job/1043", "customer/KAL", "batch/4790", "part/P-100")
NAMED = {
    "machine": "SAW-01",
    "job": "1043",
    "customer": "KAL",
    "batch": "4790",
    "thing": "1043",
    "order": "5040",
    "specification": "spec/P-100-C",
    "at": "2026-11-23T08:00:00Z",
    "since": "2026-11-23T06:00:00Z",
}
QUERY = "SELECT ?g ?c { ?j tr:forCustomer ?c OPTIONAL { GRAPH ?g { ?j a tr:Job } } }"
STORE = """
[store]
endpoint = "{0.endpoint}"
update = "{0.update}"
"""
GRAPH_STORE = 'graph_store = "{0.graph_store}"\n'
ACCOUNT = 'user = "${SPARQL_USER}"\npassword_file = "password.txt"\n'
SMALL = """\
[plant]
name = "Small"
base = "https://small.example/"
[[source]]
name = "erp"
mapping = "erp"
path = "."
"""
SOURCE = """\
[source]
name = "erp"
adapter = "files"
[[table]]
name = "jobs"
mapping = "jobs.yml"
file = "jobs.csv"
key = ["id"]
"""
MAPPING = """\
prefixes:
  tr: https://w3id.org/traveler/ontology/
mappings:
  job:
    sources: [[jobs~table]]
    s: job/$(id)
    po:
      - [a, tr:Job]
      - [tr:identifier, $(number)]
      - [tr:makes, part/$(part)~iri]
"""


def take_server(request: pytest.FixtureRequest) -> SparqlServer:
    found: SparqlServer = request.getfixturevalue(f"{request.param}_server")
    for base in ("https://small.example/", "https://demo.example/"):
        found.wipe(base)
    return found


@pytest.fixture(params=["oxigraph", pytest.param("virtuoso", marks=pytest.mark.server)])
def server(request: pytest.FixtureRequest) -> SparqlServer:
    return take_server(request)


def place_graph(folder: Path, server: SparqlServer, monkeypatch: pytest.MonkeyPatch) -> None:
    text = STORE.format(server)
    if server.account is None:
        text += GRAPH_STORE.format(server)
    else:
        text += ACCOUNT
        monkeypatch.setenv("SPARQL_USER", server.account[0])
        (folder / "password.txt").write_text(server.account[1] + "\n")
    with (folder / "plant.toml").open("a") as file:
        file.write(text)


def traveler(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kg.cli", *words]
    return subprocess.run(command, input=QUERY, capture_output=True, text=True, check=False)


def write_small(folder: Path) -> Path:
    (folder / "erp").mkdir(parents=True)
    (folder / "plant.toml").write_text(SMALL)
    (folder / "erp/source.toml").write_text(SOURCE)
    (folder / "erp/jobs.yml").write_text(MAPPING)
    write_jobs(folder, 60, "A")
    return folder


def write_jobs(folder: Path, count: int, part: str) -> None:
    rows = [f"{n},J-{n},{part}{n % 7}" for n in range(count)]
    (folder / "jobs.csv").write_text("\n".join(["id,number,part", *rows, ""]))


def fold(work: Pipeline, now: datetime) -> bool:
    work.read(now)
    return work.apply(now).is_rebuild


def makers_of(work: Pipeline, part: str) -> int:
    return len(work.store.select(f"SELECT ?j {{ ?j tr:makes <part/{part}> ; a tr:Job }}"))


def test_a_plant_is_loaded_changed_and_rebuilt_in_a_server(
    server: SparqlServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_small(tmp_path)
    place_graph(folder, server, monkeypatch)
    with Pipeline.open(load_plant(folder)) as work:
        assert fold(work, NOW)
        assert makers_of(work, "A1") == 9
    write_jobs(folder, 55, "B")
    with Pipeline.open(load_plant(folder)) as work:
        assert not fold(work, NOW)
        assert (makers_of(work, "A1"), makers_of(work, "B1")) == (0, 8)
        assert len(work.store.select("SELECT ?j { ?j a tr:Job }")) == 55
    mapping = folder / "erp/jobs.yml"
    mapping.write_text(MAPPING.replace("part/$(part)", "part/new-$(part)"))
    with Pipeline.open(load_plant(folder)) as work:
        assert (makers_of(work, "B1"), makers_of(work, "new-B1")) == (8, 0)
        assert fold(work, NOW)
        assert (makers_of(work, "B1"), makers_of(work, "new-B1")) == (0, 8)
        with served(Owner(work, lambda: NOW)) as client:
            answer = client.get("/v1/context", params={"q": "J-3"}).json()
            assert answer["slots"]["part"]["facts"][0]["value"] == "part/new-B3"
            query = "SELECT ?g { GRAPH ?g { ?j tr:identifier 'J-3' } }"
            (row,) = client.get("/sparql", params={"query": query}).json()["results"]["bindings"]
            assert row["g"]["value"] == "https://small.example/record/erp/jobs/3"
            assert client.get("/ready").json()["ready"]


def test_a_load_that_was_cut_off_is_finished_by_the_next(
    server: SparqlServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updates, "CHUNK_QUADS", 20)
    monkeypatch.setattr(endpoint, "PAUSES_SECONDS", ())
    folder = write_small(tmp_path)
    with closing(Link(server)) as link:
        place_graph(folder, link.server, monkeypatch)
        with Pipeline.open(load_plant(folder)) as work:
            fold(work, NOW)
            write_jobs(folder, 60, "B")
            for lost in (3, 5):
                link.writes, link.lost = 0, lambda number, lost=lost: number >= lost and "request"
                with pytest.raises(StoreError):
                    fold(work, NOW)
                assert work.store.applied_seq() == 60
                # More is read while the server is away: it is not what was cut off.
                write_jobs(folder, 60, f"C{lost}")
            link.lost = lambda _: None
            assert not fold(work, NOW)
            present = work.store.graph("")
            assert makers_of(work, "C51") == 9
            assert work.store.applied_seq() == work.journal.last_seq()
            work.rebuild(NOW)
            assert work.store.graph("") == present


def test_who_comes_after_a_batch_that_was_cut_off_begins_with_the_whole(
    server: SparqlServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updates, "CHUNK_QUADS", 20)
    monkeypatch.setattr(endpoint, "PAUSES_SECONDS", ())
    folder = write_small(tmp_path)
    with closing(Link(server)) as link:
        place_graph(folder, link.server, monkeypatch)
        with Pipeline.open(load_plant(folder)) as work:
            fold(work, NOW)
            write_jobs(folder, 60, "B")
            link.writes, link.lost = 0, lambda number: number >= 5 and "request"
            with pytest.raises(StoreError):
                fold(work, NOW)
            link.lost = lambda _: None
        with Pipeline.open(load_plant(folder)) as work:
            work.prepare()
            write_jobs(folder, 60, "A")
            assert not fold(work, NOW)
            present = work.store.graph("")
            assert makers_of(work, "A1") == 9
            work.rebuild(NOW)
            assert work.store.graph("") == present


def test_a_server_that_is_not_there_is_one_line_and_a_hint(tmp_path: Path) -> None:
    folder = write_small(tmp_path)
    url = f"http://127.0.0.1:{free_port()}/sparql"
    with (folder / "plant.toml").open("a") as file:
        file.write(f'[store]\nendpoint = "{url}"\nupdate = "{url}"\n')
    result = traveler("load", "--plant", str(folder))
    assert result.returncode == 2
    assert f"The SPARQL endpoint {url} cannot be reached" in result.stderr.replace("\n", " ")
    assert "Traceback" not in result.stderr


# The demo plant


def by_value(answer: Any) -> Any:
    """Leave out the order of rows: Virtuoso sorts a column of IRIs and texts in its own way."""
    if isinstance(answer, list):
        return sorted(map(by_value, answer), key=json.dumps)
    if isinstance(answer, dict):
        return {key: by_value(answer[key]) for key in sorted(answer)}
    return answer


def answers_of(work: Pipeline, now: datetime) -> dict[str, Any]:
    answers = work.answers()
    found: dict[str, Any] = {name: answers.context(name, now).to_dict() for name in ENTITIES}
    found["check"] = answers.check(now).to_dict()
    for name, question in answers.questions.items():
        given = {key: NAMED[key] for key in question.parameters if key in NAMED}
        found[name] = answers.ask(name, given, now)
    return by_value(json.loads(json.dumps(found)))


def go_on(folder: Path, simulation: Any) -> tuple[list[dict[str, Any]], set]:
    """Ask a loaded plant, let it go on, ask again, rebuild it and ask once more."""
    with Pipeline.open(load_plant(folder)) as work:
        said = [answers_of(work, NOW)]
        simulation.advance(LATER)
        work.read(LATER)
        applied = work.apply(LATER)
        assert (applied.is_rebuild, applied.records > 20) == (False, True)
        work.validate(LATER)
        said.append(answers_of(work, LATER))
        present = work.store.graph("")
        work.rebuild(LATER)
        assert work.store.graph("") == present
        said.append(answers_of(work, LATER))
        return said, present


@pytest.mark.slow
def test_the_demo_plant_answers_the_same(
    server: SparqlServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [
        ["check", "--format", "json"],
        ["context", "SAW-01", "--format", "json"],
        ["ask", "-Q", "what-runs-on-a-machine", "--set", "machine=SAW-01", "--format", "json"],
    ]
    told, seen = [], []
    for kind in ("embedded", "remote"):
        folder = tmp_path / kind
        with build_plant(folder, 7, NOW - timedelta(hours=DEFAULT_HOURS)) as simulation:
            if kind == "remote":
                place_graph(folder, server, monkeypatch)
            plant = ["--plant", str(folder)]
            at = [*plant, "--now", NOW.isoformat()]
            loaded = traveler("load", *at).stdout
            said = [re.sub(r"\d+\.\d\d\s+s", "some time", loaded)]
            said += [by_value(json.loads(traveler(*words, *at).stdout)) for words in asked]
            found = traveler("query", "-", "--format", "json", *plant).stdout
            said.append(by_value(json.loads(found)))
            fact = said[2]["slots"]["customer"]["facts"][0]["id"]
            said.append(traveler("explain", fact, *at).stdout)
            told.append(said)
            seen.append(go_on(folder, simulation))
    assert "some time" in told[0][0]
    assert "said by" in told[0][-1]
    assert told[0] == told[1]
    assert seen[0][1] == seen[1][1]
    assert seen[0][0] == seen[1][0]
