"""The CSV cases of RML-Core as published, each a folder: input, mapping, expected quads."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg.errors import TravelerError
from kg.lift import lift_file

HERE = Path(__file__).parent
BASE = "http://example.com/base/"
UNSUPPORTED: dict[str, str] = tomllib.loads((HERE / "unsupported.toml").read_text())["csv"]


@pytest.fixture(scope="module")
def suite(shared_data: Path) -> Path:
    return shared_data.parent / "suites" / "rml-core"


def quads(text: str) -> ox.Dataset:
    dataset = ox.Dataset(ox.parse(text, format=ox.RdfFormat.N_QUADS))
    dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return dataset


def failure(case: Path) -> str:
    """Say why a case fails; "" if it passes. Without expected quads it must be refused."""
    expected = case / "output.nq"
    try:
        lifted = lift_file(case / "mapping.ttl", BASE)
        lines = list(lifted.lines)
    except TravelerError as error:
        return f"refused: {error}" if expected.exists() else ""
    if not expected.exists():
        return "" if lifted.rejected else "not refused"
    if lifted.rejected:
        return f"rejected: {lifted.rejected[0].message}"
    same = quads("\n".join(lines)) == quads(expected.read_text(encoding="utf-8"))
    return "" if same else "other quads:\n" + "\n".join(sorted(lines))


def test_every_supported_csv_case_passes_and_every_other_is_listed(suite: Path) -> None:
    cases = sorted(suite.glob("RMLTC*-CSV"))
    assert len(cases) == 48
    failures = {case.name: reason for case in cases if (reason := failure(case))}
    assert failures.keys() == UNSUPPORTED.keys(), failures


def test_every_case_that_is_listed_exists_and_names_its_feature(suite: Path) -> None:
    for case, feature in UNSUPPORTED.items():
        assert (suite / case).is_dir(), case
        assert feature
