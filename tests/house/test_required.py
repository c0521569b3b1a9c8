"""What `make test-all` brings is used: there a test that skips for want of it is a failure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(("required", "is_refused"), [("1", True), ("", False)])
def test_spark_may_be_absent_only_where_it_is_not_required(
    root: Path, tmp_path: Path, required: str, is_refused: bool
) -> None:
    (tmp_path / "pyspark.py").write_text('raise ModuleNotFoundError("No module named pyspark")\n')
    environment = {"PYTHONPATH": str(tmp_path), "TRAVELER_REQUIRE_SERVERS": required}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "tests/unit/lift/test_spark_sources.py"],
        cwd=root,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    refusal = "required here, but: Spark is not installed"
    assert (refusal in done.stdout) is is_refused, done.stdout
    codes = pytest.ExitCode
    expected = codes.INTERRUPTED if is_refused else codes.NO_TESTS_COLLECTED
    assert done.returncode == expected, done.stdout
