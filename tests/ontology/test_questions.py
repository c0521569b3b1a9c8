"""The questions' files: headers complete, numbers single, text that both engines can read."""

from __future__ import annotations

import re
from pathlib import Path

import pyoxigraph
import pytest
from rdflib.plugins.sparql import prepareQuery

ONTOLOGY = Path(__file__).resolve().parent.parent.parent / "ontology"
QUESTIONS = sorted((ONTOLOGY / "questions").glob("*.rq"))
FIELDS = ["id", "question", "parameters", "owner", "answers"]


def header_of(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(re.findall(r"^# (\w+): (.+)$", "\n".join(lines), re.MULTILINE))


def parameters_of(path: Path) -> dict[str, str]:
    text = header_of(path)["parameters"]
    pairs = [part.split(":", 1) for part in text.split(",") if part != "none"]
    return {name.strip(): kind.strip() for name, kind in pairs}


def test_no_two_files_ask_the_same() -> None:
    asked = [header_of(path)["question"] for path in QUESTIONS]
    assert len(asked) == len(set(asked)) > 10


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_the_header_is_whole_and_the_name_is_a_phrase(path: Path) -> None:
    header = header_of(path)
    computed = [*FIELDS, "computed", "columns"]
    assert list(header) in (FIELDS, computed, [*computed, "reads"])
    assert header["question"].endswith("?")
    assert header["id"].isdigit()
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", path.stem)


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_the_parameters_of_header_and_query_agree_and_have_kinds(path: Path) -> None:
    used = set(re.findall(r"<urn:traveler:parameter:(\w+)>", path.read_text(encoding="utf-8")))
    parameters = parameters_of(path)
    # Of what is computed the query has the facts, and may leave the rest to the function.
    assert used <= set(parameters) if "computed" in header_of(path) else used == set(parameters)
    for kind in parameters.values():
        kinds = r"owl:Thing|tr:[A-Z]\w+|xsd:(dateTime|decimal|string)"
        assert re.fullmatch(rf"({kinds})\??", kind)


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_both_engines_read_the_query(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    prepareQuery(text)
    solutions = pyoxigraph.Store().query(text)
    assert isinstance(solutions, pyoxigraph.QuerySolutions)
    assert list(solutions) == []


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_rows_come_in_one_order_and_no_query_reads_the_clock_or_the_network(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.search(r"^ORDER BY ", text, re.MULTILINE)
    assert not re.search(r"\b(NOW\s*\(|SERVICE|FROM|RAND\s*\(|SAMPLE\s*\()", text)
