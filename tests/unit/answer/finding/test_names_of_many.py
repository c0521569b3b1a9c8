"""What many things are called: a step is that of the job, and of too many none is meant."""

from __future__ import annotations

from itertools import product

import pytest

from kg import vocab
from kg.answer.find import Finder
from kg.answer.finding import lookup
from kg.answer.finding.gazetteer import Names
from kg.errors import UnknownEntity
from kg.store import EmbeddedStore

BASE = "https://many.example/"
JOBS = range(1040, 1046)
STEPS = ("10 Saw to length", "20 Finish turn", "30 Deburr")


def thing(path: str) -> str:
    return f"<{BASE}{path}>"


@pytest.fixture
def finder() -> Finder:
    store = EmbeddedStore.in_memory(BASE)
    quads = [(thing("machine/SAW-01"), vocab.RDF_TYPE, vocab.MACHINE, "")]
    quads += [(thing("machine/SAW-01"), vocab.RDFS_LABEL, '"Band saw 1"', "")]
    for job in JOBS:
        quads.append((thing(f"job/{job}"), vocab.RDF_TYPE, vocab.JOB, ""))
        quads.append((thing(f"job/{job}"), vocab.RDFS_LABEL, f'"{job} Shaft"', ""))
    for job, label in product(JOBS, STEPS):
        step = thing(f"operation/{job}-{label[:2]}")
        quads.append((step, vocab.RDF_TYPE, vocab.OPERATION, ""))
        quads.append((step, vocab.RDFS_LABEL, f'"{label}"', ""))
        quads.append((step, vocab.OPERATION_OF, thing(f"job/{job}"), ""))
    store.apply([], quads, 1)
    return Finder(store, BASE)


@pytest.mark.parametrize("most", [2_000, 3])
@pytest.mark.parametrize(
    ("question", "subject"),
    [
        ("is the 10 saw to length of job 1043 done?", "operation/1043-10"),
        ("20 Finish turn of job 1041", "operation/1041-20"),
        ("why is deburr late on job 1044", "operation/1044-30"),
        ("operation turn of job 1042", "operation/1042-20"),
        ("when will job 1043 finish?", "job/1043"),
        ("which saw does job 1043 wait for", "job/1043"),
        ("job 1043 on band saw 1", "job/1043"),
    ],
)
def test_what_steps_of_all_jobs_are_called_means_that_of_the_job(
    finder: Finder, monkeypatch: pytest.MonkeyPatch, most: int, question: str, subject: str
) -> None:
    monkeypatch.setattr(lookup, "MOST_CALLED", most)
    assert finder.read_question(question).subject.id == subject


def test_without_a_job_the_steps_are_given_back(finder: Finder) -> None:
    with pytest.raises(UnknownEntity, match="'20 Finish turn' can mean several things") as refused:
        finder.read_question("20 Finish turn, how far is it?")
    assert refused.value.code == "ambiguous-entity"
    with pytest.raises(UnknownEntity, match="can mean several things"):
        finder.read_question("20 Finish turn of job 1041 and job 1042")


def test_a_step_that_the_job_has_not_is_refused(finder: Finder) -> None:
    store = finder._store
    step, job = thing("operation/1045-30"), thing("job/1045")
    store.apply([(step, vocab.OPERATION_OF, job, "")], [], 2)
    with pytest.raises(UnknownEntity, match="no operation of job/1045 '30 Deburr'") as refused:
        finder.read_question("is 30 Deburr of job 1045 done?")
    assert "known are: job/1045" in refused.value.hint


def test_of_too_many_things_none_is_meant_and_it_is_said_how_many_they_are(
    finder: Finder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "MOST_CALLED", 3)
    for words in ("20 Finish turn", "20 Finish turn, how far is it?", "finish turn?"):
        with pytest.raises(UnknownEntity, match="6 things are called '") as no:
            finder.read_question(words)
        assert no.value.code == "ambiguous-entity"
    with pytest.raises(UnknownEntity, match="6 things are called '20 Finish turn'"):
        finder.find("20 Finish turn")
    found = finder.find_entities("20 Finish turn")
    assert (found.matches, found.total) == ((), 6)
    assert found.remarks == ("6 things are called '20 Finish turn'",)
    asked = finder.read_question("how does job 1043 fare, and 20 Finish turn at large?")
    assert asked.subject.id in {"job/1043", "operation/1043-20"}


def test_a_full_id_is_found_without_reading_any_names(finder: Finder) -> None:
    class Unread(Names):
        def of(self, _store: object) -> object:  # type: ignore[override]
            raise AssertionError("names are read")

    plain = Finder(finder._store, BASE, (), Unread(BASE))
    assert plain.find("operation/1043-10").kind == "operation"
    assert plain.find("1043", "job").id == "job/1043"
    with pytest.raises(AssertionError, match="names are read"):
        plain.find("1043")
