"""Shapes that nobody can mean are refused: by name of the shape and the property, with a remedy.

Each case is a folder: the shapes, and words that the message or the hint must have.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.errors import OntologyError
from kg.validate.parse import shapes_of
from tests.shacl_manifest import read_facts

CASES = sorted(path for path in (Path(__file__).parent / "refused").iterdir() if path.is_dir())


def test_there_are_cases() -> None:
    assert CASES


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_shape_and_the_remedy_are_named(case: Path) -> None:
    with pytest.raises(OntologyError) as caught:
        shapes_of(read_facts(case / "shapes.ttl"))
    said = f"{caught.value.message} | {caught.value.hint}"
    assert caught.value.hint
    assert len(said) < 1_000
    for word in (case / "expected.txt").read_text(encoding="utf-8").splitlines():
        assert word in said, said
