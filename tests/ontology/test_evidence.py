"""Which job an open run is for, where its signal does not say so: by the best evidence there is."""

from __future__ import annotations

import functools

import pytest

from kg import assets, vocab
from kg.reason import Reasoner
from kg.reason.rules import compile_rules
from kg.settings import Plant
from kg.vocab import RDF_TYPE

BASE = "https://plant.example/"
BY = {
    "booking": vocab.JOB_BY_BOOKING,
    "pallet": vocab.JOB_BY_PALLET,
    "program": vocab.JOB_BY_PROGRAM,
    "schedule": vocab.JOB_BY_SCHEDULE,
}


@functools.cache
def rules():
    return compile_rules(assets.ontology_folder())


def thing(name: str) -> str:
    return f"<{BASE}{name}>"


def said(*facts: tuple[str, str, str]) -> set[tuple[str, str, str]]:
    return {(thing(s), p, o if o.startswith("<") else thing(o)) for s, p, o in facts}


SIGNAL = said(
    ("run/signal", RDF_TYPE, vocab.RUN),
    ("run/signal", vocab.ON_MACHINE, "machine/1"),
    ("run/signal", vocab.ON_PALLET, "pallet/1"),
    ("run/signal", vocab.RUNS_PROGRAM, "program/1"),
)
BOOKED = said(
    ("run/booked", RDF_TYPE, vocab.RUN),
    ("run/booked", vocab.ON_MACHINE, "machine/1"),
    ("run/booked", vocab.OF_JOB, "job/booked"),
    ("run/booked", vocab.BY_PERSON, "person/P1"),
)


def operation(name: str, job: str, link: str, to: str) -> set[tuple[str, str, str]]:
    return said((f"operation/{name}", vocab.OPERATION_OF, f"job/{job}")) | said(
        (f"operation/{name}", link, to)
    )


ON_PALLET = operation("1", "pallet", vocab.ON_PALLET, "pallet/1")
PROGRAMMED = operation("2", "program", vocab.RUNS_PROGRAM, "program/1")
PLANNED = operation("3", "schedule", vocab.PLANNED_ON, "machine/1")
ALL = SIGNAL | BOOKED | ON_PALLET | PROGRAMMED | PLANNED


def found(facts: set[tuple[str, str, str]], run: str = "run/signal") -> dict[str, set[str]]:
    reasoner = Reasoner(Plant(name="Test", base=BASE), rules())
    reasoner.start(facts)
    reasoner.derive()
    jobs = {
        by: {o[len(BASE) + 1 : -1] for s, p, o in reasoner.derived if (s, p) == (thing(run), link)}
        for by, link in BY.items()
    }
    return {by: names for by, names in jobs.items() if names}


def test_the_job_that_the_signal_names_needs_no_evidence() -> None:
    named = said(("run/signal", vocab.OF_JOB, "job/own"))
    assert found(ALL - BOOKED | named) == {}


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        (set(), {"booking": {"job/booked"}}),
        (BOOKED, {"pallet": {"job/pallet"}}),
        (BOOKED | ON_PALLET, {"program": {"job/program"}}),
        (BOOKED | ON_PALLET | PROGRAMMED, {"schedule": {"job/schedule"}}),
        (BOOKED | ON_PALLET | PROGRAMMED | PLANNED, {}),
    ],
    ids=["all there is", "no booking", "nor a pallet", "nor a program", "nor a plan"],
)
def test_the_best_evidence_there_is_tells_the_job(missing, expected) -> None:
    assert found(ALL - missing) == expected


def test_a_booking_by_nobody_is_none() -> None:
    nobody = said(("run/booked", vocab.BY_PERSON, "person/P1"))
    assert found(ALL - nobody) == {"pallet": {"job/pallet"}}


def test_evidence_for_several_jobs_is_none_and_the_next_is_asked() -> None:
    other = operation("4", "other", vocab.ON_PALLET, "pallet/1")
    assert found(ALL - BOOKED | other) == {"program": {"job/program"}}


def test_an_operation_that_is_done_is_no_evidence() -> None:
    closed = said(("operation/1", vocab.STATUS, vocab.code("operation-status", "completed")))
    assert found(ALL - BOOKED | closed) == {"program": {"job/program"}}


def test_a_run_that_ended_is_told_no_job() -> None:
    ended = {
        (thing("run/signal"), vocab.ENDED_AT, f'"2026-01-01T08:00:00Z"^^<{vocab.XSD}dateTime>')
    }
    assert found(ALL | ended) == {}


def disputed(facts: set[tuple[str, str, str]]) -> set[str]:
    reasoner = Reasoner(Plant(name="Test", base=BASE), rules())
    reasoner.start(facts)
    reasoner.derive()
    return {s for s, p, _ in reasoner.derived if p == vocab.DISPUTED_BY_PROGRAM}


def test_a_booking_and_a_program_of_different_parts_are_in_dispute() -> None:
    parts = said(
        ("run/booked", vocab.RUNS_PROGRAM, "program/1"),
        ("job/booked", vocab.MAKES, "part/A"),
        ("job/program", vocab.MAKES, "part/B"),
    )
    assert disputed(BOOKED | PROGRAMMED | parts) == {thing("run/booked")}
    fits = said(("job/other", vocab.MAKES, "part/A"))
    fitting = operation("5", "other", vocab.RUNS_PROGRAM, "program/1")
    assert disputed(BOOKED | PROGRAMMED | parts | fitting | fits) == set()
