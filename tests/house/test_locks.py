"""The lock files are whole, portable, and agree with pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCKS = ["requirements.lock", "requirements-dev.lock", "requirements-spark.lock"]


def _locked(path: Path) -> dict[str, str]:
    pins = re.findall(r"^([\w.-]+)==(\S+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert pins, f"{path.name} locks nothing"
    return {canonicalize_name(name): version for name, version in pins}


def _declared(root: Path, lock: str) -> list[Requirement]:
    document = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    run, groups = document["project"]["dependencies"], document["dependency-groups"]
    extra = document["project"]["optional-dependencies"]["spark"] + groups["spark-build"]
    lists = {LOCKS[0]: run, LOCKS[1]: run + groups["dev"], LOCKS[2]: extra}
    return [Requirement(line) for line in lists[lock]]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_what_pyproject_asks_for(root: Path, lock: str) -> None:
    locked = _locked(root / lock)
    for asked in _declared(root, lock):
        version = locked.get(canonicalize_name(asked.name))
        assert version, f"{lock} has no {asked.name}: run `make lock`"
        assert asked.specifier.contains(version), f"{lock}: {asked.name} {version}: `make lock`"


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_hashes_and_no_address(root: Path, lock: str) -> None:
    text = (root / lock).read_text(encoding="utf-8")
    blocks = re.split(r"^(?=\S)", text, flags=re.MULTILINE)[1:]
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert "://" not in text
    assert not re.search(r"^--", text, re.MULTILINE)


def test_what_runs_is_what_was_tested(root: Path) -> None:
    run, develop, spark = (_locked(root / lock) for lock in LOCKS)
    assert run.items() <= develop.items()
    assert {name: spark[name] for name in spark.keys() & develop.keys()}.items() <= develop.items()
