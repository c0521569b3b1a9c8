"""SHACL-SPARQL: our own cases from the standard's text, as manifests like those of the W3C."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kg.errors import OntologyError
from kg.validate.model import Result
from tests.shacl_manifest import Case, at_once, differs, one_by_one, read_cases

MANIFEST = Path(__file__).parent / "sparql" / "manifest.ttl"
CASES = read_cases(MANIFEST)


def test_every_file_is_a_case() -> None:
    assert len(CASES) == len(list(MANIFEST.parent.glob("*.ttl"))) - 1


@pytest.mark.parametrize("results_of", [one_by_one, at_once])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_report_is_as_expected(case: Case, results_of: Callable[[Case], list[Result]]) -> None:
    if case.expected is None:
        with pytest.raises(OntologyError, match=r"shape <http://example.org/\w+>") as caught:
            results_of(case)
        assert caught.value.hint or "reports a failure" in caught.value.message
        return
    why = differs(case.expected, results_of(case))
    assert not why, why
