"""SHACL-SPARQL: our own cases from the standard's text, as manifests like those of the W3C."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.errors import OntologyError
from kg.validate.evaluate import validate
from kg.validate.parse import shapes_of
from kg.validate.report import report_graph
from tests.shacl_manifest import Case, differs, read_cases, read_facts

MANIFEST = Path(__file__).parent / "sparql" / "manifest.ttl"
CASES = read_cases(MANIFEST)


def test_every_file_is_a_case() -> None:
    assert len(CASES) == len(list(MANIFEST.parent.glob("*.ttl"))) - 1


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_report_is_as_expected(case: Case) -> None:
    facts = read_facts(case.shapes)
    if case.expected is None:
        with pytest.raises(OntologyError, match=r"shape <http://example.org/\w+>") as caught:
            validate(shapes_of(facts), read_facts(case.data))
        assert caught.value.hint or "reports a failure" in caught.value.message
        return
    why = differs(case.expected, report_graph(validate(shapes_of(facts), read_facts(case.data))))
    assert not why, why
