"""Every route that the API describes, asked in thousands of ways: no fault, none undescribed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.counts import HARDENING
from tests.faults.live.served import ROOT
from tests.hardening.conftest import Attacked, serving, write_attacked

pytestmark = pytest.mark.slow

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance"
CHECKS += ",response_schema_conformance,response_headers_conformance"
LEFT_OUT = ("/v1/stream", "/v1/checkpoint")
"""A stream has no end, and the other is for who owns the disk: it takes the path of a folder."""


ROLES = ("reader", "analyst", "sender", "kiosk", "admin", "shopfloor")
"""The last one does not see when runs began, nor jobs' numbers."""
ACCESS = """
[access]
requests_per_minute = 1000000
burst = 1000000
[[role]]
name = "shopfloor"
scopes = ["context:read"]
hides = ["tr:startedAt", "tr:identifier"]
"""


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    """The plant once more, which says who may ask."""
    folder = write_attacked(tmp_path_factory.mktemp("guarded") / "plant")
    with (folder / "plant.toml").open("a") as settings:
        settings.write(ACCESS)
    with serving(folder) as attacked:
        yield attacked


def test_every_route_keeps_to_its_description(
    attacked: Attacked, tell: Callable[[str], None], tmp_path: Path
) -> None:
    cases = _ask_everything(attacked, tmp_path, {})
    tell(f"described routes, where everybody may ask: {cases} cases, no fault")
    assert attacked.is_alive()


@pytest.fixture(scope="module")
def asked(
    guarded: Attacked, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[int]]]:
    """Ask as each role, two at a time: one makes up what to ask while the other is answered.

    In threads of one process the tool fails now and then, as Python 3.11 parses in one at a time.
    """
    with ThreadPoolExecutor(2) as pool:
        yield {
            role: pool.submit(
                _ask_everything,
                guarded,
                tmp_path_factory.mktemp(role),
                {"Authorization": f"Bearer {guarded.key(role)}"},
            )
            for role in (ROLES if HARDENING.is_full else ROLES[-1:])
        }


@pytest.mark.parametrize("role", ROLES)
def test_every_route_keeps_to_its_description_for_every_role(
    guarded: Attacked, asked: dict[str, Future[int]], tell: Callable[[str], None], role: str
) -> None:
    if role not in asked:
        pytest.skip("one role is asked as in every run; `make hardening` asks as all")
    tell(f"described routes, as {role}: {asked[role].result()} cases, no fault")
    assert guarded.is_alive()


def _ask_everything(attacked: Attacked, folder: Path, headers: Mapping[str, str]) -> int:
    """Ask every route in every way; gives the number of cases, of which none may fail."""
    examples = HARDENING.times("examples", few=1, full=150)
    command = [str(Path(sys.executable).with_name("schemathesis")), "run"]
    command += [f"{attacked.url}/openapi.json", "--checks", CHECKS, "--mode", "all", "--seed", "1"]
    command += ["--max-examples", str(examples), "--phases", "examples,fuzzing", "--no-shrink"]
    command += ["--generation-database", "none", "--continue-on-failure", "--no-color"]
    command += ["--request-timeout", "300"]  # how long an answer may take is told elsewhere
    for path in LEFT_OUT:
        command += ["--exclude-path", path]
    for name, value in headers.items():
        command += ["--header", f"{name}: {value}"]
    environment = {**os.environ, "NO_PROXY": "*", "PYTHONWARNINGS": "ignore"}
    environment |= {
        "SCHEMATHESIS_HOOKS": "tests.hardening.described_hooks",
        "PYTHONPATH": str(ROOT),
    }
    environment["HYPOTHESIS_STORAGE_DIRECTORY"] = str(folder)
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, cwd=folder
    )
    said = done.stdout
    found = re.search(r"(\d[\d,]*) generated", said)
    cases = int(found[1].replace(",", "")) if found else 0
    assert done.returncode == 0, said[-12_000:]
    assert cases >= examples * 10
    return cases
