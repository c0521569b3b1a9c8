"""People are codes; a name stands apart, and once it is forgotten not one byte of it is left."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kg.answer.render import to_json
from kg.cli import people
from kg.errors import ConfigError, UnknownEntity
from kg.journal.people import REDACTED
from kg.pipeline import Pipeline
from kg.settings import load_plant

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
PLANT = """
[plant]
name = "People"
base = "https://people.example/"
[[source]]
name = "hr"
mapping = "hr"
path = "data"
[[source]]
name = "identity"
mapping = "identity"
path = "data"
"""
HR = """
[source]
name = "hr"
system = "HR"
adapter = "files"
[[table]]
name = "employee"
mapping = "employee.yml"
file = "employee.csv"
key = ["badge"]
personal = ["first", "last"]
[[table]]
name = "note"
mapping = "note.yml"
file = "note.csv"
key = ["id"]
free_text = ["text"]
[[table]]
name = "job"
mapping = "job.yml"
file = "job.csv"
key = ["id"]
"""
IDENTITY = """
[source]
name = "identity"
system = "sheet"
adapter = "files"
[[table]]
name = "badge"
mapping = "badge.yml"
file = "badge.csv"
key = ["alias"]
"""
PREFIXES = """
prefixes:
  tr: https://w3id.org/traveler/ontology/
  owl: http://www.w3.org/2002/07/owl#
  rdfs: http://www.w3.org/2000/01/rdf-schema#
  xsd: http://www.w3.org/2001/XMLSchema#
mappings:
  thing:
"""
MAPPINGS = {
    "hr/employee": """
    sources: [[employee~table]]
    s: person/$(badge)
    po:
      - [a, tr:Person]
      - [tr:identifier, $(badge)]
""",
    "hr/note": """
    sources: [[note~table]]
    s: note/$(id)
    po:
      - [a, tr:Note]
      - [tr:text, $(text)]
      - [tr:about, machine/$(about)~iri]
      - [tr:statedBy, person/$(person)~iri]
      - [tr:expiresAt, $(until), xsd:date]
""",
    "hr/job": """
    sources: [[job~table]]
    s: job/$(id)
    po:
      - [a, tr:Job]
      - [rdfs:label, $(title)]
      - [tr:text, $(remark)]
""",
    "identity/badge": """
    sources: [[badge~table]]
    s: person/$(badge)
    po:
      - [owl:sameAs, person/$(alias)~iri]
