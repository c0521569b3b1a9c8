"""The W3C's test suite of SHACL Core: every report is isomorphic to the expected one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kg.validate.model import Result
from tests.shacl_manifest import Case, at_once, differs, one_by_one, read_cases

PUBLISHED = 98


@pytest.fixture(scope="module")
def cases(shared_data: Path) -> list[Case]:
    return read_cases(shared_data.parent / "suites" / "shacl-core" / "core" / "manifest.ttl")


@pytest.mark.parametrize("results_of", [one_by_one, at_once])
def test_all_published_cases_pass(
    cases: list[Case], results_of: Callable[[Case], list[Result]]
) -> None:
    assert len(cases) == PUBLISHED
    assert all(case.expected is not None for case in cases)
    failures = {
        case.name: why for case in cases if (why := differs(case.expected, results_of(case)))
    }
    assert not failures


def test_a_report_without_one_of_its_results_is_told_apart(cases: list[Case]) -> None:
    [case] = (case for case in cases if case.name == "property/lessThan-002")
    results = one_by_one(case)
    assert case.expected is not None
    assert not differs(case.expected, results)
    assert differs(case.expected, results[1:])
