"""The version stands in pyproject.toml and nowhere else."""

from __future__ import annotations

import ast
import importlib.metadata
import tomllib
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def version(root: Path) -> str:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "version"
    ]


def test_what_is_installed_has_the_version_of_pyproject(version: str) -> None:
    assert importlib.metadata.version("traveler-kg") == version


def test_no_module_states_the_version_again(modules: dict[str, ast.Module], version: str) -> None:
    again = [
        f"{path}:{node.lineno}"
        for path, tree in modules.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value == version
    ]
    assert not again


def test_the_changelog_tells_of_this_version(root: Path, version: str) -> None:
    assert f"\n## [{version}]" in (root / "CHANGELOG.md").read_text(encoding="utf-8")
