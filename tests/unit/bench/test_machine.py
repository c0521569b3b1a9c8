from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench.machine import describe_machine, digest_code


def test_the_machine_is_described_without_its_name_or_any_folder() -> None:
    told = " ".join(describe_machine().values())
    assert "duckdb" in told
    assert "pyoxigraph" in told
    assert not re.search(r"(?<!\w)/\w", told.replace("GNU/Linux", ""))


@pytest.mark.parametrize(
    "name", ["kg/lift/rows.py", "ontology/factory.ttl", "bench/plant/job.yml", "bench/tables.py"]
)
def test_code_that_changed_has_another_digest(name: str, tmp_path: Path) -> None:
    before = digest_code(tmp_path)
    changed = tmp_path / name
    changed.parent.mkdir(parents=True)
    changed.write_text("changed", encoding="utf-8")
    assert digest_code(tmp_path) != before


def test_the_page_and_the_tests_are_no_code_that_is_measured(tmp_path: Path) -> None:
    before = digest_code(tmp_path)
    for name in ("bench/RESULTS.md", "tests/test_rows.py"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("changed", encoding="utf-8")
    assert digest_code(tmp_path) == before
