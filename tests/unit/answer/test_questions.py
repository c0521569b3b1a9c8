from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from kg.answer.asking.questions import load_questions
from kg.errors import OntologyError

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
HEAD = "# id: 99\n# question: Where is it: here, or there?\n"


def write(folder: Path, text: str):
    (folder / "where-it-is.rq").write_text(text, encoding="utf-8")
    return load_questions(folder)


def test_a_question_is_named_by_its_file_and_told_by_its_header(tmp_path: Path) -> None:
    text = (
        HEAD + "# parameters: thing: owl:Thing, job: tr:Job\n# owner: quality\nSELECT * WHERE {}\n"
    )
    found = write(tmp_path, text)["where-it-is"]
    assert (found.number, found.text, found.owner) == (
        "99",
        "Where is it: here, or there?",
        "quality",
    )
    assert found.parameters == {"thing": "owl:Thing", "job": "tr:Job"}


@pytest.mark.parametrize("line", ["", "# parameters: none\n", "# parameters: -\n"])
def test_a_question_may_take_nothing(tmp_path: Path, line: str) -> None:
    assert write(tmp_path, HEAD + line + "SELECT * WHERE {}")["where-it-is"].parameters == {}


def test_every_place_of_a_parameter_is_filled(tmp_path: Path) -> None:
    place = "<urn:traveler:parameter:job>"
    query = f"# parameters: job: tr:Job\nSELECT * WHERE {{ {place} ?p ?o . ?s ?q {place} }}"
    filled = write(tmp_path, HEAD + query)["where-it-is"].fill(
        {"job": "<https://a.example/1>"}, NOW
    )
    assert place not in filled
    assert filled.count("<https://a.example/1>") == 2


@pytest.mark.parametrize("line", HEAD.splitlines())
def test_a_question_without_its_id_or_its_words_names_the_file(tmp_path: Path, line: str) -> None:
    with pytest.raises(OntologyError, match=r"where-it-is\.rq"):
        write(tmp_path, line + "\nSELECT * WHERE {}")


def test_the_clock_is_put_in_its_place_and_what_was_left_out_is_undefined(tmp_path: Path) -> None:
    query = "# parameters: since: xsd:dateTime?\nSELECT * WHERE { VALUES (?s ?n) { (%s %s) } }"
    places = ("<urn:traveler:parameter:since>", "<urn:traveler:now>")
    question = write(tmp_path, HEAD + query % places)["where-it-is"]
    assert (question.parameters, question.optional) == ({"since": "xsd:dateTime"}, {"since"})
    clock = '"2026-11-23T08:00:00Z"^^<http://www.w3.org/2001/XMLSchema#dateTime>'
    assert f"(UNDEF {clock})" in question.fill({}, NOW)
    assert f"({clock} {clock})" in question.fill({"since": clock}, NOW)


def test_what_is_computed_names_its_columns(tmp_path: Path) -> None:
    with pytest.raises(OntologyError, match="no columns"):
        write(tmp_path, HEAD + "# computed: where\nSELECT * WHERE {}")
    head = HEAD + "# computed: where\n# columns: place, since\n"
    found = write(tmp_path, head + "SELECT ?x WHERE {}")["where-it-is"]
    assert (found.computed, found.columns()) == ("where", ("place", "since"))


def test_columns_are_those_that_the_query_selects(tmp_path: Path) -> None:
    query = "SELECT ?run (MAX(?x) AS ?state) WHERE { { SELECT ?run ?x {} } } GROUP BY ?run"
    assert write(tmp_path, HEAD + query)["where-it-is"].columns() == ("run", "state")
