"""Every route that the API describes, asked in thousands of ways: no fault, none undescribed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hardening.conftest import Attacked, times

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance"
CHECKS += ",response_schema_conformance,response_headers_conformance"
LEFT_OUT = ("/v1/stream", "/v1/checkpoint")
"""A stream has no end, and the other is for who owns the disk: it takes the path of a folder."""


def roles() -> list[tuple[str, dict[str, str]]]:
    """Give on whose behalf everything is asked: a name, and the headers that say so."""
    return [("anybody", {})]


@pytest.mark.parametrize(("role", "headers"), roles())
def test_every_route_keeps_to_its_description(
    attacked: Attacked,
    tell: Callable[[str], None],
    tmp_path: Path,
    role: str,
    headers: dict[str, str],
) -> None:
    examples = times("examples", few=3, full=700)
    command = [str(Path(sys.executable).with_name("schemathesis")), "run"]
    command += [f"{attacked.url}/openapi.json", "--checks", CHECKS, "--mode", "all", "--seed", "1"]
    command += ["--max-examples", str(examples), "--phases", "examples,fuzzing", "--no-shrink"]
    command += ["--generation-database", "none", "--continue-on-failure", "--no-color"]
    for path in LEFT_OUT:
        command += ["--exclude-path", path]
    for name, value in headers.items():
        command += ["--header", f"{name}: {value}"]
    environment = {**os.environ, "NO_PROXY": "*", "PYTHONWARNINGS": "ignore"}
    environment["HYPOTHESIS_STORAGE_DIRECTORY"] = str(tmp_path)
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, cwd=tmp_path
    )
    said = done.stdout
    found = re.search(r"(\d[\d,]*) generated", said)
    cases = int(found[1].replace(",", "")) if found else 0
    tell(f"described routes, as {role}: {cases} cases, exit code {done.returncode}")
    assert done.returncode == 0, said[-12_000:]
    assert cases >= examples * 10
    assert attacked.is_alive()
