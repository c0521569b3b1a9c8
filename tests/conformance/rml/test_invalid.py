"""Mappings that the standard calls invalid, a folder each: refused with line and section."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kg.errors import MappingError
from kg.lift import lift_file

CASES = sorted((Path(__file__).parent / "invalid").iterdir())
# What these break is not said by RML-Core or RML-IO, but by the datatype or the function.
OF_NO_SECTION = {"constant-that-is-not-of-its-datatype", "function-that-is-none"}


def test_there_are_cases_and_each_names_a_section() -> None:
    assert len(CASES) >= 120
    of_rml = [case for case in CASES if (case / "mapping.ttl").exists()]
    assert len(of_rml) >= 80
    for case in of_rml:
        told = (case / "expected.txt").read_text()
        has_section = re.search(r"\((?:RML-|R2RML, |RDF |CSVW, )?[A-Z]", told)
        assert has_section or case.name in OF_NO_SECTION, case.name


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_invalid_mapping_is_refused_with_its_line_and_section(case: Path) -> None:
    (mapping,) = case.glob("mapping.*")
    with pytest.raises(MappingError) as caught:
        lift_file(mapping, "http://example.com/")
    expected = (case / "expected.txt").read_text().strip()
    assert caught.value.message.startswith(f"{mapping}:{expected}")
