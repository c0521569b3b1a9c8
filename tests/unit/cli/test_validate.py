"""The command validate: files against shapes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rdflib import RDF, SH, Graph

from tests.unit.cli.conftest import Traveler

HEAD = """@prefix ex: <http://example.org/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
SHAPES = f"""{HEAD}
ex:JobShape a sh:NodeShape ; sh:targetClass ex:Job ;
    sh:property [ sh:path ex:due ; sh:minCount 1 ; sh:datatype xsd:date ;
        sh:message "Job has no date that it is due"@en ] .
"""
DATA = f"""{HEAD}
ex:Job1 a ex:Job ; ex:due "2026-02-30"^^xsd:date .
ex:Job2 a ex:Job .
ex:Job3 a ex:Job ; ex:due "2026-11-29"^^xsd:date .
"""


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> None:
    (tmp_path / "shapes.ttl").write_text(SHAPES)
    (tmp_path / "data.ttl").write_text(DATA)
    (tmp_path / "good.nt").write_text(
        '<urn:a> <http://example.org/due> "2026-11-29"^^<http://www.w3.org/2001/XMLSchema#date> .\n'
    )


def test_what_conforms_is_exit_0(traveler: Traveler) -> None:
    ran = traveler("validate", "--data", "good.nt", "--shapes", "shapes.ttl")
    assert ran.returncode == 0
    assert ran.stdout.startswith("Conforms")
    assert "nothing was checked" in ran.stderr


@pytest.mark.parametrize("engine", ["traveler", "pyshacl"])
def test_what_does_not_is_exit_1_and_names_node_path_and_value(
    traveler: Traveler, engine: str
) -> None:
    ran = traveler("validate", "--data", "data.ttl", "--shapes", "shapes.ttl", "--engine", engine)
    assert ran.returncode == 1
    assert ran.stdout == (
        "Does not conform: 2 violations.\n\nex:JobShape: 2 violations\n"
        '  ex:Job1\n    ex:due: Job has no date that it is due ("2026-02-30"^^xsd:date)\n'
        "  ex:Job2\n    ex:due: Job has no date that it is due\n"
    )
    assert "Traceback" not in ran.stderr
    assert "--format turtle" in ran.stderr


def test_turtle_is_the_standard_report(traveler: Traveler) -> None:
    words = ("validate", "--data", "data.ttl", "--shapes", "shapes.ttl", "-f", "turtle")
    ran = traveler(*words)
    assert ran.returncode == 1
    report = Graph().parse(data=ran.stdout)
    assert len(list(report.subjects(RDF.type, SH.ValidationResult))) == 2
    assert "sh:focusNode ex:Job2 ;" in ran.stdout


def test_json_has_terms_and_messages(traveler: Traveler) -> None:
    ran = traveler("validate", "--data", "data.ttl", "--shapes", "shapes.ttl", "-f", "json", "-q")
    answer = json.loads(ran.stdout)
    assert answer["conforms"] is False
    assert answer["checked"] == 3
    assert answer["results"][0] == {
        "focus": "<http://example.org/Job1>",
        "path": "<http://example.org/due>",
        "value": '"2026-02-30"^^<http://www.w3.org/2001/XMLSchema#date>',
        "component": "<http://www.w3.org/ns/shacl#DatatypeConstraintComponent>",
        "source": answer["results"][0]["source"],
        "shape": "<http://example.org/JobShape>",
        "severity": "<http://www.w3.org/ns/shacl#Violation>",
        "messages": ["Job has no date that it is due"],
    }
    assert not ran.stderr


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("job.nq", "<urn:j> <T> <http://example.org/Job> <urn:g> .\n"),
        ("job.trig", "<urn:g> { <urn:j> <T> <http://example.org/Job> }"),
        ("job.JSONLD", '{"@id": "urn:j", "@type": "http://example.org/Job"}'),
    ],
)
def test_each_form_of_rdf_is_read_in_whatever_graph(
    traveler: Traveler, tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text.replace("<T>", f"<{RDF.type}>"))
    ran = traveler("validate", "--data", name, "--shapes", "shapes.ttl")
    assert ran.returncode == 1
    assert "<urn:j>" in ran.stdout


def test_several_files_are_one_graph_and_a_folder_is_its_files(
    traveler: Traveler, tmp_path: Path
) -> None:
    (tmp_path / "shapes").mkdir()
    (tmp_path / "shapes" / "one.ttl").write_text(SHAPES)
    (tmp_path / "shapes" / "README.md").write_text("no RDF")
    (tmp_path / "ontology.ttl").write_text(f"{HEAD} ex:Rework rdfs:subClassOf ex:Job .")
    (tmp_path / "rework.ttl").write_text(f"{HEAD} ex:Job4 a ex:Rework .")
    words = ("validate", "--shapes", "shapes", "--data", "rework.ttl")
    assert traveler(*words).returncode == 0
    assert traveler(*words, "--data", "ontology.ttl").returncode == 1


def test_what_is_left_to_the_reference_is_run_and_said(traveler: Traveler, tmp_path: Path) -> None:
    (tmp_path / "aims.ttl").write_text(f"""{HEAD}
        ex:Aims a sh:NodeShape ; sh:property [ sh:path ex:due ; sh:maxCount 0 ] ;
            sh:target [ a sh:SPARQLTarget ; sh:prefixes ex: ; sh:select
                "SELECT ?this WHERE {{ ?this <http://example.org/due> ?date }}" ] .""")
    words = ("validate", "--data", "data.ttl", "--shapes", "aims.ttl", "--shapes", "shapes.ttl")
    ran = traveler(*words)
    assert ran.returncode == 1
    assert "ex:JobShape: 2 violations" in ran.stdout
    assert "ex:Aims: 2 violations" in ran.stdout
    assert "ex:Aims has sh:target (SHACL Advanced Features): pySHACL has run it." in ran.stdout


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("data.csv", "a,b", "should end with"),
        ("data.ttl", "<urn:a> <urn:b> .", "data.ttl"),
        ("data.jsonld", '{"@context": "http://localhost:1/c.jsonld", "@id": "a"}', "context"),
        ("data.nt", '<urn:a> <urn:b> "open .', "data.nt"),
        ("data.nq", "\udcff", "data.nq"),
        ("empty", None, "no file to read"),
        ("nowhere.ttl", "", "No such file"),
    ],
)
def test_what_cannot_be_read_is_exit_2(
    traveler: Traveler, tmp_path: Path, name: str, text: str | None, words: str
) -> None:
    if text is None:
        (tmp_path / name).mkdir()
    elif text:
        (tmp_path / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    ran = traveler("validate", "--data", name, "--shapes", "shapes.ttl")
    assert ran.returncode == 2
    assert not ran.stdout
    assert words in " ".join(ran.stderr.split())


def test_a_shape_that_is_wrong_is_exit_2_and_named(traveler: Traveler, tmp_path: Path) -> None:
    (tmp_path / "shapes.ttl").write_text(SHAPES.replace("minCount", "minCout"))
    ran = traveler("validate", "--data", "data.ttl", "--shapes", "shapes.ttl")
    assert ran.returncode == 2
    said = " ".join(ran.stderr.split())
    assert "shape <http://example.org/JobShape>: sh:minCout is no property of SHACL" in said
    assert "Is sh:minCount meant?" in said
