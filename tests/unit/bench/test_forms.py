"""Every form of the plant's tables gives the same triples, and is told with its cost."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bench.forms import SMALL_JOBS, find_forms, main, tell_forms, write_forms
from bench.lift.comparison import Comparison
from bench.lift.engines import MAPPING, fill_folder
from bench.lift.measure import Measured
from bench.lift.processes import Run
from bench.lift.reference import write_reference
from kg.lift import lift_file


def test_every_form_gives_the_triples_of_the_tables(tmp_path: Path) -> None:
    tables = tmp_path / "tables"
    tables.mkdir()
    write_forms(tables, 4, 1)
    write_reference(tables, tmp_path / "reference.nt")
    wanted = sorted((tmp_path / "reference.nt").read_text(encoding="utf-8").splitlines())
    names = []
    for form in find_forms(4):
        fill_folder(form, tables, tmp_path / form.name)
        lifted = lift_file(tmp_path / form.name / MAPPING.name, "http://x.org/", is_sorted=True)
        assert list(lifted.lines) == wanted, form.name
        names.append(form.name)
    assert names == ["csv", "parquet", "json", "jsonl", "xml", "sql", "xlsx"]


def test_a_large_plant_is_no_spreadsheet() -> None:
    assert "xlsx" not in {form.name for form in find_forms(SMALL_JOBS + 1)}


def measured(jobs: int, cpu_seconds: float, wrong: str = "") -> Measured:
    one = Measured(jobs, jobs * 5, jobs * 30)
    for form in find_forms(jobs):
        one.runs[form.name] = [Run(cpu_seconds * 2, cpu_seconds, 300 * 2**20)]
        missing = ("<a> <b> <c> .",) if form.name == wrong else ()
        one.compared[form.name] = Comparison(1, 1, missing=missing)
    return one


def test_the_page_tells_what_rows_cost_without_the_start() -> None:
    sizes = [measured(10_000, 1.5), measured(100_000, 6.0, wrong="xml")]
    page = tell_forms(measured(20, 1.0), sizes, {"Load": "none"}, "command", date(2026, 1, 2))
    assert "| JSON lines |   12.00 | 6.00 | 41,667 |                1.00 | 300 |" in page
    assert "| JSON lines | 1.00 | 0.00 |" in page
    assert "| XML        |   wrong |" in page
    assert "| xlsx       |    3.00 |" in page
    assert all(len(line) <= 80 for line in page.splitlines())


@pytest.mark.slow
def test_the_forms_are_measured_from_end_to_end(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "RESULTS-forms.md"
    arguments = ["--jobs", "30", "--runs", "1", "--output", str(output)]
    assert main([*arguments, "--folder", str(tmp_path)]) == 0
    assert output.read_text(encoding="utf-8") == capfd.readouterr().out
