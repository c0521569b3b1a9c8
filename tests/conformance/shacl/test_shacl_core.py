"""The W3C's test suite of SHACL Core: every report is isomorphic to the expected one."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.validate.evaluate import validate
from kg.validate.parse import shapes_of
from kg.validate.report import report_graph
from tests.shacl_manifest import Case, differs, read_cases, read_facts

PUBLISHED = 98


@pytest.fixture(scope="module")
def cases(shared_data: Path) -> list[Case]:
    return read_cases(shared_data.parent / "suites" / "shacl-core" / "core" / "manifest.ttl")


def failure(case: Case) -> str:
    shapes = shapes_of(read_facts(case.shapes))
    assert case.expected is not None
    assert not shapes.left, case.name
    return differs(case.expected, report_graph(validate(shapes, read_facts(case.data))))


def test_all_published_cases_pass(cases: list[Case]) -> None:
    assert len(cases) == PUBLISHED
    failures = {case.name: why for case in cases if (why := failure(case))}
    assert not failures


def test_a_report_without_one_of_its_results_is_told_apart(cases: list[Case]) -> None:
    [case] = (case for case in cases if case.name == "property/lessThan-002")
    results = validate(shapes_of(read_facts(case.shapes)), read_facts(case.data))
    assert case.expected is not None
    assert not differs(case.expected, report_graph(results))
    assert differs(case.expected, report_graph(results[1:]))