""",
}
NAME = "Anna Åberg"
SECRET = "my back hurts since the night shift"
OLD_SECRET = "I was at the doctor's"
DATA = {
    "employee": f"badge,first,last\nP12,{NAME.replace(' ', ',')}\nP13,Bo,Berg\n",
    "note": f"id,text,about,person,until\n1,{SECRET},M1,P12,\n2,oil is low,M1,P13,\n",
    "job": f"id,title,remark\n1,Berg AB shaft,ask {NAME} first\n",
    "badge": "badge,alias\nP12,mes-7\n",
}


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    """A loaded plant of two people, what they said, and an alias of one of them."""
    for folder, source in (("hr", HR), ("identity", IDENTITY)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "source.toml").write_text(source)
    (tmp_path / "data").mkdir()
    (tmp_path / "plant.toml").write_text(PLANT)
    for name, mapping in MAPPINGS.items():
        (tmp_path / f"{name}.yml").write_text(PREFIXES + mapping)
    for name in DATA:
        write(tmp_path, name)
    load(tmp_path)
    return tmp_path


def write(folder: Path, name: str, text: str = "") -> None:
    (folder / "data" / f"{name}.csv").write_text(text or DATA[name], encoding="utf-8")


def load(folder: Path, now: datetime = NOW) -> None:
    with Pipeline.open(load_plant(folder)) as work:
        work.read(now)
        work.apply(now)


def holding(folder: Path, words: str) -> set[str]:
    """Give the files of journal and store that hold some words, found by their bytes."""
    files = [*folder.glob("journal.sqlite*"), *(folder / "store").rglob("*")]
    assert len(files) > 5
    return {
        path.relative_to(folder).parts[0]
        for path in files
        if path.is_file() and words.encode() in path.read_bytes()
    }


def test_a_name_stands_in_no_record_and_not_in_the_graph(plant: Path) -> None:
    assert holding(plant, "Anna") == {"journal.sqlite", "store"}, "the remark about her job"
    with Pipeline.open(load_plant(plant)) as work:
        rows = [record.row for record in work.journal.live_records("hr")]
        people = [row for row in rows if "badge" in row]
        assert people == [
            {"badge": "P12", "first": None, "last": None},
            {"badge": "P13", "first": None, "last": None},
        ]
        assert work.store.match(s="<https://people.example/person/P13>") != []
        assert work.people().names() == {"person/P12": NAME, "person/P13": "Bo Berg"}
    assert holding(plant, "Bo") == {"journal.sqlite"}


def test_who_is_forgotten_leaves_not_one_byte(
    plant: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(plant, "note", DATA["note"].replace(SECRET, OLD_SECRET))
    load(plant)
    write(plant, "note")
    load(plant)
    assert holding(plant, SECRET) == {"journal.sqlite", "store"}
    assert "journal.sqlite" in holding(plant, OLD_SECRET)
    people.forget("person/P12", plant)
    assert capsys.readouterr().out.startswith(
        "person/P12: 1 name(s) erased, 3 note(s) redacted, 1 other version(s) cleared of the name"
    )
    for words in (NAME, "Anna Åberg ", "Åberg,Anna", SECRET, OLD_SECRET):
        assert holding(plant, words) == set(), words
    assert [path.name for path in (plant / "store").glob("gen-*")] == ["gen-000003"]


def test_what_others_are_called_and_said_stays(plant: Path) -> None:
    write(plant, "job", DATA["job"] + "2,Anna Åbergson bracket,\n")
    load(plant)
    with Pipeline.open(load_plant(plant)) as work:
        work.forget("person/P12", NOW)
        assert work.people().names() == {"person/P13": "Bo Berg"}
        texts = {o for _, p, o, _ in work.store.match(g="") if p.endswith("/text>")}
        assert texts == {f'"{REDACTED}"', '"oil is low"', f'"ask {REDACTED} first"'}
        labels = {o for _, p, o, _ in work.store.match(g="") if p.endswith("label>")}
        assert labels == {'"Berg AB shaft"', '"Anna Åbergson bracket"'}
        said = work.store.match(p="<https://w3id.org/traveler/ontology/statedBy>", g="")
        assert "<https://people.example/person/P12>" in {o for _, _, o, _ in said}


def test_a_single_name_is_cleared_from_free_text_and_from_nothing_else(plant: Path) -> None:
    (plant / "hr" / "source.toml").write_text(HR.replace('["first", "last"]', '["last"]'))
    write(plant, "note", DATA["note"].replace("oil is low", "Berg told me so, not Bergman"))
    load(plant)
    with Pipeline.open(load_plant(plant)) as work:
        work.forget("person/P13", NOW)
        notes = [r.row["text"] for r in work.journal.live_records("hr") if "text" in r.row]
        assert REDACTED in notes
        assert work.store.match(o='"Berg AB shaft"') != []


def test_the_source_does_not_bring_the_name_or_the_note_back(plant: Path) -> None:
    with Pipeline.open(load_plant(plant)) as work:
        work.forget("person/P12", NOW)
        before = work.store.dump()
        seq = work.journal.last_seq()
        work.read(LATER)
        assert work.journal.last_seq() == seq
        work.apply(LATER)
        assert work.store.dump() == before
    write(plant, "employee", DATA["employee"].replace("Anna", "Hanna"))
    load(plant, LATER)
    assert holding(plant, "Hanna") == set()
    assert holding(plant, NAME) == holding(plant, SECRET) == set()


def test_a_person_is_forgotten_by_an_alias_too(plant: Path) -> None:
    write(plant, "note", DATA["note"].replace("M1,P12", "M1,mes-7"))
    load(plant)
    with Pipeline.open(load_plant(plant)) as work:
        done = work.forget("person/mes-7", NOW)
        assert (done.names, done.notes) == (1, 2)
        with pytest.raises(UnknownEntity, match="P99"):
            work.forget("person/P99", NOW)


def test_bad_rows_of_a_person_are_redacted(plant: Path) -> None:
    bad = f"3,{SECRET},M1,P12,tomorrow\n4,{SECRET},M1,P12\n,{SECRET},M2,P12,\n5,other,M1,P13,soon\n"
    write(plant, "note", DATA["note"] + bad)
    load(plant)
    with Pipeline.open(load_plant(plant)) as work:
        assert sum(SECRET in row.rejected.raw for row in work.journal.waiting()) == 3
        work.forget("person/P12", NOW)
        raws = [row.rejected.raw for row in work.journal.waiting()]
        assert sum(REDACTED in raw for raw in raws) == 3
        assert sum("other" in raw for raw in raws) == 1
    write(plant, "note")
    load(plant)
    people.forget("person/P12", plant)
    assert holding(plant, SECRET) == set()


def test_a_bad_row_that_may_hold_a_name_is_not_kept(plant: Path) -> None:
    write(plant, "employee", DATA["employee"] + "P14,Karl,Kron,x\n,Lisa,Lund\nP15,Mia\n")
    load(plant)
    with Pipeline.open(load_plant(plant)) as work:
        raws = {row.rejected.code: row.rejected.raw for row in work.journal.waiting()}
    assert raws == {
        "bad-row": "",
        "empty-key": '{"badge": "", "first": null, "last": null}',
    }
    for name in ("Karl", "Kron", "Lisa", "Lund", "Mia"):
        assert holding(plant, name) == set(), name


def test_a_name_from_before_its_column_was_personal_is_erased_from_every_version(
    plant: Path,
) -> None:
    (plant / "hr" / "source.toml").write_text(HR.replace('personal = ["first", "last"]\n', ""))
    write(plant, "employee", DATA["employee"].replace("Anna,Åberg", "Eva,Ek"))
    load(plant)
    (plant / "hr" / "source.toml").write_text(HR)
    load(plant)
    assert holding(plant, "Eva") == {"journal.sqlite"}
    people.forget("person/P12", plant)
    assert holding(plant, "Eva") == set()


def test_a_name_that_is_corrected_or_whose_row_is_gone_leaves_nothing(plant: Path) -> None:
    write(plant, "employee", DATA["employee"].replace("Bo,Berg", "Bosse,Borg"))
    load(plant)
    with Pipeline.open(load_plant(plant)) as work:
        assert work.people().names()["person/P13"] == "Bosse Borg"
    assert "Bo,Berg" not in str(holding(plant, '"Bo"'))
    assert holding(plant, '"Bo"') == set()
    write(plant, "employee", "badge,first,last\nP12,Anna,Åberg\n")
    load(plant)
    assert holding(plant, "Bosse") == set()


def test_a_graph_that_was_not_rebuilt_is_so_when_it_is_opened_next(plant: Path) -> None:
    with Pipeline.open(load_plant(plant)) as work:
        work.rebuild = lambda now: None  # type: ignore[method-assign,assignment,return-value]
        work.forget("person/P12", NOW)
    with Pipeline.open(load_plant(plant)) as work:
        assert work.apply(NOW).is_rebuild
        assert work.store.match(o=f'"{SECRET}"') == []


def test_names_are_told_by_the_command_alone(
    plant: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people.people(plant)
    assert capsys.readouterr().out == f"person/P12  {NAME}\nperson/P13  Bo Berg\n"
    people.people(plant, is_json=True)
    assert json.loads(capsys.readouterr().out)["people"]["person/P12"] == NAME
    with Pipeline.open(load_plant(plant)) as work:
        answer = to_json(work.answers().context("person/P12", NOW).to_dict())
    assert "person/P12" in answer
    assert "Anna" not in answer


@pytest.mark.parametrize("column", ["badge", "since"])
def test_what_tells_rows_apart_cannot_be_erased(plant: Path, column: str) -> None:
    text = HR.replace('["first", "last"]', f'["{column}"]\nchanged = ["since"]')
    (plant / "hr" / "source.toml").write_text(text)
    with pytest.raises(ConfigError, match=f"{column} tells rows"):
        load_plant(plant)
