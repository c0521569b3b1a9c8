"""The wheel, installed where nothing else of ours is, answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent.parent
UV = Path(sys.executable).parent / "uv"


def _run(*command: str | Path, folder: Path) -> str:
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        command, cwd=folder, env=kept, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that `make wheel` has built, or one built here."""
    if built := os.environ.get("TRAVELER_WHEEL"):
        return (ROOT / built).resolve(strict=True)
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder]
    _run(*build, folder=ROOT)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def clean_bin(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that holds the wheel and the locked packages only."""
    folder = tmp_path_factory.mktemp("clean")
    python = folder / "env" / "bin" / "python"
    install = [UV, "pip", "install", "--quiet", "--python", python]
    _run(UV, "venv", "--quiet", "--python", sys.executable, folder / "env", folder=folder)
    _run(*install, "--require-hashes", "-r", ROOT / "requirements.lock", folder=folder)
    _run(*install, "--no-deps", wheel, folder=folder)
    return python.parent


def test_the_wheel_runs_on_the_locked_packages(clean_bin: Path, tmp_path: Path) -> None:
    _run(UV, "pip", "check", "--python", clean_bin / "python", folder=tmp_path)


def test_the_demo_in_the_wheel_answers_once(clean_bin: Path, tmp_path: Path) -> None:
    told = _run(clean_bin / "traveler", "demo", "--once", "--format", "json", folder=tmp_path)
    answer = json.loads(told)
    assert answer["entity"]["kind"] == "machine"
    assert answer["status"]["state"]
    assert {"job", "spec", "customer", "batch"} <= set(answer["slots"])


def test_the_wheel_brings_its_own_ontology_and_mappings(clean_bin: Path, tmp_path: Path) -> None:
    ask = "from kg import assets as a; print(a.ontology_folder(), a.mappings_folder())"
    for folder in _run(clean_bin / "python", "-c", ask, folder=tmp_path).split():
        assert Path(folder).is_relative_to(clean_bin.parent)
        assert any(Path(folder).iterdir())


def test_the_wheel_brings_the_pages(clean_bin: Path, tmp_path: Path) -> None:
    ask = "from api.pages import FOLDER as f; print(f, *sorted(p.name for p in f.rglob('*.*')))"
    folder, *names = _run(clean_bin / "python", "-c", ask, folder=tmp_path).split()
    assert Path(folder).is_relative_to(clean_bin.parent)
    assert "index.html" in names
    assert {name.rsplit(".", 1)[-1] for name in names} == {"html", "js", "css", "svg"}
