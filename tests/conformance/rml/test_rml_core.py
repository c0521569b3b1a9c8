"""The cases of RML-Core as published, each a folder: input, mapping, expected quads."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg.errors import MappingError, TravelerError
from kg.lift import lift_file

HERE = Path(__file__).parent
UNSUPPORTED: dict[str, str] = tomllib.loads((HERE / "unsupported.toml").read_text())["cases"]
FORMS = {
    "CSV": (48, "http://example.com/base/"),
    "JSON": (76, "http://example.com/"),
}
"""How many cases of a form are published, and their base IRI."""


@pytest.fixture(scope="module")
def suite(shared_data: Path) -> Path:
    return shared_data.parent / "suites" / "rml-core"


def quads(text: str) -> ox.Dataset:
    # Lenient: the term type UnsafeIRI is meant to make what no strict parser takes.
    dataset = ox.Dataset(ox.parse(text, format=ox.RdfFormat.N_QUADS, lenient=True))
    dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return dataset


def lifted(mapping: Path, base: str) -> tuple[list[str], str]:
    """Lift a case: its lines, and why it was refused, in whole or in one of its rows."""
    try:
        made = lift_file(mapping, base)
        lines = list(made.lines)
    except TravelerError as error:
        return [], str(error) if says_where(error, mapping) else ""
    return lines, made.rejected[0].message if made.rejected else ""


def says_where(error: TravelerError, mapping: Path) -> bool:
    """Tell whether an error names file and line of the mapping, and the section of the standard."""
    place = rf"{re.escape(str(mapping))}:[1-9]\d*: .*\([A-Z][^)]+\)"
    return not isinstance(error, MappingError) or bool(re.search(place, str(error), re.DOTALL))


def failure(case: Path, mapping: Path, base: str) -> str:
    """Say why a case fails; "" if it passes. Without expected quads it must be refused."""
    expected = case / "output.nq"
    lines, refusal = lifted(mapping, base)
    if not expected.exists():
        return "" if refusal else "not refused"
    if refusal:
        return f"refused: {refusal}"
    same = quads("\n".join(lines)) == quads(expected.read_text(encoding="utf-8"))
    return "" if same else "other quads:\n" + "\n".join(sorted(lines))


@pytest.mark.parametrize("form", FORMS)
def test_every_published_case_passes_but_those_that_are_listed(suite: Path, form: str) -> None:
    count, base = FORMS[form]
    cases = sorted(suite.glob(f"RMLTC*-{form}"))
    assert len(cases) == count
    failures = {
        case.name: reason for case in cases if (reason := failure(case, case / "mapping.ttl", base))
    }
    listed = {case for case in UNSUPPORTED if case.endswith(f"-{form}")}
    assert failures.keys() == listed, failures


def test_at_most_three_cases_are_listed_and_each_quotes_the_standard(suite: Path) -> None:
    assert len(UNSUPPORTED) <= 3
    for case, reason in UNSUPPORTED.items():
        assert (suite / case).is_dir(), case
        assert re.search('".+"', reason), f"{case} quotes nothing"


Variant = Callable[[Path, Path], "Path | None"]


def run_variants(
    suite: Path, folder: Path, make: Variant, left_out: set[str], every: int = 1
) -> int:
    """Run CSV cases, each made anew in another form; give how many there were."""
    failures, count = {}, 0
    for case in sorted(suite.glob("RMLTC*-CSV"))[::every]:
        if case.name in UNSUPPORTED or case.name in left_out:
            continue
        place = folder / case.name
        place.mkdir()
        mapping = make(case, place)
        if mapping is not None:
            count += 1
            reason = failure(case, mapping, FORMS["CSV"][1])
            failures |= {case.name: reason} if reason else {}
    assert not failures
    return count


def test_the_same_cases_pass_from_xml(suite: Path, tmp_path: Path, to_xml: Variant) -> None:
    # An XPath that leads to nothing is no error: RMLTC0002c names a column that is not there.
    assert run_variants(suite, tmp_path, to_xml, {"RMLTC0002c-CSV"}) == 42


def test_the_same_cases_pass_from_sqlite(suite: Path, tmp_path: Path, to_sqlite: Variant) -> None:
    assert run_variants(suite, tmp_path, to_sqlite, set()) == 43


@pytest.mark.parametrize("form", ["tsv.gz", "xlsx", "parquet", "jsonl"])
def test_the_same_cases_pass_from_other_files(
    suite: Path, tmp_path: Path, to_file: Callable[[str], Variant], form: str
) -> None:
    # A line of JSON may leave out what it has not.
    left_out = {"RMLTC0002c-CSV"} if form == "jsonl" else set()
    assert run_variants(suite, tmp_path, to_file(form), left_out, every=4) >= 10


@pytest.mark.server
@pytest.mark.parametrize("server", ["postgres_url", "mariadb_url"])
def test_the_same_cases_pass_from_a_server(
    suite: Path,
    tmp_path: Path,
    to_database: Callable[[str], Variant],
    request: pytest.FixtureRequest,
    server: str,
) -> None:
    url = request.getfixturevalue(server)
    assert run_variants(suite, tmp_path, to_database(url), set()) == 43
